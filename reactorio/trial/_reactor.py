"""The global reactor as a test case runs it: until a Deferred has fired, with the test kept from stopping it."""

from __future__ import annotations

import signal
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from reactorio.internet.defer import Deferred


def run_until_fired(reactor: Any, deferred: Deferred[Any], timeout: float, give_up: Callable[[], object]) -> bool:
    """
    Run the reactor until ``deferred`` has fired, or ``give_up`` was called after ``timeout`` seconds.

    Returns:
        Is that how the run ended? If not, something stopped the reactor.

    Raises:
        KeyboardInterrupt: The user ended the run.
    """
    over = False

    def end(result: object) -> object:
        nonlocal over
        over = True
        _crash(reactor)
        return result

    deadline = reactor.callLater(timeout, lambda: end(give_up()))
    deferred.addBoth(end)
    try:
        with _ctrl_c_ends_run(reactor):
            reactor.run(installSignalHandlers=False)
    finally:
        if deadline.active():
            deadline.cancel()
    return over


@contextmanager
def _ctrl_c_ends_run(reactor: Any) -> Iterator[None]:
    """
    Have Ctrl-C end the run, then raise, and not raise in the middle of some callback.

    A handler that the application or the test runner has set stays.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        reactor.callFromThread(_crash, reactor)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if interrupted:
        raise KeyboardInterrupt


def _crash(reactor: Any) -> None:
    with called_by_trial():
        reactor.crash()


# -- Methods that a test should leave alone

_NOT_FOR_TESTS = ("iterate", "crash", "stop")

# How many test cases are running, one within the other, and how many calls of ours.
_guards = 0
_trial_calls = 0


@contextmanager
def guarded(reactor: Any) -> Iterator[None]:
    """Have the reactor warn when a test calls what would end the run that the test is in, or start one within it."""
    global _guards
    if not _guards:
        own = {name: getattr(reactor, name) for name in _NOT_FOR_TESTS}
        for name in _NOT_FOR_TESTS:
            # A reactor that is stopped has shut down: for the next test it has only to return.
            setattr(reactor, name, _warning(name, own["crash" if name == "stop" else name]))
    _guards += 1
    try:
        yield
    finally:
        _guards -= 1
        if not _guards:
            for name in _NOT_FOR_TESTS:
                delattr(reactor, name)


def _warning(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def warn_and_call(*args: Any, **kwargs: Any) -> Any:
        if not _trial_calls:
            warnings.warn(
                f"reactor.{name} cannot be used inside unit tests. In the future, using {name} will fail the test "
                "and may crash or hang the test run.",
                category=DeprecationWarning,
                stacklevel=2,
            )
        return method(*args, **kwargs)

    return warn_and_call


@contextmanager
def called_by_trial() -> Iterator[None]:
    """Make calls that are trial's own business."""
    global _trial_calls
    _trial_calls += 1
    try:
        yield
    finally:
        _trial_calls -= 1
