"""
The reactor on asyncio: the one place where the two models meet.

    leftovers      what a test has left in a reactor and on its loop
    counting       what ports' connections have carried
    serving        the ports of a reactor, their connections, and the end of both
    reactor        the facade: what `reactor.something` is
    loop           which loop, whose, and when it is over
    base           a reactor's parts that need no loop: events, timers, threads, names, signals
    signals        those that end a program, while a reactor runs
    processes      spawnProcess, for a reactor to inherit
    adopting       sockets that somebody else has opened
    unix           UNIX ports, clients and connectors
    multicast      UDP ports that join groups
    unixdatagrams  UNIX datagram sockets
    udp            UDP ports
    datagrams      what datagram ports share
    tls            TLS ports and clients
    starttls       TLS on a connection that began without
    listening      TCP ports
    connecting     TCP clients and their connectors
    sendfile       a file's bytes to a connection, by the system
    streams        a connection, both ends
    unixstreams    the transport under UNIX connections: bytes and descriptors
    spare          a descriptor in reserve
    sharing        sockets that several processes serve
    sockets        opening, binding and naming sockets
    descriptors    addReader and its family
    watching       descriptors with errors, on libuv
    errors         OSError and what it becomes
    lifecycle      system events in three phases
    timers         callLater
    tasks          what the loop's tasks wait for
    futures        Deferred and Future
    standin        a coroutine driver as a task

A module may import those below it, none above. `asyncio` and `uvloop` are imported in this package and nowhere else.
"""
