"""
What `reactorio.web.static` names, in the order in which the parts build on each other.

    kinds       what a file's name says of its type and encoding
    ranges      Range headers: which bytes are asked for (RFC 9110 section 14)
    conditions  validators, and the requests that depend on them (RFC 9110 sections 8.8 and 13)
    direct      the shortest way from a file to a connection
    producers   a file's bytes, sent as fast as they are taken
    listing     the page that lists a directory
    resources   bytes, redirects, and what the resources below a File share
    file        File
"""
