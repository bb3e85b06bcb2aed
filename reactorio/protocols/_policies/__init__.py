"""
What ``reactorio.protocols.policies`` names.

    throttling   ThrottlingProtocol, ThrottlingFactory: bytes a second, connections in all
    limits       LimitConnectionsByPeer, LimitTotalConnectionsFactory
    timeouts     TimeoutProtocol, TimeoutFactory, TimeoutMixin
    spying       SpewingProtocol, SpewingFactory, TrafficLoggingProtocol, TrafficLoggingFactory
    wrapping     ProtocolWrapper, WrappingFactory: what the others stand on
    clock        the global reactor's callLater

A module may import those below it, none above. Each sets its ``__name__`` to the public module's, from which its
classes take their ``__module__``: that is the name they are pickled and printed by.
"""
