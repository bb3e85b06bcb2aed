"""
Logging: events, not lines. A :class:`Logger` makes them, observers take them, text comes last if at all.

    _constants    named constants
    _levels       LogLevel
    _interfaces   ILogObserver
    _observer     LogPublisher, globalLogPublisher
    _logger       Logger
    _flatten      fields of messages
    _format       events as text
    _file         FileLogObserver, textFileLogObserver
    _filter       FilteringLogObserver, LogLevelFilterPredicate
    _buffer       LimitedHistoryLogObserver
    _capture      capturedLogs
    _io           LoggingFile
    _fromstdlib   StdlibHandler: records of logging as events
    _global       LogBeginner, globalLogBeginner
    _json         events in JSON and back
    _jsonlines    events as flat JSON, for collectors of logs
    _journal      events for systemd's journal
    _stdlib       STDLibLogObserver
    _legacy       LegacyLogObserverWrapper, publishToNewObserver
    _util         formatTrace

A module may import those above it, none below.
"""

from reactorio.logger._buffer import LimitedHistoryLogObserver
from reactorio.logger._capture import capturedLogs
from reactorio.logger._file import FileLogObserver, textFileLogObserver
from reactorio.logger._filter import (
    FilteringLogObserver,
    ILogFilterPredicate,
    LogLevelFilterPredicate,
    PredicateResult,
)
from reactorio.logger._flatten import extractField
from reactorio.logger._format import (
    eventAsText,
    formatEvent,
    formatEventAsClassicLogText,
    formatTime,
    timeFormatRFC3339,
)
from reactorio.logger._fromstdlib import StdlibHandler
from reactorio.logger._global import LogBeginner, globalLogBeginner
from reactorio.logger._interfaces import ILogObserver, LogEvent
from reactorio.logger._io import LoggingFile
from reactorio.logger._json import eventAsJSON, eventFromJSON, eventsFromJSONLogFile, jsonFileLogObserver
from reactorio.logger._jsonlines import event_as_json_line, json_lines_observer
from reactorio.logger._legacy import LegacyLogObserverWrapper
from reactorio.logger._levels import InvalidLogLevelError, LogLevel
from reactorio.logger._logger import Logger, Operation, _loggerFor
from reactorio.logger._observer import LogPublisher, globalLogPublisher
from reactorio.logger._stdlib import STDLibLogObserver

__all__ = [
    "FileLogObserver",
    "FilteringLogObserver",
    "ILogFilterPredicate",
    "ILogObserver",
    "InvalidLogLevelError",
    "LegacyLogObserverWrapper",
    "LimitedHistoryLogObserver",
    "LogBeginner",
    "LogEvent",
    "LogLevel",
    "LogLevelFilterPredicate",
    "LogPublisher",
    "Logger",
    "LoggingFile",
    "Operation",
    "PredicateResult",
    "STDLibLogObserver",
    "StdlibHandler",
    "_loggerFor",
    "capturedLogs",
    "eventAsJSON",
    "eventAsText",
    "eventFromJSON",
    "event_as_json_line",
    "eventsFromJSONLogFile",
    "extractField",
    "formatEvent",
    "formatEventAsClassicLogText",
    "formatTime",
    "globalLogBeginner",
    "globalLogPublisher",
    "jsonFileLogObserver",
    "json_lines_observer",
    "textFileLogObserver",
    "timeFormatRFC3339",
]

for _name in __all__:
    # Not LogEvent, an alias: on Python 3.10 that is an instance of type, too.
    if isinstance(globals()[_name], type) and _name != "LogEvent":
        globals()[_name].__module__ = __name__
