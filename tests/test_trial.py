"""trial's test cases: what they report, to whom, and what they leave behind."""

# The assertions under test are what pytest would have replaced.
# ruff: noqa: PT009, PT027

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import unittest as pyunit
import warnings
from pathlib import Path
from typing import Any

import pytest

import reactorio
from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, TimeoutError, fail, inlineCallbacks, succeed
from reactorio.internet.threads import deferToThread
from reactorio.python import log
from reactorio.trial import reporter, unittest, util
from reactorio.trial.itrial import IReporter, ITestCase

BOTH = pytest.mark.parametrize("base", [unittest.SynchronousTestCase, unittest.TestCase])


@pytest.fixture(autouse=True)
def ended_reactor(nothing_left_behind):
    """Trial's test cases go on, one after the other, with the reactor's loop: here it ends with each test."""
    yield
    reactor.callWhenRunning(reactor.stop)
    reactor.run()


def run(base: type, **members: Any) -> reporter.TestResult:
    """Run the method ``test`` of a test case with these members."""
    result = reporter.TestResult()
    type("Case", (base,), {"__module__": __name__, **members})("test").run(result)
    return result


def later(value: object = None) -> Deferred[object]:
    """A Deferred that fires in the reactor's next turn."""
    d: Deferred[object] = Deferred()
    reactor.callLater(0, d.callback, value)
    return d


def error_of(result: reporter.TestResult) -> BaseException:
    assert len(result.errors) == 1, result.errors
    return result.errors[0][1].value


# -- outcomes


@BOTH
def test_a_test_that_returns_is_a_success(base):
    result = run(base, test=lambda self: None)

    assert (result.successes, result.testsRun, result.wasSuccessful()) == (1, 1, True)


@BOTH
def test_an_assertion_is_a_failure_and_another_exception_an_error(base):
    failed = run(base, test=lambda self: self.fail("so"))
    broken = run(base, test=lambda self: 1 / 0)

    assert isinstance(failed.failures[0][1].value, unittest.FailTest)
    assert isinstance(error_of(broken), ZeroDivisionError)


@BOTH
def test_a_generator_never_runs_so_it_is_an_error(base):
    def test(self):
        yield

    assert "is a generator function and therefore will never run" in str(error_of(run(base, test=test)))


def test_a_coroutine_is_an_error_where_nobody_waits_for_it():
    async def test(self):
        pass

    assert "only TestCase can wait" in str(error_of(run(unittest.SynchronousTestCase, test=test)))


@BOTH
@pytest.mark.parametrize("where", ["method", "class", "raised", "unittest"])
def test_a_skip_is_reported_with_its_reason(base, where):
    def test(self):
        if where == "raised":
            raise unittest.SkipTest("why")
        pytest.fail("it ran")

    if where == "method":
        test.skip = "why"
    elif where == "unittest":
        test = pyunit.skip("why")(test)
    result = run(base, test=test, **({"skip": "why"} if where == "class" else {}))

    assert [reason for _, reason in result.skips] == ["why"]
    assert not result.successes


@BOTH
def test_a_todo_that_fails_as_it_says_is_expected(base):
    def test(self):
        raise KeyError

    test.todo = (KeyError, "later")
    result = run(base, test=test)
    test.todo = (OSError, "later")
    otherwise = run(base, test=test)

    assert result.wasSuccessful()
    assert result.expectedFailures[0][2].reason == "later"
    assert isinstance(error_of(otherwise), KeyError)


@BOTH
def test_a_todo_that_passes_is_an_unexpected_success(base):
    result = run(base, test=lambda self: None, todo="later")

    assert [todo.reason for _, todo in result.unexpectedSuccesses] == ["later"]
    assert not result.successes


