"""
What ``reactorio.internet.endpoints`` names.

    strings       endpoints from strings, and the strings' grammar
    tls           endpoints with TLS, and their strings
    certificates  what is read again from files when an operator says so
    hostname      HostnameEndpoint: the first of a name's addresses that answers
    inherited     standard input and output, and sockets that somebody else has bound
    tcp           endpoints of TCP over IPv4 and IPv6
    unix          endpoints of UNIX sockets
    process       a child's standard input and output as a connection
    layers        endpoints over endpoints
    wrapping      factories and protocols that make a Deferred of a connection

A module may import those below it, none above. Each sets its ``__name__`` to the public module's, from which its
classes take their ``__module__``: that is the name they are pickled and printed by.
"""
