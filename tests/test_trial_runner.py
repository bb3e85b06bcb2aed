"""trial as a program: finding tests, running them, and what is said of them."""

# ruff: noqa: PT009  # the assertions of test cases are what test cases are made with

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import textwrap
import unittest as pyunit
from typing import TYPE_CHECKING, Any

import pytest
from programs import PATIENCE, REACTORIO, ROOT

from reactorio.internet import reactor
from reactorio.python import usage
from reactorio.python.failure import Failure
from reactorio.scripts import trial
from reactorio.trial import reporter, runner, unittest
from reactorio.trial._dist.functional import compose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULE = """
    import unittest as pyunit

    from twisted.internet import reactor, task
    from twisted.trial import unittest

    class Outcomes(unittest.TestCase):
        def test_passes(self):
            return task.deferLater(reactor, 0)

        def test_fails(self):
            self.assertEqual(1, 2)

        def test_breaks(self):
            raise ValueError("broken")

        def test_skipped(self):
            raise unittest.SkipTest("why")

        def test_todo(self):
            self.fail("not yet")
        test_todo.todo = "later"

        def test_surprise(self):
            pass
        test_surprise.todo = "later"

    class Standard(pyunit.TestCase):
        def test_passes(self):
            pass
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a package `things` that has tests, one of which cannot be imported."""
    files = {
        "things/__init__.py": "",
        "things/code.py": "# -*- test-case-name: things.test_outcomes -*-\n",
        "things/test_outcomes.py": MODULE,
        "things/test_broken.py": "import there_is_no_such_module\n",
        "things/sub/__init__.py": "",
        "things/sub/test_good.py": """
            from reactorio.trial import unittest

            class Good(unittest.SynchronousTestCase):
                def test_b(self):
                    pass

                def test_a(self):
                    pass
        """,
    }
    for name, source in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(source))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("things"):
            del sys.modules[name]


