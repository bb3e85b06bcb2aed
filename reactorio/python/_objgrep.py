"""Finding the paths by which one object refers to another: a tool for hunting leaks."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from re import Pattern
from types import FunctionType, MethodType, ModuleType
from typing import Any

_Test = Callable[[Any, Any], bool]


def isSame(a: object, b: object) -> bool:
    return a is b


def isLike(a: object, b: object) -> bool:
    return bool(a == b)


def isOfType(start: object, goal: type) -> bool:
    return type(start) is goal


def modgrep(goal: object) -> list[str]:
    """Search all that is imported."""
    return objgrep(sys.modules, goal, isLike, "sys.modules")


def findInstances(start: object, t: type) -> list[str]:
    """Return the paths from ``start`` to objects whose class is exactly ``t``."""
    return objgrep(start, t, isOfType)


def objgrep(
    start: object,
    goal: object,
    eq: _Test = isLike,
    path: str = "",
    paths: list[str] | None = None,
    seen: dict[int, object] | None = None,
    showUnknowns: int = 0,
    maxDepth: int | None = None,
) -> list[str]:
    """
    Return the ways from ``start`` to what equals ``goal``, as Python expressions to put behind ``start``.

    Args:
        eq: Called with an object and the goal. An element of a dictionary's keys is written ``{key}``.
        path: What every answer begins with.
        paths: A list to add the answers to.
        seen: Objects, by their identity, not to look into.
        showUnknowns: Print the objects that cannot be looked into.
        maxDepth: How many steps to go.
    """
    found = [] if paths is None else paths
    _search(start, goal, eq, path, found, {} if seen is None else seen, showUnknowns, maxDepth)
    return found


def _search(
    here: object,
    goal: object,
    eq: _Test,
    path: str,
    paths: list[str],
    seen: dict[int, object],
    showUnknowns: int,
    depth: int | None,
) -> None:
    if eq(here, goal):
        paths.append(path)
    if id(here) in seen and seen[id(here)] is here:
        return
    if depth is not None:
        if depth == 0:
            return
        depth -= 1
    seen[id(here)] = here
    for step, neighbour in _neighbours(here, showUnknowns):
        _search(neighbour, goal, eq, path + step, paths, seen, showUnknowns, depth)


_LEAVES = (str, bytes, int, float, complex, bool, type(None), FunctionType, Pattern)


def _neighbours(here: object, showUnknowns: int) -> Iterator[tuple[str, object]]:
    if isinstance(here, dict):
        for key, value in list(here.items()):
            yield f"{{{value!r}}}", key
            yield f"[{key!r}]", value
    elif isinstance(here, (list, tuple, deque)):
        for index, element in enumerate(list(here)):
            yield f"[{index}]", element
    elif isinstance(here, MethodType):
        yield ".__self__", here.__self__
        yield ".__func__", here.__func__
        yield ".__self__.__class__", here.__self__.__class__
    elif isinstance(here, weakref.ref):
        yield "()", here()
    elif hasattr(here, "__dict__") and not isinstance(here, _LEAVES):
        for name, value in list(vars(here).items()):
            yield f".{name}", value
        if not isinstance(here, (ModuleType, type)):
            yield ".__class__", here.__class__
    elif showUnknowns and not isinstance(here, _LEAVES):
        print("unknown type", type(here), here)
