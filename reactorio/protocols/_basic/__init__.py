"""
What ``reactorio.protocols.basic`` names.

    lines        LineOnlyReceiver, LineReceiver
    strings      Int8StringReceiver, Int16StringReceiver, Int32StringReceiver, StatefulStringProtocol
    netstrings   NetstringReceiver
    files        FileSender
    pausing      protocols that can be paused while they hold data

Each sets its ``__name__`` to the public module's, from which its classes take their ``__module__``: that is the name
they are pickled and printed by.
"""
