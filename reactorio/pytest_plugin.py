"""
The plugin for pytest.

Test functions and methods may return Deferreds, be generators under ``inlineCallbacks``, or be ``async def``, where no
other plugin takes these: pytest-asyncio in its strict mode takes those with its mark, in its auto mode all. Each test
finds a reactor without a loop; what it runs on is fresh, and ends with it. In a test of pytest-asyncio the reactor is
on the loop of that test.

    reactor, clock                  fixtures: the reactor, and a `task.Clock`
    logged_errors                   fixture: the errors that the test logs; it may flush() those that it expects
    clean_reactor                   fixture, of every test of a module: fails those that leave something behind
    @pytest.mark.may_leave(...)     that they may: "timers", "selectables", "tasks", "errors", or without a word all

    reactorio_loop                  ini: asyncio or uvloop; also --reactorio-loop
    reactorio_timeout               ini: seconds that a test may wait (120)
    reactorio_leak_check            ini: false turns the check off

It costs a session that does not use reactorio little: nothing of it is imported then but this file.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reactorio.internet.task import Clock

# A program that has not loaded this has nothing of the reactor.
_DEFER = "reactorio.internet.defer"

_KINDS = ("timers", "selectables", "tasks", "errors")
_LOOPS = ("asyncio", "uvloop")

# Whoever looks for these has other plans with a coroutine.
_MARKS_OF_OTHERS = ("asyncio", "anyio", "trio")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reactorio")
    group.addoption("--reactorio-loop", choices=_LOOPS, help="the loop that reactors make for themselves")
    parser.addini("reactorio_loop", "the loop that reactors make for themselves: asyncio or uvloop")
    parser.addini("reactorio_timeout", "seconds that a test may wait for its Deferred or coroutine", default="120")
    parser.addini("reactorio_leak_check", "fail tests that leave something behind", type="bool", default=True)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"may_leave(*kinds): the test may leave these behind in the reactor or the log: {', '.join(_KINDS)}; "
        "all of them, if none is named.",
    )
    kind = _loop_kind(config)
    if kind is None:
        return
    if kind not in _LOOPS:
        raise pytest.UsageError(f"reactorio_loop is {kind!r}; it can be one of: {', '.join(_LOOPS)}")
    if kind == "uvloop":
        from importlib.util import find_spec

        if find_spec(kind) is None:
            raise pytest.UsageError("reactorio_loop is uvloop, which is not installed")


def _loop_kind(config: pytest.Config) -> str | None:
    return config.getoption("reactorio_loop") or config.getini("reactorio_loop") or None


# -- Which tests are watched

_watched = pytest.StashKey[bool]()


def pytest_pycollect_makeitem(collector: pytest.Collector) -> None:
    """
    Have the tests of a module use `clean_reactor`, if by now the session has something of reactorio.

    It is not autouse: that would cost every test of every session 80 microseconds.
    """
    if _DEFER in sys.modules and isinstance(collector, pytest.Module) and _watched not in collector.stash:
        collector.stash[_watched] = True
        collector.add_marker(pytest.mark.usefixtures("clean_reactor"))


# -- Running tests


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Have the reactor be on the loop of a test that another plugin runs, before it is used."""
    if _DEFER in sys.modules and isinstance(item, pytest.Function) and _is_of_others(item, item.obj):
        from reactorio._pytest_run import adopting

        item.obj = _once(item.obj, adopting)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """
    Put a function that waits in front of the test function; pytest, or the next plugin, calls it.

    This is neither the first nor the last plugin: one that claims a test by a mark has done so before.
    """
    # Hypothesis calls the function many times.
    holder: Any = getattr(pyfuncitem.obj, "hypothesis", None)
    is_given = hasattr(holder, "inner_test")
    function = holder.inner_test if is_given else pyfuncitem.obj
    if _DEFER not in sys.modules and not inspect.iscoroutinefunction(function):
        return
    if is_given:
        holder.inner_test = _once(function, functools.partial(_waiting, pyfuncitem))
    else:
        pyfuncitem.obj = _once(function, functools.partial(_waiting, pyfuncitem))


