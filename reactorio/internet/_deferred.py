"""
The Deferred, and what runs its callbacks. What is called often is here, and in ``_driver``.

A Deferred keeps its callbacks as triples (callback, errback, kind). Kinds:

    None      call callback(result) or errback(failure)
    _ARGS     the same, each a (function, args, kwargs)
    _WAITER   twice an object whose resume(result, failed) takes the result away, leaving None: another Deferred that
              is chained to this one, a coroutine that awaits it, or a future of asyncio's. What resume() returns is a
              Deferred that now has a result, to be run next: chains of any length run in one loop, not in recursion.

What happens to a frame matters here: a Failure keeps its traceback, that keeps frames, and a frame keeps its locals and
its caller's frame. So these functions let go of the Deferred before they return (``del self``, or a box that is emptied
on the way out): a lost error is then reported at once, and not when the garbage collector comes by, and a trapped one
leaves it nothing to do.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from types import CoroutineType, GeneratorType, MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, TypeVar, cast, overload

from typing_extensions import ParamSpec, Self

from reactorio._mypyc import mypyc_attr
from reactorio.aio.futures import (
    AsyncioCancelledError,
    AwaitedFuture,
    BridgeFuture,
    CancelledError,
    current_task,
    foreign_future,
    is_group_of_cancellations,
    running_loop,
)
from reactorio.aio.standin import StandIn
from reactorio.internet._defererrors import AlreadyCalledError, NotACoroutineError, TimeoutError, raise_as_it_is
from reactorio.internet._unhandled import DebugInfo
from reactorio.python.deprecate import warnAboutFunction
from reactorio.python.failure import Failure, _extraneous, caught, special_classes

if TYPE_CHECKING:
    from reactorio.aio.futures import Future, Loop
    from reactorio.internet.interfaces import IReactorTime
    from reactorio.python.failure import PlainResult

__all__ = ["AlreadyCalledError", "Deferred", "NotACoroutineError", "TimeoutError"]

_T = TypeVar("_T")
_ResultT = TypeVar("_ResultT")
_NextT = TypeVar("_NextT")
_OtherT = TypeVar("_OtherT")
_PlainT = TypeVar("_PlainT", bound="PlainResult")
_P = ParamSpec("_P")

_ARGS = 1
_WAITER = 2

# Told of each Deferred that is made while debug mode is on: `reactorio.debug` keeps track of them.
on_creation: Callable[[Deferred[Any]], object] | None = None

# Up to 3.12, TaskGroup takes for a cancellation only what is of asyncio's class itself, and for an error what is not.
_groups_cancellation = (3, 11) <= sys.version_info < (3, 13)

_NO_KEYWORDS: Mapping[str, Any] = MappingProxyType({})


@mypyc_attr(allow_interpreted_subclasses=True)
class Deferred(Generic[_ResultT]):
    """
    A result that comes later, and what shall happen with it then.

    It needs no event loop: ``callback`` calls the callbacks there and then. It can be awaited in coroutines that
    ``inlineCallbacks`` or ``fromCoroutine`` drive and in asyncio's tasks alike.

    While it is pending, the first who awaits it takes its result, and who awaits it after that gets None. One that has
    fired keeps its result for ``await``. Awaiting it in two event loops, or firing it in another thread than that of the
    loop in which it is awaited, is a RuntimeError for who awaits.

    Args:
        canceller: Called with this Deferred by ``cancel`` if there is no result yet. It should stop the work and may
            fire the Deferred; if it does not, the result is a `CancelledError`.

    Attributes:
        called: Whether ``callback`` or ``errback`` was called.
        result: The current result, if ``called``: what the last callback returned.
        paused: How many more times ``unpause`` must be called for the callbacks to run.
        debug: Whether to remember the stack of creation and firing; set for all by ``setDebugging``.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_callbacks",
        "_canceller",
        "_chainedTo",
        "_debugInfo",
        "_running",
        "_suppressAlreadyCalled",
        "called",
        "paused",
        "result",
    )

    debug: ClassVar[bool] = False

    called: bool
    paused: int
    result: Any
    _callbacks: list[tuple[Any, Any, int | None]] | None
    _canceller: Callable[[Deferred[Any]], object] | StandIn | None
    # The Deferred whose result this one waits for.
    _chainedTo: Deferred[Any] | None
    _debugInfo: DebugInfo | None
    # Whether its callbacks are being called right now.
    _running: bool
    # Whether it was cancelled under its producer, who may therefore fire it once more.
    _suppressAlreadyCalled: bool

    __dir__: ClassVar[None]  # type: ignore[assignment]  # no PlainResult

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        special_classes.add(cls)

    def __init__(self, canceller: Callable[[Deferred[Any]], object] | None = None) -> None:
        self._canceller = canceller
        self._callbacks = None
        self.called = False
        self.paused = 0
        self._running = False
        self._suppressAlreadyCalled = False
        self._chainedTo = None
        self._debugInfo = None
        if self.debug:
            self._debugInfo = DebugInfo()
            self._debugInfo.remember_creator()
            if on_creation is not None:
                on_creation(self)

    # Callbacks

    @property
    def callbacks(self) -> list[tuple[Any, Any, int | None]]:
        """The callbacks that are still to be called, in a form that is nobody's business."""
        warnings.warn(
            "reactorio.internet.defer.Deferred.callbacks was deprecated in Twisted 25.5.0",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._callbacks or []

    def _add(self, callback: Any, errback: Any, kind: int | None) -> Self:
        if self._callbacks is None:
            self._callbacks = [(callback, errback, kind)]
        else:
            self._callbacks.append((callback, errback, kind))
        if self.called and not self.paused and not self._running:
            _run(self, type(self.result) in special_classes)
            if self._debugInfo is not None:
                box = [self]
                del self
                return box.pop()
        return self

    @overload
    def addCallbacks(
        self,
        callback: Callable[[_ResultT], Deferred[_NextT] | Failure],
        errback: Callable[[Failure], Deferred[_OtherT] | Failure] | None = None,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[[_ResultT], Deferred[_NextT] | Failure],
        errback: Callable[[Failure], _OtherT | Deferred[_OtherT] | Failure] | None = None,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[[_ResultT], _NextT | Deferred[_NextT] | Failure],
        errback: Callable[[Failure], Deferred[_OtherT] | Failure] | None = None,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[[_ResultT], _NextT | Deferred[_NextT] | Failure],
        errback: Callable[[Failure], _OtherT | Deferred[_OtherT] | Failure] | None = None,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: None,
        errback: Callable[..., Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_ResultT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: None,
        errback: Callable[..., _OtherT | Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_ResultT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[Concatenate[_ResultT, ...], Deferred[_NextT] | Failure],
        errback: Callable[Concatenate[Failure, ...], Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[Concatenate[_ResultT, ...], Deferred[_NextT] | Failure],
        errback: Callable[Concatenate[Failure, ...], _OtherT | Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[Concatenate[_ResultT, ...], _NextT | Deferred[_NextT] | Failure],
        errback: Callable[Concatenate[Failure, ...], Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_NextT | _OtherT]: ...

    @overload
    def addCallbacks(
        self,
        callback: Callable[Concatenate[_ResultT, ...], _NextT | Deferred[_NextT] | Failure],
        errback: Callable[Concatenate[Failure, ...], _OtherT | Deferred[_OtherT] | Failure] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[_NextT | _OtherT]: ...

    def addCallbacks(
        self,
        callback: Callable[..., Any] | None,
        errback: Callable[..., Any] | None = None,
        callbackArgs: Sequence[Any] | None = (),
        callbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
        errbackArgs: Sequence[Any] | None = (),
        errbackKeywords: Mapping[str, Any] | None = _NO_KEYWORDS,
    ) -> Deferred[Any]:
        """
        Add the next step of the chain: ``callback`` gets a result, ``errback`` a Failure, and None passes it on.

        What the step returns is the next step's result; an exception or a Failure makes the next step an errback, and
        a Deferred is waited for. If the result is there already, the step runs before this returns.
        """
        add = [self._add]
        del self
        if callbackArgs or callbackKeywords or errbackArgs or errbackKeywords:
            return add.pop()(
                callback and (_checked(callback), callbackArgs or (), callbackKeywords or {}),
                errback and (_checked(errback), errbackArgs or (), errbackKeywords or {}),
                _ARGS,
            )
        return add.pop()(callback and _checked(callback), errback and _checked(errback), None)

    @overload
    def addCallback(
        self, callback: Callable[Concatenate[_ResultT, _P], Failure], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[Any]: ...

    @overload
    def addCallback(
        self, callback: Callable[Concatenate[_ResultT, _P], Deferred[_NextT]], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_NextT]: ...

    @overload
    def addCallback(
        self, callback: Callable[Concatenate[_ResultT, _P], _PlainT], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_PlainT]: ...

    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_ResultT, _P], Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextT]: ...

    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_ResultT, _P], _NextT | Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextT]: ...

    def addCallback(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add a step for results only: ``callback(result, *args, **kwargs)``. See `addCallbacks`."""
        if not callable(callback):
            raise _not_callable(callback)
        if args or kwargs:
            return self._add((callback, args, kwargs), None, _ARGS)
        # As _add() does it, without another call.
        if self._callbacks is None:
            self._callbacks = [(callback, None, None)]
        else:
            self._callbacks.append((callback, None, None))
        if self.called and not self.paused and not self._running:
            _run(self, type(self.result) in special_classes)
            if self._debugInfo is not None:
                box = [self]
                del self
                return box.pop()
        return self

    @overload
    def addErrback(
        self, errback: Callable[Concatenate[Failure, _P], Failure], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_ResultT]: ...

    @overload
    def addErrback(
        self, errback: Callable[Concatenate[Failure, _P], Deferred[_NextT]], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_ResultT | _NextT]: ...

    @overload
    def addErrback(
        self, errback: Callable[Concatenate[Failure, _P], _PlainT], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_ResultT | _PlainT]: ...

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_ResultT | _NextT]: ...

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], _NextT | Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_ResultT | _NextT]: ...

    def addErrback(self, errback: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add a step for errors only: ``errback(failure, *args, **kwargs)``. See `addCallbacks`."""
        if not callable(errback):
            raise _not_callable(errback)
        if args or kwargs:
            return self._add(None, (errback, args, kwargs), _ARGS)
        # As _add() does it, without another call.
        if self._callbacks is None:
            self._callbacks = [(None, errback, None)]
        else:
            self._callbacks.append((None, errback, None))
        if self.called and not self.paused and not self._running:
            _run(self, type(self.result) in special_classes)
            if self._debugInfo is not None:
                box = [self]
                del self
                return box.pop()
        return self

    @overload
    def addBoth(
        self, callback: Callable[Concatenate[_ResultT | Failure, _P], Failure], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[Any]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_ResultT | Failure, _P], Deferred[_NextT]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextT]: ...

    @overload
    def addBoth(
        self, callback: Callable[Concatenate[_ResultT | Failure, _P], _PlainT], *args: _P.args, **kwargs: _P.kwargs
    ) -> Deferred[_PlainT]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_ResultT | Failure, _P], Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextT]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_ResultT | Failure, _P], _NextT | Deferred[_NextT] | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextT]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_ResultT | Failure, _P], _ResultT | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_ResultT]: ...

    def addBoth(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add a step for results and errors alike: ``callback(result or failure, ...)``. See `addCallbacks`."""
        if not callable(callback):
            raise _not_callable(callback)
        if args or kwargs:
            call = (callback, args, kwargs)
            return self._add(call, call, _ARGS)
        # As _add() does it, without another call.
        if self._callbacks is None:
            self._callbacks = [(callback, callback, None)]
        else:
            self._callbacks.append((callback, callback, None))
        if self.called and not self.paused and not self._running:
            _run(self, type(self.result) in special_classes)
            if self._debugInfo is not None:
                box = [self]
                del self
                return box.pop()
        return self

    def chainDeferred(self, d: Deferred[_ResultT]) -> Deferred[None]:
        """
        Give this one's result, when it comes, to ``d``.

        Without need of it, a callback that returns ``d`` does the opposite: this one waits for ``d``.
        """
        if not d.called:
            d._chainedTo = self
        return self.addCallbacks(d.callback, d.errback)

    def addTimeout(
        self,
        timeout: float,
        clock: IReactorTime,
        onTimeoutCancel: Callable[[_ResultT | Failure, float], _NextT | Failure] | None = None,
    ) -> Deferred[_ResultT | _NextT]:
        """
        Cancel this Deferred unless the chain comes to this step within ``timeout`` seconds.

        Args:
            timeout: How many seconds from now.
            clock: The reactor, or what else tells the time.
            onTimeoutCancel: Called with the result after the cancellation and with ``timeout``; what it returns is the
                new result. Without it, a CancelledError becomes a `TimeoutError`.
        """
        timed_out = False
        box = [self]

        def time_is_over() -> None:
            nonlocal timed_out
            timed_out = True
            box.pop().cancel()

        call = clock.callLater(timeout, time_is_over)

        def translate(result: Any) -> Any:
            if not timed_out:
                if call.active():
                    call.cancel()
                return result
            if onTimeoutCancel is not None:
                return onTimeoutCancel(result, timeout)
            if isinstance(result, Failure) and result.check(CancelledError) is not None:
                raise TimeoutError(timeout, "Deferred")
            return result

        return cast("Deferred[_ResultT | _NextT]", self._add(translate, translate, None))

    # Firing

    def callback(self, result: _ResultT | Failure) -> None:
        """
        Fire with a result, and run the callbacks.

        Raises:
            AlreadyCalledError: It has fired before.
            TypeError: The result is a Deferred. Return it from a callback instead, or let it ``chainDeferred``.
        """
        if (self.called or self.debug) and self._not_expected():
            return
        failed = False
        if type(result) in special_classes:
            if isinstance(result, Deferred):
                raise TypeError(
                    f"{result!r} is no result for a Deferred: return it from a callback, or use chainDeferred"
                )
            failed = True
        self.called = True
        self.result = result
        self._canceller = self._chainedTo = None
        if (self._callbacks is not None or failed) and not self.paused:
            _run(self, failed)
        del self, result

    def errback(self, fail: Failure | BaseException | None = None) -> None:
        """
        Fire with an error, and run the errbacks.

        Args:
            fail: The error; if not given, the exception that is being handled.

        Raises:
            AlreadyCalledError: It has fired before.
            NoCurrentExceptionError: No error was given, and none is being handled.
        """
        if fail is None:
            fail = Failure(captureVars=self.debug)
        elif not isinstance(fail, Failure):
            fail = Failure(fail)
        if (self.called or self.debug) and self._not_expected():
            return
        self.called = True
        self.result = fail
        self._canceller = self._chainedTo = None
        if not self.paused:
            _run(self, True)
        del self, fail

    def _not_expected(self) -> bool:
        """Tell whether to ignore this firing; the rare cases are here."""
        info = self._debugInfo
        if self.called:
            if self._suppressAlreadyCalled:
                self._suppressAlreadyCalled = False
                return True
            if self.debug and info is not None:
                raise AlreadyCalledError("\n" + info._getDebugTracebacks())
            raise AlreadyCalledError
        if info is None:
            info = self._debugInfo = DebugInfo()
        info.remember_invoker()
        return False

    def pause(self) -> None:
        """Run no more callbacks until ``unpause`` was called as many times as this."""
        self.paused += 1

    def unpause(self) -> None:
        """Take back one ``pause``; with the last, run what waited."""
        self.paused -= 1
        if not self.paused and self.called and not self._running:
            _run(self, isinstance(self.result, Failure))
        del self

    def cancel(self) -> None:
        """
        Give up on the result.

        If there is none yet, the canceller is called and, if that does not fire this Deferred, the result is a
        `CancelledError`. While it waits for another Deferred that a callback returned, that one is cancelled. A
        coroutine gets the error where it awaits. If the chain has come to its end, nothing happens.
        """
        if not self.called:
            canceller = self._canceller
            if canceller is None:
                # Whoever would have fired it does not know, and may still try, once.
                self._suppressAlreadyCalled = True
            elif isinstance(canceller, StandIn):
                # A coroutine, which may have its own idea of what comes of that.
                canceller.cancel_from_deferred()
                del self, canceller
                return
            else:
                canceller(self)
            if not self.called:
                if type(self) is not Deferred or self.debug:
                    self.errback(CancelledError())
                else:
                    # As errback() does it, faster.
                    self.called = True
                    self._canceller = self._chainedTo = None
                    self.result = caught(CancelledError(), None)
                    if not self.paused:
                        _run(self, True)
            del canceller
        elif isinstance(self.result, Deferred):
            self.result.cancel()
        del self

    def _cancel_for_task(self) -> None:
        """Be cancelled because a task is, or what stands for one; whose ``cancel`` gives no error overrides this."""
        if self.called and isinstance(self.result, Deferred):
            self.result._cancel_for_task()
        else:
            self.cancel()

    # As a waiter of another Deferred

    def resume(self, result: Any, failed: bool) -> Deferred[Any]:
        """Take the result of the Deferred that this one waited for; for the machinery."""
        self.result = result
        self._chainedTo = None
        self.paused -= 1
        return self

    # Awaiting

    def __await__(self) -> Generator[Any, Any, _ResultT]:
        # No generator function: its frame would be in the traceback of every error that is awaited. The iterators that
        # are returned here raise from C, but for `_pending`, whose frame the driver takes out.
        if self.called and not self.paused:
            # The result stays, for who awaits next.
            result: _ResultT = self.result
            if type(result) not in special_classes:
                return _fired(result)
            if self._debugInfo is not None:
                self._debugInfo.failResult = None
            return cast("Generator[Any, Any, _ResultT]", map(raise_as_it_is, (_error_of(result),)))
        loop = running_loop()
        if loop is not None:
            task = current_task(loop)
            if task is not None and not isinstance(task, StandIn):
                if self._callbacks:
                    wrong = _wrong_loop(self, loop)
                    if wrong is not None:
                        raise wrong
                future = AwaitedFuture(loop=loop)
                future.deferred = self
                self._add(future, future, _WAITER)
                awaiting: Generator[Any, Any, _ResultT] = future.__await__()
                return awaiting
        return _pending(self)

    def __iter__(self) -> Generator[Any, Any, _ResultT]:
        """Do the same for ``yield from deferred`` in a generator."""
        return self.__await__()

    def asFuture(self, loop: Loop) -> Future[_ResultT]:
        """
        Return a future of ``loop`` that ends as this Deferred does; this one's result is None from then on.

        Cancelling the future cancels this Deferred.
        """
        future = BridgeFuture(loop=loop)
        future.deferred = self
        self._add(future, future, _WAITER)
        return future

    @staticmethod
    def fromFuture(future: Future[_T]) -> Deferred[_T]:
        """
        Return a Deferred that ends as ``future`` does. Cancelling it cancels the future.

        Raises:
            RuntimeError: Another event loop than that of the future runs here.
        """
        loop = running_loop()
        if loop is not None and future.get_loop() is not loop:
            raise foreign_future(future)
        deferred: Deferred[_T] = Deferred(lambda _: future.cancel())

        def adapt(future: Future[_T]) -> None:
            if deferred.called:
                # It was cancelled, and does not need to hear of it again. Asked for, the error counts as seen.
                if not future.cancelled():
                    future.exception()
                return
            try:
                result = future.result()
            except BaseException as error:
                deferred.errback(_failure_of(error, error.__traceback__.tb_next))  # type: ignore[union-attr]  # raised
            else:
                deferred.callback(result)

        future.add_done_callback(adapt)
        return deferred

    @staticmethod
    def fromCoroutine(coro: Coroutine[Any, Any, _T] | Generator[Any, Any, _T]) -> Deferred[_T]:
        """
        Run a coroutine, now and up to its first ``await`` that must wait, and return a Deferred for its result.

        It may await Deferreds and, under asyncio, everything that an asyncio Task may await. Cancelling the Deferred
        cancels what the coroutine awaits.

        Raises:
            NotACoroutineError: ``coro`` is neither a coroutine nor a generator.
        """
        if isinstance(coro, (CoroutineType, GeneratorType, Coroutine, Generator)):
            # The driver stands on this module.
            from reactorio.internet._driver import Driver

            box: list[Deferred[_T]] = [Deferred()]
            Driver(coro, box[0]).resume(None, False)
            return box.pop()
        raise NotACoroutineError(f"{coro!r} is not a coroutine")

    def __repr__(self) -> str:
        name = type(self).__name__
        if self._chainedTo is not None:
            other = self._chainedTo
            return f"<{name} at {id(self):#x} waiting on {type(other).__name__} at {id(other):#x}>"
        if hasattr(self, "result"):
            return f"<{name} at {id(self):#x} current result: {self.result!r}>"
        return f"<{name} at {id(self):#x}>"


def _fired(result: _T) -> Generator[Any, Any, _T]:
    """Await what is there."""
    return result
    yield  # which makes it a generator


@_extraneous
def _pending(deferred: Deferred[_T]) -> Generator[Any, Any, _T]:
    """Await what the driver sends."""
    try:
        result: _T = yield deferred
        return result
    finally:
        # The traceback of an error keeps this frame.
        del deferred


def _wrong_loop(deferred: Deferred[Any], loop: Loop | None) -> RuntimeError | None:
    """
    Return an error if who waits for ``deferred`` now, in ``loop`` or in none, would be the second one of two loops.

    A look at who came last finds the common mistake early. What it does not find is told when the Deferred fires.
    """
    waiter, _, kind = deferred._callbacks[-1]  # type: ignore[index]  # there are some
    if kind is not _WAITER or isinstance(waiter, Deferred):
        return None
    other = waiter._loop
    if other is None or other is loop or not other.is_running():
        return None
    return RuntimeError(f"{deferred!r} is awaited in another event loop already")


special_classes.add(Deferred)
# mypyc knows no assignment for this.
setattr(Deferred, "__module__", "reactorio.internet.defer")


def _checked(callback: Callable[..., Any]) -> Callable[..., Any]:
    if not callable(callback):
        raise _not_callable(callback)
    return callback


def _not_callable(callback: object) -> TypeError:
    return TypeError(f"a callback must be callable, and {callback!r} is not")


def _failure_of(error: BaseException, tb: TracebackType | None) -> Failure:
    """Return the Failure for an ``error`` that was just caught, with asyncio's cancellation made ours."""
    if isinstance(error, AsyncioCancelledError):
        if type(error) is not CancelledError and not isinstance(error, CancelledError):
            error = CancelledError(*error.args).with_traceback(tb)
    elif _groups_cancellation and is_group_of_cancellations(error):
        error = CancelledError().with_traceback(tb)
    return caught(error, tb)


def _error_of(error: Any) -> BaseException:
    """Return what is to be thrown for an exception or for a Failure that holds one."""
    raised: BaseException = error
    if type(error) not in special_classes:
        return raised
    try:
        raised = error.value
        return raised.with_traceback(error.tb)
    except AttributeError:
        return TypeError(f"exceptions must derive from BaseException, and this Failure holds {error.value!r}")


@_extraneous
def _run(current: Deferred[Any], failed: bool) -> None:
    """
    Run the callbacks of a Deferred, and those of all Deferreds that get a result by that.

    As in Twisted, a Deferred that is paused by one of its own callbacks runs those that it has to the end.

    Args:
        current: It has a result, is not paused, and nobody runs its callbacks.
        failed: Whether that result is a Failure.
    """
    # Those whose turn was broken off, until another's callbacks have run.
    interrupted: list[Deferred[Any]] | None = None
    calls: Any = None
    callback: Any = None
    inner: Any = None
    while True:
        following: Deferred[Any] | None = None
        result = current.result
        if current._callbacks is not None:
            current._running = True
            # More may be added to the list while it is walked.
            calls = iter(current._callbacks)
            while True:
                try:
                    for callback, errback, kind in calls:
                        if failed:
                            callback = errback
                        if callback is None:
                            continue
                        if kind is None:
                            result = callback(result)
                        elif kind is _WAITER:
                            following = callback.resume(result, failed)
                            failed = False
                            if following is None:
                                result = current.result = None
                                continue
                            if following is callback:
                                result = current.result = None
                            break
                        else:
                            callback, args, kwargs = callback
                            result = callback(result, *args, **kwargs)
                        if type(result) not in special_classes:
                            failed = False
                        elif isinstance(result, Deferred):
                            inner = result
                            result, failed = _chain(current, inner, callback)
                            if result is inner:
                                current.result = inner
                                break
                        else:
                            failed = True
                        current.result = result
                    else:
                        current._callbacks = None
                        break
                    current._callbacks = list(calls) or None
                    break
                except BaseException as error:
                    # The first link of the traceback is this function's.
                    if current.debug:
                        result = Failure(error, None, error.__traceback__.tb_next, True)  # type: ignore[union-attr]  # raised
                    else:
                        result = caught(error, error.__traceback__.tb_next)  # type: ignore[union-attr]  # raised
                    current.result = result
                    failed = True
            if following is None or (following is callback and current._callbacks is None):
                current._running = False
            else:
                interrupted = _interrupt(current, following is callback, interrupted)
        if failed:
            if current._debugInfo is None:
                current._debugInfo = DebugInfo()
            current._debugInfo.failResult = result
        elif current._debugInfo is not None:
            current._debugInfo.failResult = None

        # Who is paused, or is in the middle of its callbacks further up the stack, goes on by itself.
        while following is None or following.paused or following._running:
            if not interrupted:
                # See the module's docstring.
                del current, following
                result = callback = calls = errback = args = inner = None
                return
            following = _back_from_interruption(interrupted.pop())
        current = following
        failed = isinstance(current.result, Failure)


def _interrupt(
    deferred: Deferred[Any], has_given: bool, interrupted: list[Deferred[Any]] | None
) -> list[Deferred[Any]]:
    """
    Have ``deferred`` go on when the one that took its result has run.

    Args:
        has_given: That is a Deferred that waited for it: until then others may run its callbacks. A coroutine, on the
            other hand, ends as if in a callback: ``deferred`` keeps its result, and runs, until then.
    """
    if has_given:
        deferred._running = False
    elif deferred._callbacks is None:
        # More may be added.
        deferred._callbacks = []
    if interrupted is None:
        return [deferred]
    interrupted.append(deferred)
    return interrupted


def _back_from_interruption(deferred: Deferred[Any]) -> Deferred[Any] | None:
    """Return ``deferred`` if it has callbacks to go on with."""
    if deferred._running:
        # A coroutine has taken its result.
        deferred._running = False
        deferred.result = None
    if deferred._callbacks:
        return deferred
    deferred._callbacks = None
    return None


def _chain(current: Deferred[Any], inner: Deferred[Any], callback: Any) -> tuple[Any, bool]:
    """Have ``current``, whose callback returned ``inner``, take its result or wait for it; return (result, failed)."""
    if inner is current:
        warnAboutFunction(
            callback,
            "Callback returned the Deferred it was attached to; this breaks the callback chain and will raise an "
            "exception in the future.",
        )
    if inner is current or not inner.called or inner.paused:
        current.paused += 1
        current._chainedTo = inner
        if inner._callbacks is None:
            inner._callbacks = [(current, current, _WAITER)]
        else:
            inner._callbacks.append((current, current, _WAITER))
        return inner, False
    result = inner.result
    inner.result = None
    if not isinstance(result, Failure):
        return result, False
    if inner._debugInfo is not None:
        inner._debugInfo.failResult = None
    return result, True
