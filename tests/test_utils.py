"""internet.utils: what children say, when it goes wrong, and warnings of no interest (see test_process.py as well)."""

from __future__ import annotations

import signal
import sys
import warnings

import pytest

from reactorio.internet import utils
from reactorio.internet.defer import Deferred
from reactorio.internet.error import ProcessTerminated


@pytest.fixture
def outcome(reactor):
    """Run the reactor until a function's Deferred has fired, and return its result or Failure."""

    def run(function, *args, **kwargs):
        results = []

        def start():
            function(*args, env=None, **kwargs).addBoth(results.append).addBoth(lambda _: reactor.stop())

        reactor.callWhenRunning(start)
        reactor.run()
        return results[0]

    return run


SAY = "import sys; sys.stdout.write('out'); sys.stdout.flush(); sys.stderr.write('err'); sys.stderr.flush(); "
KILL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_error_output_is_an_error_that_tells_when_the_child_has_ended(outcome):
    ended = []

    def run(*args, **kwargs):
        return utils.getProcessOutput(*args, **kwargs).addErrback(wait)

    def wait(failure):
        failure.trap(IOError)
        ended.append(str(failure.value))
        return failure.value.processEnded.addErrback(lambda reason: ended.append(reason.type))

    outcome(run, sys.executable, ["-c", SAY + "sys.exit(3)"])
    assert ended == ["got stderr: b'err'", ProcessTerminated]


def test_a_signal_is_no_exit_code(outcome):
    failure = outcome(utils.getProcessValue, sys.executable, ["-c", KILL])
    assert failure.value.signal == signal.SIGKILL


def test_a_signal_comes_with_all_that_was_said_before(outcome):
    failure = outcome(utils.getProcessOutputAndValue, sys.executable, ["-c", SAY + KILL])
    assert failure.value == (b"out", b"err", signal.SIGKILL)


def test_the_child_gets_the_environment_that_is_given_and_by_default_none(reactor):
    show = ["-c", "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"]
    results = []

    def start():
        first = utils.getProcessOutput(sys.executable, show)
        first.addCallback(results.append)
        first.addCallback(lambda _: utils.getProcessOutput(sys.executable, show, env={"ONLY": "this"}))
        first.addBoth(results.append).addBoth(lambda _: reactor.stop())

    reactor.callWhenRunning(start)
    reactor.run()
    assert results == [b"[]\n", b"['ONLY']\n"]


def heard(*texts):
    """Return which of these warnings are not suppressed."""
    found = []
    for text in texts:
        with warnings.catch_warnings(record=True) as caught:
            warnings.warn(text, stacklevel=1)
        found += [text] * len(caught)
    return found


ignore_a, ignore_b = ((("ignore", ".*aaa.*"), {}), (("ignore", ".*bbb.*"), {}))


@pytest.fixture(autouse=True)
def every_warning_counts():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


def test_warnings_are_suppressed_while_the_function_runs():
    during = utils.suppressWarnings(heard, ignore_a)
    assert during("aaa", "bbb") == ["bbb"]
    assert heard("aaa", "bbb") == ["aaa", "bbb"]


def test_an_exception_ends_the_suppression():
    with pytest.raises(ZeroDivisionError):
        utils.runWithWarningsSuppressed([ignore_a], lambda: 1 / 0)
    assert heard("aaa") == ["aaa"]


def test_suppressions_that_overlap_do_not_outlive_their_deferreds(tw):
    run = tw("internet.utils").runWithWarningsSuppressed
    Deferred = tw("internet.defer").Deferred
    before = warnings.filters[:]
    first, second = Deferred(), Deferred()

    run([ignore_a], lambda: first)
    run([ignore_b], lambda: second)
    assert heard("aaa", "bbb") == []
    first.callback("first")
    assert heard("aaa", "bbb") == ["aaa"]
    second.callback("second")
    assert heard("aaa", "bbb") == ["aaa", "bbb"]
    assert warnings.filters == before
    assert (first.result, second.result) == ("first", "second")


def test_filters_that_the_function_sets_for_good_stay():
    utils.runWithWarningsSuppressed([ignore_a], lambda: warnings.filterwarnings("ignore", ".*ccc.*"))
    assert heard("aaa", "ccc") == ["aaa"]


def test_a_decorated_function_may_return_a_deferred():
    waiting = Deferred()
    quiet = utils.suppressWarnings(lambda: waiting, ignore_a)
    assert quiet() is waiting
    assert heard("aaa") == []
    waiting.callback(None)
    assert heard("aaa") == ["aaa"]
