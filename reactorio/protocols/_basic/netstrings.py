"""
Netstrings: strings between their length in decimal digits with a colon, and a comma.

The specification is at https://cr.yp.to/proto/netstrings.txt.
"""

from __future__ import annotations

from typing import Any

from reactorio.internet.protocol import Protocol

__name__ = "reactorio.protocols.basic"  # the public path: see the package's docstring


class NetstringParseError(ValueError):
    """What arrived is no netstring, or too long a one."""


class _Netstrings:
    """What has arrived, and the strings in it."""

    def __init__(self) -> None:
        # What was arranged for reading, and how much of it is read; what arrived since then, and how many bytes are
        # missing before the rest can hold a string.
        self._data = b""
        self._read = 0
        self._pieces: list[bytes] = []
        self._missing = 0

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._missing -= len(data)

    def next_string(self, longest: int) -> bytes | None:
        """
        Return the next string if all of it is there.

        Raises:
            NetstringParseError: There is none, or it is longer than ``longest``.
        """
        if self._missing > 0:
            return None
        if self._pieces:
            self._data = b"".join([self._data[self._read :], *self._pieces])
            self._read = 0
            self._pieces.clear()
        length, start = self._length(longest)
        if start is None:
            return None
        end = start + length
        if len(self._data) <= end:
            self._missing = end + 1 - len(self._data)
            return None
        if self._data[end : end + 1] != b",":
            raise NetstringParseError("The received netstring is not terminated by a comma.")
        self._read = end + 1
        return self._data[start:end]

    def _length(self, longest: int) -> tuple[int, int | None]:
        """Return what is known of the string's length, and where the string starts, None if that has not arrived."""
        most = self._read + len(str(longest)) + 1
        colon = self._data.find(b":", self._read, most)
        digits = self._data[self._read : most if colon < 0 else colon]
        if not digits:
            if colon >= 0:
                raise NetstringParseError("The received netstring does not start with a length specification.")
            return 0, None
        if not digits.isdigit() or (digits[:1] == b"0" and digits != b"0"):
            raise NetstringParseError("The received netstring does not start with a length specification.")
        length = int(digits)
        if length > longest:
            raise NetstringParseError(
                f"The received netstring is longer than the maximum {longest} specified by self.MAX_LENGTH"
            )
        return length, None if colon < 0 else colon + 1


class NetstringReceiver(Protocol):
    """
    A protocol of netstrings.

    Attributes:
        MAX_LENGTH: How long a string may be that arrives.
        brokenPeer: 1 once the peer has sent something else. The connection is closed then.
    """

    MAX_LENGTH = 99999
    brokenPeer = 0
    _netstrings: _Netstrings | None = None
    _busyReceiving = False

    def sendString(self, string: bytes) -> None:
        """Send ``string`` as a netstring."""
        self.transport.write(b"%d:%b," % (len(string), string))

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that ``data`` completes; close the connection when there is something else."""
        if self.brokenPeer:
            return
        if self._netstrings is None:
            self._netstrings = _Netstrings()
        self._netstrings.add(data)
        if self._busyReceiving:
            return
        self._busyReceiving = True
        try:
            self._deliver(self._netstrings)
        finally:
            self._busyReceiving = False

    def _deliver(self, netstrings: _Netstrings) -> None:
        while True:
            try:
                string = netstrings.next_string(self.MAX_LENGTH)
            except NetstringParseError:
                self._netstrings = None
                self.brokenPeer = 1
                self.transport.loseConnection()
                return
            if string is None:
                return
            self.stringReceived(string)

    def stringReceived(self, string: bytes) -> Any:
        """A string arrived. Subclasses say what it means."""
        raise NotImplementedError
