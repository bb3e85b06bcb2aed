"""
``reactorio unit``: a systemd unit for a service of the launcher, hardened.

What it forbids is what a network service in Python does not do. What yours does is allowed by an option, or by a
drop-in (``systemctl edit``) with another value.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application._operations.options import GRACE, seconds
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Options", "main", "service_unit", "socket_unit"]

_NAME = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?")

# The first systemd with notify-reload is 253; before that a command has to send the signal.
_TYPES = {"notify-reload": (), "notify": ("ExecReload=/bin/kill -HUP $MAINPID",)}

_HARDENING = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome={protect_home}
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
{capabilities}
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
UMask=0077"""

_NO_CAPABILITIES = "PrivateUsers=yes\nCapabilityBoundingSet="
_LOW_PORTS = "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE"


class Options(usage.Options):
    """The command line of ``reactorio unit``."""

    synopsis = "Usage: reactorio unit [options] NAME COMMAND..."
    longdesc = (
        "Print a systemd unit, NAME.service, that runs what `reactorio COMMAND...` would: `serve app.toml`, "
        "`-y app.tac`, or a plugin's name and its options. With --socket, print the NAME.socket that belongs to it."
    )

    optFlags: ClassVar[list[list[Any]]] = [
        ["low-ports", None, "Let it bind ports below 1024."],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["type", None, "notify-reload", f"The type of the service: {' or '.join(_TYPES)} (before systemd 253)."],
        ["user", None, None, "The user that it runs as; by default one that exists while it runs (DynamicUser)."],
        ["grace", None, None, "Seconds that it may take to finish what is under way when it is stopped.", seconds],
        ["watchdog", None, 30.0, "Seconds after which it is restarted if its loop hangs; 0 is never.", seconds],
        ["description", None, None, "A line on what it is; by default its name."],
        ["socket", None, None, "A port, address:port or path that systemd listens on for it."],
        ["fdname", None, None, "What --socket is called: systemd:domain=INET:name=FDNAME; by default NAME."],
    ]

    def parseArgs(self, name: str = "", *command: str) -> None:
        self["name"] = name
        self["command"] = command

    def postOptions(self) -> None:
        if not _NAME.fullmatch(self["name"]):
            raise usage.UsageError(f"{self['name']!r} is no name of a unit")
        if self["type"] not in _TYPES:
            raise usage.UsageError(f"the type is one of {', '.join(_TYPES)}")
        if self["socket"] is None and not self["command"]:
            raise usage.UsageError("what is it to run?")
        for text in (*self["command"], *(self[key] for key in ("user", "description", "socket", "fdname"))):
            if text is not None and not text.isprintable():
                raise usage.UsageError(f"{text!r} cannot stand in a unit")


def main(arguments: list[str]) -> None:
    """Print the unit that ``arguments``, the words after ``unit``, ask for."""
    options = Options()
    try:
        options.parseOptions(arguments)
        unit = service_unit(options) if options["socket"] is None else socket_unit(options)
    except usage.UsageError as error:
        print(f"reactorio unit: {error}", file=sys.stderr)
        sys.exit(2)
    kind = "service" if options["socket"] is None else "socket"
    print(f"# {shlex.join(['reactorio', 'unit', *arguments])} > /etc/systemd/system/{options['name']}.{kind}")
    print(unit, end="")


def service_unit(options: Options) -> str:
    """Return the service's unit."""
    name = options["name"]
    command = _launcher(list(options["command"]), options["grace"])
    user = "DynamicUser=yes" if options["user"] is None else f"User={_escaped(options['user'])}"
    lines = [
        "[Unit]",
        f"Description={_escaped(options['description'] or name)}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        f"Type={options['type']}",
        f"ExecStart={_quoted(command)}",
        *_TYPES[options["type"]],
        *([f"WatchdogSec={options['watchdog']:g}"] if options["watchdog"] else []),
        # Beyond the grace, which the service extends by itself while it drains, for the services' own end.
        f"TimeoutStopSec={(options['grace'] or GRACE) + 15:g}",
        "Restart=on-failure",
        # A file that is wrong is no better the next time.
        *(["RestartPreventExitStatus=78"] if options["command"][0] == "serve" else []),
        "RestartSec=1",
        "KillMode=mixed",
        "NotifyAccess=main",
        user,
        f"StateDirectory={name}",
        f"RuntimeDirectory={name}",
        f"WorkingDirectory=%S/{name}",
        "LimitNOFILE=65536",
        "",
        "# What a network service in Python does not do:",
        _HARDENING.format(
            protect_home="read-only" if _needs_home(command) else "yes",
            capabilities=_LOW_PORTS if options["low-ports"] else _NO_CAPABILITIES,
        ),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def socket_unit(options: Options) -> str:
    """Return the unit of the socket."""
    name = options["name"]
    lines = [
        "[Unit]",
        f"Description=Socket of {_escaped(options['description'] or name)}",
        "",
        "[Socket]",
        f"ListenStream={_escaped(options['socket'])}",
        f"FileDescriptorName={_escaped(options['fdname'] or name)}",
        "",
        "[Install]",
        "WantedBy=sockets.target",
    ]
    return "\n".join(lines) + "\n"


def _launcher(command: list[str], grace: float | None) -> list[str]:
    """Return the command for this Python, with files by their whole paths, in the foreground."""
    if command[0] in ("completion", "ctl", "plugins", "run", "trial", "unit"):
        raise usage.UsageError(f"{command[0]} is no service")
    words = list(_with_paths(command))
    # What the command says by itself stands later, and counts.
    given = [] if grace is None else [f"--grace={grace:g}"]
    if words[0] == "serve":
        words[1:1] = given
    elif words[0] != "twist":
        if words[0] == "twistd":
            del words[0]
        words[:0] = ["-n", "--pidfile=", *(given or [f"--grace={GRACE:g}"])]
    return [sys.executable, "-m", "reactorio", *words]


def _with_paths(command: Sequence[str]) -> Iterator[str]:
    """Yield the words, of files that exist the whole path: the unit's directory is another."""
    for word in command:
        yield os.path.abspath(word) if os.path.isfile(word) else word


def _needs_home(command: Sequence[str]) -> bool:
    return any(path.startswith(("/home/", "/root/", "/run/user/")) for path in (sys.prefix, *command))


def _quoted(words: Sequence[str]) -> str:
    """Return a command as ExecStart has it; in quotes, too, backslashes and dollars mean something there."""
    return " ".join(_escaped(_in_quotes(word)).replace("$", "$$") for word in words)


def _in_quotes(word: str) -> str:
    if re.fullmatch(r"[\w@%+=:,./$-]+", word, re.ASCII):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escaped(text: str) -> str:
    # A percent sign begins a specifier.
    return text.replace("%", "%%")
