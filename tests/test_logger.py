"""The logger: events, who gets them, and what becomes of them."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import sys
import types
from typing import Any

import pytest

from reactorio.logger import (
    FilteringLogObserver,
    InvalidLogLevelError,
    LogBeginner,
    Logger,
    LoggingFile,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    STDLibLogObserver,
    capturedLogs,
    eventAsJSON,
    eventFromJSON,
    eventsFromJSONLogFile,
    extractField,
    formatEvent,
    formatEventAsClassicLogText,
    globalLogPublisher,
    jsonFileLogObserver,
    textFileLogObserver,
)


class Events(list[dict[str, Any]]):
    """An observer that keeps what it gets."""

    def __call__(self, event: dict[str, Any]) -> None:
        self.append(event)

    @property
    def texts(self) -> list[str]:
        return [formatEvent(event) for event in self]


def test_an_event_has_what_it_was_given_and_where_it_comes_from(tw):
    events = Events()

    tw("logger").Logger(observer=events).warn("{user} is late", user="Ann")

    (event,) = events
    assert event["user"] == "Ann"
    assert event["log_level"].name == "warn"
    assert event["log_namespace"] == __name__
    assert event["log_format"] == "{user} is late"


def test_on_a_class_a_logger_tells_of_the_instance(tw):
    events = Events()

    class Server:
        log = tw("logger").Logger(observer=events)

    server = Server()
    server.log.info("up")
    Server.log.info("up")

    assert [event["log_source"] for event in events] == [server, Server]
    assert events[0]["log_namespace"] == f"{__name__}.Server"


def test_fields_reach_into_objects_and_call_what_ends_in_parentheses(tw):
    event = {
        "log_format": "{a.real} {b[key]} {c()} {d.upper()!r:>6}",
        "a": 1,
        "b": {"key": 2},
        "c": lambda: 3,
        "d": "x",
    }

    assert tw("logger").formatEvent(event) == "1 2 3    'X'"


@pytest.mark.parametrize("format", ["{absent}", "{value.absent}", "{}", "{value!z}", "{evil()}", b"\xff", 7])
def test_a_message_that_cannot_be_made_is_described(tw, format):
    event = {"log_format": format, "value": 1, "evil": lambda: 1 / 0}

    assert tw("logger").formatEvent(event).startswith("Unable to format event {")


def test_an_observer_that_raises_keeps_nobody_from_the_event_and_the_others_hear_of_it():
    def broken(event: dict[str, Any]) -> None:
        raise ZeroDivisionError

    before, after = Events(), Events()

    Logger(observer=LogPublisher(before, broken, after)).info("hello")

    for events in (before, after):
        assert events[0]["log_format"] == "hello"
        assert events[1]["log_failure"].check(ZeroDivisionError)
        assert len(events) == 2


def test_observers_that_raise_for_each_others_errors_do_not_go_round_and_round():
    def broken(event: dict[str, Any]) -> None:
        raise ZeroDivisionError

    def broken_too(event: dict[str, Any]) -> None:
        raise ZeroDivisionError

    Logger(observer=LogPublisher(broken, broken_too)).info("hello")


def test_an_observer_may_remove_itself_while_the_event_is_given_out():
    publisher, events = LogPublisher(), Events()

    def once(event: dict[str, Any]) -> None:
        publisher.removeObserver(once)
        events(event)

    publisher.addObserver(once)
    publisher.addObserver(events)
    publisher({"number": 1})
    publisher({"number": 2})

    assert [event["number"] for event in events] == [1, 1, 2]


def test_an_invalid_level_is_logged_and_not_raised():
    events = Events()

    Logger(observer=events).emit("loud", "hello")  # type: ignore[arg-type]

    assert events[0]["log_failure"].check(InvalidLogLevelError)


def test_levels_are_ordered_and_stay_themselves_when_copied(tw):
    LogLevel = tw("logger").LogLevel

    levels = list(LogLevel.iterconstants())

    assert levels == sorted(levels)
    assert [level.name for level in levels] == ["debug", "info", "warn", "error", "critical"]
    assert LogLevel.lookupByName("warn") is LogLevel.warn
    with pytest.raises(ValueError, match="loud"):
        LogLevel.lookupByName("loud")


def test_a_level_survives_copying_and_pickling():
    assert copy.deepcopy(LogLevel.warn) is LogLevel.warn
    assert pickle.loads(pickle.dumps(LogLevel.warn)) is LogLevel.warn


def test_a_namespace_asks_for_the_level_of_the_nearest_one_that_has_one(tw):
    logger = tw("logger")
    predicate, passed = logger.LogLevelFilterPredicate(), Events()
    predicate.setLogLevelForNamespace("a", logger.LogLevel.error)
    predicate.setLogLevelForNamespace("a.b", logger.LogLevel.debug)
    filtered = logger.FilteringLogObserver(passed, [predicate])

    for namespace in ("a.x", "a.b.c", "other", "ab"):
        logger.Logger(namespace, observer=filtered).info(namespace)

    assert [event["log_namespace"] for event in passed] == ["a.b.c", "other", "ab"]


def test_events_that_do_not_pass_go_to_the_other_observer():
    passed, others = Events(), Events()
    log = Logger(observer=FilteringLogObserver(passed, [LogLevelFilterPredicate(LogLevel.error)], others))

    log.info("low")
    log.error("high")

    assert (passed.texts, others.texts) == (["high"], ["low"])


def test_a_text_log_has_time_place_level_and_traceback(tw):
    file = io.StringIO()
    log = tw("logger").Logger("place", observer=tw("logger").textFileLogObserver(file, timeFormat="TIME"))

    log.info("two\nlines")
    try:
        raise ValueError("no")
    except ValueError:
        log.failure("oops")

    first, second, *rest = file.getvalue().splitlines()
    assert (first, second) == ("TIME [place#info] two", "\tlines")
    assert rest[0:2] == ["TIME [place#critical] oops", "\tTraceback (most recent call last):"]
    assert "\tbuiltins.ValueError: no" in rest


def test_an_event_without_text_is_no_line():
    assert formatEventAsClassicLogText({"log_level": LogLevel.info}) is None


def test_a_binary_file_gets_utf_8():
    file = io.BytesIO()

    textFileLogObserver(file)({"log_format": "é"})

    assert "é".encode() in file.getvalue()


def test_an_event_comes_back_from_json_with_its_level_message_and_failure(tw):
    logger, file = tw("logger"), io.StringIO()
    log = logger.Logger("place", observer=logger.jsonFileLogObserver(file))
    try:
        raise ValueError("no")
    except ValueError:
        log.failure("{what.real} of {who!r:>5}", what=7, who="a")

    (event,) = logger.eventsFromJSONLogFile(io.StringIO(file.getvalue()))

    assert logger.formatEvent(event) == ("7 of   'a'" if logger.__name__ == "reactorio.logger" else "7 of 'a'")
    assert event["log_level"] is logger.LogLevel.critical
    assert event["log_failure"].check(ValueError)
    assert "ValueError" in event["log_failure"].getTraceback()


def test_twisted_and_reactorio_read_each_others_json():
    theirs = pytest.importorskip("twisted.logger")

    for writer, reader in ((theirs, sys.modules["reactorio.logger"]), (sys.modules["reactorio.logger"], theirs)):
        text = writer.eventAsJSON({"log_format": "{a.real}", "a": 1, "log_level": writer.LogLevel.warn})
        event = reader.eventFromJSON(text)
        assert reader.formatEvent(event) == "1"
        assert event["log_level"] is reader.LogLevel.warn


def test_a_field_is_there_after_its_object_is_gone():
    event = eventFromJSON(eventAsJSON({"log_format": "{thing.real} {thing.real}", "thing": 3}))
    del event["thing"]

    assert extractField("thing.real", event) == 3
    assert formatEvent(event) == "3 3"


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("separator", ["", "\x1e"])
def test_records_are_read_whatever_the_size_of_the_pieces(size, separator):
    file = io.BytesIO("".join(f'{separator}{{"n": "{n}é"}}\n' for n in range(9)).encode())

    assert [event["n"] for event in eventsFromJSONLogFile(file, bufferSize=size)] == [f"{n}é" for n in range(9)]


@pytest.mark.parametrize("broken", [b"\x1e{", b"\x1e{}{}\n", b'\x1e{"a": "\xff"}\n'])
def test_a_broken_record_is_logged_and_left_out(broken, logged_errors):
    with capturedLogs() as logged:
        events = list(eventsFromJSONLogFile(io.BytesIO(b'\x1e{"n": 1}\n' + broken + b'\x1e{"n": 2}\n')))

    assert events == [{"n": 1}, {"n": 2}]
    assert [event["log_level"] for event in logged] == [LogLevel.error]
    logged_errors.clear()


def test_json_has_every_event_on_one_line():
    file = io.StringIO()
    observe = jsonFileLogObserver(file, recordSeparator="")

    observe({"text": "a\nb", "thing": object(), "bytes": b"\xff"})

    assert json.loads(file.getvalue()) == {"text": "a\nb", "thing": {"unpersistable": True}, "bytes": "ÿ"}
    assert file.getvalue().count("\n") == 1


def beginner_and_world() -> tuple[LogBeginner, LogPublisher, types.SimpleNamespace, io.StringIO]:
    publisher, errors = LogPublisher(), io.StringIO()
    world = types.SimpleNamespace(stdout=io.StringIO(), stderr=io.StringIO(), showwarning=lambda *args: None)
    return LogBeginner(publisher, errors, world, world), publisher, world, errors


def test_events_wait_until_logging_begins_and_critical_ones_are_shown_meanwhile():
    beginner, publisher, _, errors = beginner_and_world()
    log, events = Logger(observer=publisher), Events()

    log.info("early")
    log.critical("help")
    beginner.beginLoggingTo([events])
    log.critical("late")

    assert events.texts == ["early", "help", "late"]
    assert errors.getvalue() == "help\n"


def test_what_is_printed_and_warned_of_becomes_part_of_the_log():
    beginner, _, world, _ = beginner_and_world()
    events = Events()

    beginner.beginLoggingTo([events])
    print("hello", "world", file=world.stdout)
    print("oops", file=world.stderr)
    world.showwarning("old", DeprecationWarning, "file.py", 7)

    assert events.texts == ["hello world", "oops", "file.py:7: builtins.DeprecationWarning: old"]
    assert [event["log_level"] for event in events] == [LogLevel.info, LogLevel.error, LogLevel.warn]


def test_beginning_twice_is_worth_a_warning():
    beginner, _, _, _ = beginner_and_world()
    events = Events()

    beginner.beginLoggingTo([events])
    beginner.beginLoggingTo([])

    assert [event["log_level"] for event in events] == [LogLevel.warn]
    assert events[0]["fileNow"] == events[0]["fileThen"] == __file__


def test_a_logging_file_is_for_writing_only():
    file = LoggingFile(Logger())

    with pytest.raises(io.UnsupportedOperation):
        file.read()
    with pytest.raises(io.UnsupportedOperation):
        file.fileno()
    file.close()
    with pytest.raises(ValueError, match="closed"):
        file.write("x")


def test_the_standard_library_gets_level_text_exception_and_the_callers_place(caplog):
    observe = STDLibLogObserver("some.logger")
    failures = Events()
    try:
        raise ValueError("no")
    except ValueError:
        Logger(observer=failures).failure("oops {a}", a=1)

    with caplog.at_level(logging.DEBUG, "some.logger"):
        observe(failures[0])

    (record,) = caplog.records
    assert (record.levelno, record.getMessage(), record.name) == (logging.CRITICAL, "oops 1", "some.logger")
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError
    assert record.pathname == __file__


def test_failures_handled_are_logged_and_the_program_goes_on(tw):
    events = Events()
    log = tw("logger").Logger(observer=events)

    with log.failuresHandled("while {doing}", doing="this") as good:
        pass
    with log.failuresHandled("while {doing}", doing="that") as bad:
        raise ValueError("no")

    assert (good.succeeded, bad.failed, len(events)) == (True, True, 1)
    assert bad.failure is events[0]["log_failure"]
    assert tw("logger").formatEvent(events[0]) == "while that"


def test_one_failure_handler_serves_calls_within_each_other():
    events = Events()
    handler = Logger(observer=events).failureHandler("oops")

    with handler:
        with handler:
            raise ValueError("inner")
        raise KeyError("outer")

    assert [event["log_failure"].type for event in events] == [ValueError, KeyError]


def test_captured_logs_are_those_of_the_body():
    log = Logger()

    with capturedLogs() as first, capturedLogs() as second:
        log.info("in")
    log.info("out")

    assert Events(first).texts == Events(second).texts == ["in"]
    assert not any(observer in globalLogPublisher._observers for observer in (first, second))


def test_the_trace_of_an_event_is_who_gave_it_to_whom():
    events = Events()
    publisher = LogPublisher(events)
    log = Logger(observer=publisher)

    log.info("hello", log_trace=[])

    assert events[0]["log_trace"] == [(log, publisher), (publisher, events)]


def test_a_class_may_hold_a_constant_of_another():
    class Settings:
        level = LogLevel.warn

    assert (Settings.level, LogLevel.warn.name) == (LogLevel.lookupByName("warn"), "warn")
    assert len(list(LogLevel.iterconstants())) == 5