@BOTH
def test_fixtures_and_cleanups_run_in_order_and_each_error_counts(base):
    calls = []

    def test(self):
        calls.append("test")
        self.addCleanup(calls.append, "first added")
        self.addCleanup(lambda: 1 / 0)

    result = run(
        base,
        setUp=lambda self: calls.append("setUp"),
        test=test,
        tearDown=lambda self: calls.append("tearDown"),
    )

    assert calls == ["setUp", "test", "first added", "tearDown"]
    assert isinstance(error_of(result), ZeroDivisionError)


@BOTH
def test_a_failing_setUp_is_followed_by_the_cleanups_only(base):
    calls = []

    def setUp(self):
        self.addCleanup(calls.append, "cleanup")
        raise OSError

    result = run(base, setUp=setUp, test=lambda self: calls.append("test"), tearDown=lambda self: calls.append("no"))

    assert calls == ["cleanup"]
    assert isinstance(error_of(result), OSError)


@BOTH
def test_ctrl_c_ends_the_run(base):
    def test(self):
        raise KeyboardInterrupt

    result = run(base, test=test)

    assert result.shouldStop
    assert isinstance(error_of(result), KeyboardInterrupt)


@BOTH
def test_ctrl_c_goes_through_to_a_runner_that_is_not_trials(base):
    def test(self):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        type("Case", (base,), {"__module__": __name__, "test": test})("test").run(pyunit.TestResult())


@BOTH
def test_helpers_of_a_test_class_may_have_any_name(base):
    names = ("_test", "_run", "_wait", "_report", "_perform", "_run_test")

    result = run(base, test=lambda self: None, **dict.fromkeys(names))

    assert result.successes == 1


def test_a_result_of_the_standard_library_is_told_in_its_own_terms():
    class Case(unittest.SynchronousTestCase):
        def test_ok(self):
            pass

        def test_failed(self):
            self.assertEqual(1, 2)

        def test_broken(self):
            raise OSError("so")

        def test_skipped(self):
            raise unittest.SkipTest("why")

        def test_todo(self):
            raise OSError

        test_todo.todo = "later"

    result = pyunit.TestResult()
    pyunit.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    assert "1 != 2" in result.failures[0][1]
    assert "OSError: so" in result.errors[0][1]
    assert result.skipped[0][1] == "why"
    assert len(result.expectedFailures) == 1
    assert "case.py" not in result.failures[0][1]  # trial's own frames


def test_the_interfaces_are_provided():
    assert IReporter.providedBy(reporter.TestResult())
    assert ITestCase(unittest.TestCase()).countTestCases() == 1


def test_the_standard_librarys_features_go_on_working():
    class Case(unittest.SynchronousTestCase):
        def test(self):
            with self.subTest(number=1):
                self.assertCountEqual([1, 2], [2, 1])
            with self.assertLogs("here", "INFO"):
                logging.getLogger("here").info("so")
            with self.assertRaisesRegex(ValueError, "inval"):
                int("x")

        @classmethod
        def setUpClass(cls):
            cls.ready = True

    suite = unittest.TestSuite([Case("test")])
    for _ in range(2):
        result = reporter.TestResult()
        suite.run(result)
        assert (result.successes, Case.ready) == (1, True), result.errors


# -- logged errors and warnings


@BOTH
def test_a_logged_error_is_an_error_of_the_test_unless_flushed(base, logged_errors):
    def test(self):
        log.err(OSError("logged"))

    def flushing(self):
        log.err(OSError("logged"))
        assert len(self.flushLoggedErrors(KeyError)) == 0
        assert len(self.flushLoggedErrors(OSError)) == 1

    assert isinstance(error_of(run(base, test=test)), OSError)
    assert run(base, test=flushing).successes == 1
    assert len(logged_errors.flush(OSError)) == 2


@BOTH
def test_a_warning_is_given_after_the_test_unless_flushed(base):
    def test(self):
        warnings.warn("shown", stacklevel=1)

    def flushing(self):
        warnings.warn("flushed", stacklevel=1)
        (warning,) = self.flushWarnings([self.test])
        assert (warning["message"], warning["category"], warning["filename"]) == ("flushed", UserWarning, __file__)

    with pytest.warns(UserWarning, match="shown"):
        run(base, test=test)
    assert run(base, test=flushing).successes == 1


