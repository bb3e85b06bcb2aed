"""The small data structures of :mod:`reactorio.python.util`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

_PUBLIC = "reactorio.python.util"
_Data = dict[Any, tuple[Any, Any]]  # from the folded key to the key as given and the value


class InsensitiveDict(MutableMapping[Any, Any]):
    """
    A dictionary in which text and bytes are found in upper and in lower case.

    Args:
        dict: What to begin with.
        preserve: Give keys back as they were first written; else in lower case.
    """

    __module__ = _PUBLIC

    def __init__(self, dict: Mapping[Any, Any] | Iterable[tuple[Any, Any]] | None = None, preserve: int = 1) -> None:
        self.data = _Data()
        self.preserve = preserve
        if dict is not None:
            self.update(dict)

    def _lowerOrReturn(self, key: Any) -> Any:
        return key.lower() if isinstance(key, (str, bytes)) else key

    def __getitem__(self, key: Any) -> Any:
        return self.data[self._lowerOrReturn(key)][1]

    def __setitem__(self, key: Any, value: Any) -> None:
        folded = self._lowerOrReturn(key)
        self.data[folded] = (key if self.preserve else folded, value)

    def __delitem__(self, key: Any) -> None:
        del self.data[self._lowerOrReturn(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.data)

    def __contains__(self, key: object) -> bool:
        return self._lowerOrReturn(key) in self.data

    # Lists, not views: that is what Twisted's returns, and what can be changed under.
    def keys(self) -> list[Any]:  # type: ignore[override]  # see above
        return [key for key, _ in self.data.values()]

    def values(self) -> list[Any]:  # type: ignore[override]  # see above
        return [value for _, value in self.data.values()]

    def items(self) -> list[tuple[Any, Any]]:  # type: ignore[override]  # see above
        return list(self.data.values())

    def popitem(self) -> tuple[Any, Any]:
        return self.data.popitem()[1]

    def copy(self) -> InsensitiveDict:
        return InsensitiveDict(self, preserve=self.preserve)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        mine = {folded: value for folded, (_, value) in self.data.items()}
        return mine == {self._lowerOrReturn(key): other[key] for key in other}

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return f"InsensitiveDict({dict(self.items())!r})"


class LineLog:
    """The last ``size`` lines of what was appended."""

    __module__ = _PUBLIC

    def __init__(self, size: int = 10) -> None:
        if size < 0:
            size = 0
        self.size = size
        self.log: list[bytes] = []

    def append(self, line: bytes) -> None:
        if self.size:
            self.log = [*self.log, line][-self.size :]

    def str(self) -> bytes:
        """Return the lines, joined."""
        return bytes(self)

    def __bytes__(self) -> bytes:
        return b"\n".join(line for line in self.log if line)

    def __getitem__(self, item: Any) -> Any:
        return [line for line in self.log if line][item]

    def clear(self) -> None:
        self.log = []


class IntervalDifferential:
    """
    Several clocks that tick at their own intervals, as one series of ticks.

    Iterating gives the time from the last tick to the next and the index of the clock that ticks; with no
    clock, ``default`` and None.
    """

    __module__ = _PUBLIC

    def __init__(self, intervals: Iterable[float], default: float = 60) -> None:
        self.intervals = list(intervals)
        self.default = default

    def __iter__(self) -> _Ticks:
        return _Ticks(self.intervals, self.default)


class _Ticks:
    def __init__(self, intervals: Iterable[float], default: float) -> None:
        self.default = default
        self.now: float = 0
        # Of each clock its interval and its next tick.
        self.clocks = [[interval, interval] for interval in intervals]

    def __iter__(self) -> _Ticks:
        return self

    def __next__(self) -> tuple[float, int | None]:
        if not self.clocks:
            return self.default, None
        index, clock = min(enumerate(self.clocks), key=lambda entry: (entry[1][1], entry[0]))
        waited = clock[1] - self.now
        self.now = clock[1]
        clock[1] += clock[0]
        return waited, index

    next = __next__

    def addInterval(self, interval: float) -> None:
        """Add a clock that first ticks ``interval`` after the last tick."""
        self.clocks.append([interval, self.now + interval])

    def removeInterval(self, interval: float) -> None:
        """Stop the first clock with this interval; ValueError if there is none."""
        intervals = [clock[0] for clock in self.clocks]
        if interval not in intervals:
            raise ValueError(f"Specified interval not in IntervalDifferential: {interval}")
        del self.clocks[intervals.index(interval)]