def _waiting(item: pytest.Function, function: Callable[..., Any]) -> Callable[..., Any]:
    if _is_of_others(item, function):
        return function
    in_steps = inspect.iscoroutinefunction(function) or _is_inline_callbacks(function)

    @functools.wraps(function)
    def call_and_wait(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if in_steps:
            return _wait(item, functools.partial(function, *args, **kwargs), inside=True)
        result = function(*args, **kwargs)
        defer = sys.modules.get(_DEFER)
        if defer is not None and isinstance(result, defer.Deferred):
            return _wait(item, lambda: result, inside=False)
        return result

    return call_and_wait


def _once(function: Callable[..., Any], wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Callable[..., Any]:
    """Wrap a function, unless that is done: the test runs again."""
    if hasattr(function, "_reactorio_wrapped"):
        return function
    wrapped = wrap(function)
    wrapped._reactorio_wrapped = True  # type: ignore[attr-defined]  # a note to ourselves
    return wrapped


def _is_of_others(item: pytest.Item, function: Callable[..., Any]) -> bool:
    """Is it a coroutine function that another plugin waits for?"""
    return inspect.iscoroutinefunction(function) and any(item.get_closest_marker(mark) for mark in _MARKS_OF_OTHERS)


def _is_inline_callbacks(function: Callable[..., Any]) -> bool:
    """Is it a generator function, made an ordinary one by a decorator?"""
    return (
        hasattr(function, "__wrapped__")
        and not inspect.isgeneratorfunction(function)
        and inspect.isgeneratorfunction(inspect.unwrap(function))
    )


def _wait(item: pytest.Function, function: Callable[[], Any], inside: bool) -> None:
    """
    Call a function, run the reactor until what it returns has fired, and raise the exception that it has fired with.

    Args:
        inside: Call it when the reactor runs, so that asyncio's own functions can be used from its first line on.
    """
    from reactorio._pytest_run import Watch, _hidden, run

    __tracebackhide__ = _hidden
    timeout = float(item.config.getini("reactorio_timeout"))
    if Watch.current is not None or "clean_reactor" in getattr(item, "fixturenames", ()):
        run(function, inside=inside, timeout=timeout)
    else:
        # In the module there was nothing of reactorio to watch, but a coroutine.
        with Watch(_loop_kind(item.config), None):
            run(function, inside=inside, timeout=timeout)


# -- Fixtures


@pytest.fixture
def reactor() -> Any:
    """The reactor. In a test that waits it runs already; ``callLater``, ``listenTCP`` and so on may be called before."""
    from reactorio.internet import reactor

    return reactor


@pytest.fixture
def clock() -> Clock:
    """A clock in the place of a reactor, whose time passes by ``clock.advance(seconds)``."""
    from reactorio.internet.task import Clock

    return Clock()


@pytest.fixture
def logged_errors() -> Iterator[Any]:
    """The failures that are logged while the test runs, as a list; ``flush(*types)`` returns and forgets some or all."""
    from reactorio._pytest_run import LoggedErrors

    with LoggedErrors() as errors:
        yield errors


@pytest.fixture
def clean_reactor(request: pytest.FixtureRequest) -> Iterator[None]:
    """
    Fail the test if it leaves something behind in the reactor or in the log, and free the reactor of its loop.

    What fixtures of a wider scope have there is no leak, and keeps the loop alive. A project that has a check of its
    own has a fixture of this name.
    """
    from reactorio._pytest_run import LoggedErrors, Watch

    config = request.config
    errors = request.getfixturevalue("logged_errors") if "logged_errors" in request.fixturenames else None
    with Watch(_loop_kind(config), errors if isinstance(errors, LoggedErrors) else None) as watch:
        yield
        leaks = watch.find_leaks()
    if _reports_errors(request.cls):
        del leaks["errors"]
    mark = request.node.get_closest_marker("may_leave")
    if mark is not None:
        unknown = set(mark.args) - set(_KINDS)
        if unknown:
            pytest.fail(f"may_leave takes {', '.join(_KINDS)}, not {', '.join(map(repr, unknown))}", pytrace=False)
        leaks = {kind: found for kind, found in leaks.items() if mark.args and kind not in mark.args}
    if config.getini("reactorio_leak_check") and any(leaks.values()):
        lines = [f"{kind}: {one}" for kind, found in leaks.items() for one in found]
        pytest.fail("\n".join(["the test left behind:", *lines]), pytrace=False)


def _reports_errors(test_class: type | None) -> bool:
    """Is it one of trial's, which tell of the errors that they do not flush by themselves?"""
    trial = sys.modules.get("reactorio.trial.unittest")
    return test_class is not None and trial is not None and issubclass(test_class, trial.SynchronousTestCase)
