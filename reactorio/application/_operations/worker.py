"""
A process that is one of several: it gets its ports' sockets from its supervisor, tells it how it is, and ends with it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio import sharing
from reactorio.application._notify import Notifier
from reactorio.application._operations.admin import Where
from reactorio.application._operations.channel import Channel
from reactorio.application._operations.options import GRACE
from reactorio.internet.endpoints import _SystemdParser
from reactorio.internet.interfaces import IReadDescriptor
from reactorio.logger import Logger
from reactorio.python.systemd import ListenFDs

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = ["ENVIRONMENT", "Worker"]

_log = Logger(namespace="reactorio.application.workers")

# What a supervisor tells a worker by it, as JSON.
ENVIRONMENT = "REACTORIO_WORKER"

# A supervisor answers at once, or there is something wrong with it.
_PATIENCE = 30.0


@implementer(IReadDescriptor)
class Worker(Notifier):
    """
    This process, as one of several.

    It is its ports' source of sockets, until it is ready: what listens later, for one client or for one purpose, is its
    own. And it stands in the place of the service manager's `Notifier`: what a run tells that, the supervisor hears.

    Attributes:
        number: From 0.
        listens, watchdog_seconds: As a `Notifier` has them.
    """

    listens = True

    def __init__(self, channel: Channel, number: int, watchdog_seconds: float, admin: str | None) -> None:
        self._channel = channel
        self.number = number
        self.watchdog_seconds = watchdog_seconds
        self._admin = [] if admin is None else [Where(f"unix:{admin}", path=admin)]
        self._any_ports = 0
        self._on_end: Callable[[bool], object] = lambda at_once: None

    @classmethod
    def from_environment(cls) -> Worker | None:
        """Return this process as a worker, if it is one; those that it starts are not."""
        told = os.environ.pop(ENVIRONMENT, "")
        if not told:
            return None
        facts = json.loads(told)
        sock = socket.socket(fileno=facts["channel"])
        os.set_inheritable(sock.fileno(), False)
        # The supervisor's sockets of its service manager come along.
        _SystemdParser._sddaemon = ListenFDs(facts["inherited"], tuple(facts["names"]))
        return cls(Channel(sock), facts["number"], facts["seconds"], facts["admin"])

    def join(self, config: Any) -> None:
        """Become what ``config``, the command line of all, means for one: in the foreground, with shared ports."""
        if not config["nodaemon"] and not config["logfile"]:
            config["logfile"] = "twistd.log"
        if config["grace"] is None:
            config["grace"] = GRACE
        config.update(nodaemon=True, pidfile="", workers=0, admin=self._admin, worker=self)
        sharing.set_source(self)
        for number in (signal.SIGINT, signal.SIGHUP):
            # A terminal sends them to all of its processes, and the supervisor says what is to be done.
            signal.signal(number, _leave_to_supervisor)

    # ---- ports

    def take(self, kind: str, **where: str | int | bool) -> socket.socket | None:
        """Return the socket that all workers share; see `reactorio.aio.sharing.Source`."""
        if where.get("port") == 0:
            if kind == "udp":
                # Some port, for answers that are this process's.
                return None
            # All are to have the same: the first the first of the others, and so on.
            where["which"] = self._any_ports
            self._any_ports += 1
        self._channel.set_timeout(_PATIENCE)
        self._channel.send({"take": {"kind": kind, **where}})
        reply, sock = self._channel.receive()
        if sock is None:
            raise OSError(*reply["refused"])
        return sock

    # ---- what a run tells

    def ready(self, status: str = "Running") -> None:
        sharing.set_source(None)
        self._tell(ready=status)

    def reloading(self) -> None:
        self._tell(status="Reloading")

    def stopping(self, status: str = "Stopping") -> None:
        self._tell(stopping=status)

    def ports_closed(self) -> None:
        self._tell(closed=True)

    def status(self, text: str) -> None:
        self._tell(status=text)

    def alive(self) -> None:
        self._tell(alive=True)

    def extend_timeout(self, seconds: float) -> None:
        """Nothing: a supervisor gives its workers the time that they were told to take."""

    def close(self) -> None:
        """Nothing: the channel is closed with the process, which is how the supervisor knows."""

    def _tell(self, **message: object) -> None:
        try:
            self._channel.set_timeout(0)
            self._channel.send(message)
        except OSError as error:
            _log.warn("Cannot tell the supervisor {message}: {error}", message=message, error=error)

    # ---- what the supervisor says

    def watch(self, reactor: Any, on_end: Callable[[bool], object]) -> None:
        """Call ``on_end`` when the supervisor says so, or is gone; its argument is whether that means at once."""
        self._on_end = on_end
        self._reactor = reactor
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._channel.fileno()

    def doRead(self) -> None:
        at_once = True
        try:
            self._channel.set_timeout(0)
            self._channel.receive()
        except BlockingIOError:
            return
        except (EOFError, OSError):
            _log.warn("The supervisor is gone.")
            self._reactor.removeReader(self)
            at_once = False
        self._on_end(at_once)

    def connectionLost(self, reason: Failure) -> None:
        """Nothing: the reactor stops, and this process with it."""

    def logPrefix(self) -> str:
        return f"worker {self.number}"


def _leave_to_supervisor(number: int, frame: object) -> None: ...
