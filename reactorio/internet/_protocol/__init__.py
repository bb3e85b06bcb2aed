"""
What ``reactorio.internet.protocol`` names.

    creator       ClientCreator: one connection, as a Deferred
    reconnecting  ReconnectingClientFactory
    factories     factories of stream protocols
    adapters      protocols as consumers, consumers as protocols, files as transports
    datagrams     datagram protocols
    processes     protocols of child processes
    streams       stream protocols

A module may import those below it, none above. Each sets its ``__name__`` to the public module's, from which its
classes take their ``__module__``: that is the name they are pickled and printed by.
"""
