"""What can stand in the file of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.application._config.limits import size
from reactorio.application._config.schema import (
    Anything,
    Boolean,
    Key,
    ListOf,
    Number,
    OneOf,
    Problem,
    Table,
    Tables,
    Text,
)
from reactorio.application._operations.admin import Where
from reactorio.logger import InvalidLogLevelError, LogLevel
from reactorio.python.util import gidFromString, uidFromString

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reactorio.application._config.places import Path

__all__ = ["KINDS", "LAYOUT"]

# What a service is made from: exactly one of these.
KINDS = ("factory", "plugin", "service")


def _octal(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise ValueError(f"{text!r} is no octal number") from None


def _user(text: str) -> int:
    try:
        return uidFromString(text)
    except KeyError:
        raise ValueError(f"there is no user {text!r}") from None


def _group(text: str) -> int:
    try:
        return gidFromString(text)
    except KeyError:
        raise ValueError(f"there is no group {text!r}") from None


def _level(text: str) -> object:
    try:
        return LogLevel.levelWithName(text)
    except InvalidLogLevelError:
        levels = ", ".join(level.name for level in LogLevel.iterconstants())
        raise ValueError(f"{text!r} is no level: there are {levels}") from None


def _target(text: str) -> None:
    module, _, name = text.partition(":")
    if not module or not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise ValueError(f"{text!r} does not name anything: module:name does")


def _service_rule(service: dict[str, Any], path: Path) -> Iterator[Problem]:
    kinds = [kind for kind in KINDS if kind in service]
    if len(kinds) != 1:
        yield Problem(path, f"needs one of {', '.join(KINDS)}, and has {' and '.join(kinds) or 'none'}")
        return
    for name in ("endpoints", "connections"):
        if name in service and kinds != ["factory"]:
            yield Problem((*path, name), f"is for a factory: a {kinds[0]} listens by itself")
    if kinds == ["factory"] and not service.get("endpoints"):
        yield Problem(path, "needs endpoints: where is its factory to be served?")
    if "arguments" in service and kinds != ["plugin"]:
        yield Problem((*path, "arguments"), f"is for a plugin: what a {kinds[0]} takes is in options")


_SERVICE = Table(
    {
        "factory": Key(Text(_target), "module:name of what returns a protocol factory, called with options."),
        "plugin": Key(Text(), "The name of a launcher's plugin."),
        "service": Key(Text(_target), "module:name of what returns a service, called with options."),
        "endpoints": Key(ListOf(Text()), "Where the factory is served: tcp:8000, unix:/run/app.sock, ssl:443:..."),
        "connections": Key(Number(1), "How many connections the factory serves at once, over all endpoints."),
        "auth": Key(ListOf(Text()), "Who may log in: names of [cred], or checkers, as --auth has them."),
        "arguments": Key(ListOf(Text()), "What a plugin's command line has besides options."),
        "options": Key(Anything(), "Keyword arguments; of a plugin, the options of its command line."),
        "enabled": Key(Boolean(), "Whether it runs; it does by default."),
    },
    _service_rule,
)

LAYOUT = Table(
    {
        "application": Key(
            Table(
                {
                    "name": Key(Text(), "What it is called."),
                    "reactor": Key(OneOf(("asyncio", "uvloop")), "The event loop."),
                    "grace": Key(Number(0, fraction=True), "Seconds to finish what is under way when told to stop."),
                    "workers": Key(OneOf((Number(0, 1024), "auto")), "Processes that share the ports; 0 is none."),
                    "worker-timeout": Key(
                        Number(0, fraction=True), "Seconds without a sign of life after which a worker is killed."
                    ),
                    "admin": Key(ListOf(Text(Where.parse)), "Where operators and probes are answered."),
                    "daemon": Key(Boolean(), "Whether it leaves the terminal."),
                    "pidfile": Key(Text(), "The file that the process id is written to."),
                    "uid": Key(Text(_user), "The user that it runs as."),
                    "gid": Key(Text(_group), "The group that it runs as."),
                    "umask": Key(Text(_octal), "The file mode creation mask, octal."),
                    "chroot": Key(Text(), "The root that it runs in."),
                }
            ),
            "The process.",
        ),
        "log": Key(
            Table(
                {
                    "format": Key(OneOf(("text", "json")), "Lines for people, or flat JSON."),
                    "file": Key(Text(), "Where it is written; - is stdout."),
                    "level": Key(Text(_level), "What is less than this is not logged."),
                    "levels": Key(Tables(Text(_level)), "The same for loggers, by the beginnings of their names."),
                }
            ),
            "The log.",
        ),
        "limits": Key(
            Table(
                {
                    "open-files": Key(Number(16), "File descriptors; each connection is one."),
                    "processes": Key(Number(1), "Processes of the user."),
                    "memory": Key(Text(size), "Address space, for instance 2G."),
                    "core": Key(Text(size), "The size of a core file."),
                    "threads": Key(Number(1, 10_000), "Threads of the reactor's pool."),
                }
            ),
            "What the process may take of the machine.",
        ),
        "cred": Key(Tables(ListOf(Text())), "Checkers of credentials by names, for services' auth."),
        "services": Key(Tables(_SERVICE), "What runs, by name."),
    }
)
