"""
The server's control connection: lines in, commands one after the other, replies out.

A command may take its time. The lines that come meanwhile wait; when they are some, no more are read. ABOR alone is
seen at once, since it ends what the others wait for. Nothing is read while the client does not take its replies, either.
"""

from __future__ import annotations

import re
import socket
from collections import deque
from inspect import signature
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.internet.interfaces import IConsumer, ISSLTransport, ITCPTransport
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._ftp import replies
from reactorio.protocols._ftp.errors import (
    BadCmdSequenceError,
    CmdArgSyntaxError,
    CmdNotImplementedError,
    CmdSyntaxError,
    FTPCmdError,
    _NotTaken,
    _shown,
)
from reactorio.protocols._ftp.listing import encoded, on_one_line
from reactorio.protocols.basic import LineReceiver
from reactorio.protocols.policies import TimeoutMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

_MOST_WAITING = 8
"""How many commands may wait while one is carried out."""

# What Telnet puts before a command that interrupts (RFC 959 section 4.1.3, ABOR). In UTF-8 there is no byte FF.
_TELNET = re.compile(rb"(?:\xff[\xf0-\xfe])+")


class _Pace:
    """The producer of replies, as its transport sees it: while the client takes none, no commands are read."""

    def __init__(self, control: _Control) -> None:
        self._control = control

    def pauseProducing(self) -> None:
        self._control._hold("replies")

    def resumeProducing(self) -> None:
        self._control._release("replies")

    def stopProducing(self) -> None:
        """Do nothing: the connection is lost, which is told to the protocol anyway."""


