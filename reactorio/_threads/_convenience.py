"""What every worker needs."""

from __future__ import annotations

from reactorio._threads._ithreads import AlreadyQuit

__all__ = ["Quit"]


class Quit:
    """Whether somebody was told to quit; once it is so, it stays so."""

    isSet = False

    def set(self) -> None:
        """Make it so; `AlreadyQuit` if it is."""
        self.check()
        self.isSet = True

    def check(self) -> None:
        """Raise `AlreadyQuit` if it is so."""
        if self.isSet:
            raise AlreadyQuit