@BOTH
def test_a_warning_that_the_filters_make_an_error_is_one_of_the_test(base):
    def test(self):
        warnings.warn("so", stacklevel=1)

    assert isinstance(error_of(run(base, test=test)), UserWarning)


@BOTH
def test_suppressed_warnings_are_not_seen(base):
    def test(self):
        warnings.warn("this one", stacklevel=1)

    assert run(base, test=test, suppress=[util.suppress(message="this")]).successes == 1


def test_flushing_asks_for_functions():
    with pytest.raises(ValueError, match="not a function or method"):
        unittest.SynchronousTestCase().flushWarnings([object()])


# -- helpers


def test_a_patch_lasts_as_long_as_the_test():
    class Owner:
        name = "old"

    def test(self):
        self.patch(Owner, "name", "new")
        assert Owner.name == "new"

    assert run(unittest.SynchronousTestCase, test=test).successes == 1
    assert Owner.name == "old"


def test_mktemp_names_what_is_not_there_in_a_folder_that_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    case = unittest.SynchronousTestCase()

    first, second = Path(case.mktemp()), Path(case.mktemp())

    assert first != second
    assert not first.is_absolute()
    assert first.parent.is_dir()
    assert not first.exists()


def test_assertRaises_returns_or_keeps_the_exception():
    case = unittest.SynchronousTestCase()

    assert case.assertRaises(ValueError, int, "x").args
    with case.assertRaises(ValueError) as raised:
        int("x")
    assert isinstance(raised.exception, ValueError)
    with pytest.raises(unittest.FailTest, match=r"ValueError not raised \(3 returned\)"):
        case.assertRaises(ValueError, int, "3")
    with pytest.raises(unittest.FailTest, match=r"builtins.ZeroDivisionError raised instead of ValueError"):
        case.assertRaises(ValueError, lambda: 1 / 0)


def test_results_of_deferreds_can_be_asked_for_at_once():
    case = unittest.SynchronousTestCase()

    assert case.successResultOf(succeed(3)) == 3
    assert isinstance(case.failureResultOf(fail(KeyError()), KeyError).value, KeyError)
    case.assertNoResult(Deferred())
    for wrong in (
        lambda: case.successResultOf(Deferred()),
        lambda: case.successResultOf(fail(KeyError())),
        lambda: case.failureResultOf(succeed(3)),
        lambda: case.failureResultOf(fail(KeyError()), ValueError),
        lambda: case.assertNoResult(succeed(3)),
        lambda: case.assertNoResult(fail(KeyError())),
    ):
        with pytest.raises(unittest.FailTest):
            wrong()


def test_what_is_not_equal_says_so_itself(tw):
    class Unequal:
        def __ne__(self, other):
            asked.append(other)
            return True

    asked = []
    tw("trial.unittest").SynchronousTestCase().assertNotEqual(Unequal(), 1)
    assert asked == [1]


def test_assertions_read_as_twisteds(tw):
    case = tw("trial.unittest").SynchronousTestCase()
    said = []
    for call in (
        lambda: case.assertTrue(0, "m"),
        lambda: case.assertIn(1, [2]),
        lambda: case.assertNotIn(1, [1]),
        lambda: case.assertIs(1, 2),
        lambda: case.assertNotEqual(1, 1),
        lambda: case.assertNotEqual(1, 1, "m"),
        lambda: case.assertIsInstance(1, str, "m"),
        lambda: case.assertNotIsInstance(1, int),
        lambda: case.assertApproximates(1, 2, 0.1),
        lambda: case.assertAlmostEqual(1, 2),
        lambda: case.assertSubstring("a", "b"),
        lambda: case.assertRaises((KeyError, OSError), lambda: 3),
    ):
        with pytest.raises(case.failureException) as failure:
            call()
        said.append(str(failure.value))

    assert said == [
        "0 is not true : m",
        "1 not in [2]",
        "1 in [1]",
        "1 is not 2",
        "1 == 1",
        "m",
        "1 is not an instance of <class 'str'>: m",
        "1 is an instance of <class 'int'>",
        "1 ~== 2",
        "1 != 2 within 7 places",
        "'a' not in 'b'",
        "(<class 'KeyError'>, <class 'OSError'>) not raised (3 returned)",
    ]