class _Control(LineReceiver, TimeoutMixin):
    """What `FTP` is on top of."""

    # States.
    UNAUTH, INAUTH, AUTHED, RENAMING = range(4)

    # What anybody may ask for.
    PUBLIC_COMMANDS = ["FEAT", "QUIT"]

    state = UNAUTH
    # What is to be renamed, in the state RENAMING.
    _fromName: str | None = None

    disconnected = False

    _busy = False

    def makeConnection(self, transport: Any) -> None:
        # Not in __init__, which subclasses override without calling it: Twisted's does nothing.
        self._waiting: deque[tuple[str, tuple[str, ...]]] = deque()
        # Why nothing is read.
        self._holds: set[str] = set()
        super().makeConnection(transport)

    def connectionMade(self) -> None:
        self.state = self.UNAUTH
        self.setTimeout(self.timeOut)
        if IConsumer.providedBy(self.transport):
            self.transport.registerProducer(_Pace(self), True)
        if ITCPTransport.providedBy(self.transport) and not ISSLTransport.providedBy(self.transport):
            # ABOR comes with urgent data in it, which would be left out of the stream.
            handle: Any = self.transport.getHandle()  # type: ignore[attr-defined]  # every TCP transport has one
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.disconnected = True
        self.setTimeout(None)
        self._waiting.clear()

    def _close(self) -> None:
        """Close the connection when all replies are sent, and carry out no more commands."""
        self.disconnected = True
        self._waiting.clear()
        self.transport.loseConnection()

    def timeoutConnection(self) -> None:
        """The client said nothing for too long."""
        _log.info("FTP timed out")
        if "replies" in self._holds:
            # It has not taken the last ones, and would not take this one.
            self.transport.abortConnection()
        else:
            self.reply(replies.SVC_NOT_AVAIL_CLOSING_CTRL_CNX)
            self._close()

    # ---- replies

    def reply(self, key: str, *args: Any) -> None:
        """Send the reply that has this key in ``RESPONSE``, with the arguments that its text takes."""
        self.sendLine(replies.formatted(key, *args))

    def sendLine(self, line: str | bytes) -> None:
        """Send a line. The ends of lines in it are replaced: names of files may have some."""
        self._send_lines_of_reply([line])

    def _send_lines_of_reply(self, lines: Iterable[str | bytes]) -> None:
        if not self.disconnected:
            super().sendLine(self.delimiter.join(on_one_line(encoded(line)) for line in lines))

    # ---- commands

    def lineLengthExceeded(self, line: bytes) -> None:
        self.reply(replies.SYNTAX_ERR, "line too long")
        self._close()

    def lineReceived(self, line: bytes) -> None:
        """
        Carry out a command, now or when it is its turn.

        Unlike Twisted: commands are UTF-8 (RFC 2640), and bytes that are not are kept as ``os.fsdecode`` keeps them, so
        that a file has the name in the file system that its client gave it. (Twisted reads Latin-1, and writes names
        in listings as UTF-8.)
        """
        self.resetTimeout()
        prefix = _TELNET.match(line)
        text = line[prefix.end() if prefix else 0 :].decode("utf-8", "surrogateescape")
        name, *params = text.split(" ", 1)
        command = name.upper(), tuple(params)
        if not self._busy:
            self._carry_out(command)
            return
        if command[0] == "ABOR":
            self._stop_transfer()
        self._waiting.append(command)
        if len(self._waiting) >= _MOST_WAITING:
            self._hold("commands")

    def _stop_transfer(self) -> None:
        """End the transfer that goes on, if one does."""

    def _carry_out(self, command: tuple[str, tuple[str, ...]]) -> None:
        self._busy = True
        name, params = command
        done: Deferred[Any] = maybeDeferred(self.processCommand, name, *params)
        done.addCallback(self._answer).addErrback(self._answer_failure)
        done.addErrback(lambda failure: _log.failure("FTP reply failed", failure))
        done.addCallback(lambda _: self._go_on())

    def _go_on(self) -> None:
        self._busy = False
        if self.disconnected:
            return
        if self._waiting:
            self._carry_out(self._waiting.popleft())
        if len(self._waiting) < _MOST_WAITING:
            self._release("commands")

    def processCommand(self, cmd: str, *params: str) -> Any:
        """
        Carry out a command, as far as the state allows.

        Args:
            cmd: Its name, in capitals; the method is called ``ftp_`` and this.
            params: What is after it, if a blank is.

        Returns:
            The reply's key, or a tuple of it and its arguments, or None when the command has replied itself; or a
            Deferred, a coroutine or a Future of these. What fails is replied to as `FTPCmdError` says.
        """
        if self.state == self.UNAUTH:
            if cmd == "PASS":
                raise BadCmdSequenceError("USER required before PASS")
            if cmd != "USER" and cmd not in self.PUBLIC_COMMANDS:
                return replies.NOT_LOGGED_IN
        elif self.state == self.INAUTH:
            if cmd != "PASS" and cmd not in self.PUBLIC_COMMANDS:
                raise BadCmdSequenceError("PASS required after USER")
        elif self.state == self.RENAMING:
            # RNTO comes at once after RNFR (RFC 959 section 5.4), or not at all: the client is not held to it for ever.
            self.state = self.AUTHED
            if cmd != "RNTO":
                self._fromName = None
            if cmd != "RNTO" and cmd not in self.PUBLIC_COMMANDS:
                raise BadCmdSequenceError("RNTO required after RNFR")
        return self._call(cmd, params)

    def _call(self, cmd: str, params: tuple[str, ...]) -> Any:
        method: Callable[..., Any] | None = getattr(self, "ftp_" + cmd, None)
        if method is None:
            raise CmdNotImplementedError(cmd)
        try:
            signature(method).bind(*params)
        except TypeError:
            if params:
                raise CmdArgSyntaxError(params[0]) from None
            raise CmdSyntaxError(f"{cmd} requires an argument.") from None
        return method(*params)

    def _answer(self, result: Any) -> None:
        if isinstance(result, str):
            self.reply(result)
        elif result is not None:
            self.reply(*result)

    def _answer_failure(self, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, OSError) and error.strerror:
            # What the system says, such as that a directory is not empty, is for the client to know.
            error = _NotTaken(error.strerror)
        if isinstance(error, FTPCmdError):
            self.sendLine(error.response())
            return
        _log.failure("Unexpected FTP error", failure)
        self.reply(replies.REQ_ACTN_NOT_TAKEN, "internal server error")

    # ---- pausing, for one reason or more

    def _hold(self, why: str) -> None:
        self._holds.add(why)
        if not self.paused:
            self.pauseProducing()

    def _release(self, why: str) -> None:
        self._holds.discard(why)
        if self.paused and not self._holds and not self.disconnected:
            self.resumeProducing()


def quoted(path: Any) -> str:
    """Return a path as it is between quotation marks (RFC 959, appendix II)."""
    return _shown(path).replace('"', '""')
