"""Events to some and not to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio._interface import Interface, Protocol, implementer
from reactorio.logger._constants import NamedConstant, Names
from reactorio.logger._interfaces import ILogObserver
from reactorio.logger._levels import InvalidLogLevelError, LogLevel, is_level
from reactorio.logger._observer import bitbucketLogObserver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.logger._interfaces import LogEvent

__name__ = "reactorio.logger"  # the public path: an interface is pickled, printed and hashed by it

__all__ = ["FilteringLogObserver", "ILogFilterPredicate", "LogLevelFilterPredicate", "PredicateResult"]


class PredicateResult(Names):
    """What a predicate says: let the event pass, do not, or ask the next one."""

    yes = NamedConstant()
    no = NamedConstant()
    maybe = NamedConstant()


class ILogFilterPredicate(Interface, Protocol):
    """Something that decides about an event."""

    def __call__(self, event: LogEvent, /) -> NamedConstant:
        """Return a :class:`PredicateResult`."""


def shouldLogEvent(predicates: Iterable[ILogFilterPredicate], event: LogEvent) -> bool:
    """
    Ask predicates, in order, until one decides; if none does, the event passes.

    Raises:
        TypeError: One returned something else than a :class:`PredicateResult`.
    """
    for predicate in predicates:
        result = predicate(event)
        if result is PredicateResult.yes:
            return True
        if result is PredicateResult.no:
            return False
        if result is not PredicateResult.maybe:
            raise TypeError(f"Invalid predicate result: {result!r}")
    return True


@implementer(ILogObserver)
class FilteringLogObserver:
    """
    Gives an observer the events that predicates let pass.

    Args:
        negativeObserver: Gets the others.
    """

    def __init__(
        self,
        observer: ILogObserver,
        predicates: Iterable[ILogFilterPredicate],
        negativeObserver: ILogObserver = bitbucketLogObserver,
    ) -> None:
        self._observer = observer
        self._predicates = list(predicates)
        self._negativeObserver = negativeObserver

    def __call__(self, event: LogEvent) -> None:
        if not shouldLogEvent(self._predicates, event):
            self._negativeObserver(event)
            return
        if "log_trace" in event:
            event["log_trace"].append((self, self._observer))
        self._observer(event)


@implementer(ILogFilterPredicate)
class LogLevelFilterPredicate:
    """
    Says no to events below the level that their namespace asks for, and maybe to the others.

    ``a.b.c`` asks for what ``a.b`` does unless it has a level of its own, and so on up to ``""``.
    """

    def __init__(self, defaultLogLevel: NamedConstant = LogLevel.info) -> None:
        self.defaultLogLevel = defaultLogLevel
        self._logLevelsByNamespace: dict[str, NamedConstant] = {}
        self.clearLogLevels()

    def logLevelForNamespace(self, namespace: str | None) -> NamedConstant:
        levels = self._logLevelsByNamespace
        name = namespace or ""
        while name and name not in levels:
            name = name.rpartition(".")[0]
        return levels.get(name, self.defaultLogLevel)

    def setLogLevelForNamespace(self, namespace: str | None, level: NamedConstant) -> None:
        """
        Ask for ``level`` or more in a namespace and those in it; ``""`` is all.

        Raises:
            InvalidLogLevelError: It is not a :class:`LogLevel`.
        """
        if not is_level(level):
            raise InvalidLogLevelError(level)
        self._logLevelsByNamespace[namespace or ""] = level

    def clearLogLevels(self) -> None:
        """Ask for the default level everywhere."""
        self._logLevelsByNamespace.clear()
        self._logLevelsByNamespace[""] = self.defaultLogLevel

    def __call__(self, event: LogEvent) -> NamedConstant:
        level = event.get("log_level")
        namespace = event.get("log_namespace")
        if level is None or not namespace or level < self.logLevelForNamespace(namespace):
            return PredicateResult.no
        return PredicateResult.maybe
