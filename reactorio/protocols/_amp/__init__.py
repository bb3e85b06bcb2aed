"""
What ``reactorio.protocols.amp`` names.

    errors        what can go wrong, and its names on the wire
    interfaces    who does what: send boxes, receive them, find responders, turn arguments into bytes
    boxes         AmpBox, QuitBox
    reading       boxes out of bytes: parse, parseString
    names         arguments' names, on the wire and in Python
    arguments     the kinds of arguments, from Integer to AmpList
    commands      Command
    locating      CommandLocator, SimpleStringLocator
    dispatching   BoxDispatcher: questions and answers
    securing      certificates for who has none
    descriptors   file descriptors beside the boxes
    binary        BinaryBoxProtocol: boxes on a transport
    switching     ProtocolSwitchCommand
    tls           StartTLS
    whole         AMP

A module may import those above it. Each sets its ``__name__`` to the public module's, from which its classes take
their ``__module__``: that is the name they are pickled and printed by.

The format, from https://amp-protocol.net/: a box is a number of keys with values, each after its length in two bytes,
big-endian, and ends with a key of length 0. Keys have up to 255 bytes, so the first of the two is always 0.
"""
