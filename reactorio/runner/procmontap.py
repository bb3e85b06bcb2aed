"""The command ``procmon``: one process, supervised."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from reactorio.python import usage
from reactorio.runner.procmon import ProcessMonitor

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """How long a process lives and waits, and its command line."""

    synopsis = "[procmon options] commandline"

    optParameters: ClassVar[list[list[Any]]] = [
        ["threshold", "t", 1, "How many seconds a process has to live to be started again at once.", float],
        ["killtime", "k", 5, "How many seconds a process has to stop, before it is killed.", float],
        [
            "minrestartdelay",
            "m",
            1,
            "How many seconds to wait before a process is started again that did not live that long; each time twice as many.",
            float,
        ],
        ["maxrestartdelay", "M", 3600, "How many seconds to wait at most.", float],
    ]

    longdesc = (
        "Run a process, write its output to the log, and start it again when it ends: at once if it lived for a while, "
        "later and later if it did not. For example: procmon sleep 10"
    )
    compData = usage.Completions(extraActions=[usage.CompleteFiles(descr="command line", repeat=True)])

    def parseArgs(self, *args: str) -> None:
        self["args"] = list(args)

    def postOptions(self) -> None:
        if not self["args"]:
            raise usage.UsageError("Please specify a process commandline")


def makeService(config: Options) -> ProcessMonitor:
    """
    Return a supervisor of the process that the command line names.

    Unlike Twisted: the process gets the environment of this one, not an empty one.
    """
    monitor = ProcessMonitor()
    monitor.threshold = config["threshold"]
    monitor.killTime = config["killtime"]
    monitor.minRestartDelay = config["minrestartdelay"]
    monitor.maxRestartDelay = config["maxrestartdelay"]
    monitor.addProcess(" ".join(config["args"]), config["args"], env=dict(os.environ))
    return monitor
