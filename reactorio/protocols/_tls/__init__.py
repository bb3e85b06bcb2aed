"""
What ``reactorio.protocols.tls`` names.

    factory      which engine a connection gets, and its protocol
    connection   the protocol between a stream and an application: a transport with TLS
    sending      the half of it that the application writes to
    producers    producers above a transport that may block for reasons of its own
    buffering    small writes, gathered
    negotiation  ALPN on pyOpenSSL's connections
    openssl      the engine on pyOpenSSL, for contexts that applications bring
    stdlib       the engine on the standard library's ssl, for all others
    openssl_or_none  pyOpenSSL, if it is installed
    hello        what a client offers in its first message
    engines      what an engine is, and its errors

A module may import those below it, none above.
"""
