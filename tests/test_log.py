"""python.log: the old way to log, and that it is the same log."""

from __future__ import annotations

import io
import logging
import sys
import types
from typing import Any

import pytest

from reactorio.logger import LogBeginner, Logger, LogLevel, LogPublisher, formatEvent
from reactorio.python import log
from reactorio.python.failure import Failure


@pytest.fixture
def publisher(tw):
    """A publisher of its own, from both packages, with an observer that keeps what it gets."""
    made = tw("python.log").LogPublisher()
    made.events = []
    made.addObserver(made.events.append)
    return made


def test_an_event_has_its_message_its_keys_and_those_of_the_context(tw, publisher):
    tw("python.log").callWithContext({"system": "sub", "a": 1}, publisher.msg, "one", 2, b=3)

    (event,) = publisher.events
    assert event["message"] == ("one", 2)
    assert (event["system"], event["a"], event["b"], event["isError"]) == ("sub", 1, 3, 0)
    assert tw("python.log").textFromEventDict(event) == "one 2"


def test_the_context_ends_with_the_call(tw, publisher):
    with pytest.raises(ZeroDivisionError):
        tw("python.log").callWithContext({"system": "sub"}, lambda: 1 / 0)
    publisher.msg("after")

    assert publisher.events[0]["system"] == "-"


def test_an_error_has_the_failure_and_what_was_being_done(logged_errors):
    seen: list[Any] = []
    log.addObserver(seen.append)
    try:
        log.err(ValueError("no"), "while testing")
        log.err(Failure(KeyError("k")))
        try:
            raise IndexError("i")
        except IndexError:
            log.err()
    finally:
        log.removeObserver(seen.append)
        logged_errors.clear()

    assert [event["failure"].type for event in seen] == [ValueError, KeyError, IndexError]
    assert [event["isError"] for event in seen] == [1, 1, 1]
    first_lines = [str(log.textFromEventDict(event)).splitlines()[0] for event in seen]
    assert first_lines == ["while testing", "Unhandled Error", "Unhandled Error"]


def test_old_events_reach_new_observers_and_new_events_old_ones():
    publisher = LogPublisher()
    new: list[Any] = []
    old: list[Any] = []
    publisher.addObserver(new.append)
    legacy = log.LogPublisher(publisher, publisher)
    legacy.addObserver(old.append)

    legacy.msg("from the", "old")
    Logger(observer=publisher).error("from the {who}", who="new")

    assert [formatEvent(event) for event in new] == ["from the old", "from the new"]
    assert [log.textFromEventDict(event) for event in old] == ["from the old", "from the new"]
    assert [event["log_level"] for event in new] == [LogLevel.info, LogLevel.error]
    assert [event["isError"] for event in old] == [0, 1]


def test_a_new_failure_is_an_old_error_with_its_reason():
    publisher = LogPublisher()
    old: list[Any] = []
    log.LogPublisher(publisher, publisher).addObserver(old.append)
    failure = Failure(ValueError("no"))

    Logger(observer=publisher).failure("while {doing}", failure, doing="this")

    (event,) = old
    assert (event["isError"], event["failure"], event["why"]) == (1, failure, "while this")


def test_a_field_named_message_is_left_to_the_others():
    publisher = LogPublisher()
    new: list[Any] = []
    old: list[Any] = []
    log.LogPublisher(publisher, publisher).addObserver(old.append)
    publisher.addObserver(new.append)

    Logger(observer=publisher).info("{message}!", message="hello")

    assert log.textFromEventDict(old[0]) == formatEvent(new[0]) == "hello!"


def test_an_observer_is_removed_by_an_equal_method(tw, publisher):
    publisher.removeObserver(publisher.events.append)
    publisher.msg("unheard")

    assert publisher.events == []


def test_a_line_has_time_system_and_indented_text(tw, publisher):
    file = io.StringIO()
    observer = tw("python.log").FileLogObserver(file)
    observer.timeFormat = "TIME"
    publisher.addObserver(observer.emit)

    publisher.msg("two\nlines", system="place")

    assert file.getvalue() == "TIME [place] two\n\tlines\n"


@pytest.mark.parametrize(
    ("format", "text"),
    [("%(a)s", "1"), ("%(absent)s", "Invalid format"), (7, "Invalid format"), ("%", "Invalid format")],
)
def test_a_format_that_does_not_fit_is_told_of(tw, format, text):
    event = {"message": (), "isError": 0, "format": format, "a": 1}

    assert tw("python.log").textFromEventDict(event).startswith(text)


def test_the_prefix_of_a_logger_is_the_system_and_what_it_raises_is_logged_and_goes_no_further(logged_errors):
    seen: list[Any] = []

    class Connection(log.Logger):
        def logPrefix(self) -> str:
            return "HTTP,3"

    log.addObserver(seen.append)
    try:
        assert log.callWithLogger(Connection(), lambda: log.msg("hello")) is None
        log.callWithLogger(Connection(), lambda: 1 / 0)
    finally:
        log.removeObserver(seen.append)

    assert [event["system"] for event in seen] == ["HTTP,3", "HTTP,3"]
    assert [type(error) for error in logged_errors.flush()] == [ZeroDivisionError]


def test_the_standard_library_gets_the_level_that_the_event_has(tw, publisher, caplog):
    publisher.addObserver(tw("python.log").PythonLoggingObserver("some.logger").emit)

    with caplog.at_level(logging.DEBUG, "some.logger"):
        publisher.msg("a", "b")
        publisher.msg("c", logLevel=logging.WARNING)
        publisher.msg("d", isError=1)

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.INFO, "a b"),
        (logging.WARNING, "c"),
        (logging.CRITICAL, "d"),
    ]


def test_start_logging_writes_and_takes_over_what_is_printed(monkeypatch):
    world = types.SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO(), showwarning=lambda *args: None)
    publisher = LogPublisher()
    beginner = LogBeginner(publisher, io.StringIO(), world, world)
    monkeypatch.setattr(log, "theLogPublisher", log.LogPublisher(publisher, publisher, beginner, world))
    monkeypatch.setattr(log, "msg", log.theLogPublisher.msg)
    file = io.StringIO()

    log.startLogging(file)
    print("printed", file=world.stdout)

    assert [line.split("] ", 1)[1] for line in file.getvalue().splitlines()] == ["Log opened.", "printed"]
    # A program that logs to standard output twice writes to the log itself then: that would never end.
    assert log.startLogging(world.stdout) is None


def test_a_publisher_of_ones_own_leaves_the_warnings_module_alone():
    import warnings

    before = warnings.showwarning

    log.LogPublisher()

    assert warnings.showwarning is before


def test_the_file_for_the_log_is_a_logging_file():
    assert sys.modules["reactorio.python.log"].logfile.name == "<LoggingFile reactorio.python.log#info>"
