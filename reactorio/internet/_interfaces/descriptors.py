"""File descriptors that a reactor watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class ILoggingContext(Interface, Protocol):
    """Something that log lines are about."""

    def logPrefix(self) -> str:
        """Return the word or two that tell this apart in a log."""


class IFileDescriptor(ILoggingContext, Protocol):
    """An open file descriptor that a reactor can watch."""

    def fileno(self) -> int:
        """Return the descriptor's number, -1 once it is closed."""

    def connectionLost(self, reason: Failure) -> None:
        """
        The reactor has stopped watching for good.

        It may find by itself that the descriptor is dead, ``doRead`` or ``doWrite`` may have said so, or the reactor
        is shutting down. Whatever is held must be let go here.
        """


class IReadDescriptor(IFileDescriptor, Protocol):
    """A descriptor to be told when there is something to read."""

    def doRead(self) -> Any:
        """Read what is there. An exception that is returned, not raised, ends the watching with that reason."""


class IWriteDescriptor(IFileDescriptor, Protocol):
    """A descriptor to be told when it takes more data."""

    def doWrite(self) -> Any:
        """Write what is pending. An exception that is returned, not raised, ends the watching with that reason."""


class IReadWriteDescriptor(IReadDescriptor, IWriteDescriptor, Protocol):
    """A descriptor for both directions."""


class IHalfCloseableDescriptor(Interface, Protocol):
    """A descriptor whose two directions may end apart."""

    def writeConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be written; ``connectionLost`` will still be called."""

    def readConnectionLost(self, reason: Failure) -> None:
        """Nothing more will arrive; ``connectionLost`` will still be called."""


class ISystemHandle(Interface, Protocol):
    """Something that stands on an object of the operating system."""

    def getHandle(self) -> Any:
        """Return that object, a socket for most transports."""
