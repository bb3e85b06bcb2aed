"""
Whose connection is it: the identification protocol (RFC 1413), server and client.
"""

from __future__ import annotations

import pwd
import re
import socket
import struct
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols.basic import LineOnlyReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reactorio.python.failure import Failure

__all__ = ["HiddenUser", "IdentClient", "IdentError", "IdentServer", "InvalidPort", "NoUser", "ProcServerMixin"]

_log = Logger()

_QUERY = re.compile(r"\s*(-?[0-9]{1,10})\s*,\s*(-?[0-9]{1,10})\s*")
_PORTS = range(1, 0x10000)


class IdentError(Exception):
    """
    Whose it is could not be told.

    Attributes:
        identDescription: What it is called on the wire.
    """

    identDescription = "UNKNOWN-ERROR"


class NoUser(IdentError):
    """The connection is nobody's, or is not there."""

    identDescription = "NO-USER"


class InvalidPort(IdentError):
    """A port is out of range."""

    identDescription = "INVALID-PORT"


class HiddenUser(IdentError):
    """The user does not want to be told."""

    identDescription = "HIDDEN-USER"


class IdentServer(LineOnlyReceiver):
    """
    Tells whose connection it is.

    Unlike Twisted: it works on the wire, where lines are bytes. Lines of text are answered in text.
    """

    MAX_LENGTH = 1000
    _in_text = False

    def lineReceived(self, line: bytes | str) -> None:
        """Answer a query; what is none closes the connection."""
        self._in_text = isinstance(line, str)
        query = _QUERY.fullmatch(line if isinstance(line, str) else line.decode("latin-1"))
        if query is None:
            self.invalidQuery()
            return
        server_port, client_port = map(int, query.groups())
        if server_port in _PORTS and client_port in _PORTS:
            self.validQuery(server_port, client_port)
        else:
            self._answer(server_port, client_port, f"ERROR : {InvalidPort.identDescription}")

    def invalidQuery(self) -> None:
        """What arrived is no query: close the connection."""
        self.transport.loseConnection()

    def validQuery(self, portOnServer: int, portOnClient: int) -> None:
        """Answer a query whose ports can be."""

        def found(result: Any) -> None:
            system, user = result
            self._answer(portOnServer, portOnClient, f"USERID : {system} : {user}")

        def failed(failure: Failure) -> None:
            error = failure.value
            if not isinstance(error, IdentError):
                _log.failure("Could not look up whose connection it is", failure)
                error = IdentError()
            self._answer(portOnServer, portOnClient, f"ERROR : {error.identDescription}")

        here = self.transport.getHost().host, portOnServer
        there = self.transport.getPeer().host, portOnClient
        looking: Deferred[Any] = maybeDeferred(self.lookup, here, there)
        looking.addCallback(found).addErrback(failed)

    def _answer(self, server_port: int, client_port: int, said: str) -> None:
        reply = f"{server_port}, {client_port} : {said}"
        if self._in_text:
            self.sendLine(reply)  # type: ignore[arg-type]  # who sends lines of text takes them
        else:
            self.sendLine(reply.encode("latin-1", "replace"))

    def lookup(self, serverAddress: tuple[str, int], clientAddress: tuple[str, int]) -> Any:
        """
        Look a connection up. Subclasses know how.

        Args:
            serverAddress: Our end, as host and port.
            clientAddress: The end of who asks.

        Returns:
            The name of the system and that of the user, or a Deferred of these.

        Raises:
            IdentError: It cannot be told. So it is here.
        """
        raise IdentError


class ProcServerMixin:
    """
    Looks IPv4 connections up in Linux's table of them.

    Attributes:
        SYSTEM_NAME: What is told of the system.
    """

    SYSTEM_NAME = "LINUX"

    def getUsername(self, uid: int, getpwuid: Callable[[int], Any] = pwd.getpwuid) -> str:
        """Return a user's name."""
        name: str = getpwuid(uid)[0]
        return name

    def entries(self) -> Iterator[str]:
        """Yield the table's lines, without its heading."""
        with open("/proc/net/tcp") as table:
            next(table)
            for line in table:
                yield line.strip()

    def dottedQuadFromHexString(self, hexstr: str) -> str:
        """Return the address that is eight hexadecimal digits in the table, in the machine's order of bytes."""
        return socket.inet_ntoa(struct.pack("=L", int(hexstr, 16)))

    def unpackAddress(self, packed: str) -> tuple[str, int]:
        """Return the host and the port that the table has with a colon between them."""
        host, port = packed.split(":")
        return self.dottedQuadFromHexString(host), int(port, 16)

    def parseLine(self, line: str) -> tuple[tuple[str, int], tuple[str, int], int]:
        """Return the local address, the remote address, and the user's number."""
        fields = line.split()
        return self.unpackAddress(fields[1]), self.unpackAddress(fields[2]), int(fields[7])

    def lookup(self, serverAddress: tuple[str, int], clientAddress: tuple[str, int]) -> tuple[str, str]:
        """See `IdentServer.lookup`."""
        for entry in self.entries():
            here, there, uid = self.parseLine(entry)
            if (here, there) == (serverAddress, clientAddress):
                return self.SYSTEM_NAME, self.getUsername(uid)
        raise NoUser


class IdentClient(LineOnlyReceiver):
    """
    Asks a server whose connections are. It asks one thing after the other.

    Attributes:
        queries: The Deferreds of what is not answered, each with its ports; the first one has been asked.
    """

    errorTypes: tuple[type[IdentError], ...] = (IdentError, NoUser, InvalidPort, HiddenUser)
    MAX_LENGTH = 1000

    def __init__(self) -> None:
        self.queries: list[tuple[Deferred[Any], int, int]] = []

    def lookup(self, portOnServer: int, portOnClient: int) -> Deferred[tuple[str, str]]:
        """
        Ask whose connection it is, from the server's port to ours.

        Returns:
            A Deferred of the word for the kind of answer, ``USERID``, and the answer as it stands: the system, a colon
            between blanks, and the user. It fails with an `IdentError`, also when the connection is lost.
        """
        waiting: Deferred[tuple[str, str]] = Deferred()
        self.queries.append((waiting, portOnServer, portOnClient))
        if len(self.queries) == 1:
            self._ask()
        return waiting

    def _ask(self) -> None:
        if self.queries:
            _, server_port, client_port = self.queries[0]
            self.sendLine(b"%d, %d" % (server_port, client_port))

    def lineReceived(self, line: bytes | str) -> None:
        """Take an answer, and ask the next."""
        text = line if isinstance(line, str) else line.decode("latin-1")
        if not self.queries:
            _log.info("Unexpected server response: {line!r}", line=text)
            return
        waiting, _, _ = self.queries.pop(0)
        self._ask()
        self.parseResponse(waiting, text)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Fail what is not answered."""
        queries, self.queries = self.queries, []
        for waiting, _, _ in queries:
            waiting.errback(IdentError(reason))

    def parseResponse(self, deferred: Deferred[Any], line: str) -> None:
        """Fire ``deferred`` with what an answer says."""
        parts = [part.strip() for part in line.split(":", 2)]
        if len(parts) != 3:
            deferred.errback(IdentError(line))
            return
        _, kind, said = parts
        if kind == "ERROR":
            errors = {error.identDescription: error for error in self.errorTypes}
            deferred.errback(errors.get(said, IdentError)(line))
        else:
            deferred.callback((kind, said))
