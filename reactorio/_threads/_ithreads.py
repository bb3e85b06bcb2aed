"""What a worker is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AlreadyQuit", "IExclusiveWorker", "IWorker"]


class AlreadyQuit(Exception):
    """The worker was told to quit, and takes no more work."""


class IWorker(Interface, Protocol):
    """Something that does work: perhaps now, perhaps later, perhaps elsewhere."""

    def do(self, task: Callable[[], object]) -> None:
        """
        Do ``task``.

        Raises:
            AlreadyQuit: Not after `quit`.
        """

    def quit(self) -> None:
        """
        Take no more work; what was given before is still done.

        Raises:
            AlreadyQuit: It was told so before.
        """


class IExclusiveWorker(IWorker, Protocol):
    """A worker that never does two things at a time, and does them in the order in which it was given them."""