def test_assertWarns_wants_one_warning_and_returns_the_result():
    case = unittest.SynchronousTestCase()

    def warn(*texts):
        for text in texts:
            warnings.warn(text, stacklevel=1)
        return "returned"

    assert case.assertWarns(UserWarning, "a", __file__, warn, "a", "a") == "returned"
    for texts in ([], ["b"], ["a", "b"]):
        with pytest.raises(unittest.FailTest):
            case.assertWarns(UserWarning, "a", __file__, warn, *texts)
    with case.assertWarns(UserWarning):
        warn("a")


# -- waiting


def test_all_parts_of_a_test_may_return_deferreds(loop_kind):
    calls = []

    def part(name):
        return lambda self: later().addCallback(lambda _: calls.append(name))

    def test(self):
        self.addCleanup(part("cleanup"), self)
        return part("test")(self)

    result = run(unittest.TestCase, setUp=part("setUp"), test=test, tearDown=part("tearDown"))

    assert calls == ["setUp", "test", "cleanup", "tearDown"]
    assert result.successes == 1


def test_a_deferred_that_fails_fails_the_test():
    result = run(unittest.TestCase, test=lambda self: later().addCallback(lambda _: self.fail("so")))

    assert len(result.failures) == 1


def test_a_coroutine_runs_inside_the_reactor(loop_kind):
    async def test(self):
        assert reactor.running
        await later()

    @inlineCallbacks
    def generator(self):
        assert reactor.running
        yield later()

    assert run(unittest.TestCase, test=test).successes == 1
    assert run(unittest.TestCase, test=generator).successes == 1


def test_a_coroutine_may_use_asyncio_from_its_first_line(loop_kind):
    import asyncio

    async def test(self):
        await asyncio.wait_for(asyncio.sleep(0), 10)
        await later()

    assert run(unittest.TestCase, test=test).successes == 1


def test_what_is_late_fails_with_a_timeout_and_is_cancelled(loop_kind):
    cancelled = []

    def test(self):
        return Deferred()

    async def coroutine(self):
        await Deferred(cancelled.append)

    late = error_of(run(unittest.TestCase, test=test, timeout=0.01))
    assert isinstance(late, TimeoutError)
    assert "(test) still running at 0.01 secs" in str(late)
    assert isinstance(error_of(run(unittest.TestCase, test=coroutine, timeout=0.01)), TimeoutError)
    assert len(cancelled) == 1


def test_a_test_that_stops_the_reactor_is_an_error_and_the_next_test_runs(loop_kind):
    def test(self):
        reactor.callLater(0, reactor.stop)
        return Deferred()

    suppress = [util.suppress(message="reactor.stop cannot be used", category=DeprecationWarning)]
    result = run(unittest.TestCase, test=test, suppress=suppress)

    assert "the reactor was stopped" in str(error_of(result))
    assert run(unittest.TestCase, test=lambda self: later()).successes == 1


def test_an_errback_may_have_the_last_word_on_what_is_late():
    result = run(unittest.TestCase, test=lambda self: Deferred().addErrback(lambda _: "mended"), timeout=0.01)

    assert result.successes == 1


