"""The services of a file, while they run and when the file has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.application import _hooks
from reactorio.application._config.building import Change, FactoryService, Part, adopt, parts_of, started, stopped
from reactorio.application._config.reading import read
from reactorio.application._config.schema import Problem
from reactorio.application.service import MultiService
from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.application._config.reading import Configuration
    from reactorio.python.failure import Failure

__all__ = ["Served", "require_changeable"]

_log = Logger(namespace="reactorio.application.serve")

# What a process can change while it runs, of the tables that are about the process.
_MAY_CHANGE = {"application": ("grace",), "log": ("level", "levels"), "limits": ()}


class Served(MultiService):
    """
    What a file asks for.

    A reload makes of what runs what the file asks for then, and no more: a service that it says the same of is asked to
    reload itself, a factory's successor serves those who connect after it, other services are stopped and made anew.

    Args:
        path: Of the file.
        configuration: What it says now.
        applied: Called with what it says when that has changed.
    """

    def __init__(
        self, path: str, configuration: Configuration, reactor: Any, applied: Callable[[Configuration], object]
    ) -> None:
        super().__init__()
        self._path_of_file = path
        self._configuration = configuration
        self._reactor = reactor
        self._applied = applied
        self._parts = parts_of(configuration, reactor)
        self._made: dict[str, Any] = {}
        for name, part in self._parts.items():
            self._made[name] = part.make()
            self._made[name].setServiceParent(self)

    async def reload(self) -> Callable[[], None]:
        """
        Read the file again.

        Raises:
            ConfigurationError: It is not right, or says what only a new process can do.
        """
        configuration = read(self._path_of_file, self._configuration.name)
        require_changeable(self._configuration, configuration)
        parts = parts_of(configuration, self._reactor)
        same = [name for name, part in parts.items() if name in self._parts and self._parts[name].table == part.table]
        changes = [Change(await _hooks.reload_all([self._made[name] for name in same]))]
        try:
            for name, part in parts.items():
                if name not in self._parts:
                    changes.append(await self._added(name, part))
                elif name not in same:
                    changes.append(await self._changed(name, part))
        except Exception:
            for change in changes:
                await maybeDeferred(change.abort)
            raise

        def take_over() -> None:
            for change in changes:
                change.commit()
            for name in [name for name in self._parts if name not in parts]:
                _log.info("{name} is no more", name=name)
                _logged(maybeDeferred(self._made.pop(name).disownServiceParent))
            self._parts, self._configuration = parts, configuration
            self._applied(configuration)

        return take_over

    async def _added(self, name: str, part: Part) -> Change:
        """Start a service that is new, not yet as one of ours."""
        service = part.make()
        await started([service])

        def commit() -> None:
            self._made[name] = adopt(self, service)

        return Change(commit, lambda: stopped([service]))

    async def _changed(self, name: str, part: Part) -> Change:
        """Prepare what has a service do what ``part`` says, which is not what it does."""
        service = self._made[name]
        # A limit where there was none, or the other way round, is another factory on the port.
        both_limited = ("connections" in part.table) == ("connections" in self._parts[name].table)
        if isinstance(service, FactoryService) and part.kind == "factory" and both_limited:
            return await service.take_over(part)
        # Now: what cannot be made shall not cost what runs.
        successor = part.make()
        return Change(lambda: self._replace(name, successor))

    def _replace(self, name: str, successor: Any) -> None:
        def start(_: object) -> None:
            self._made[name] = successor
            successor.setServiceParent(self)

        _logged(maybeDeferred(self._made[name].disownServiceParent).addCallback(start))


def _logged(deferred: Deferred[Any]) -> None:
    deferred.addErrback(_failed)


def _failed(failure: Failure) -> None:
    _log.failure("A service could not be replaced", failure)


def require_changeable(old: Configuration, new: Configuration, tables: Iterable[str] = _MAY_CHANGE) -> None:
    """Raise ConfigurationError if a table about the process has changed in what cannot."""
    problems = [
        Problem((table, key), "can only change with a restart")
        for table in tables
        for key in sorted({*old.table(table), *new.table(table)} - {*_MAY_CHANGE[table]})
        if old.table(table).get(key) != new.table(table).get(key)
    ]
    if problems:
        raise new.error(problems)
