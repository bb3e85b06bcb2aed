"""The plugin for pytest: sessions of tests of all kinds, run by a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from programs import PATIENCE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Session = Callable[..., "Outcome"]

INSTALLED = any(point.name == "reactorio" for point in entry_points(group="pytest11"))

LOOPS = pytest.mark.parametrize(
    "loop",
    ["asyncio", pytest.param("uvloop", marks=pytest.mark.skipif(find_spec("uvloop") is None, reason="not installed"))],
)


class Outcome:
    """What a session said of its tests."""

    def __init__(self, output: str) -> None:
        self.output = output

    def failed(self) -> set[str]:
        """Return the names of the tests that failed, by themselves or in the end."""
        lines = [line.split() for line in self.output.splitlines() if line.startswith("test_it.py::")]
        return {words[0].rpartition("::")[2] for words in lines if {"FAILED", "ERROR"} & set(words)}

    def report_of(self, test: str) -> str:
        """Return what is said of a test that failed."""
        _, _, rest = self.output.partition(f"_ {test} _")
        return rest.partition("\n____")[0]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Run a session of one module, with the given options."""

    def run(source: str, *options: str, ini: str = "") -> Outcome:
        (tmp_path / "test_it.py").write_text(textwrap.dedent(source))
        settings = f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{textwrap.dedent(ini)}"
        (tmp_path / "pytest.ini").write_text(settings)
        ours = [] if INSTALLED else ["-p", "reactorio.pytest_plugin"]
        command = [sys.executable, "-m", "pytest", *ours, "-v", "--tb=short", "--strict-markers", "-W", "error"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *options],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Outcome(done.stdout)

    return run


MIXED = """
    import asyncio
    import unittest as pyunit

    import pytest

    from reactorio.internet import defer, reactor, task
    from reactorio.trial import unittest

    loops = []

    def here():
        loops.append(asyncio.get_running_loop())

    def later(value=None):
        return task.deferLater(reactor, 0.001, lambda: value)

    def test_plain():
        pass

    async def test_coroutine():
        here()
        await asyncio.sleep(0)
        assert await later(3) == 3

    @pytest.mark.asyncio
    async def test_of_pytest_asyncio():
        here()
        assert await later(3) == 3

    @defer.inlineCallbacks
    def test_inline_callbacks():
        here()
        assert (yield later(3)) == 3
        yield asyncio.sleep(0)

    def test_deferred():
        return later().addCallback(lambda _: here())

    class TestMethods:
        def test_deferred_method(self):
            return later().addCallback(lambda _: here())

        async def test_coroutine_method(self):
            here()
            await later()

        @defer.inlineCallbacks
        def test_inline_callbacks_method(self):
            here()
            yield later()

    class TrialTests(unittest.TestCase):
        def test_trial_deferred(self):
            return later().addCallback(lambda _: here())

        async def test_trial_coroutine(self):
            here()
            await asyncio.sleep(0)

        def test_trial_flushes(self):
            defer.fail(ValueError())
            self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    class StandardTests(pyunit.IsolatedAsyncioTestCase):
        async def test_of_the_standard_library(self):
            here()
            await later()

    def test_kind_and_number_of_loops(reactor, request):
        assert len(set(map(id, loops))) == len(loops) == 10
        kind = request.config.getoption("reactorio_loop")
        # Those of pytest-asyncio and the standard library are what these make them.
        assert [type(loop).__module__.partition(".")[0] for loop in loops].count(kind) >= 6
        assert reactor._loop is None
"""


@LOOPS
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_tests_of_all_kinds_pass_in_one_session_each_on_a_loop_of_its_own(session, mode, loop):
    result = session(MIXED, f"--reactorio-loop={loop}", "--asyncio-mode", mode)

    assert "13 passed" in result.output, result.output


def test_the_loop_may_be_chosen_in_the_settings(session):
    pytest.importorskip("uvloop")
    result = session(
        """
        import asyncio

        async def test_it():
            assert type(asyncio.get_running_loop()).__module__ == "uvloop"
        """,
        ini="reactorio_loop = uvloop",
    )

    assert "1 passed" in result.output, result.output


def test_a_loop_that_is_none_is_refused(session):
    result = session("", ini="reactorio_loop = twisted")

    assert "reactorio_loop is 'twisted'; it can be one of: asyncio, uvloop" in result.output


OUTCOMES = """
    import asyncio
    import pytest
    from reactorio.internet import defer, reactor, task

    async def test_assertion():
        await asyncio.sleep(0)
        assert 1 == 2

    async def test_skip():
        await asyncio.sleep(0)
        pytest.skip("why")

    @pytest.mark.xfail(strict=True, raises=KeyError)
    async def test_xfail():
        await asyncio.sleep(0)
        raise KeyError

    @defer.inlineCallbacks
    def test_inline_assertion():
        yield task.deferLater(reactor, 0)
        assert 1 == 2

    def test_errback():
        return task.deferLater(reactor, 0, lambda: 1 / 0)

    def test_fired_with_an_error():
        return defer.fail(ValueError("at once"))

    async def test_pytest_fail_in_a_callback():
        asyncio.get_running_loop().call_soon(pytest.fail, "from a callback")
        await asyncio.Event().wait()

    async def test_reactor_stopped():
        reactor.stop()
        await defer.Deferred()

    @pytest.mark.parametrize("number", [1, 2])
    async def test_parameters(number, reactor):
        assert number in (1, 2)
"""


