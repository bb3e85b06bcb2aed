"""The commands that need a data connection: RETR, STOR, LIST, NLST, MLSD; and ABOR, which ends them."""

from __future__ import annotations

import fnmatch
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, inlineCallbacks, maybeDeferred
from reactorio.logger import Logger
from reactorio.protocols._ftp import replies
from reactorio.protocols._ftp.dataports import _WithDataConnections
from reactorio.protocols._ftp.dtp import DTP
from reactorio.protocols._ftp.errors import (
    FileNotFoundError,
    FTPCmdError,
    InvalidPath,
    IsNotADirectoryError,
    _shown,
    _TransferAborted,
)
from reactorio.protocols._ftp.files import ASCIIConsumerWrapper, _TextFromNetwork
from reactorio.protocols._ftp.listing import (
    FACT_KEYS,
    FACTS,
    LIST_KEYS,
    LinesProducer,
    encoded,
    facts_line,
    long_line,
    on_one_line,
)
from reactorio.protocols._ftp.paths import _isGlobbingExpression, toSegments

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from reactorio.protocols._ftp.interfaces import IFTPShell
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

# What clients write for ``ls``: ``-al``, before a path or instead of one. RFC 959 has no such thing.
_FLAGS = re.compile(r"(?:-\w+(?: +|$))+")


