"""
Servers for Postfix's lookups: its table type ``tcp`` (tcp_table(5)).

A request is a line, ``get KEY`` or ``put KEY VALUE``; so is a reply: a code and a text. Keys, values and texts are
quoted: what is not printable, white space and ``%`` as ``%`` and two hexadecimal digits.
"""

from __future__ import annotations

from collections import UserDict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from reactorio.internet.defer import Deferred, maybeDeferred, succeed
from reactorio.internet.protocol import ServerFactory, connectionDone
from reactorio.logger import Logger
from reactorio.protocols.basic import LineReceiver
from reactorio.protocols.policies import TimeoutMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reactorio.python.failure import Failure

__all__ = [
    "PostfixTCPMapDeferringDictServerFactory",
    "PostfixTCPMapDictServerFactory",
    "PostfixTCPMapServer",
    "quote",
    "unquote",
]

_log = Logger()

LONGEST_REPLY = 4096
"""The bytes of the longest reply that Postfix takes, its end of line included."""


def quote(s: bytes) -> bytes:
    """Return ``s`` as it goes onto the wire."""
    return quote_from_bytes(s).encode("ascii")


def unquote(s: bytes) -> bytes:
    """Return what ``s``, from the wire, stands for; a ``%`` without two digits stands for itself."""
    return unquote_to_bytes(s)


class PostfixTCPMapServer(LineReceiver, TimeoutMixin):
    """
    Answers Postfix with what the factory's ``get`` returns for a key: the value in bytes, None if there is none, or a
    Deferred of that.

    Attributes:
        timeout: After how many seconds without a request the connection is closed.
    """

    timeout: float | None = 600
    delimiter = b"\n"
    MAX_LENGTH = LONGEST_REPLY

    def connectionMade(self) -> None:
        self.setTimeout(self.timeout)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.setTimeout(None)

    def sendCode(self, code: int, message: bytes = b"") -> None:
        """Send a reply; of a message that is too long for Postfix, the beginning."""
        reply = b"%03d " % code + message
        self.sendLine(reply[: LONGEST_REPLY - len(self.delimiter)])

    def lineReceived(self, line: bytes) -> None:
        """Answer a request."""
        self.resetTimeout()
        name, _, parameters = line.lstrip(b" ").partition(b" ")
        parameters = parameters.lstrip(b" ")
        if name == b"get":
            self.do_get(parameters or None)
        elif name == b"put":
            self.do_put(parameters or None)
        else:
            self.sendCode(400, b"unknown command")

    def do_get(self, key: bytes | None) -> None:
        """Look a key up, and answer."""
        if key is None:
            self.sendCode(400, b"Command 'get' takes 1 parameters.")
            return
        looking: Deferred[Any] = maybeDeferred(self.factory.get, unquote(key))
        looking.addCallbacks(self._found, self._failed)
        looking.addErrback(lambda failure: _log.failure("Could not answer Postfix", failure))

    def _found(self, value: bytes | None) -> None:
        if value is None:
            self.sendCode(500)
        else:
            self.sendCode(200, quote(value))

    def _failed(self, failure: Failure) -> None:
        # On one line, whatever the exception says.
        words = " ".join(failure.getErrorMessage().split())
        self.sendCode(400, words.encode("ascii", "backslashreplace"))

    def do_put(self, keyAndValue: bytes | None) -> None:
        """Refuse to change anything."""
        if keyAndValue is None or b" " not in keyAndValue:
            self.sendCode(400, b"Command 'put' takes 2 parameters.")
        else:
            self.sendCode(500, b"put is not implemented yet.")


class PostfixTCPMapDictServerFactory(UserDict[bytes, bytes], ServerFactory[Any]):
    """Looks up in itself: it is a dictionary."""

    protocol: Callable[..., Any] | None = PostfixTCPMapServer


class PostfixTCPMapDeferringDictServerFactory(ServerFactory[Any]):
    """
    Looks up in a dictionary, and answers with Deferreds: an example of how.

    Args:
        data: The dictionary.
    """

    protocol: Callable[..., Any] | None = PostfixTCPMapServer

    def __init__(self, data: Mapping[bytes, bytes] | None = None) -> None:
        self.data = dict(data or {})

    def get(self, key: bytes) -> Deferred[bytes | None]:
        """Return a Deferred of the value, None if there is none."""
        return succeed(self.data.get(key))
