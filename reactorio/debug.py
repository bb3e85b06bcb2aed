"""
A live view of what a program waits for: pending Deferreds and asyncio's tasks as one tree.

    from reactorio import debug

    debug.track()
    ...
    debug.tree()

prints, outermost first, who awaits whom, where each was made, since when it waits, and where a coroutine stands::

    Task 'Task-1': main() at app.py:41 > fetch_all() at app.py:33
      DeferredList, 12.3 s, made by gatherResults at app.py:33 in fetch_all
        Deferred, 12.3 s, made at app.py:20 in start: fetch() at app.py:27
          Deferred, 12.1 s, made by DeferredQueue.get at app.py:27 in fetch

Tracking costs a stack for each Deferred, like debug mode, which it turns on; while it is off, nothing. Deferreds that
were made before, or are over, are not in it.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from reactorio.aio.tasks import await_chain, awaited_by, awaited_through, is_task, running_tasks
from reactorio.internet import _deferred
from reactorio.internet._deferlists import DeferredList
from reactorio.internet._driver import Driver
from reactorio.internet.defer import Deferred, getDebugging, setDebugging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType
    from typing import TextIO

__all__ = ["format_tree", "track", "tree"]


class _Birth(NamedTuple):
    deferred: ref[Deferred[Any]]
    time: float
    # The function of ours that made it for the program, and the line where the program stood.
    maker: str
    place: str


# By id, since a subclass may say that equal Deferreds are the same.
_births: dict[int, _Birth] = {}

_debugging_before = False

# Whose frames say nothing.
_MACHINERY = ("reactorio.internet._deferred", "reactorio.internet._driver", "reactorio.internet._unhandled")


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
        _births.clear()


def tree(file: TextIO | None = None) -> None:
    """Print the tree to ``file``, by default standard error."""
    print(format_tree(), file=file or sys.stderr)


def format_tree() -> str:
    """
    Return the tree as text, one line for each Deferred, task or future.

    Tasks are those of the loop that runs here.

    Raises:
        RuntimeError: `track` has not been called.
    """
    if _deferred.on_creation is None:
        raise RuntimeError("nothing is tracked: call reactorio.debug.track() first")
    nodes = [*running_tasks(), *_pending()]
    drawn: set[int] = set()
    inner = {id(awaited) for node in _reachable(nodes) for awaited in _awaited(node)}
    lines = [line for node in nodes if id(node) not in inner for line in _draw(node, drawn)]
    # What is left awaits itself in a circle.
    lines += [line for node in nodes if id(node) not in drawn for line in _draw(node, drawn)]
    return "\n".join(lines) or "Nothing is pending."


# -- Which there are


def _note(deferred: Deferred[Any]) -> None:
    key = id(deferred)
    maker, frame = _maker(sys._getframe(2))
    place = f"{_position(frame)} in {frame.f_code.co_name}"
    _births[key] = _Birth(ref(deferred, partial(_forget, key)), time.monotonic(), maker, place)


def _forget(key: int, _: object) -> None:
    _births.pop(key, None)


def _maker(innermost: FrameType) -> tuple[str, FrameType]:
    """Return the function of ours that the program called, and the program's frame; or else who made the Deferred."""
    while innermost.f_back is not None and _module(innermost) in _MACHINERY:
        innermost = innermost.f_back
    frame, maker = innermost, ""
    while frame.f_back is not None and _is_ours(frame):
        maker = _name(frame) or maker
        frame = frame.f_back
        if frame.f_code.co_name in ("mainLoop", "iterate") and _is_ours(frame):
            break
    if _is_ours(frame) or _module(frame).startswith("asyncio."):
        # The loop has called it, not the program.
        return "", innermost
    return maker, frame


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_ours(frame: FrameType) -> bool:
    return _module(frame).startswith("reactorio.")


def _name(frame: FrameType) -> str:
    name = frame.f_code.co_name
    if _module(frame) in _MACHINERY or name == "__init__":
        return ""
    return f"{type(frame.f_locals['self']).__name__}.{name}" if "self" in frame.f_locals else name


def _pending() -> list[Deferred[Any]]:
    """Return the Deferreds that have no result yet, or wait for another's, as they were made."""
    alive = (birth.deferred() for birth in list(_births.values()))
    return [deferred for deferred in alive if deferred is not None and (not deferred.called or deferred.paused)]


# -- What they wait for


def _awaited(node: Any) -> Iterable[Any]:
    if not isinstance(node, Deferred):
        return [thing for thing in awaited_by(node) if not _is_over(thing)]
    driver = _driver_of(node)
    if driver is not None:
        waiter = driver._awaited
        if isinstance(waiter, Deferred):
            return (waiter,)
        # For a turn of the loop, it waits for the loop.
        return awaited_through(driver.get_coro(), waiter if hasattr(waiter, "cancel") else None)
    if node._chainedTo is not None:
        return (node._chainedTo,)
    if isinstance(node, DeferredList):
        return [deferred for deferred in node._deferredList if not _is_over(deferred)]
    return ()


def _is_over(thing: Any) -> bool:
    return thing.called and not thing.paused if isinstance(thing, Deferred) else bool(thing.done())


def _driver_of(deferred: Deferred[Any]) -> Driver | None:
    canceller = deferred._canceller
    return canceller if isinstance(canceller, Driver) else None


def _reachable(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yield the nodes, and what they wait for, each once."""
    waiting, seen = list(nodes), set()
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            waiting += _awaited(node)
            yield node


# -- How they look


def _draw(root: Any, drawn: set[int]) -> Iterator[str]:
    # No recursion: chains may be long.
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        again = id(node) in drawn
        yield "  " * depth + _describe(node) + (" (see above)" if again else "")
        if not again:
            drawn.add(id(node))
            waiting += [(inner, depth + 1) for inner in reversed(list(_awaited(node)))]


def _describe(node: Any) -> str:
    if is_task(node):
        return f"Task {node.get_name()!r}: {_standing(node.get_coro())}"
    if not isinstance(node, Deferred):
        return repr(node)
    text = type(node).__name__
    driver = _driver_of(node)
    birth = _births.get(id(node))
    if birth is not None:
        by = f" by {birth.maker}" if birth.maker and driver is None else ""
        text += f", {time.monotonic() - birth.time:.1f} s, made{by} at {birth.place}"
    return text if driver is None else f"{text}: {_standing(driver.get_coro())}"


def _standing(coroutine: Any) -> str:
    """Name a coroutine or generator, and the line where it stands; and those of the program that it awaits."""
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    frames = list(await_chain(coroutine))
    if not frames:
        return f"{name}()"
    inner = [f"{frame.f_code.co_name}() at {_position(frame)}" for frame in frames[1:] if not _is_ours(frame)]
    return " > ".join([f"{name}() at {_position(frames[0])}", *inner])


def _position(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
