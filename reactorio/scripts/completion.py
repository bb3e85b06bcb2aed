"""``reactorio completion``: what has a shell complete the command's words; and the answers when the shell asks."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from reactorio.python import _shellcomp, usage
from reactorio.scripts.twistd import ServerOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["answer", "main"]

_COMMANDS = {
    "completion": "What has a shell complete these commands.",
    "ctl": "Ask a running service.",
    "plugins": "List the plugins.",
    "run": "Run a program.",
    "serve": "Run the services that a file asks for.",
    "trial": "Run tests.",
    "twist": "Run the service of a plugin in the foreground.",
    "twistd": "Run an application, or the service of a plugin.",
    "unit": "Print a systemd unit.",
}


def main(arguments: list[str]) -> None:
    """Print the program for the shell that the first of the arguments names, and for a command or ``reactorio``."""
    shell, command, *more = [*arguments, "reactorio"][: max(2, len(arguments))]
    if shell not in _shellcomp.SCRIPTS or more:
        known = "|".join(sorted(_shellcomp.SCRIPTS))
        print(f"reactorio: {' '.join(arguments)!r} is no shell: reactorio completion {known}", file=sys.stderr)
        sys.exit(2)
    print(_shellcomp.script(shell, command), end="")


class _Commands(ServerOptions):
    """The launcher's options, with the commands that are not plugins."""

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Callable[[], Any], str]]:
        yield from super().subCommands
        for name, description in _COMMANDS.items():
            yield name, None, partial(_options_of, name), description


def answer(words: list[str]) -> None:
    """Answer a shell that asks (see `_shellcomp`)."""
    _Commands().parseOptions(words)


def _options_of(command: str) -> Any:
    if command == "trial":
        from reactorio.scripts._trialoptions import Options  # only for this command: it imports trial

        return Options()
    if command == "twist":
        from reactorio.application.twist._options import TwistOptions

        return TwistOptions()
    return ServerOptions() if command == "twistd" else usage.Options()
