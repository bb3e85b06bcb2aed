"""
The simple services that test a wire.
"""

from __future__ import annotations

import struct
import time

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPullProducer
from reactorio.internet.protocol import Protocol

__all__ = ["QOTD", "Chargen", "Daytime", "Discard", "Echo", "Time", "Who"]


class Echo(Protocol):
    """Sends back what arrives (RFC 862)."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


class Discard(Protocol):
    """Throws away what arrives (RFC 863)."""

    def dataReceived(self, data: bytes) -> None:
        pass


@implementer(IPullProducer)
class Chargen(Protocol):
    """
    Sends characters without end (RFC 864).

    Attributes:
        noise: The characters.
    """

    noise = b"".join(bytes([code]) for code in [*range(0x40, 0x7F), *range(0x20, 0x27)])

    def connectionMade(self) -> None:
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        self.transport.write(self.noise)

    def pauseProducing(self) -> None:
        """Do nothing: it sends only when asked."""

    def stopProducing(self) -> None:
        """Do nothing: it sends only when asked."""


class QOTD(Protocol):
    """Sends a quote and closes (RFC 865)."""

    def connectionMade(self) -> None:
        self.transport.write(self.getQuote())
        self.transport.loseConnection()

    def getQuote(self) -> bytes:
        """Return the quote; override it for more variety."""
        return b"An apple a day keeps the doctor away.\r\n"


class Who(Protocol):
    """Sends the users who are logged in and closes (RFC 866)."""

    def connectionMade(self) -> None:
        self.transport.write(self.getUsers())
        self.transport.loseConnection()

    def getUsers(self) -> bytes:
        """Return the users, one a line; override it to tell strangers about more than the one that is always there."""
        return b"root\r\n"


class Daytime(Protocol):
    """Sends the time as text and closes (RFC 867)."""

    def connectionMade(self) -> None:
        self.transport.write(time.asctime(time.gmtime()).encode("ascii") + b"\r\n")
        self.transport.loseConnection()


class Time(Protocol):
    """
    Sends the time as a number and closes (RFC 868).

    Unlike Twisted: it counts from 1900, as the RFC has it, not from 1970.
    """

    _FROM_1900_TO_1970 = 2_208_988_800

    def connectionMade(self) -> None:
        self.transport.write(struct.pack("!I", (int(time.time()) + self._FROM_1900_TO_1970) % 2**32))
        self.transport.loseConnection()
