"""Who gives a server its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol
from reactorio.internet.interfaces import IConsumer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.internet.defer import Deferred

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring


class IFTPShell(Interface, Protocol):
    """
    The files of a user. Paths are sequences of names, from the root that the user sees; none is ``..``.

    Each method returns a Deferred, which fails with an `FTPCmdError` that becomes the reply: `FileNotFoundError`,
    `PermissionDeniedError` and so on. A coroutine or a Future will do as well, and an ``OSError``.
    """

    def makeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        """Make a directory."""

    def removeDirectory(self, path: Sequence[str]) -> Deferred[Any]:
        """Remove an empty directory."""

    def removeFile(self, path: Sequence[str]) -> Deferred[Any]:
        """Remove a file that is no directory."""

    def rename(self, fromPath: Sequence[str], toPath: Sequence[str]) -> Deferred[Any]:
        """Give a file or a directory another path."""

    def access(self, path: Sequence[str]) -> Deferred[Any]:
        """Succeed if the user may go into the directory."""

    def stat(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """
        Tell about a file or a directory.

        Args:
            keys: What to tell: ``size`` (bytes), ``directory`` (is it one?), ``permissions`` (as
                ``FilePath.getPermissions`` returns them), ``hardlinks``, ``modified`` (seconds since 1970),
                ``owner``, ``group`` (names).

        Returns:
            The list of these, in that order. It fails with an ``AttributeError`` for another key.
        """

    def list(self, path: Sequence[str], keys: Sequence[str] = ()) -> Deferred[Any]:
        """
        Tell about what is in a directory, or about the file that it is.

        Returns:
            A list with, for each, the name, and the list that `stat` would return.
        """

    def openForReading(self, path: Sequence[str]) -> Deferred[Any]:
        """Return an `IReadFile`."""

    def openForWriting(self, path: Sequence[str]) -> Deferred[Any]:
        """Return an `IWriteFile`; what the file contained is gone."""


class IReadFile(Interface, Protocol):
    """A file, to read once."""

    def send(self, consumer: IConsumer) -> Deferred[Any]:
        """
        Write all of it to ``consumer``, as a producer that is registered there.

        Returns:
            A Deferred that fires when the last has been written and the producer unregistered.
        """


class IWriteFile(Interface, Protocol):
    """A file, to write once."""

    def receive(self) -> Deferred[Any]:
        """Return the `IConsumer` that writes what it gets to the file."""

    def close(self) -> Deferred[Any]:
        """Do what is left to do after the last write: it is called once, after `receive` and all writes."""


class IFinishableConsumer(IConsumer, Protocol):
    """A consumer that is told of the end."""

    def finish(self) -> None:
        """There is no more to come."""
