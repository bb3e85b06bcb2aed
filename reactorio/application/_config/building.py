"""Services from what a file says of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import directlyProvides
from reactorio.application import _hooks, strports
from reactorio.application._config.layout import KINDS
from reactorio.application._config.schema import Problem
from reactorio.application.service import IService, IServiceMaker, MultiService
from reactorio.cred import strcred
from reactorio.internet.defer import Deferred, DeferredList, maybeDeferred
from reactorio.internet.endpoints import serverFromString
from reactorio.internet.protocol import ServerFactory
from reactorio.logger import Logger
from reactorio.plugin import getPlugins
from reactorio.protocols.policies import WrappingFactory
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reactorio.application._config.places import Path
    from reactorio.application._config.reading import Configuration
    from reactorio.python.failure import Failure

__all__ = ["Change", "FactoryService", "Part", "adopt", "parts_of", "started", "stopped"]

_log = Logger(namespace="reactorio.application.serve")


class Part:
    """
    One of the services that a file asks for, not made yet.

    Attributes:
        table: What the file says of it.
        kind: What it is made from.
    """

    def __init__(self, name: str, table: dict[str, Any], cred: dict[str, list[str]], reactor: Any) -> None:
        self.name = name
        self.table = table
        self.kind = next(kind for kind in KINDS if kind in table)
        self._path: Path = ("services", name)
        self._reactor = reactor
        self._auth = [one for entry in table.get("auth", ()) for one in cred.get(entry, [entry])]
        self._options: dict[str, Any] = dict(table.get("options", {}))
        self._target: Any = None
        self._maker: Any = None
        self._parsed: Any = None

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with it, as far as that can be known without making it."""
        yield from self._problems_of_plugin() if self.kind == "plugin" else self._problems_of_target()
        for number, description in enumerate(self.table.get("endpoints", ())):
            try:
                serverFromString(self._reactor, description)
            except Exception as error:
                yield Problem((*self._path, "endpoints", number), f"is no endpoint: {_said(error)}")

    def make(self) -> Any:
        """Return the service; call `problems` before."""
        if self.kind == "plugin":
            made = self._maker.makeService(self._parsed)
        else:
            made = self._target(**self._options)
            if self.kind == "factory":
                made = FactoryService(made, self.table["endpoints"], self.table.get("connections"), self._reactor)
            else:
                made = IService.adapt(made)
        if made.name is None:
            made.setName(self.name)
        return made

    def make_factory(self) -> Any:
        """Return the factory of a part that is one."""
        return self._target(**self._options)

    # ---- a target of the application's

    def _problems_of_target(self) -> Iterator[Problem]:
        try:
            self._target = _imported(self.table[self.kind])
        except Exception as error:
            yield Problem((*self._path, self.kind), f"cannot be imported: {_said(error)}")
            return
        if self._auth:
            checkers = []
            for description in self._auth:
                try:
                    checkers.append(strcred.makeChecker(description))
                except Exception as error:
                    yield Problem((*self._path, "auth"), f"has no checker {description!r}: {_said(error)}")
            self._options["checkers"] = checkers
        try:
            inspect.signature(self._target).bind(**self._options)
        except TypeError as error:
            wrong = next((key for key in self._options if f"'{key}'" in str(error)), None)
            path = (*self._path, "options") if wrong in (None, "checkers") else (*self._path, "options", str(wrong))
            yield Problem(path, f"does not suit {self.table[self.kind]}: {error}")
        except ValueError:
            pass  # it is written in C, and does not tell

    # ---- a plugin

    def _problems_of_plugin(self) -> Iterator[Problem]:
        makers = {maker.tapname: maker for maker in getPlugins(IServiceMaker)}
        self._maker = makers.get(self.table["plugin"])
        if self._maker is None:
            known = ", ".join(sorted(makers))
            yield Problem((*self._path, "plugin"), f"names no plugin {self.table['plugin']!r}: there are {known}")
            return
        try:
            self._parsed = self._maker.options()
            self._parsed.parseOptions([*self._words(), *self.table.get("arguments", ())])
        except (usage.UsageError, SystemExit) as error:
            wrong = next((key for key in self._options if f"--{key}" in str(error)), None)
            path = (*self._path, "options") if wrong is None else (*self._path, "options", wrong)
            yield Problem(path, f"does not suit {self.table['plugin']}: {error}")
        except Exception as error:
            yield Problem((*self._path, "plugin"), f"does not work: {_said(error)}")

    def _words(self) -> Iterator[str]:
        """Yield the command line that the options are."""
        for key, value in [*self._options.items(), ("auth", self._auth)]:
            for one in value if isinstance(value, list) else [value]:
                if one is True:
                    yield f"--{key}"
                elif one is not False:
                    yield f"--{key}={one}"