class _WithTransfers(_WithDataConnections):
    """
    What `FTP` is on top of.

    Attributes:
        binary: Is a file sent as it is, not as text?
        shell: The user's files, None before the login.
        workingDirectory: The names on the way to the current directory.
    """

    binary = True
    shell: IFTPShell | None = None
    workingDirectory: list[str]

    # The facts that the client wants, of those that there are.
    _facts: tuple[str, ...] = FACTS

    def _segments(self, path: str) -> list[str]:
        """
        Return the names on the way to a path of the client.

        Raises:
            FileNotFoundError: It leads nowhere.
        """
        try:
            return toSegments(self.workingDirectory, path)
        except InvalidPath:
            raise FileNotFoundError(path) from None

    def _ask(self, method: str, *args: Any) -> Deferred[Any]:
        """Ask the shell."""
        return maybeDeferred(getattr(self.shell, method), *args)

    @contextmanager
    def _transferring(self, dtp: Any) -> Iterator[None]:
        """
        Have the data connection watched instead of this one: it must not stand still for so long. It is given up after.
        """
        timeout = self.setTimeout(None)
        if isinstance(dtp, DTP):
            dtp.setTimeout(timeout)
        try:
            yield
        finally:
            self.cleanupDTP()
            if not self.disconnected:
                self.setTimeout(timeout)

    def _open(self, method: str, path: str) -> Deferred[Any]:
        """Have the shell open a file; what goes wrong unexpectedly is logged, and looks like no file."""

        def failed(failure: Failure) -> Any:
            if failure.check(FTPCmdError):
                return failure
            _log.failure("Unexpected error received while opening file", failure)
            raise FileNotFoundError(path)

        return self._ask(method, self._segments(path)).addErrback(failed)

    def _move(self, dtp: Any, begin: Callable[[], Any], log_all: bool = False) -> Deferred[Any]:
        """Have data moved; what breaks that becomes its reply, and is logged if it is not that the client went away."""

        def failed(failure: Failure) -> Any:
            refused = failure.check(FTPCmdError)
            if (log_all or not refused) and not (isinstance(dtp, DTP) and dtp.is_reason(failure)):
                _log.failure("Unexpected error received during transfer", failure)
            if refused:
                return failure
            raise _TransferAborted()

        return maybeDeferred(begin).addErrback(failed)

    @inlineCallbacks
    def ftp_RETR(self, path: str) -> Generator[Deferred[Any], Any, str]:
        """Send a file. The reply comes when the client's system has it all."""
        dtp = yield self._opened("RETR")
        with self._transferring(dtp):
            reader = yield self._open("openForReading", path)
            self.reply(replies.DATA_CNX_ALREADY_OPEN_START_XFR)
            consumer = dtp if self.binary else ASCIIConsumerWrapper(dtp)
            yield self._move(dtp, lambda: reader.send(consumer))
            yield self._move(dtp, dtp.finish)
        return replies.TXFR_COMPLETE_OK

    @inlineCallbacks
    def ftp_STOR(self, path: str) -> Generator[Deferred[Any], Any, str]:
        """
        Receive a file.

        Unlike Twisted: a data connection that breaks, as opposed to one that the client closes, makes no complete file;
        what has come of it stays, though.
        """
        dtp = yield self._opened("STOR")
        with self._transferring(dtp):
            writer = yield self._open("openForWriting", path)
            consumer = yield self._move(dtp, writer.receive, log_all=True)
            if not self.binary:
                consumer = _TextFromNetwork(consumer)
            self.reply(replies.DATA_CNX_ALREADY_OPEN_START_XFR)
            try:
                yield self._move(dtp, lambda: dtp.registerConsumer(consumer), log_all=True)
            finally:
                yield self._move(dtp, writer.close, log_all=True)
        return replies.TXFR_COMPLETE_OK

    # ---- directories

    @inlineCallbacks
    def _send_lines(
        self, command: str, list_it: Callable[[], Any], line: Callable[[Any], bytes]
    ) -> Generator[Deferred[Any], Any, str]:
        dtp = yield self._opened(command)
        with self._transferring(dtp):
            entries = yield maybeDeferred(list_it)
            self.reply(replies.DATA_CNX_ALREADY_OPEN_START_XFR)
            LinesProducer(map(line, entries), dtp).start()
            yield self._move(dtp, dtp.finish)
        return replies.TXFR_COMPLETE_OK

    def ftp_LIST(self, path: str = "") -> Deferred[str]:
        """Send a directory's entries as ``ls -l`` shows them, or those of one file."""

        def list_it() -> Any:
            return self._ask("list", self._segments(_FLAGS.sub("", path, count=1)), LIST_KEYS)

        return self._send_lines("LIST", list_it, lambda entry: long_line(encoded(entry[0]), *entry[1]))

    def ftp_NLST(self, path: str = "") -> Deferred[str]:
        """Send the names of a directory's entries, or of those that a pattern matches; of what is not there, none."""

        def list_it() -> Any:
            segments = self._segments(_FLAGS.sub("", path, count=1))
            if not _isGlobbingExpression(segments):
                return self._ask("list", segments).addErrback(nothing)
            pattern = encoded(segments[-1])
            return self._ask("list", segments[:-1]).addCallbacks(
                lambda entries: [entry for entry in entries if fnmatch.fnmatchcase(encoded(entry[0]), pattern)], nothing
            )

        def nothing(failure: Failure) -> list[Any]:
            failure.trap(FileNotFoundError)
            return []

        return self._send_lines("NLST", list_it, lambda entry: on_one_line(encoded(entry[0])))

    def ftp_MLSD(self, path: str = "") -> Deferred[str]:
        """Send facts on a directory's entries, for programs to read (RFC 3659 section 7)."""
        facts = self._facts

        def list_it() -> Any:
            segments = self._segments(path)

            def check(stats: list[Any]) -> Any:
                if not stats[0]:
                    raise IsNotADirectoryError(_shown(segments))
                return self._ask("list", segments, FACT_KEYS)

            return self._ask("stat", segments, ("directory",)).addCallback(check)

        return self._send_lines("MLSD", list_it, lambda entry: facts_line(encoded(entry[0]), entry[1], facts))

    def ftp_ABOR(self) -> tuple[str]:
        """End what goes on. When this is called, nothing does any longer: see `_stop_transfer`."""
        self.cleanupDTP()
        return (replies.CLOSING_DATA_CNX,)
