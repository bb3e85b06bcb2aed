"""The errors of Deferreds, and how an error is raised without a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["AlreadyCalledError", "NotACoroutineError", "TimeoutError", "raise_as_it_is"]


class AlreadyCalledError(Exception):
    """
    The Deferred has fired before. In debug mode the argument says where it was made, and where it was fired.

    Without that there is no argument, as in Twisted.
    """

    def __str__(self) -> str:
        return super().__str__() or "the Deferred has fired before; defer.setDebugging(True) has this error say where"


class TimeoutError(Exception):
    """The time given to `Deferred.addTimeout` was over; the arguments are that time, and what it was for."""


class NotACoroutineError(TypeError):
    """A coroutine was needed, and this is something else."""


for _class in (AlreadyCalledError, TimeoutError, NotACoroutineError):
    _class.__module__ = "reactorio.internet.defer"


def _nothing() -> Generator[None, None, None]:
    return
    yield


# Raises the exception that it is given, without a frame of its own: a generator that has ended does so.
_ended = _nothing()
next(_ended, None)
raise_as_it_is = _ended.throw