@LOOPS
def test_outcomes_are_those_of_any_test(session, loop):
    result = session(OUTCOMES, f"--reactorio-loop={loop}")

    assert "6 failed, 2 passed, 1 skipped, 1 xfailed" in result.output, result.output
    assert "assert 1 == 2" in result.report_of("test_assertion")
    assert "in test_inline_assertion" in result.report_of("test_inline_assertion")
    assert "ZeroDivisionError" in result.report_of("test_errback")
    assert "at once" in result.report_of("test_fired_with_an_error")
    assert "from a callback" in result.report_of("test_pytest_fail_in_a_callback")
    assert "the reactor was stopped before the test was done" in result.report_of("test_reactor_stopped")


def test_the_frames_of_the_plugin_are_no_part_of_tracebacks(session):
    result = session(OUTCOMES)

    assert "_pytest_run" not in result.output
    assert "pytest_plugin.py" not in result.output


WAITING = """
    import asyncio
    import pytest
    from reactorio.internet import reactor
    from reactorio.internet.defer import Deferred, TimeoutError

    @pytest.mark.timeout(0.2)
    async def test_marked():
        await Deferred()

    @pytest.mark.timeout(0.2)
    def test_marked_deferred():
        return Deferred()

    async def test_add_timeout():
        with pytest.raises(TimeoutError):
            await Deferred().addTimeout(0.01, reactor)

    async def test_next():
        await asyncio.sleep(0)
"""


@LOOPS
def test_a_mark_of_pytest_timeout_ends_a_test_and_shows_where_it_waits(session, loop):
    result = session(WAITING, f"--reactorio-loop={loop}")

    assert result.failed() == {"test_marked", "test_marked_deferred"}, result.output
    assert "await Deferred()" in result.report_of("test_marked")
    assert "from pytest-timeout" in result.report_of("test_marked_deferred")


@LOOPS
def test_a_test_may_not_wait_for_ever(session, loop):
    result = session(
        """
        import asyncio
        from reactorio.internet.defer import Deferred

        async def test_event():
            await asyncio.Event().wait()

        def test_deferred():
            return Deferred()

        async def test_next():
            await asyncio.sleep(0)
        """,
        f"--reactorio-loop={loop}",
        ini="reactorio_timeout = 0.1",
    )

    assert result.failed() == {"test_event", "test_deferred"}, result.output
    assert "asyncio.Event().wait()" in result.report_of("test_event")
    assert "still running at 0.1 secs" in result.report_of("test_event")


LEAKS = """
    import asyncio
    import pytest
    from reactorio.internet import defer, reactor
    from reactorio.internet.protocol import Factory, Protocol

    def listen():
        return reactor.listenTCP(0, Factory.forProtocol(Protocol), interface="127.0.0.1")

    def test_timer():
        reactor.callLater(10, print)

    async def test_timer_of_a_coroutine():
        reactor.callLater(10, print)

    async def test_task():
        asyncio.ensure_future(asyncio.sleep(10))

    def test_port():
        listen()

    def test_lost_error():
        defer.fail(ValueError("lost"))

    @pytest.mark.asyncio
    async def test_timer_beside():
        reactor.callLater(10, print)

    @pytest.mark.asyncio
    async def test_port_beside():
        listen()

    @pytest.mark.may_leave("timers", "selectables")
    def test_marked():
        listen()
        reactor.callLater(10, print)

    @pytest.mark.may_leave
    def test_marked_for_all():
        reactor.callLater(10, print)
        defer.fail(ValueError("lost"))

    @pytest.mark.may_leave("tasks")
    def test_marked_for_other():
        reactor.callLater(10, print)

    @pytest.mark.may_leave("time")
    def test_marked_wrongly():
        pass

    def test_flushed(logged_errors):
        defer.fail(ValueError("lost"))
        assert [type(failure.value) for failure in logged_errors.flush(ValueError)] == [ValueError]

    @pytest.fixture
    def port():
        port = listen()
        yield port
        port.stopListening()

    @pytest.fixture(scope="module")
    def wide_port():
        port = listen()
        yield port
        port.stopListening()

    def test_fixture(port):
        pass

    async def test_fixture_of_a_coroutine(port):
        pass

    @pytest.mark.asyncio
    async def test_fixture_beside(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.close()
        await reader.read()

    async def test_wide_fixture(wide_port):
        pass

    async def test_wide_fixture_again(wide_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", wide_port.getHost().port)
        writer.close()
"""

