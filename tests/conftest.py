"""
Fixtures that every test can use, and the check that no test leaves anything behind.

    loop_kind   runs a test on asyncio and on uvloop: the loop that reactors make for themselves in it
    reactor     the facade, free, on each of the two
    run         `asyncio.run` on a loop of that kind
    tw          imports a module from Twisted and from reactorio: one body, two packages
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import signal
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from reactorio.aio.loop import close_loop, new_loop
from reactorio.internet import reactor as the_reactor
from reactorio.internet.process import reapProcessHandlers
from reactorio.logger import LogLevel, globalLogBeginner, globalLogPublisher

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import ModuleType

# What guards the package says the same of the same sources: only the long run is given new examples each time.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
if os.environ.get("REACTORIO_TESTS") != "full":
    hypothesis.settings.load_profile("repeatable")

# The events held back for a log that never begins would keep what one test made alive into another.
globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


# A shell that starts the tests in the background has Ctrl-C ignored, and nohup a hangup; tests, and the programs they
# start, mean them: what is handled here is at its default there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


@pytest.fixture(autouse=True, scope="session")
def _cache_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests, and the programs they start, keep between runs is not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The loop that reactors make for themselves in this test."""
    kind: str = request.param
    if kind == "uvloop":
        pytest.importorskip("uvloop")
    monkeypatch.setenv("REACTORIO_LOOP", kind)
    return kind


@pytest.fixture
def reactor(loop_kind: str) -> Any:
    """The facade, to be run by the test on a loop of the given kind."""
    return the_reactor


@pytest.fixture
def run(loop_kind: str) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """`asyncio.run`, on a loop of the given kind."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        loop = new_loop()
        try:
            return loop.run_until_complete(main)
        finally:
            close_loop(loop)

    return run


@pytest.fixture(params=["twisted", "reactorio"])
def tw(request: pytest.FixtureRequest) -> Callable[[str], ModuleType]:
    """Import from the original and from ours: what a test says of one must hold of both."""
    package: str = request.param
    pytest.importorskip(package)
    return lambda name: import_module(f"{package}.{name}")


_tests_done = itertools.count(1)


class LoggedErrors(list[dict[str, Any]]):
    """The error events of a test; what it expects it takes out with `flush`."""

    def flush(self, *kinds: type[BaseException]) -> list[BaseException]:
        """Return the logged exceptions of the given kinds (all, without any), and forget them."""
        taken = [event for event in self if not kinds or isinstance(_exception_of(event), kinds)]
        self[:] = [event for event in self if event not in taken]
        return [_exception_of(event) for event in taken]  # type: ignore[misc]

    def __call__(self, event: dict[str, Any]) -> None:
        level = event.get("log_level")
        if level is not None and level >= LogLevel.error:
            self.append(event)


def _exception_of(event: dict[str, Any]) -> BaseException | None:
    failure = event.get("log_failure") or event.get("failure")
    return None if failure is None else failure.value


@pytest.fixture
def clean_reactor() -> None:  # used by every test, if the plugin is installed
    """In the place of our plugin's check, if that is installed: the two below say more."""


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[LoggedErrors]:
    """Errors that the test logs, lost Deferreds among them; what it does not flush fails it."""
    errors = LoggedErrors()
    globalLogPublisher.addObserver(errors)
    try:
        yield errors
        # What is alive after a test is of no interest to the next one's collection, which then takes a tenth of the
        # time; now and then it is looked at again, for what only the end of its test set free.
        if next(_tests_done) % 50 == 0:
            gc.unfreeze()
        gc.collect()
    finally:
        globalLogPublisher.removeObserver(errors)
        gc.freeze()
    assert not errors, [str(event.get("log_failure") or event) for event in errors]


@pytest.fixture(autouse=True)
def nothing_left_behind(logged_errors: LoggedErrors) -> Iterator[None]:
    """Fail the test that leaves timers, sockets, tasks, triggers or threads behind."""
    threads = set(threading.enumerate())
    yield
    left = [
        *(f"timer: {call}" for call in the_reactor.getDelayedCalls()),
        *(f"selectable: {one}" for one in {*the_reactor.removeAll(), *the_reactor._open}),
        *(f"child: {pid}" for pid in reapProcessHandlers),
        *(f"thread: {thread}" for thread in set(threading.enumerate()) - threads if not thread.daemon),
    ]
    for call in the_reactor.getDelayedCalls():
        call.cancel()
    loop = the_reactor._loop
    if loop is not None:
        left += [f"task: {task}" for task in asyncio.all_tasks(loop)]
        left.append(f"a loop that the reactor still has: {loop}")
        the_reactor._let_go()
    assert not left, left
