"""
SIP, as far as Twisted has it (RFC 3261, over UDP).

    uris        addresses, and the Via header
    messages    requests and responses, and their parser
    errors      what goes wrong
    base        an end that speaks SIP
    registry    who is where
    proxy       an end that passes on, and registers

A module imports those above it.
"""
