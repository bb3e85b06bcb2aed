"""
Events in JSON, a line each, and back.

What JSON has no words for is left out, but the message can still be written: :mod:`reactorio.logger._flatten` keeps what
that takes. Levels and failures come back as what they were. The form is the one that Twisted writes and reads.
"""

from __future__ import annotations

from json import dumps, loads
from typing import IO, TYPE_CHECKING, Any

from reactorio.logger._constants import NamedConstant
from reactorio.logger._file import FileLogObserver
from reactorio.logger._flatten import flattenEvent
from reactorio.logger._levels import LogLevel
from reactorio.logger._logger import Logger
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reactorio.logger._interfaces import LogEvent

__all__ = ["eventAsJSON", "eventFromJSON", "eventsFromJSONLogFile", "jsonFileLogObserver"]

log = Logger()

# What Twisted marks an object of the class with.
_LEVEL = "02e59486-f24d-46ad-8224-3acdf2a5732a"
_FAILURE = "e76887e2-20ed-49bf-a8f8-ba25cc586f2d"


def eventAsJSON(event: LogEvent) -> str:
    """Return ``event`` in JSON, on one line. Bytes become text, as latin-1."""
    flattenEvent(event)
    return dumps(event, default=_as_json, skipkeys=True)


def _as_json(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, NamedConstant):
        return {"name": value.name, "__class_uuid__": _LEVEL}
    if isinstance(value, Failure):
        kind: Any = value.type
        named = {"__module__": getattr(kind, "__module__", None), "__name__": getattr(kind, "__name__", str(kind))}
        return {**value.__getstate__(), "type": named, "__class_uuid__": _FAILURE}
    return {"unpersistable": True}


def eventFromJSON(eventText: str) -> dict[str, Any]:
    """Return the event that :func:`eventAsJSON` wrote; ValueError if this is no JSON."""
    event: dict[str, Any] = loads(eventText, object_hook=_from_json)
    return event


def _from_json(stored: dict[str, Any]) -> object:
    kind = str(stored.get("__class_uuid__")).lower()
    if kind == _LEVEL:
        try:
            return LogLevel.lookupByName(stored["name"])
        except ValueError:
            # A level that a later version knows.
            return None
    if kind == _FAILURE:
        return _failure_from_json(stored)
    return stored


def _failure_from_json(stored: dict[str, Any]) -> Failure:
    state = {key: value for key, value in stored.items() if key != "__class_uuid__"}
    named = state["type"]
    # The class may not exist here; by its names the failure can still be checked.
    state["type"] = type(named["__name__"], (), {"__module__": named["__module__"]})
    failure = Failure.__new__(Failure)
    failure.__dict__.update(state)
    return failure


def jsonFileLogObserver(outFile: IO[Any], recordSeparator: str = "\x1e") -> FileLogObserver:
    """
    Make an observer that writes events to a file in JSON.

    Args:
        recordSeparator: What stands before each event; see RFC 7464 on why there is something.
    """
    return FileLogObserver(outFile, lambda event: f"{recordSeparator}{eventAsJSON(event)}\n")


def eventsFromJSONLogFile(
    inFile: IO[Any], recordSeparator: str | None = None, bufferSize: int = 4096
) -> Iterable[LogEvent]:
    """
    Read the events of a file, one by one; what is broken is logged and left out.

    Args:
        recordSeparator: As it was when they were written; by default what the file begins with, or none.
    """
    chunks = _chunks(inFile, bufferSize)
    first = next(chunks, b"")
    if recordSeparator is None:
        recordSeparator = "\x1e" if first.startswith(b"\x1e") else ""
    if recordSeparator:
        records = _separated(first, chunks, recordSeparator.encode("utf-8"))
    else:
        records = _lines(first, chunks)
    for record in records:
        event = _event_of(record)
        if event is not None:
            yield event


def _chunks(file: IO[Any], size: int) -> Iterator[bytes]:
    while True:
        chunk = file.read(size)
        if not chunk:
            return
        yield chunk.encode("utf-8") if isinstance(chunk, str) else chunk


def _separated(first: bytes, chunks: Iterator[bytes], separator: bytes) -> Iterator[bytes]:
    buffer = first
    while True:
        *complete, buffer = buffer.split(separator)
        yield from _whole(complete)
        chunk = next(chunks, None)
        if chunk is None:
            yield from _whole([buffer])
            return
        buffer += chunk


def _whole(records: list[bytes]) -> Iterator[bytes]:
    for record in records:
        if record.endswith(b"\n"):
            yield record
        elif record:
            log.error("Unable to read truncated JSON record: {record!r}", record=record)


def _lines(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    buffer = first
    while True:
        *complete, buffer = buffer.split(b"\n")
        yield from (line + b"\n" for line in complete if line)
        chunk = next(chunks, None)
        if chunk is None:
            if buffer:
                yield buffer
            return
        buffer += chunk


def _event_of(record: bytes) -> LogEvent | None:
    try:
        return eventFromJSON(record.decode("utf-8"))
    except UnicodeDecodeError:
        log.error("Unable to decode UTF-8 for JSON record: {record!r}", record=record)
    except ValueError:
        log.error("Unable to read JSON record: {record!r}", record=record)
    return None
