"""The launcher as a supervisor of workers, each of which is the launcher with the same command line."""

from __future__ import annotations

import sys
from typing import Any

from reactorio.application import service
from reactorio.application._operations.fleet import FleetPages
from reactorio.application._operations.options import GRACE
from reactorio.application._operations.supervisor import Supervisor, command_again
from reactorio.application._operations.worker import Worker
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.internet.task import LoopingCall
from reactorio.scripts._twistd_unix import UnixApplicationRunner

__all__ = ["SupervisorRunner", "runner_for"]

# How often it is looked whether the log that workers write to is full.
_LOOK = 10.0


class SupervisorRunner(UnixApplicationRunner):
    """
    Runs no application, but workers that do.

    What the command line says of the process (a daemon, its pid file) is about this one; what it says of privileges and
    of directories is for the workers, which need this process as it was to get their sockets.
    """

    def __init__(self, config: Any) -> None:
        workers = {key: config[key] for key in ("workers", "worker-timeout")}
        number = workers["workers"]
        if config["grace"] is None:
            config["grace"] = GRACE
        config.update(no_save=True, strict=True, chroot=None, uid=None, gid=None, rundir=".")
        config.update(pages=FleetPages, parts=f"{number} worker{'' if number == 1 else 's'}")
        super().__init__(config)
        self._workers = workers

    def createOrGetApplication(self) -> Any:
        application = service.Application("workers")
        reactor = _maybeGlobalReactor(None)
        command = command_again(self.config.get("command") or ["twistd", *sys.argv[1:]])
        supervisor = Supervisor(
            reactor, command, self._workers["workers"], self._workers["worker-timeout"], bool(self.config.get("admin"))
        )
        supervisor.check = self.config.get("check", supervisor.check)
        supervisor.setServiceParent(application)
        return application

    def startReactor(self, reactor: Any, oldstdout: Any, oldstderr: Any) -> None:
        file = getattr(self.logger, "_file", None)
        if file is not None:
            looking = LoopingCall(file.turn_over_if_full)
            looking.clock = _maybeGlobalReactor(reactor)
            looking.start(_LOOK, now=False)
        super().startReactor(reactor, oldstdout, oldstderr)


def runner_for(config: Any, alone: type[UnixApplicationRunner] = UnixApplicationRunner) -> UnixApplicationRunner:
    """
    Return what runs an application as ``config`` and the environment say: alone, as a worker, or by workers.

    Args:
        alone: What runs it in one process.
    """
    worker = Worker.from_environment()
    if worker is not None:
        worker.join(config)
    elif config["workers"]:
        return SupervisorRunner(config)
    return alone(config)
