"""
XML-RPC's parts, for `reactorio.web.xmlrpc`.

    parse       messages, within limits
    client      calls
"""
