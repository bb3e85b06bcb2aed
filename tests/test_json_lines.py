"""Log lines for collectors: one JSON object each."""

from __future__ import annotations

import json
from io import BytesIO, StringIO

import pytest

from reactorio.logger import Logger, LogLevel, LogPublisher, event_as_json_line, json_lines_observer
from reactorio.python import log as legacy


def lines_of(emit):
    out = BytesIO()
    emit(Logger(namespace="app.web", observer=LogPublisher(json_lines_observer(out))))
    return [json.loads(line) for line in out.getvalue().decode().splitlines()]


def test_a_line_has_time_level_logger_message_and_fields():
    (line,) = lines_of(lambda log: log.warn("{user} was late by {seconds}", user="Zoë", seconds=3))

    assert list(line) == ["time", "level", "logger", "message", "user", "seconds"]
    assert line["time"].endswith("Z")
    assert (line["level"], line["logger"], line["message"]) == ("warn", "app.web", "Zoë was late by 3")
    assert (line["user"], line["seconds"]) == ("Zoë", 3)


def test_the_time_is_rfc_3339_in_utc():
    event = {"log_time": 1700000000.25, "log_level": LogLevel.info, "log_format": "x"}
    assert json.loads(event_as_json_line(event))["time"] == "2023-11-14T22:13:20.250000Z"


def test_an_exception_is_there_as_text():
    def emit(log):
        try:
            {}["missing"]
        except KeyError:
            log.failure("no luck")

    (line,) = lines_of(emit)
    assert (line["level"], line["message"]) == ("critical", "no luck")
    assert (line["exception_type"], line["exception_message"]) == ("KeyError", "'missing'")
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert 'in emit\n    {}["missing"]' in line["exception"]


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"caf\xc3\xa9 \xff", "café \\xff"),
        (float("nan"), "nan"),
        ([1, (2, None)], [1, [2, None]]),
        ({1: {2: {3: {4: {5: 6}}}}}, {"1": {"2": {"3": {"4": "{5: 6}"}}}}),
        ({"a"}, "{'a'}"),
        ("two\nlines", "two\nlines"),
        ("name \udcff", "name \udcff"),
    ],
)
def test_every_value_has_a_form(value, said):
    (line,) = lines_of(lambda log: log.info("x", value=value))
    assert line["value"] == said


def test_what_cannot_be_said_does_not_stop_the_log():
    (line,) = lines_of(lambda log: log.info("x", value=Unspeakable()))
    assert "Unspeakable" in line["value"]


def test_a_field_does_not_hide_what_every_line_has():
    (line,) = lines_of(lambda log: log.info("x", logger="mine", exception="rule"))
    assert (line["logger"], line["logger_"], line["exception"]) == ("app.web", "mine", "rule")


def test_events_of_python_log_are_lines_too():
    out = StringIO()
    observer = json_lines_observer(out)
    legacy.addObserver(observer)
    try:
        legacy.msg("by the old door", user="me")
    finally:
        legacy.removeObserver(observer)
    line = json.loads(out.getvalue())
    assert (line["message"], line["user"], line["level"]) == ("by the old door", "me", "info")
    assert set(line) == {"time", "level", "logger", "message", "user"}
