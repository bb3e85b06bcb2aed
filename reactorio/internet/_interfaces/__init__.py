"""
The interfaces of ``reactorio.internet.interfaces``, by subject.

    endpoints     how a program says where it connects and listens, and the strings for it
    reactors      start and stop, time, threads, descriptors: what a reactor does
    connecting    the sockets and processes that it makes
    processes     child processes
    resolving     names to addresses
    datagrams     UDP and datagram UNIX sockets
    tls           ciphers and makers of pyOpenSSL connections
    streams       protocols, transports, connectors and ports
    flow          producers and consumers
    descriptors   file descriptors that a reactor watches

A module may import those below it, none above. Each sets its ``__name__`` to the public module's: an interface takes
``__module__`` from there when it is made, and that is the name by which it is pickled, printed and hashed.
"""
