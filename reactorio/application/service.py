"""
Services: what an application starts and stops, as a tree.

    Application     the root, as a launcher wants it
    MultiService    a node
    Service         a leaf, and the base of both
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol, implementer
from reactorio.application import _hooks
from reactorio.internet.defer import Deferred, DeferredList, maybeDeferred
from reactorio.logger import Logger
from reactorio.persisted import sob
from reactorio.plugin import IPlugin
from reactorio.python.components import Componentized
from reactorio.python.reflect import namedAny

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Application",
    "IProcess",
    "IService",
    "IServiceCollection",
    "IServiceMaker",
    "MultiService",
    "Process",
    "Service",
    "ServiceMaker",
    "loadApplication",
]

_log = Logger()


class IServiceMaker(Interface, Protocol):
    """A plugin that makes a service from the command line."""

    tapname: str = Attribute("The name of the command.")
    description: str = Attribute("One line for the help text.")
    options: Any = Attribute("A usage.Options class, or a callable that makes an instance of one.")

    def makeService(self, options: Any) -> IService:
        """Return the service that ``options``, parsed, ask for."""


class IService(Interface, Protocol):
    """Something that can be started and stopped."""

    name: str | None = Attribute("Its name among its siblings, or None.")
    running: bool = Attribute("Whether it is started.")
    parent: Any = Attribute("The collection that it is in, or None.")

    def setName(self, name: str) -> None:
        """Name the service. RuntimeError if it has a parent already."""

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Move the service into ``parent``; it starts if that is running."""

    def disownServiceParent(self) -> Any:
        """Take the service out of its parent. Returns what stopping it returned, if it was running."""

    def startService(self) -> Any:
        """Start."""

    def stopService(self) -> Any:
        """Stop. A Deferred or an awaitable that is returned ends when it has stopped."""

    def privilegedStartService(self) -> Any:
        """Do, before `startService`, what needs the privileges that the process is about to drop."""


class IServiceCollection(Interface, Protocol):
    """A container of services."""

    def getServiceNamed(self, name: str) -> IService:
        """Return the child with that name, or raise KeyError."""

    def __iter__(self) -> Iterator[IService]:
        """Iterate over the children."""

    def addService(self, service: IService) -> None:
        """Take a child in; for services to call from setServiceParent."""

    def removeService(self, service: IService) -> Any:
        """Let a child go; for services to call from disownServiceParent."""


class IProcess(Interface, Protocol):
    """How the process shall look that runs an application."""

    processName: str | None = Attribute("Its name, or None for the name that it has.")
    uid: int | None = Attribute("The user that it shall run as, or None for no change.")
    gid: int | None = Attribute("The group that it shall run as, or None for no change.")


@implementer(IService)
class Service:
    """
    A service that does nothing when started and stopped. Subclasses extend the methods.

    Each of these may be a coroutine function too. Stopping waits for it; of starting, an error is logged.
    """

    running: Any = 0
    name: str | None = None
    parent: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("running", "_starting")}

    def setName(self, name: str) -> None:
        if self.parent is not None:
            raise RuntimeError("cannot change the name of a service that has a parent")
        self.name = name

    def setServiceParent(self, parent: Any) -> None:
        if self.parent is not None:
            self.disownServiceParent()
        collection = IServiceCollection.adapt(parent, parent)
        self.parent = collection
        try:
            collection.addService(self)
        except BaseException:
            self.parent = None
            raise

    def disownServiceParent(self) -> Any:
        removed = self.parent.removeService(self)
        self.parent = None
        return removed

    def privilegedStartService(self) -> Any:
        pass

    def startService(self) -> Any:
        self.running = 1

    def stopService(self) -> Any:
        self.running = 0

    def when_ready(self) -> Any:
        """
        Return a Deferred that fires when the service does what it is for, or None if it does by now.

        It is asked once `startService` was called, and by whoever has to tell others: a service manager, a load
        balancer. A coroutine, or the Deferred of one, that `startService` returned is waited for in any case.
        """

    def drain(self) -> Any:
        """
        Begin nothing new, and return a Deferred that fires when what is under way is over, or None if nothing is.

        It is called before `stopService`, when the process may take some time to end (``--grace``). Ports and
        connections need no drain: see ``docs/operations.md``.
        """

    def reload(self) -> Any:
        """
        Read again, and check, what the service was set up by: configuration, certificates, tables.

        Returns:
            None, or what puts it to use, or a Deferred of one of these. What puts it to use is called without
            arguments, and only if every other service is content with what it has read.

        Raises:
            Exception: What there is to read is no good: nothing changes, here and in the other services.
        """