def test_ctrl_c_while_waiting_ends_the_run_when_the_callback_is_through(loop_kind):
    calls = []

    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        calls.append("through")

    def test(self):
        reactor.callLater(0, interrupt)
        return Deferred()

    result = run(unittest.TestCase, test=test)

    assert calls == ["through"]
    assert result.shouldStop
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_threads_end_with_the_test_that_used_them():
    def test(self):
        return deferToThread(threading.get_ident).addCallback(self.assertNotEqual, threading.get_ident())

    before = threading.active_count()

    assert run(unittest.TestCase, test=test).successes == 1
    assert run(unittest.TestCase, test=test).successes == 1
    assert threading.active_count() == before


def test_assertFailure_gives_the_exception_or_fails_the_test():
    def test(self):
        return self.assertFailure(fail(KeyError("k")), KeyError, OSError).addCallback(
            lambda error: self.assertEqual(error.args, ("k",))
        )

    assert run(unittest.TestCase, test=test).successes == 1
    assert run(unittest.TestCase, test=lambda self: self.assertFailure(succeed(1), KeyError)).failures
    assert run(unittest.TestCase, test=lambda self: self.assertFailure(fail(OSError()), KeyError)).failures


def test_a_call_left_behind_is_an_error_and_cancelled():
    result = run(unittest.TestCase, test=lambda self: reactor.callLater(1000, int) and None)

    error = error_of(result)
    assert isinstance(error, util.DirtyReactorAggregateError)
    assert "DelayedCalls" in str(error)
    assert not result.successes
    assert not reactor.getDelayedCalls()


def test_a_port_left_open_is_an_error_and_closed(loop_kind):
    from reactorio.internet.protocol import Factory

    result = run(unittest.TestCase, test=lambda self: reactor.listenTCP(0, Factory()) and None)

    assert "Selectables" in str(error_of(result))
    assert not reactor.getReaders()


def test_waiting_inside_a_running_reactor_is_an_error_that_says_so():
    inner = []

    async def test(self):
        inner.append(run(unittest.TestCase, test=lambda self: Deferred()))

    assert run(unittest.TestCase, test=test).successes == 1
    assert "the reactor runs already" in str(error_of(inner[0]))


# -- suites


def test_decorating_a_suite_wraps_each_test_in_place():
    case = unittest.SynchronousTestCase()
    suite = unittest.TestSuite([unittest.TestSuite([case])])
    shown = []

    class Result(reporter.TestResult):
        def startTest(self, test):
            shown.append(test)
            super().startTest(test)

    assert unittest.decorate(suite, unittest.TestDecorator) is suite
    suite.run(Result())

    assert [type(test) for test in shown] == [unittest.TestDecorator]
    assert shown[0].id() == case.id()
    assert suite.countTestCases() == 1


def test_what_is_left_in_the_reactor_may_be_a_warning():
    inner = reporter.TestResult()
    result = reporter.UncleanWarningsReporterWrapper(inner)
    case = type("Case", (unittest.TestCase,), {"test": lambda self: reactor.callLater(1000, int) and None})("test")

    with pytest.warns(UserWarning, match="Reactor was unclean"):
        case.run(result)

    assert not inner.errors


# -- reports


def report_of(*cases, **options):
    stream = io.StringIO()
    result = reporter.Reporter(stream, **options)
    for case in cases:
        case.run(result)
    result.done()
    return stream.getvalue()


class Reported(unittest.SynchronousTestCase):
    __test__ = False  # for pytest: the tests below run it

    def test_fine(self):
        pass

    def test_skipped(self):
        raise unittest.SkipTest("why")

    def test_skipped_too(self):
        raise unittest.SkipTest("why")

    def test_failed(self):
        self.assertEqual(1, 2)


def test_a_report_groups_what_is_the_same_and_counts_the_rest():
    lines = report_of(*map(Reported, ["test_fine", "test_skipped", "test_skipped_too"])).splitlines()

    name = f"{__name__}.Reported"
    assert lines[1:8] == [
        "=" * 79,
        "[SKIPPED]",
        "why",
        "",
        f"{name}.test_skipped",
        f"{name}.test_skipped_too",
        "-" * 79,
    ]
    assert lines[8].startswith("Ran 3 tests in ")
    assert lines[10] == "PASSED (skips=2, successes=1)"


