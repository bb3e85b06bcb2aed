"""``reactorio ctl``: what an operator asks a running service, by the UNIX socket that ``--admin`` gave it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, ClassVar

from reactorio.application._operations.admin import Where
from reactorio.application._operations.asking import ask
from reactorio.python import usage

__all__ = ["Options", "main"]

_ACTIONS = {
    "status": ("GET", "/status", "how things stand"),
    "tree": ("GET", "/tree", "what it waits for; or where its threads are, if its loop hangs"),
    "track": ("POST", "/track", "keep track of Deferreds from now on, for tree"),
    "metrics": ("GET", "/metrics", "figures"),
    "reload": ("POST", "/reload", "take up what has changed; the exit status says whether it was good"),
    "stop": ("POST", "/stop", "end, giving what is under way its time"),
}

# A reload may take so long.
_PATIENCE = 90.0

# sysexits.h: nobody is there.
_UNAVAILABLE = 69


class Options(usage.Options):
    """The command line of ``reactorio ctl``."""

    synopsis = "Usage: reactorio ctl [--admin unix:PATH] ACTION"
    longdesc = "Actions: " + "; ".join(f"{name}: {about}" for name, (_, _, about) in _ACTIONS.items())

    optFlags: ClassVar[list[list[Any]]] = [["json", None, "Print status as JSON."]]
    optParameters: ClassVar[list[list[Any]]] = [
        ["admin", "a", None, "The address that the service was given; by default that in REACTORIO_ADMIN."],
    ]

    def parseArgs(self, action: str = "") -> None:
        if action not in _ACTIONS:
            raise usage.UsageError(f"the action is one of {', '.join(_ACTIONS)}, not {action!r}")
        self["action"] = action

    def postOptions(self) -> None:
        text = self["admin"] or os.environ.get("REACTORIO_ADMIN")
        if not text:
            raise usage.UsageError("where is it? --admin unix:PATH, or REACTORIO_ADMIN")
        try:
            where = Where.parse(text if text.startswith("unix:") else f"unix:{text}")
        except ValueError as error:
            raise usage.UsageError(str(error)) from None
        self["path"] = where.path


def main(arguments: list[str]) -> None:
    """Do what ``arguments``, the words after ``ctl``, say."""
    options = Options()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as error:
        print(f"reactorio ctl: {error}", file=sys.stderr)
        sys.exit(2)
    method, page, _ = _ACTIONS[options["action"]]
    try:
        status, body = ask(options["path"], method, page, _PATIENCE)
    except OSError as error:
        print(f"reactorio ctl: {options['path']}: {error.strerror or error}", file=sys.stderr)
        sys.exit(_UNAVAILABLE)
    if options["action"] == "status" and status == 200 and not options["json"]:
        body = _for_people(json.loads(body))
    print(body, end="", file=sys.stdout if status == 200 else sys.stderr)
    sys.exit(0 if status == 200 else 1)


def _for_people(status: dict[str, Any]) -> str:
    lines = [f"{status['state']}: {status['status']}", f"pid {status['pid']}, up {status['uptime_seconds']:.0f} s"]
    if status["loop_stalled_seconds"] > 1:
        lines.append(f"the loop has not turned for {status['loop_stalled_seconds']:.1f} s")
    lines += [f"{one['listener']}  {one['connections']} connections" for one in status["listeners"]]
    lines += _service_lines(status["services"], "")
    for worker in status.get("workers", ()):
        lines.append(
            f"worker {worker['worker']}, pid {worker['pid']}, restarted {worker['restarts']} times: {worker['status']}"
        )
        if worker["answer"] is not None:
            lines += [f"  {one['listener']}  {one['connections']} connections" for one in worker["answer"]["listeners"]]
    return "\n".join(lines) + "\n"


def _service_lines(service: dict[str, Any], indent: str) -> list[str]:
    name = f"{service['name']} ({service['kind']})" if service["name"] else service["kind"]
    line = f"{indent}{name}{'' if service['running'] else ', not running'}"
    return [line, *(inner for one in service.get("services", ()) for inner in _service_lines(one, indent + "  "))]