def parts_of(configuration: Configuration, reactor: Any) -> dict[str, Part]:
    """
    Return what a file asks for, by name.

    Raises:
        ConfigurationError: Something of it cannot be.
    """
    cred = configuration.table("cred")
    parts = {
        name: Part(name, table, cred, reactor)
        for name, table in configuration.table("services").items()
        if table.get("enabled", True)
    }
    problems = [problem for part in parts.values() for problem in part.problems()]
    if problems:
        raise configuration.error(problems)
    return parts


def _imported(target: str) -> Any:
    module, _, names = target.partition(":")
    found: Any = import_module(module)
    for name in names.split("."):
        found = getattr(found, name)
    return found


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class Change:
    """What was prepared: either of these is the end of it."""

    commit: Callable[[], None]
    abort: Callable[[], object] = lambda: None


# -- Factories


class _Switch(ServerFactory[Any]):
    """
    Stands before the factory that is served just now. A successor serves those who connect after it came.
    """

    noisy = False

    def __init__(self, factory: Any) -> None:
        self._current = factory
        directlyProvides(self, providedBy(factory))

    def __getattr__(self, name: str) -> Any:
        # What a factory may be asked for besides: protocols of TLS, how to drain.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.__dict__["_current"], name)

    def logPrefix(self) -> str:
        prefix = getattr(self._current, "logPrefix", None)
        return type(self._current).__name__ if prefix is None else str(prefix())

    def startFactory(self) -> None:
        self._current.doStart()

    def stopFactory(self) -> None:
        self._current.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        return self._current.buildProtocol(addr)

    def succeed_by(self, factory: Any) -> None:
        """Serve ``factory`` from now on."""
        predecessor, self._current = self._current, factory
        directlyProvides(self, providedBy(factory))
        if self.numPorts:
            factory.doStart()
            predecessor.doStop()


class _Limited(WrappingFactory):
    """Turns away those who come when there are as many as there may be."""

    noisy = False
    limit = 0

    def buildProtocol(self, addr: Any) -> Any:
        if len(self.protocols) >= self.limit:
            _log.warn(
                "{factory} has {limit} connections: closed one from {peer}",
                factory=self.wrappedFactory,
                limit=self.limit,
                peer=addr,
            )
            return None
        return super().buildProtocol(addr)


class FactoryService(MultiService):
    """
    Serves a factory on endpoints.

    Args:
        connections: How many there may be at once; None is any number.
    """

    def __init__(self, factory: Any, endpoints: list[str], connections: int | None, reactor: Any) -> None:
        super().__init__()
        self._reactor = reactor
        self._switch = _Switch(factory)
        self._served: Any = self._switch
        if connections is not None:
            self._served = _Limited(self._switch)
            self._served.limit = connections
        self._ports: dict[str, Any] = {}
        for description in endpoints:
            self._ports[description] = self._port(description)
            self._ports[description].setServiceParent(self)

    def _port(self, description: str) -> Any:
        return strports.service(description, self._served, self._reactor)

    def take_over(self, part: Part) -> Deferred[Change]:
        """
        Prepare to serve what ``part`` says: listen on endpoints that are new, still for the factory that there is.

        Returns:
            A Deferred of the rest. It fails if an endpoint cannot be listened on; all is as before then.
        """
        factory = part.make_factory()
        limit = part.table.get("connections")
        new = {one: self._port(one) for one in part.table["endpoints"] if one not in self._ports}

        def commit() -> None:
            self._switch.succeed_by(factory)
            if limit is not None:
                self._served.limit = limit
            for description in [one for one in self._ports if one not in part.table["endpoints"]]:
                self._ports.pop(description).disownServiceParent()
            for description, port in new.items():
                self._ports[description] = adopt(self, port)

        change = Change(commit, lambda: stopped(new.values()))
        return started(new.values()).addCallback(lambda _: change)


def started(services: Iterable[Any]) -> Deferred[None]:
    """Start services that are in no collection; if one cannot start, none of them has."""
    all_of_them = list(services)

    def start(service: Any) -> Deferred[Any]:
        _hooks.note_start(service, service.privilegedStartService())
        _hooks.note_start(service, service.startService())
        return _hooks.when_ready(service)

    def stop(failure: Failure) -> Deferred[Any]:
        return stopped(all_of_them).addCallback(lambda _: failure)

    starting = _hooks.all_of([maybeDeferred(start, service) for service in all_of_them])
    return starting.addCallbacks(lambda _: None, stop)


def stopped(services: Iterable[Any]) -> Deferred[Any]:
    """Stop services, those that have not started, too."""
    return DeferredList([maybeDeferred(one.stopService) for one in services], consumeErrors=True)


def adopt(collection: MultiService, service: Any) -> Any:
    """Have a service that runs in a collection that runs, and return it."""
    service.parent = collection
    collection.services.append(service)
    if service.name is not None:
        collection.namedServices[service.name] = service
    return service
