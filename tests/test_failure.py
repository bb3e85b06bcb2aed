"""Failures: what they tell, what they match, what survives a pickle."""

from __future__ import annotations

import copy
import io
import pickle
import traceback

import pytest

from reactorio.internet.error import ConnectionDone, ConnectionLost
from reactorio.python.failure import Failure, NoCurrentExceptionError, format_frames


def explode(word="no"):
    local = word * 2  # noqa: F841  # to be captured
    raise ValueError(word)


def failure_of(call, **kwargs):
    try:
        call()
    except BaseException:
        return Failure(**kwargs)


@pytest.fixture
def theirs(tw):
    """Make a failure of either package."""
    kind = tw("python.failure").Failure

    def make(**kwargs):
        try:
            explode()
        except ValueError:
            return kind(**kwargs)

    return make


# -- As Twisted's


def test_the_traceback_is_printed_in_three_ways(theirs):
    failure = theirs()
    assert failure.getTraceback().endswith("    raise ValueError(word)\nbuiltins.ValueError: no\n")
    assert failure.getTraceback().startswith("Traceback (most recent call last):\n  File ")
    brief = failure.getBriefTraceback().splitlines()
    assert brief[0] == "Traceback: <class 'ValueError'>: no"
    assert [line.rpartition(":")[2] for line in brief[1:]] == ["make", "explode"]
    verbose = failure.getTraceback(detail="verbose").splitlines()
    assert verbose[0] == f"*--- Failure #{failure.count} ---"
    assert verbose[-2:] == ["builtins.ValueError: no", f"*--- End of Failure #{failure.count} ---"]
    assert " [Capture of Locals and Globals disabled (use captureVars=True)]" in verbose


def test_captured_variables_are_listed(theirs):
    text = theirs(captureVars=True).getTraceback(detail="verbose")
    assert " [ Locals ]\n  word : 'no'\n  local : 'nono'\n" in text
    assert " ( Globals )\n" in text


def test_a_failure_without_traceback_says_so(tw):
    failure = tw("python.failure").Failure(ValueError("quiet"))
    assert failure.getTraceback() == "Traceback (most recent call last):\nFailure: builtins.ValueError: quiet\n"
    assert failure.getBriefTraceback() == "Traceback (failure with no frames): <class 'ValueError'>: quiet\n"
    assert str(failure) == f"[Failure instance: {failure.getBriefTraceback()}]"
    assert failure.getTracebackObject() is None


def test_check_matches_classes_and_names(theirs):
    failure = theirs()
    assert failure.check(KeyError, ValueError) is ValueError
    assert failure.check(Exception, ValueError) is Exception
    assert failure.check("builtins.ValueError") == "builtins.ValueError"
    assert failure.check(KeyError, "builtins.KeyError") is None
    assert failure.check(object) is None


def test_trap_raises_what_it_does_not_match(theirs):
    failure = theirs()
    assert failure.trap(ValueError) is ValueError
    with pytest.raises(ValueError, match="no") as caught:
        failure.trap(KeyError)
    assert caught.value is failure.value


def test_a_failure_of_a_failure_holds_the_same(tw):
    kind = tw("python.failure").Failure
    first = kind(ValueError())
    assert kind(first).value is first.value
    try:
        raise first
    except kind:
        assert kind().value is first.value


def test_a_pickled_failure_keeps_its_text(theirs):
    failure = theirs()
    for twin in (pickle.loads(pickle.dumps(failure)), copy.copy(failure)):
        assert twin.getTraceback() == failure.getTraceback()
        assert twin.check(ValueError) is ValueError
        assert twin.tb is None
        assert [entry[2] for entry in traceback.extract_tb(twin.getTracebackObject())] == ["make", "explode"]


def test_a_cleaned_failure_lets_go_of_its_frames(theirs):
    failure = theirs(captureVars=True)
    text = failure.getTraceback()
    failure.cleanFailure()
    assert failure.getTraceback() == text
    assert failure.value.__traceback__ is failure.tb is None
    assert ("local", "'nono'") in failure.frames[-1][3]


def test_there_must_be_an_exception(tw):
    module = tw("python.failure")
    with pytest.raises(module.NoCurrentExceptionError):
        module.Failure()


def test_throwing_into_a_generator_keeps_the_traceback(theirs):
    def generator():
        try:
            yield
        except ValueError as error:
            yield traceback.extract_tb(error.__traceback__)[-1].name

    waiting = generator()
    next(waiting)
    assert theirs().throwExceptionIntoGenerator(waiting) == "explode"


# -- Ours


def test_the_names_of_both_packages_are_the_same():
    failure = Failure(ConnectionDone())
    for package in ("twisted", "reactorio"):
        name = f"{package}.internet.error.ConnectionDone"
        assert failure.check(name) == name
        assert failure.check(f"{package}.internet.error.ConnectionLost") is None
    assert failure.check(ConnectionLost) is None


def test_a_class_of_the_same_full_name_matches():
    class Reloaded(Exception):
        pass

    before = Reloaded

    class Reloaded(Exception):  # type: ignore[no-redef]
        pass

    assert before is not Reloaded
    assert Failure(before()).check(Reloaded) is Reloaded


def test_an_unknown_detail_is_refused():
    with pytest.raises(ValueError, match="Detail must be default, brief, verbose"):
        format_frames([], io.StringIO().write, "thorough")
    with pytest.raises(ValueError, match="Detail must be"):
        failure_of(explode).getTraceback(detail="thorough")


def test_frames_of_the_package_can_be_left_out():
    from reactorio.internet.defer import maybeDeferred
    from reactorio.internet.task import Clock

    clock = Clock()

    def calls_explode():
        clock.callLater(0, explode)
        clock.advance(0)

    taken = []
    maybeDeferred(calls_explode).addErrback(taken.append)
    (failure,) = taken
    assert "in advance" in failure.getTraceback()
    assert "in advance" not in failure.getTraceback(elideFrameworkCode=True)
    assert "in explode" in failure.getTraceback(elideFrameworkCode=True)


def test_printing_without_a_file_goes_to_the_log(logged_errors):
    failure_of(explode).printTraceback()
    logged_errors.clear()


def test_an_exception_without_text_has_an_empty_message():
    assert Failure(ValueError()).getErrorMessage() == ""
    assert repr(Failure(ValueError())) == "<reactorio.python.failure.Failure builtins.ValueError: >"


def test_no_exception_no_failure():
    with pytest.raises(NoCurrentExceptionError):
        Failure()