LEAKING = {
    "test_timer": "timers: <DelayedCall",
    "test_timer_of_a_coroutine": "timers: <DelayedCall",
    "test_task": "tasks: <Task pending",
    "test_port": "selectables: <reactorio.internet.tcp.Port",
    "test_lost_error": "errors: Traceback",
    "test_timer_beside": "timers: <DelayedCall",
    "test_port_beside": "selectables: <reactorio.internet.tcp.Port",
    "test_marked_for_other": "timers: <DelayedCall",
    "test_marked_wrongly": "may_leave takes timers, selectables, tasks, errors, not 'time'",
}


@LOOPS
def test_what_a_test_leaves_behind_fails_it_unless_it_is_marked(session, loop):
    result = session(LEAKS, f"--reactorio-loop={loop}")

    assert result.failed() == set(LEAKING), result.output
    for test, text in LEAKING.items():
        assert text in result.report_of(f"ERROR at teardown of {test}"), result.output


def test_the_check_can_be_turned_off(session):
    result = session(LEAKS, "-k", "not wrongly", ini="reactorio_leak_check = false")

    assert not result.failed(), result.output


def test_fixtures_of_pytest_asyncio_serve_our_tests_on_their_loop(session):
    result = session(
        """
        import asyncio
        import pytest_asyncio
        from reactorio.internet import reactor, task

        @pytest_asyncio.fixture
        async def loop():
            await task.deferLater(reactor, 0)
            return asyncio.get_running_loop()

        async def test_coroutine(loop):
            await task.deferLater(reactor, 0)
            assert asyncio.get_running_loop() is loop

        def test_deferred(loop):
            return task.deferLater(reactor, 0)
        """
    )

    assert "2 passed" in result.output, result.output


def test_a_loop_of_pytest_asyncio_for_many_tests_stands_aside_for_the_tests_between(session):
    result = session(
        """
        import asyncio
        import pytest
        from reactorio.internet import reactor, task
        from reactorio.trial import unittest

        @pytest.mark.asyncio(loop_scope="module")
        async def test_one():
            await task.deferLater(reactor, 0)

        class TrialTests(unittest.TestCase):
            def test_two(self):
                return task.deferLater(reactor, 0)

        async def test_three():
            await task.deferLater(reactor, 0)

        @pytest.mark.asyncio(loop_scope="module")
        async def test_four():
            await task.deferLater(reactor, 0)
        """
    )

    assert "4 passed" in result.output, result.output


def test_a_coroutine_with_the_mark_of_anyio_is_anyios(session):
    pytest.importorskip("anyio")
    result = session(
        """
        import anyio
        import pytest
        from reactorio.internet import reactor, task

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it():
            await anyio.sleep(0)
            await task.deferLater(reactor, 0)
            assert reactor._adopted_end is not None
        """
    )

    assert "1 passed" in result.output, result.output


def test_ctrl_c_ends_the_session(session):
    result = session(
        """
        import os
        import signal
        from reactorio.internet import reactor
        from reactorio.internet.defer import Deferred

        async def test_it():
            reactor.callLater(0, os.kill, os.getpid(), signal.SIGINT)
            await Deferred()

        def test_never():
            pass
        """
    )

    assert "KeyboardInterrupt" in result.output, result.output
    assert "test_never" not in result.output


def test_the_clock_is_in_the_place_of_a_reactor(session):
    result = session(
        """
        from reactorio.internet import task

        def test_it(clock):
            done = task.deferLater(clock, 60)
            clock.advance(60)
            assert done.called
        """
    )

    assert "1 passed" in result.output, result.output


def test_coroutines_need_nothing_of_reactorio_in_their_module(session):
    result = session(
        """
        import asyncio

        loops = []

        async def test_one():
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0)

        async def test_two():
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0)
            assert loops[0].is_closed()
            assert not loops[1].is_closed()
        """
    )

    assert "2 passed" in result.output, result.output


def test_a_session_without_reactors_loads_nothing_of_them(session):
    result = session(
        """
        import sys

        def test_it():
            names = {name for name in sys.modules if name.startswith("reactorio.")}
            assert names == {"reactorio.pytest_plugin"}
        """
    )

    assert "1 passed" in result.output, result.output


def test_hypothesis_calls_a_test_that_waits_many_times(session):
    pytest.importorskip("hypothesis")
    result = session(
        """
        from hypothesis import given, settings, strategies as st
        from reactorio.internet import defer, reactor, task

        @settings(max_examples=5, deadline=None, database=None)
        @given(st.integers())
        async def test_coroutine(number):
            assert await task.deferLater(reactor, 0, lambda: number) == number

        @settings(max_examples=5, deadline=None, database=None)
        @given(st.integers())
        def test_deferred(number):
            return task.deferLater(reactor, 0)
        """
    )

    assert "2 passed" in result.output, result.output


def test_twisted_s_names_do_as_well(session):
    result = session(
        """
        import reactorio.as_twisted
        from twisted.internet import defer, reactor, task
        from twisted.trial import unittest

        @defer.inlineCallbacks
        def test_it():
            yield task.deferLater(reactor, 0)

        class TrialTests(unittest.TestCase):
            def test_trial(self):
                return task.deferLater(reactor, 0)
        """
    )

    assert "2 passed" in result.output, result.output
