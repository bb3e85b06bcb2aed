"""
A live view of what a program waits for: pending Deferreds and asyncio's tasks as one tree.

    from reactorio import debug

    debug.track()
    ...
    debug.tree()

prints, outermost first, who awaits whom, where each was made, since when it waits, and where a coroutine stands::

    Task 'Task-1' main() at app.py:41
      Deferred 12.3 s, made at app.py:20 in fetch: fetch() at app.py:27
        Deferred 12.3 s, made at pool.py:88 in get

Tracking costs a stack for each Deferred, like debug mode, which it turns on; while it is off, nothing.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from reactorio.aio.tasks import awaited_by, is_task, running_tasks
from reactorio.internet import _deferred
from reactorio.internet._driver import Driver
from reactorio.internet.defer import Deferred, getDebugging, setDebugging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

__all__ = ["format_tree", "track", "tree"]

# When each was made, and in which line.
_born: WeakKeyDictionary[Deferred[Any], tuple[float, str]] = WeakKeyDictionary()

_debugging_before = False


def track(on: bool = True) -> None:
    """Keep track of the Deferreds that are made from now on, or stop that and forget them."""
    global _debugging_before
    if on and _deferred.on_creation is None:
        _debugging_before = getDebugging()
        _deferred.on_creation = _note
        setDebugging(True)
    elif not on and _deferred.on_creation is not None:
        _deferred.on_creation = None
        setDebugging(_debugging_before)
        _born.clear()


def tree(file: TextIO | None = None) -> None:
    """Print the tree to ``file``, by default standard error."""
    print(format_tree(), file=file or sys.stderr)


def format_tree() -> str:
    """
    Return the tree as text, one line for each Deferred, task or future.

    Raises:
        RuntimeError: `track` has not been called.
    """
    if _deferred.on_creation is None:
        raise RuntimeError("nothing is tracked: call reactorio.debug.track() first")
    pending = [deferred for deferred in list(_born) if not _is_over(deferred)]
    nodes = [*running_tasks(), *sorted(pending, key=lambda deferred: _born[deferred][0])]
    awaited = {id(inner) for node in nodes for inner in _awaited(node)}
    drawn: set[int] = set()
    lines = [line for node in nodes if id(node) not in awaited for line in _draw(node, 0, drawn)]
    # What is left awaits itself in a circle.
    lines += [line for node in nodes if id(node) not in drawn for line in _draw(node, 0, drawn)]
    return "\n".join(lines) or "Nothing is pending."


def _note(deferred: Deferred[Any]) -> None:
    frame = sys._getframe(2)
    # Out of the machinery, to the line of the program that made it.
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("reactorio.internet._d"):
        frame = frame.f_back
    code = frame.f_code
    _born[deferred] = (time.monotonic(), f"{code.co_filename}:{frame.f_lineno} in {code.co_name}")


def _is_over(deferred: Deferred[Any]) -> bool:
    return deferred.called and not deferred.paused


def _driver_of(deferred: Deferred[Any]) -> Driver | None:
    canceller = deferred._canceller
    return canceller if isinstance(canceller, Driver) else None


def _awaited(node: Any) -> Iterator[Any]:
    """What ``node`` waits for, as far as it can be known: a future knows nothing of who will set it."""
    if is_task(node):
        inner = awaited_by(node)
    elif isinstance(node, Deferred):
        driver = _driver_of(node)
        inner = node._chainedTo if driver is None else driver._awaited
    else:
        # gather's future knows its children.
        yield from getattr(node, "_children", ())
        return
    if inner is not None and hasattr(inner, "cancel"):
        yield inner


def _draw(node: Any, depth: int, drawn: set[int]) -> Iterator[str]:
    yield "  " * depth + _describe(node) + (" (see above)" if id(node) in drawn else "")
    if id(node) not in drawn:
        drawn.add(id(node))
        for inner in _awaited(node):
            yield from _draw(inner, depth + 1, drawn)


def _describe(node: Any) -> str:
    if is_task(node):
        return f"Task {node.get_name()!r} {_standing(node.get_coro())}"
    if not isinstance(node, Deferred):
        return f"{type(node).__name__} {node!r}"
    text = type(node).__name__
    if node in _born:
        since, where = _born[node]
        text += f" {time.monotonic() - since:.1f} s, made at {where}"
    driver = _driver_of(node)
    return text if driver is None else f"{text}: {_standing(driver.get_coro())}"


def _standing(coroutine: Any) -> str:
    """Name a coroutine or generator, and the line where it stands."""
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    return f"{name}()" if frame is None else f"{name}() at {frame.f_code.co_filename}:{frame.f_lineno}"
