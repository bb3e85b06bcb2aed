"""The logger: what programs say things to."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from reactorio.logger._levels import InvalidLogLevelError, LogLevel, is_level
from reactorio.logger._observer import LogPublisher, globalLogPublisher
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    from reactorio.logger._constants import NamedConstant
    from reactorio.logger._interfaces import ILogObserver

__all__ = ["Logger", "Operation"]


class Operation(Protocol):
    """How the body of a :meth:`Logger.failuresHandled` went; nothing is true while it runs."""

    @property
    def succeeded(self) -> bool:
        """Did it end without an exception?"""

    @property
    def failed(self) -> bool:
        """Did it end with one?"""

    @property
    def failure(self) -> Failure | None:
        """The exception."""


class Logger:
    """
    Makes events and gives them to an observer.

    As an attribute of a class it is another one for each instance: its namespace is the class, and its source the instance::

        class Server:
            log = Logger()

            def start(self):
                self.log.info("{log_source} starts on {port}", port=8080)

    Args:
        namespace: What the events are about; by default the name of the module that makes the logger.
        source: The object that they are about.
        observer: Who gets them; by default :data:`globalLogPublisher`.
    """

    def __init__(
        self,
        namespace: str | None = None,
        source: object | None = None,
        observer: ILogObserver | None = None,
    ) -> None:
        if namespace is None:
            namespace = sys._getframe(1).f_globals.get("__name__", "<unknown>")
        self.namespace: str = namespace
        self.source = source
        self.observer: ILogObserver = globalLogPublisher if observer is None else observer

    def __get__(self, instance: object, owner: type | None = None) -> Logger:
        klass = type(instance) if owner is None else owner
        return type(self)(
            f"{klass.__module__}.{klass.__name__}", klass if instance is None else instance, observer=self.observer
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.namespace!r}>"

    def emit(self, level: NamedConstant, format: str | None = None, **kwargs: object) -> None:
        """
        Give an event to the observer. Rendering is the observer's business: an event nobody writes costs little.

        Args:
            level: A :class:`LogLevel`.
            format: The message, with names of other arguments in braces: ``"{request.path} took {timer()}"``.
            kwargs: What else there is to know, for the message or for who filters and counts.
        """
        observer = self.observer
        if type(observer) is LogPublisher and not observer._observers:
            return
        if not is_level(level):
            self.failure(
                "Got invalid log level {invalidLevel!r} in {logger}.emit().",
                Failure(InvalidLogLevelError(level)),
                invalidLevel=level,
                logger=self,
            )
            return
        event: dict[str, Any] = kwargs
        event["log_logger"] = self
        event["log_level"] = level
        event["log_namespace"] = self.namespace
        event["log_source"] = self.source
        event["log_format"] = format
        event["log_time"] = time()
        if "log_trace" in event:
            event["log_trace"].append((self, observer))
        observer(event)

    def debug(self, format: str | None = None, **kwargs: object) -> None:
        """Emit an event at level debug."""
        self.emit(LogLevel.debug, format, **kwargs)

    def info(self, format: str | None = None, **kwargs: object) -> None:
        """Emit an event at level info."""
        self.emit(LogLevel.info, format, **kwargs)

    def warn(self, format: str | None = None, **kwargs: object) -> None:
        """Emit an event at level warn."""
        self.emit(LogLevel.warn, format, **kwargs)

    def error(self, format: str | None = None, **kwargs: object) -> None:
        """Emit an event at level error."""
        self.emit(LogLevel.error, format, **kwargs)

    def critical(self, format: str | None = None, **kwargs: object) -> None:
        """Emit an event at level critical."""
        self.emit(LogLevel.critical, format, **kwargs)

    def failure(
        self,
        format: str,
        failure: Failure | None = None,
        level: NamedConstant = LogLevel.critical,
        **kwargs: object,
    ) -> None:
        """
        Emit an event about an exception.

        Args:
            failure: The exception; by default the one being handled.
        """
        self.emit(level, format, log_failure=Failure() if failure is None else failure, **kwargs)

    def failuresHandled(
        self, format: str, level: NamedConstant = LogLevel.critical, **kwargs: object
    ) -> AbstractContextManager[Operation]:
        """
        Make a context whose body may raise anything: it is logged, and the program goes on behind the context.

            with log.failuresHandled("while serving {peer}", peer=peer) as operation:
                serve()
            if operation.failed: ...
        """
        return self._failures_handled(format, level, kwargs)

    @contextmanager
    def _failures_handled(self, format: str, level: NamedConstant, kwargs: dict[str, Any]) -> Iterator[Operation]:
        operation = _Operation()
        try:
            yield operation
        except BaseException:
            operation.failure = failure = Failure()
            operation.failed = True
            self.failure(format, failure, level, **kwargs)
        else:
            operation.succeeded = True

    def failureHandler(
        self, staticMessage: str, level: NamedConstant = LogLevel.critical
    ) -> AbstractContextManager[None]:
        """
        Make a context like :meth:`failuresHandled`, for a message without arguments.

        One is enough for many bodies, also within each other: for places that run often.
        """
        return _FailureHandler(self, staticMessage, level)


class _Operation:
    def __init__(self) -> None:
        self.succeeded = False
        self.failed = False
        self.failure: Failure | None = None


class _FailureHandler:
    def __init__(self, logger: Logger, message: str, level: NamedConstant) -> None:
        self._logger = logger
        self._message = message
        self._level = level

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if kind is None:
            return False
        self._logger.failure(self._message, Failure(value, kind, traceback), self._level)
        return True


_root = Logger("<unknown>")


def _loggerFor(obj: object) -> Logger:
    """Return the logger that ``obj`` would have if its class had one."""
    return _root.__get__(obj, type(obj))