def test_a_report_shows_the_tests_frames_and_not_trials():
    text = report_of(Reported("test_failed"))

    assert "in test_failed" in text
    assert "FailTest: 1 != 2" in text
    assert "in assertEqual" not in text
    assert "FAILED (failures=1)" in text


def test_a_report_may_tell_of_a_failure_at_once():
    assert report_of(Reported("test_failed"), realtime=True).count("FailTest: 1 != 2") == 2


def test_a_report_has_the_logs_warnings_once_a_test():
    publisher, stream = log.LogPublisher(), io.StringIO()
    result = reporter.Reporter(stream, publisher=publisher)
    warning = {"warning": "so", "category": "builtins.UserWarning", "filename": "file.py", "lineno": 3}

    publisher.msg(**warning)
    publisher.msg(**warning)
    result.startTest(Reported("test_fine"))
    publisher.msg(**warning)

    assert stream.getvalue() == "file.py:3: UserWarning: so\n" * 2


# -- pytest runs them

A_FILE = """
    import asyncio
    from PACKAGE.internet import reactor
    from PACKAGE.internet.defer import Deferred
    from PACKAGE.trial import unittest

    class Base(unittest.TestCase):
        "No test in it: none is to be made up."

    class Tests(unittest.TestCase):
        def test_deferred(self):
            d = Deferred()
            reactor.callLater(0, d.callback, None)
            return d

        async def test_coroutine(self):
            await asyncio.sleep(0)

        def test_failing(self):
            return Deferred()
        test_failing.timeout = 0.01

        def test_skip(self):
            raise unittest.SkipTest("why")

        def test_todo(self):
            1 / 0
        test_todo.todo = "later"
"""


MIXED = """
    import asyncio
    import unittest as pyunit
    import pytest
    from reactorio.internet import reactor
    from reactorio.internet.defer import inlineCallbacks
    from reactorio.internet.task import deferLater
    from reactorio.internet.threads import deferToThread
    from reactorio.trial import unittest

    async def use_both():
        await deferLater(reactor, 0)
        await deferToThread(int)
        await asyncio.sleep(0)

    class FirstTests(unittest.TestCase):
        def test_deferred(self):
            return deferLater(reactor, 0)

        async def test_coroutine(self):
            await use_both()

    @pytest.mark.asyncio
    async def test_of_pytest_asyncio():
        await use_both()

    class SecondTests(unittest.TestCase):
        @inlineCallbacks
        def test_generator(self):
            yield use_both()

    def test_with_a_loop_of_its_own():
        asyncio.run(use_both())

    class IsolatedTests(pyunit.IsolatedAsyncioTestCase):
        async def test_coroutine(self):
            await use_both()

    class ThirdTests(FirstTests):
        pass

    def test_running_the_reactor():
        reactor.callWhenRunning(reactor.stop)
        reactor.run()

    class LastTests(FirstTests):
        pass
"""


def pytest_on(folder: Path, source: str, *options: str) -> str:
    """Run pytest, as a process of its own, on a file; return what it says."""
    (folder / "test_it.py").write_text(textwrap.dedent(source))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options, "test_it.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(reactorio.__file__).parents[1])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=50, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("package", ["reactorio", "twisted"])
def test_pytest_runs_them(tmp_path, package):
    if package == "twisted":
        (tmp_path / "conftest.py").write_text("import reactorio.as_twisted\n")
    said = pytest_on(tmp_path, A_FILE.replace("PACKAGE", package))

    assert "1 failed, 2 passed, 1 skipped, 1 xfailed" in said
    assert "still running at 0.01 secs" in said
    assert "Incompatible Exception Representation" not in said


def test_one_session_mixes_them_with_tests_of_other_kinds(tmp_path, loop_kind):
    strict = ("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")

    assert "\n11 passed" in pytest_on(tmp_path, MIXED, *strict)
