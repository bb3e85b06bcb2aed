"""
Protocols for lines, strings and files. The work is in ``reactorio.protocols._basic``.
"""

from __future__ import annotations

from reactorio.protocols._basic.files import FileSender
from reactorio.protocols._basic.lines import LineOnlyReceiver, LineReceiver
from reactorio.protocols._basic.netstrings import NetstringParseError, NetstringReceiver
from reactorio.protocols._basic.pausing import _PauseableMixin as _PauseableMixin  # private, yet subclassed
from reactorio.protocols._basic.strings import (
    Int8StringReceiver,
    Int16StringReceiver,
    Int32StringReceiver,
    IntNStringReceiver,
    StatefulStringProtocol,
    StringTooLongError,
)

__all__ = [
    "FileSender",
    "Int8StringReceiver",
    "Int16StringReceiver",
    "Int32StringReceiver",
    "IntNStringReceiver",
    "LineOnlyReceiver",
    "LineReceiver",
    "NetstringParseError",
    "NetstringReceiver",
    "StatefulStringProtocol",
    "StringTooLongError",
]