@implementer(IServiceCollection)
class MultiService(Service):
    """A service made of others, started in the order in which they came and stopped in the reverse."""

    def __init__(self) -> None:
        self.services: list[Any] = []
        self.namedServices: dict[str, Any] = {}
        self.parent = None

    def privilegedStartService(self) -> Any:
        super().privilegedStartService()
        for service in self.services:
            _started(service, service.privilegedStartService())

    def startService(self) -> Any:
        super().startService()
        for service in self.services:
            _started(service, service.startService())

    def stopService(self) -> Any:
        super().stopService()
        return DeferredList([maybeDeferred(service.stopService) for service in reversed(self.services)])

    def when_ready(self) -> Any:
        return _hooks.all_ready(self)

    def drain(self) -> Any:
        return _hooks.drain_all(self)

    def reload(self) -> Any:
        return _hooks.reload_all(self)

    def getServiceNamed(self, name: str) -> Any:
        return self.namedServices[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.services)

    def addService(self, service: Any) -> None:
        if service.name is not None:
            if service.name in self.namedServices:
                raise RuntimeError(f"cannot have two services with the same name {service.name!r}")
            self.namedServices[service.name] = service
        self.services.append(service)
        if self.running:
            # Too late for privileges, but not for what a service does at that stage.
            _started(service, service.privilegedStartService())
            _started(service, service.startService())

    def removeService(self, service: Any) -> Any:
        if service.name is not None:
            del self.namedServices[service.name]
        self.services.remove(service)
        if not self.running:
            return None
        stopped = service.stopService()
        return Deferred.fromCoroutine(stopped) if iscoroutine(stopped) else stopped


def _started(service: object, result: Any) -> None:
    """Drive the coroutine that a start method was, if it was one."""
    _hooks.note_start(service, result)


@implementer(IProcess)
class Process:
    """User, group and name of a process."""

    processName: str | None = None

    def __init__(self, uid: int | None = None, gid: int | None = None) -> None:
        self.uid = uid
        self.gid = gid


def Application(name: str, uid: int | None = None, gid: int | None = None) -> Componentized:
    """
    Return the root of an application: adapt it to IService, IServiceCollection, IProcess or IPersistable.

    Args:
        uid: The user to run as, once what needs privileges is done.
        gid: The group likewise.
    """
    application = Componentized()
    services = MultiService()
    services.setName(name)
    application.setComponent(IService, services)
    application.setComponent(IServiceCollection, services)
    application.setComponent(IProcess, Process(uid, gid))
    application.setComponent(sob.IPersistable, sob.Persistent(application, name))
    return application


def loadApplication(filename: str, kind: str, passphrase: None = None) -> Any:
    """
    Read an application from a file.

    Args:
        kind: ``python`` for a file that leaves it in the variable ``application``, ``pickle`` or ``source`` for a
            saved one.
        passphrase: Of no use: nothing is encrypted.
    """
    if passphrase is not None:
        raise TypeError("files are not encrypted: no passphrase is of use")
    return sob.loadValueFromFile(filename, "application") if kind == "python" else sob.load(filename, kind)


@implementer(IPlugin, IServiceMaker)
class ServiceMaker:
    """
    A plugin that names the module with the real thing, and imports it when its command is given.

    Args:
        name: A name for people.
        module: The dotted name of a module with ``Options`` and ``makeService``.
    """

    def __init__(self, name: str, module: str, description: str, tapname: str) -> None:
        self.name = name
        self.module = module
        self.description = description
        self.tapname = tapname

    @property
    def options(self) -> Any:
        return namedAny(self.module).Options

    @property
    def makeService(self) -> Any:
        return namedAny(self.module).makeService
