"""
``reactorio run``: a program under plain Python, but that the name ``twisted`` is served by reactorio.

This process becomes that Python (exec), with an environment in which the alias turns itself on. So arguments,
``sys.path``, ``__main__``, tracebacks, signals and the exit status need no imitation: they are Python's. It costs a
second start of the interpreter, about 10 ms.
"""

from __future__ import annotations

import os
import sys

from reactorio import _alias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["main"]

_USAGE = """\
Usage: reactorio run [--reactor=NAME] FILE [arguments]
       reactorio run [--reactor=NAME] -m MODULE [arguments]
       reactorio run [--reactor=NAME] -c CODE [arguments]
       reactorio run [--reactor=NAME] - [arguments]

Run a program as `python` would, with `import twisted` served by reactorio, in the Pythons that it starts too.

  -r, --reactor=NAME  the event loop of the reactor: asyncio or uvloop
      --help          show this help and exit

Python's own options (-u, -X dev, -W error ...) may stand before FILE.
"""

_LOOPS = ("asyncio", "uvloop")

# Under these, Python does not run the sitecustomize that turns the alias on.
_REFUSED = {"E": "it ignores PYTHONPATH", "I": "it ignores PYTHONPATH", "S": "it does not import site"}


def main(arguments: list[str]) -> NoReturn:
    """Become the Python that runs what ``arguments``, the words after ``run``, say."""
    loop, arguments = _take_reactor(arguments)
    if not arguments or arguments[0] in ("--help", "-h"):
        print(_USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        sys.exit(0 if arguments else 2)
    inherited = _own_options()
    _refuse([*inherited, *arguments])
    if loop is not None:
        os.environ["REACTORIO_LOOP"] = loop
    _alias.inherit()
    # What a sitecustomize has printed would go with this process.
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *inherited, *arguments])


def _own_options() -> list[str]:
    """Return the options that this interpreter was started with (``python -X dev -m reactorio run ...``)."""
    if sys.orig_argv[1:2] == ["-m"] or not sys.orig_argv[1].startswith("-"):
        return []
    import subprocess  # not at the top: it costs 10 ms

    # multiprocessing passes the options on by the same function.
    options: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # not in typeshed
    return options


def _take_reactor(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Return the loop that is asked for, and the arguments without it."""
    loop = None
    while arguments:
        name, equals, value = arguments[0].partition("=")
        if name not in ("--reactor", "-r"):
            break
        if not equals:
            if len(arguments) < 2:
                _fail(f"{name} needs the name of an event loop")
            value = arguments.pop(1)
        if value not in _LOOPS:
            _fail(f"no event loop {value!r}: there are {' and '.join(_LOOPS)}")
        loop = value
        arguments = arguments[1:]
    if loop == "uvloop":
        _require_uvloop()
    return loop, arguments


def _require_uvloop() -> None:
    from importlib.util import find_spec

    if find_spec("uvloop") is None:
        _fail("uvloop is not installed: pip install 'reactorio[uvloop]'")


def _refuse(options: list[str]) -> None:
    """Fail on the options of Python's that would silently leave the alias off."""
    words = iter(options)
    for word in words:
        if not word.startswith("-") or word == "-":
            return
        if word.startswith("--"):
            continue
        for position, letter in enumerate(word[1:], 2):
            if letter in _REFUSED:
                _fail(f"python -{letter} cannot be used here: {_REFUSED[letter]}")
            if letter in "cm":
                return
            if letter in "WX":
                if position == len(word):
                    next(words, None)
                break


def _fail(message: str) -> NoReturn:
    print(f"reactorio run: {message}", file=sys.stderr)
    sys.exit(2)
