"""
Values that hold while a function runs, and are gone when it returns: what a log event knows of who caused it.

It belongs to the thread, not to the asyncio task. A task or timer started by the function does not inherit it, as in
Twisted; values that shall follow a coroutine belong in :mod:`contextvars`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

_R = TypeVar("_R")
_Context = Mapping[Any, Any]


class Speaker(Protocol):
    """Makes its context when somebody asks for it: who is called often has no need to carry one about."""

    def _log_context(self) -> _Context: ...


defaultContextDict: dict[Any, Any] = {}
setDefault = defaultContextDict.__setitem__


class ContextTracker:
    """The contexts of one thread, innermost last; each holds what the ones outside of it say, too."""

    def __init__(self) -> None:
        self.contexts: list[dict[Any, Any] | Speaker] = [defaultContextDict]

    def innermost(self) -> _Context:
        """Return the context that holds."""
        context = self.contexts[-1]
        return context if isinstance(context, dict) else context._log_context()

    def callWithContext(self, newContext: _Context, func: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        self.contexts.append({**self.innermost(), **newContext})
        try:
            return func(*args, **kw)
        finally:
            self.contexts.pop()

    def getContext(self, key: Any, default: Any = None) -> Any:
        return self.innermost().get(key, default)


class ThreadedContextTracker:
    """A :class:`ContextTracker` for each thread, made when the thread first asks."""

    def __init__(self) -> None:
        self.storage = threading.local()

    def currentContext(self) -> ContextTracker:
        try:
            tracker: ContextTracker = self.storage.tracker
        except AttributeError:
            tracker = self.storage.tracker = ContextTracker()
        return tracker

    def callWithContext(self, ctx: _Context, func: Callable[..., _R], *args: Any, **kw: Any) -> _R:
        return self.currentContext().callWithContext(ctx, func, *args, **kw)

    def getContext(self, key: Any, default: Any = None) -> Any:
        return self.currentContext().getContext(key, default)


theContextTracker: ThreadedContextTracker
call: Callable[..., Any]
get: Callable[..., Any]


def installContextTracker(ctr: ThreadedContextTracker) -> None:
    """Have :func:`call` and :func:`get` ask ``ctr`` from now on."""
    global theContextTracker, call, get
    theContextTracker = ctr
    call = ctr.callWithContext
    get = ctr.getContext


installContextTracker(ThreadedContextTracker())
