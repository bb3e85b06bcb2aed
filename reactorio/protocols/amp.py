"""
AMP, the Asynchronous Messaging Protocol: questions and answers, both ways on one connection.

    Command              what is asked and answered
    Integer, Unicode …   and in which arguments
    AMP                  the protocol that asks, and answers
    ProtocolSwitchCommand, StartTLS    commands that change what is spoken

Below that stand boxes, dictionaries of bytes (`Box`, `BinaryBoxProtocol`, `BoxDispatcher`). See
https://amp-protocol.net/. The work is in ``reactorio.protocols._amp``.
"""

from __future__ import annotations

from typing import Any

from reactorio.protocols._amp.arguments import (
    AmpList,
    Argument,
    Boolean,
    DateTime,
    Decimal,
    Descriptor,
    Float,
    Integer,
    ListOf,
    Path,
    String,
    Unicode,
)
from reactorio.protocols._amp.arguments import _objectsToStrings as _objectsToStrings  # private, yet used
from reactorio.protocols._amp.arguments import _stringsToObjects as _stringsToObjects
from reactorio.protocols._amp.binary import BinaryBoxProtocol
from reactorio.protocols._amp.boxes import (
    ANSWER,
    ASK,
    COMMAND,
    ERROR,
    ERROR_CODE,
    ERROR_DESCRIPTION,
    MAX_KEY_LENGTH,
    MAX_VALUE_LENGTH,
    AmpBox,
    Box,
    QuitBox,
)
from reactorio.protocols._amp.commands import Command
from reactorio.protocols._amp.dispatching import BoxDispatcher
from reactorio.protocols._amp.errors import (
    PROTOCOL_ERRORS,
    UNHANDLED_ERROR_CODE,
    UNKNOWN_ERROR_CODE,
    AmpError,
    BadLocalReturn,
    IncompatibleVersions,
    InvalidSignature,
    MalformedAmpBox,
    NoEmptyBoxes,
    OnlyOneTLS,
    ProtocolSwitched,
    RemoteAmpError,
    TooLong,
    UnhandledCommand,
    UnknownRemoteError,
)
from reactorio.protocols._amp.interfaces import IArgumentType, IBoxReceiver, IBoxSender, IResponderLocator
from reactorio.protocols._amp.locating import CommandLocator, SimpleStringLocator
from reactorio.protocols._amp.names import PYTHON_KEYWORDS
from reactorio.protocols._amp.reading import parse, parseString
from reactorio.protocols._amp.switching import ProtocolSwitchCommand
from reactorio.protocols._amp.switching import _SwitchBox as _SwitchBox
from reactorio.protocols._amp.tls import StartTLS
from reactorio.protocols._amp.tls import _TLSBox as _TLSBox
from reactorio.protocols._amp.whole import AMP
from reactorio.python._tzhelper import UTC as utc
from reactorio.python._tzhelper import FixedOffsetTimeZone as _FixedOffsetTZInfo  # noqa: F401  # private, yet used

ssl: Any
try:
    from reactorio.internet import ssl as ssl
except ImportError:
    # Without the extra "tls" there is no StartTLS; see reactorio.protocols._amp.securing for who asks.
    ssl = None

# As Twisted's, and DateTime, which it has forgotten.
__all__ = [
    "AMP",
    "ANSWER",
    "ASK",
    "COMMAND",
    "ERROR",
    "ERROR_CODE",
    "ERROR_DESCRIPTION",
    "MAX_KEY_LENGTH",
    "MAX_VALUE_LENGTH",
    "PROTOCOL_ERRORS",
    "PYTHON_KEYWORDS",
    "UNHANDLED_ERROR_CODE",
    "UNKNOWN_ERROR_CODE",
    "AmpBox",
    "AmpError",
    "AmpList",
    "Argument",
    "BadLocalReturn",
    "BinaryBoxProtocol",
    "Boolean",
    "Box",
    "BoxDispatcher",
    "Command",
    "CommandLocator",
    "DateTime",
    "Decimal",
    "Descriptor",
    "Float",
    "IArgumentType",
    "IBoxReceiver",
    "IBoxSender",
    "IResponderLocator",
    "IncompatibleVersions",
    "Integer",
    "InvalidSignature",
    "ListOf",
    "MalformedAmpBox",
    "NoEmptyBoxes",
    "OnlyOneTLS",
    "Path",
    "ProtocolSwitchCommand",
    "ProtocolSwitched",
    "QuitBox",
    "RemoteAmpError",
    "SimpleStringLocator",
    "StartTLS",
    "String",
    "TooLong",
    "UnhandledCommand",
    "Unicode",
    "UnknownRemoteError",
    "parse",
    "parseString",
    "utc",
]
