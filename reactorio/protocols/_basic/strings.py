"""Strings after their length, a binary number."""

from __future__ import annotations

from functools import cache
from struct import Struct, pack
from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import Protocol
from reactorio.protocols._basic.pausing import _PauseableMixin

__name__ = "reactorio.protocols.basic"  # the public path: see the package's docstring

_compiled = cache(Struct)


class StringTooLongError(AssertionError):
    """A string is too long for the number of bytes that say its length."""


class IntNStringReceiver(Protocol, _PauseableMixin):
    """
    Strings after their length; a base class.

    Attributes:
        structFormat: The length's format, as ``struct`` has it.
        prefixLength: How many bytes that takes.
        MAX_LENGTH: How long a string may be that arrives.
    """

    structFormat: str
    prefixLength: int
    MAX_LENGTH = 99999

    # What has arrived and how much of it is delivered; what has arrived since then, and how many bytes are missing
    # before there can be a string in all this. Adding each piece of a long string to the others would copy them
    # once a piece.
    _data = b""
    _delivered = 0
    _pieces: list[bytes] | None = None
    _missing = 0
    _busyReceiving = False

    @property
    def recvd(self) -> bytes:
        """What has arrived and is not delivered. It may be set: delivery goes on with what it is set to."""
        self._gather()
        return self._data

    @recvd.setter
    def recvd(self, data: bytes) -> None:
        self._data = data
        self._delivered = 0
        self._pieces = None
        self._missing = 0

    def _gather(self) -> None:
        if self._delivered or self._pieces:
            self.recvd = b"".join([self._data[self._delivered :], *(self._pieces or ())])

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that ``data`` completes, unless paused."""
        if data:
            if not self._data:
                self._data = data
            else:
                self._pieces = self._pieces or []
                self._pieces.append(data)
            self._missing -= len(data)
        if self._busyReceiving or self._missing > 0:
            return
        self._busyReceiving = True
        try:
            self._deliver()
        finally:
            self._busyReceiving = False
            if self._delivered and not self.paused:
                # An idle connection must not hold on to what it read last.
                self._data = self._data[self._delivered :]
                self._delivered = 0

    def _deliver(self) -> None:
        width, unpack = self.prefixLength, _compiled(self.structFormat).unpack_from
        data, start = self._data, self._delivered
        while not self.paused:
            end = start + width
            if end <= len(data):
                (length,) = unpack(data, start)
                if length > self.MAX_LENGTH:
                    self._gather()
                    self.lengthLimitExceeded(length)
                    return
                begin, end = end, end + length
                if end <= len(data):
                    self._delivered = start = end
                    self.stringReceived(data[begin:end])
                    if self._delivered != end:
                        # It has looked at what is left, or set it.
                        data, start = self._data, self._delivered
                    continue
            if not self._pieces:
                self._missing = end - len(data)
                return
            self._gather()
            data, start = self._data, self._delivered

    def stringReceived(self, string: bytes) -> Any:
        """A string arrived, without its length. Subclasses say what it means."""
        raise NotImplementedError

    def lengthLimitExceeded(self, length: int) -> Any:
        """A string of ``length`` bytes is coming, which is too long. Closes the connection."""
        self.transport.loseConnection()

    def sendString(self, string: bytes) -> None:
        """
        Send ``string`` after its length.

        Raises:
            StringTooLongError: ``prefixLength`` bytes cannot say how long it is.
        """
        longest = 2 ** (8 * self.prefixLength) - 1
        if len(string) > longest:
            raise StringTooLongError(f"Try to send {len(string)} bytes whereas maximum is {longest}")
        self.transport.write(pack(self.structFormat, len(string)) + string)


class Int32StringReceiver(IntNStringReceiver):
    """Strings after their length in four bytes, big-endian."""

    structFormat = "!I"
    prefixLength = 4


class Int16StringReceiver(IntNStringReceiver):
    """Strings after their length in two bytes, big-endian."""

    structFormat = "!H"
    prefixLength = 2


class Int8StringReceiver(IntNStringReceiver):
    """Strings after their length in one byte."""

    structFormat = "!B"
    prefixLength = 1


class StatefulStringProtocol:
    """
    A mixin for protocols of strings, in states: in the state "x", a string goes to the method ``proto_x``.

    That method returns the name of the next state; "done" closes the connection.

    Attributes:
        state: The name of the state.
    """

    state = "init"

    if TYPE_CHECKING:
        transport: Any

    def stringReceived(self, string: bytes) -> None:
        """Have the state's method take ``string``."""
        self.state = getattr(self, f"proto_{self.state}")(string)
        if self.state == "done":
            self.transport.loseConnection()
