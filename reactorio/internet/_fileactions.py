"""What ``posix_spawn`` has to do with descriptors, for a child to have the ones that it shall have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["file_actions", "open_descriptors", "states"]


def open_descriptors() -> list[int]:
    """Return the numbers of this process's open descriptors, that of looking for them perhaps among them."""
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return list(range(os.sysconf("SC_OPEN_MAX")))


def states() -> list[tuple[int, bool]]:
    """Return the number of each open descriptor, and whether it closes by itself when a program starts."""
    known = []
    for number in open_descriptors():
        try:
            known.append((number, not os.get_inheritable(number)))
        except OSError:
            pass  # it was that of the listing, or another thread has closed it
    return known


def file_actions(
    fdState: Iterable[tuple[int, bool]], childToParentFD: Mapping[int, int], doClose: Any, doDup2: Any
) -> list[tuple[Any, ...]]:
    """
    Return the actions after which a child has the descriptors of ``childToParentFD`` and no others.

    They are carried out in the child's own table: what other threads do meanwhile is of no consequence.

    Args:
        fdState: As `states` returns it.
        childToParentFD: Which of our descriptors are the child's, by the child's numbers.
        doClose: What stands for "close the one".
        doDup2: What stands for "let the second be the first".
    """
    closes_itself = dict(fdState)
    wanted = sorted(childToParentFD.items())
    free = _Free({*closes_itself, *childToParentFD, *childToParentFD.values()})
    moved: dict[int, int] = {}
    done: list[tuple[Any, ...]] = []
    for position, (number, ours) in enumerate(wanted):
        source = moved.get(ours, ours)
        if source != number:
            if any(later == number for _, later in wanted[position + 1 :]):
                # It is needed once more, and this is the last moment to save it.
                moved[number] = free.take()
                done.append((doDup2, number, moved[number]))
            done.append((doDup2, source, number))
        elif closes_itself.get(number, False):
            # A copy does not close by itself, and the copy of a copy may have the number.
            aside = free.take()
            done += [(doDup2, number, aside), (doDup2, aside, number), (doClose, aside)]
    done += [(doClose, aside) for aside in moved.values()]
    done += [
        (doClose, number) for number, closes in closes_itself.items() if not closes and number not in childToParentFD
    ]
    return done


class _Free:
    """Numbers that nothing has, the smallest first."""

    def __init__(self, taken: set[int]) -> None:
        self._taken = taken
        self._next = 0

    def take(self) -> int:
        while self._next in self._taken:
            self._next += 1
        self._taken.add(self._next)
        return self._next