def run_trial(cwd: Path, *arguments: str) -> tuple[str, int]:
    """Run `reactorio trial`; return what it prints, but for times and places, and its exit status."""
    done = subprocess.run(
        [*REACTORIO, "trial", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    text = re.sub(r"in \d+\.\d+s", "in 0.000s", done.stdout)
    return re.sub(r'(File "|^)[^"\n]*/(?=\w+\.py)', r"\1", text, flags=re.MULTILINE), done.returncode


def names(suite: Any) -> list[str]:
    return [test.id() for test in runner._iterateTests(suite)]


# -- the program


def test_a_run_is_a_tree_then_what_went_wrong_then_a_summary(package):
    output, status = run_trial(package, "things")

    assert status == 1
    assert output == textwrap.dedent(
        """\
        things.sub.test_good
          Good
            test_a ...                                                             [OK]
            test_b ...                                                             [OK]
        things
          test_broken ...                                                       [ERROR]
        things.test_outcomes
          Outcomes
            test_breaks ...                                                     [ERROR]
            test_fails ...                                                       [FAIL]
            test_passes ...                                                        [OK]
            test_skipped ...                                                  [SKIPPED]
            test_surprise ...                                              [SUCCESS!?!]
            test_todo ...                                                        [TODO]
          Standard
            test_passes ...                                                        [OK]

        ===============================================================================
        [SKIPPED]
        why

        things.test_outcomes.Outcomes.test_skipped
        ===============================================================================
        [TODO]
        Reason: 'later'
        Traceback (most recent call last):
          File "test_outcomes.py", line 21, in test_todo
            self.fail("not yet")
        reactorio.trial.unittest.FailTest: not yet

        things.test_outcomes.Outcomes.test_todo
        ===============================================================================
        [FAIL]
        Traceback (most recent call last):
          File "test_outcomes.py", line 12, in test_fails
            self.assertEqual(1, 2)
        reactorio.trial.unittest.FailTest: 1 != 2

        things.test_outcomes.Outcomes.test_fails
        ===============================================================================
        [ERROR]
        Traceback (most recent call last):
          File "test_broken.py", line 1, in <module>
            import there_is_no_such_module
        builtins.ModuleNotFoundError: No module named 'there_is_no_such_module'

        things.test_broken
        ===============================================================================
        [ERROR]
        Traceback (most recent call last):
          File "test_outcomes.py", line 15, in test_breaks
            raise ValueError("broken")
        builtins.ValueError: broken

        things.test_outcomes.Outcomes.test_breaks
        ===============================================================================
        [SUCCESS!?!]
        Reason: 'later'

        things.test_outcomes.Outcomes.test_surprise
        -------------------------------------------------------------------------------
        Ran 10 tests in 0.000s

        FAILED (skips=1, expectedFailures=1, failures=1, errors=2, unexpectedSuccesses=1, successes=4)
        """
    )


def test_a_good_run_ends_with_status_0_and_leaves_its_log(package):
    output, status = run_trial(package, "--reporter", "text", "things.sub")

    assert (output, status) == (f"..\n{'-' * 79}\nRan 2 tests in 0.000s\n\nPASSED (successes=2)\n", 0)
    log = (package / "_trial_temp" / "test.log").read_text()
    assert "--> things.sub.test_good.Good.test_a <--" in log


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bwverbose", "things.sub.test_good.Good.test_a ... [OK]"),
        ("timing", "(0.000 secs)"),
        ("summary", "2 2 0 0 0"),
        ("text", ".."),
    ],
)
def test_the_report_can_be_another(package, name, line):
    output, _ = run_trial(package, f"--reporter={name}", "things.sub")

    assert line in re.sub(r"0\.\d\d\d secs", "0.000 secs", output)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bogus"], "option --bogus not recognized"),
        (["--order", "odd"], "--order must be one of: 'alphabetical', 'toptobottom'. See --help-orders for details"),
        (["--random", "x"], "Argument to --random must be a positive integer"),
        (["--reporter", "x"], "Only pass names of Reporter plugins to --reporter. See --help-reporters for more info."),
        (["--tbformat", "x"], "tbformat must be 'plain', 'emacs', or 'cgitb'."),
        (["--debug", "--debugger", "x", "things"], "'x' debugger could not be found."),
        (["--temp-directory", "things", "things"], "is not a trial temporary path, refusing to remove it"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_1(package, arguments, message):
    output, status = run_trial(package, *arguments)

    assert output.count("\n") == 1
    assert message in output
    assert status == 1


def test_names_may_be_files_and_options_do_what_they_say(package):
    assert run_trial(package, "things/sub/test_good.py")[1] == 0
    assert "test_breaks" not in run_trial(package, "-x", "things")[0]
    assert run_trial(package, "-N", "-o", "toptobottom", "things.sub")[0].index("test_b") < 60
    assert "Running tests shuffled with seed 3" in run_trial(package, "-z", "3", "things.sub")[0]
    assert run_trial(package, "-n", "things.test_outcomes")[1] == 0
    assert "Ran 7 tests" in run_trial(package, "--testmodule", "things/code.py")[0]
    assert run_trial(package, "-u", "things.test_outcomes.Outcomes.test_fails")[0].startswith("Test Pass 1\n")
    assert "Setting coverage directory to" in run_trial(package, "--coverage", "things.sub")[0]
    assert (package / "_trial_temp" / "coverage" / "things.sub.test_good.cover").exists()
    assert "function calls" in run_trial(package, "--profile", "things.sub")[0]
    assert run_trial(package, "--reactor", "asyncio", "things.sub")[1] == 0


def test_help_lists_orders_reporters_and_reactors(package):
    assert "toptobottom" in run_trial(package, "--help-orders")[0]
    assert "bwverbose" in run_trial(package, "--help-reporters")[0]
    assert "asyncio" in run_trial(package, "--help-reactors")[0]
    assert run_trial(package)[0].startswith("trial [options] [[file|package|module|TestCase|testmethod]...]")


def test_it_is_a_module_by_both_names(package):
    for module in ("reactorio.trial", "twisted.trial"):
        command = [*REACTORIO, "run", "-m", module, "things.sub"]
        done = subprocess.run(
            command,
            cwd=package,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "PASSED (successes=2)" in done.stdout, done


# -- the loader


def test_a_name_leads_to_a_package_a_module_a_class_or_a_method(package):
    load = runner.TestLoader().loadByName
    whole = ["things.sub.test_good.Good.test_a", "things.sub.test_good.Good.test_b"]

    assert names(load("things.sub")) == names(load("things.sub.test_good")) == whole
    assert names(load("things.sub.test_good.Good")) == whole
    assert names(load("things.sub.test_good.Good.test_b")) == whole[1:]
    assert names(load("things", recurse=True))[:2] == whole


def test_what_is_named_twice_is_loaded_once(package):
    loader = runner.TestLoader()

    assert len(names(loader.loadByNames(["things.sub", "things.sub"]))) == 2
    assert len(names(loader.loadByNames(["things/sub/test_good.py", "things.sub.test_good"]))) == 2


@pytest.mark.parametrize("name", ["there_is_none", "things.none", "things.sub.test_good.Good.none", "things/none.py"])
def test_what_is_not_there_is_an_error_in_the_run(package, name):
    result = reporter.TestResult()

    runner.TestLoader().loadByName(name).run(result)

    assert [test.id() for test, _ in result.errors] == [name]


def test_a_file_need_not_be_on_the_path(tmp_path):
    folder = tmp_path / "off_the_path"
    folder.mkdir()
    (folder / "__init__.py").write_text("value = 3\n")
    (folder / "test_it.py").write_text("from . import value\n")

    module = runner.filenameToModule(str(folder / "test_it.py"))

    assert (module.__name__, module.value) == ("off_the_path.test_it", 3)
    for name in ("off_the_path", "off_the_path.test_it"):
        del sys.modules[name]


def test_a_module_may_make_its_suite_itself(package):
    suite = unittest.TestSuite()
    (package / "own_suite.py").write_text("testSuite = lambda: made\n")
    module = runner.filenameToModule(str(package / "own_suite.py"))
    module.made = suite
    del sys.modules["own_suite"]

    assert runner.TestLoader().loadModule(module) is suite


# -- suites and the runner


class Two(unittest.SynchronousTestCase):
    __test__ = False  # run below, not by pytest

    def test_one(self) -> None:
        self.assertEqual(1, 1)

    def test_two(self) -> None:
        self.fail("no")


def run_with(test: Any, make: Callable[..., Any] = reporter.Reporter, **options: Any) -> tuple[Any, str]:
    stream = io.StringIO()
    result = runner.TrialRunner(make, stream=stream, **options).run(test)
    return result, stream.getvalue()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("elsewhere")
def test_a_run_has_a_directory_and_a_log_of_its_own_and_goes_back():
    before = os.getcwd()
    where = []

    class Case(unittest.SynchronousTestCase):
        def test_where(self) -> None:
            where.append(os.getcwd())

    run_with(Case("test_where"), logfile="logs/it.log")

    assert where == [os.path.join(before, "_trial_temp")]
    assert os.getcwd() == before
    assert os.path.exists("_trial_temp/logs/it.log")


@pytest.mark.usefixtures("elsewhere")
def test_exit_first_dry_run_and_unclean_warnings():
    suite = runner.TestLoader().loadClass(Two)

    assert run_with(runner.TestSuite([Two("test_two"), Two("test_one")]), exitFirst=True)[0].testsRun == 1
    assert run_with(suite, mode=runner.TrialRunner.DRY_RUN)[0].wasSuccessful()
    wrapped, _ = run_with(Two("test_one"), uncleanWarnings=True)
    assert isinstance(wrapped, reporter.UncleanWarningsReporterWrapper)


@pytest.mark.usefixtures("elsewhere")
def test_until_failure_runs_again_until_something_fails():
    calls: list[int] = []

    class Case(pyunit.TestCase):
        def test_third_time(self) -> None:
            calls.append(1)
            self.assertLess(len(calls), 3)

    stream = io.StringIO()
    result = runner.TrialRunner(reporter.Reporter, stream=stream).runUntilFailure(Case("test_third_time"))

    assert len(calls) == 3
    assert len(result.failures) == 1
    assert "Test Pass 3" in stream.getvalue()


def test_a_destructive_suite_keeps_no_test_that_has_run():
    suite = runner.DestructiveTestSuite([Two("test_one"), Two("test_two")])

    suite.run(reporter.TestResult())

    assert suite.countTestCases() == 0


def test_the_reactor_shuts_down_with_the_last_test():
    ended = []
    reactor.addSystemEventTrigger("during", "shutdown", ended.append, True)

    runner.TrialSuite([Two("test_one")]).run(reporter.TestResult())

    assert ended == [True]


def test_an_error_logged_between_tests_is_one_of_no_test(logged_errors):
    from reactorio.python import log

    class Logs(unittest.TestSuite):
        def run(self, result: Any, debug: bool = False) -> Any:
            log.err(Failure(ValueError("between")))
            return result

    result = reporter.TestResult()
    runner.LoggedSuite([Logs()]).run(result)
    logged_errors.flush(ValueError)

    assert [(test.id(), error.type) for test, error in result.errors] == [(runner.NOT_IN_TEST, ValueError)]


def test_options_of_one_kind_exclude_each_other():
    with pytest.raises(usage.UsageError, match="You can't specify --random when using --order"):
        trial.Options().parseOptions(["--order", "alphabetical", "--random", "3"])


# -- reports


@pytest.mark.parametrize("make", [reporter.TreeReporter, reporter.VerboseTextReporter, reporter.TimingTextReporter])
def test_errors_are_written_at_once_if_so_wished(make):
    stream = io.StringIO()
    result = make(stream, realtime=True)

    Two("test_two").run(result)

    assert "FailTest: no" in stream.getvalue()
    result.done()
    assert stream.getvalue().count("FailTest: no") == 2


def test_colours_are_for_terminals(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(reporter._AnsiColorizer, "supported", classmethod(lambda cls, stream: stream.isatty()))
    terminal, file = Terminal(), io.StringIO()

    for stream in (terminal, file):
        result = reporter.TreeReporter(stream)
        Two("test_one").run(result)
        result.done()

    assert "\x1b[32;1m[OK]\x1b[0m" in terminal.getvalue()
    assert "\x1b" not in file.getvalue()


def test_samefile_is_the_systems_and_says_so():
    with pytest.warns(DeprecationWarning, match=r"os\.path\.samefile"):
        assert runner.samefile(__file__, os.path.join(os.path.dirname(__file__), ".", os.path.basename(__file__)))


def test_functions_can_be_put_together():
    assert compose(str, divmod)(7, 2) == "(3, 1)"


def test_a_module_that_is_imported_already_is_disabled_with_a_warning(monkeypatch):
    monkeypatch.setitem(sys.modules, "wave", sys)
    with pytest.warns(RuntimeWarning, match="already imported") as warned:
        trial.Options().parseOptions(["--without-module", "wave"])
    assert warned[0].filename == trial.__file__
    with pytest.raises(ImportError):
        import wave  # noqa: F401
