"""A client's control connection: commands out, one at a time, and replies in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._ftp.errors import BadResponse, CommandFailed, ConnectionLost, UnexpectedResponse
from reactorio.protocols.basic import LineReceiver
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.protocols._ftp.moving import _DataProtocol

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

_MORE = re.compile(r"\d{3}-", re.ASCII)
_LAST = re.compile(r"\d{3}(?: |$)", re.ASCII)

_PATH = re.compile(r'"((?:[^"]|"")*)"')


class FTPCommand:
    """
    A command, to be sent when it is its turn.

    Args:
        text: What to send.
        public: Does anybody wait for its reply? Nobody is told when another fails.

    Attributes:
        deferred: Fires with the lines of the reply; it fails with `CommandFailed`, `BadResponse` or `ConnectionLost`.
            When it is cancelled before its turn, nothing is sent.
        ready: May it be sent, when it is its turn?
        protocol, listener: Of the command that asks for a data connection, what gets that, and the port to which it is
            made, if it is to us.
    """

    protocol: _DataProtocol | None = None
    listener: Any = None

    def __init__(self, text: str | None = None, public: int | bool = 0) -> None:
        self.text = text
        self.deferred: Deferred[Any] = Deferred()
        self.ready: int | bool = 1
        self.public = public

    def fail(self, failure: Any) -> None:
        """It will have no reply."""
        if self.public and not self.deferred.called:
            self.deferred.errback(failure)


class FTPClientBasic(LineReceiver):
    """
    Sends commands, each when the one before has its reply; the first when the server has welcomed us.

    Attributes:
        greeting: The lines of the welcome, None before that.
        actionQueue: The commands that are still to be sent.
        response: The lines of the reply that is not complete yet.
        encoding: That of commands and replies. Twisted's is Latin-1; most servers today, ours too, have UTF-8.
        debug: Is what is sent and received logged? Passwords are.
        max_response: How many bytes a reply may have. When one has more, the connection is closed.
    """

    debug: bool = False
    encoding = "latin-1"
    max_response = 1024 * 1024

    greeting: list[str] | None = None

    def __init__(self) -> None:
        self.actionQueue: list[FTPCommand] = []
        self.response: list[str] = []
        self._size = 0
        # The code of a reply of more than one line: its last line has it again.
        self._code: str | None = None
        # Whose reply is to come next; the first is no command's.
        self._current: FTPCommand | None = FTPCommand(public=1)
        self._current.deferred.addCallbacks(self._cb_greeting, self.fail)
        self._failed: Failure | None = None

    @property
    def _encoding(self) -> str:
        return self.encoding

    def _cb_greeting(self, greeting: list[str]) -> None:
        self.greeting = greeting

    # ---- the end

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._fail(reason)

    def fail(self, error: Any) -> None:
        """Close the connection; whoever waits for a reply is told."""
        self._fail(error)
        if self.transport is not None:
            self.transport.loseConnection()

    def _fail(self, error: Any) -> None:
        if self._failed is not None:
            return
        if isinstance(error, BaseException):
            error = Failure(error)
        self._failed = failed = Failure(ConnectionLost("FTP connection lost", error))
        commands = [*filter(None, [self._current]), *self.actionQueue]
        self._current = None
        self.actionQueue.clear()
        for command in commands:
            command.fail(failed)

    # ---- commands

    def queueCommand(self, ftpCommand: FTPCommand) -> None:
        """Send a command when it is its turn, which may be at once."""
        self._put(ftpCommand, len(self.actionQueue))

    def _put(self, command: FTPCommand, where: int) -> None:
        if self._failed is not None:
            command.fail(self._failed)
            return
        self.actionQueue.insert(where, command)
        self.sendNextCommand()

    def _put_first(self, text: str) -> Deferred[list[str]]:
        """
        Send a command before all that wait. From where a reply is received, that is in one go with the command before:
        the next is sent when everybody has seen the reply.
        """
        command = FTPCommand(text, public=1)
        self._put(command, 0)
        return command.deferred

    def queueStringCommand(self, command: str, public: int | bool = 1) -> Deferred[Any]:
        """
        Send a command when it is its turn.

        Returns:
            A Deferred of the lines of the reply; see `FTPCommand.deferred`. With ``public`` false, it does not fire
            when the connection is lost.
        """
        queued = FTPCommand(command, public)
        self.queueCommand(queued)
        return queued.deferred

    def popCommandQueue(self) -> FTPCommand | None:
        """Return the command that would be next, and forget it; None if there is none."""
        return self.actionQueue.pop(0) if self.actionQueue else None

    def sendNextCommand(self) -> None:
        """Send the next command that is ready, unless a reply is still to come."""
        while self._current is None and self.actionQueue and self.actionQueue[0].ready:
            command = self.actionQueue.pop(0)
            if command.deferred.called:
                continue
            if "\n" in (command.text or "") or "\r" in (command.text or ""):
                # It would be two commands: Unlike Twisted, no name or password can smuggle one in.
                command.deferred.errback(ValueError(f"A command is one line: {command.text!r}"))
                continue
            self._current = command
            self.sendLine(command.text)

    def sendLine(self, line: str | None) -> None:  # type: ignore[override]  # text here, as in Twisted
        """Send a line of text; nothing if it is None."""
        if line is None:
            return
        if self.debug:
            _log.debug("--> {line}", line=line)
        super().sendLine(line.encode(self.encoding, "surrogateescape"))

    # ---- replies

    def lineReceived(self, line: bytes) -> None:
        """
        Take a line; when a reply is complete, tell who waits for it, then send the next command.

        A reply of more than one line ends with one that has the code of the first, and a blank after it (RFC 959
        section 4.2). One that begins with 1 has another after it (5.4).
        """
        text = line.decode(self.encoding, "surrogateescape")
        if self.debug:
            _log.debug("<-- {line}", line=text)
        self.response.append(text)
        self._size += len(line) + 2
        if self._size > self.max_response:
            self.fail(UnexpectedResponse(f"A reply has more than {self.max_response} bytes"))
            return
        if self._code is None and _MORE.match(text):
            self._code = text[:3]
            return
        if not _LAST.match(text) or self._code not in (None, text[:3]):
            return
        self._code = None
        if text[0] != "1":
            response, self.response, self._size = self.response, [], 0
            self._take_reply(text[0], response)

    def _take_reply(self, kind: str, response: list[str]) -> None:
        command, self._current = self._current, None
        if command is None:
            # Nobody asked; most likely the server is about to close the connection, and says why.
            _log.info("FTP server says: {response}", response=response)
        elif not command.deferred.called:
            # While this stands for the next command, none is sent: everybody sees the reply before, see `_put_first`.
            self._current = hold = FTPCommand()
            if kind in "23":
                command.deferred.callback(response)
            elif kind in "45":
                command.deferred.errback(CommandFailed(response))
            else:
                command.deferred.errback(BadResponse(response))
            if self._current is hold:
                self._current = None
        self.sendNextCommand()

    # ---- login

    def queueLogin(self, username: str, password: str | None) -> None:
        """
        Log in; when that fails, close the connection.

        Args:
            username: The name.
            password: The password; it is sent if the server asks for one. With None, it is not.
        """

        def prove(response: list[str]) -> Any:
            if response[-1].startswith("331") and password is not None:
                return self._put_first(f"PASS {password}")
            return None

        self.queueStringCommand(f"USER {username}", public=0).addCallback(prove).addErrback(self._login_failed)

    def _login_failed(self, failure: Failure) -> None:
        if self._failed is None:
            self.fail(failure)


def parsePWDResponse(response: str) -> str | None:
    """Return the path in a reply to PWD, None if there is none (RFC 959, appendix II)."""
    found = _PATH.search(response)
    return None if found is None else found.group(1).replace('""', '"')
