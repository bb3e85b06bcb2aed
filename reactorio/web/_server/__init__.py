"""
The work behind `reactorio.web.server`.

    site        Site: the tree of resources that a factory serves, and its sessions
    request     Request: finds its resource, and has it answer
    pages       what is said when a resource does not answer
    encoding    GzipEncoderFactory
    session     Session
"""
