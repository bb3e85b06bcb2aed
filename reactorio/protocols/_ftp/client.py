"""The client: commands by their names, and transfers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, FirstError, gatherResults, inlineCallbacks
from reactorio.protocols._ftp.addresses import decodeExtendedAddress, decodeHostPort, encodeHostPort, host_of
from reactorio.protocols._ftp.commands import FTPClientBasic, FTPCommand, parsePWDResponse
from reactorio.protocols._ftp.errors import BadResponse, CommandFailed
from reactorio.protocols._ftp.moving import (
    FTPDataPortFactory,
    ProtocolWrapper,
    SenderProtocol,
    _DataProtocol,
    _PassiveConnectionFactory,
)
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from reactorio.internet.interfaces import IConnector

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_EXTENDED = re.compile(r"\(([^()]*)\)")


class FTPClient(FTPClientBasic):
    """
    Logs in, and does what the methods say, one after the other. Files are sent as they are (TYPE I).

    Args:
        username, password: For the login; when that fails, the connection is closed.
        passive: Do we connect to the server for data? Otherwise it connects to us.
        trustPasvAddr: Do we connect to the host that the server tells, whichever that is? Otherwise to the server's.
    """

    def __init__(
        self,
        username: str = "anonymous",
        password: str = "twisted@twistedmatrix.com",
        passive: int | bool = 1,
        trustPasvAddr: bool = False,
    ) -> None:
        super().__init__()
        self.queueLogin(username, password)
        self.passive = passive
        self._trustPasvAddr = trustPasvAddr

    def queueLogin(self, username: str, password: str | None) -> None:
        """Log in as `FTPClientBasic.queueLogin` does, and have files sent as they are."""
        super().queueLogin(username, password)
        self.queueStringCommand("TYPE I", public=0).addErrback(self._login_failed)

    @staticmethod
    def connectFactory(
        host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: tuple[str, int] | None = None
    ) -> IConnector:
        """Connect for data; override it to connect otherwise. The default is ``reactor.connectTCP``."""
        from reactorio.internet import reactor  # not at the top: which one it is, is decided late

        connector: IConnector = reactor.connectTCP(host, port, factory, timeout, bindAddress)
        return connector

    # ---- transfers

    def receiveFromConnection(self, commands: Iterable[str], protocol: Any) -> Deferred[Any]:
        """
        Have the server send something to a protocol.

        Args:
            commands: What to send to the server; the last one has it begin.
            protocol: What gets a connection on which that comes; its ``connectionLost`` is the end.

        Returns:
            A Deferred that fires when all has come, and the server has said so. It fails with `CommandFailed` and
            whatever else goes wrong. Cancelling it breaks the data connection.
        """
        wrapper = ProtocolWrapper(protocol, Deferred())
        return self._transfer(list(commands), wrapper, None)

    def sendToConnection(self, commands: Iterable[str]) -> tuple[Deferred[Any], Deferred[Any]]:
        """
        Have the server take something.

        Args:
            commands: What to send to the server; the last one has it begin.

        Returns:
            A Deferred of the `SenderProtocol` to write to, when that is connected: call its ``finish`` at the end. And
            one that fires when the server has said that it has all. Both fail when there will be no connection;
            cancelling the second one breaks it.
        """
        sender = SenderProtocol()
        done = self._transfer(list(commands), sender, sender.connectedDeferred)
        return sender.connectedDeferred, done

    def _transfer(
        self, commands: list[str], protocol: _DataProtocol, connected: Deferred[Any] | None
    ) -> Deferred[list[Any]]:
        """Ask for a data connection, send the commands, and wait for their replies and the end of the connection."""
        ask = FTPCommand(public=1)
        ask.protocol = protocol
        opened = None
        if connected is not None:
            opened = Deferred[None]()
            connected.addCallback(_telling(opened))

        def close(result: Any) -> Any:
            if isinstance(result, Failure):
                if protocol.transport is not None:
                    protocol.transport.abortConnection()
                if connected is not None and not connected.called:
                    connected.errback(result)
            return result

        return self._carry_out(ask, commands, protocol, opened).addBoth(close)

    @inlineCallbacks
    def _carry_out(
        self, ask: FTPCommand, commands: list[str], protocol: _DataProtocol, opened: Deferred[None] | None
    ) -> Generator[Deferred[Any], Any, list[Any]]:
        passive = self.passive
        connector: Any = None
        lost = protocol.deferred
        if passive:
            ask.text = "EPSV" if ":" in self._peer() else "PASV"
        else:
            self.generatePortCommand(ask)
        try:
            self.queueCommand(ask)
            response = yield ask.deferred
            if passive:
                host, port = self._told(response)
                connector = self.connectFactory(host, port, _PassiveConnectionFactory(protocol))
                if opened is not None:
                    yield self._until_connected(opened, lost)
            replies = []
            for command in commands[:-1]:
                replies.append((True, (yield self._put_first(command))))
            last = self._put_first(commands[-1])
            try:
                reply, _ = yield gatherResults([last, lost], consumeErrors=True)
            except FirstError as exc:
                exc.subFailure.raiseException()
        except BaseException:
            lost.addErrback(lambda _: None)
            if not lost.called:
                # Nobody waits for it any longer; a connection that comes now is refused.
                lost.callback(None)
            raise
        finally:
            if connector is not None:
                connector.disconnect()
            if ask.listener is not None:
                ask.listener.stopListening()
        # What Twisted's lists of Deferreds make of it.
        return [(True, [*replies, (True, reply)]), (True, None), (True, None)]

    def _peer(self) -> str:
        """Return the server's address, "" if we are not connected, or not over IP."""
        return "" if self.transport is None else host_of(self.transport.getPeer()) or ""

    def _told(self, response: list[str]) -> tuple[str, int]:
        """
        Return where the server waits for us.

        Raises:
            BadResponse: It does not say.
        """
        line = response[-1]
        peer = self._peer()
        try:
            if line.startswith("229"):
                found = _EXTENDED.search(line)
                return peer, decodeExtendedAddress(found.group(1) if found else "")[2]
            host, port = decodeHostPort(line[4:])
        except ValueError as exc:
            raise BadResponse(response) from exc
        return (host if self._trustPasvAddr or not peer else peer), port

    def _until_connected(self, opened: Deferred[None], lost: Deferred[Any]) -> Deferred[None]:
        """
        Send no commands until the data connection is made, or cannot be made. When a file is refused, there is a
        connection to close, then.
        """
        self._current = hold = FTPCommand(public=1)

        def go_on(result: Any) -> Any:
            if self._current is hold:
                self._current = None
            if not hold.deferred.called:
                hold.deferred.callback(result)
            self.sendNextCommand()
            return result

        opened.addCallback(go_on)
        lost.addErrback(go_on)
        return hold.deferred

    def generatePortCommand(self, portCmd: FTPCommand) -> None:
        """
        Listen for ``portCmd.protocol`` to be connected by the server, and set ``portCmd.text`` to what tells it where.

        Unlike Twisted: on the address of the control connection only, and for the server only, unless ``trustPasvAddr``
        is true; and with EPRT on IPv6.
        """
        from reactorio.internet import reactor  # not at the top: which one it is, is decided late

        host = host_of(self.transport.getHost()) or ""
        factory = FTPDataPortFactory()
        factory.protocol = portCmd.protocol
        factory.peer_host = None if self._trustPasvAddr else self._peer() or None
        listener = reactor.listenTCP(0, factory, interface=host)
        factory.listener = portCmd.listener = listener
        address: Any = listener.getHost()
        port = address.port
        portCmd.text = f"EPRT |2|{host}|{port}|" if ":" in host else "PORT " + encodeHostPort(host, port)

    def escapePath(self, path: str) -> str:
        """Return a path as commands have it: a NUL stands for a line feed (https://cr.yp.to/ftp/filesystem.html)."""
        return path.replace("\n", "\0")

    def retrieveFile(self, path: str, protocol: Any, offset: int = 0) -> Deferred[Any]:
        """
        Receive a file: see `receiveFromConnection`.

        Args:
            path: Its path.
            protocol: What it goes to.
            offset: Where to begin in it, in bytes.
        """
        return self.receiveFromConnection([*_restart(offset), "RETR " + self.escapePath(path)], protocol)

    retr = retrieveFile

    def storeFile(self, path: str, offset: int = 0) -> tuple[Deferred[Any], Deferred[Any]]:
        """
        Send a file: see `sendToConnection`.

        Args:
            path: Its path.
            offset: Where in it what is sent begins, in bytes.
        """
        return self.sendToConnection([*_restart(offset), "STOR " + self.escapePath(path)])

    stor = storeFile

    def list(self, path: str | None, protocol: Any) -> Deferred[Any]:
        """Receive a listing, for people mostly; a `FTPFileListProtocol` can read most of them."""
        return self.receiveFromConnection(["LIST " + self.escapePath(path or "")], protocol)

    def nlst(self, path: str | None, protocol: Any) -> Deferred[Any]:
        """Receive the names of a directory's entries, a line each."""
        return self.receiveFromConnection(["NLST " + self.escapePath(path or "")], protocol)

    # ---- files and directories: Deferreds of the lines of the reply

    def cwd(self, path: str) -> Deferred[Any]:
        """Go to a directory."""
        return self.queueStringCommand("CWD " + self.escapePath(path))

    def cdup(self) -> Deferred[Any]:
        """Go to the directory that the current one is in."""
        return self.queueStringCommand("CDUP")

    def pwd(self) -> Deferred[Any]:
        """Ask for the current directory; see `parsePWDResponse`."""
        return self.queueStringCommand("PWD")

    def getDirectory(self) -> Deferred[Any]:
        """Return a Deferred of the current directory's path; it fails with `CommandFailed` if none is in the reply."""

        def parse(response: Any) -> str:
            path = parsePWDResponse(response[-1])
            if path is None:
                raise CommandFailed(response)
            return path

        return self.pwd().addCallback(parse)

    def makeDirectory(self, path: str) -> Deferred[Any]:
        """Make a directory."""
        return self.queueStringCommand("MKD " + self.escapePath(path))

    def removeDirectory(self, path: str) -> Deferred[Any]:
        """Remove a directory."""
        return self.queueStringCommand("RMD " + self.escapePath(path))

    def removeFile(self, path: str) -> Deferred[Any]:
        """Remove a file."""
        return self.queueStringCommand("DELE " + self.escapePath(path))

    def rename(self, pathFrom: str, pathTo: str) -> Deferred[Any]:
        """Rename a file or a directory: returns a Deferred of the lines of both replies."""

        def to(first: Any) -> Deferred[Any]:
            return self._put_first("RNTO " + self.escapePath(pathTo)).addCallback(lambda second: (first, second))

        return self.queueStringCommand("RNFR " + self.escapePath(pathFrom)).addCallback(to)

    def quit(self) -> Deferred[Any]:
        """Say goodbye. The connection should not be closed before that is answered; then, the server closes it."""
        return self.queueStringCommand("QUIT")


def _restart(offset: int) -> Sequence[str]:
    return [f"REST {offset}"] if offset else []


def _telling(opened: Deferred[None]) -> Callable[[Any], Any]:
    def tell(result: Any) -> Any:
        if not opened.called:
            opened.callback(None)
        return result

    return tell
