"""
Stand-ins for the wire, the reactor and the log: what `reactorio.internet.testing` names.

    reactors    MemoryReactor: remembers what it was asked for
    transports  StringTransport and its kin: remember what was written
    protocols   protocols that remember what arrived, and producers
    observers   a log observer that remembers events
"""
