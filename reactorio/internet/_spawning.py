"""
Starting a child with any map of descriptors. There are three ways, of which the first that will do is taken:

    subprocess      descriptors that keep their numbers or become the standard three; any directory and user
    posix_spawn     any descriptors, a terminal, and a parent that ignores signals; our directory and user
    subprocess with Python in the child     everything

The first two run nothing of Python between fork and exec, which other threads' locks could make hang.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

try:
    # What signal's own stands on, and does without its enumerations: they cost as much as a fifth of the whole spawn.
    from _signal import getsignal  # type: ignore[import-not-found]  # private to CPython
except ImportError:
    from signal import getsignal

from reactorio.internet._arranging import Arranger
from reactorio.internet._fileactions import file_actions, states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Spawned", "spawn"]

# What a shell says, and how it ends, when it cannot start a program; here it does it in the program's place.
_COULD_NOT_START = 'printf "%s\\n" "$1" >&2; exit 1'

_STANDARD = ("stdin", "stdout", "stderr")

_ALWAYS_RESET = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores them; subprocess sees to these itself

_SIGNALS = sorted(set(map(int, signal.valid_signals())) - set(_ALWAYS_RESET))

_LINUX = sys.platform.startswith("linux")


class Spawned:
    """A child that has been started, in the hands of whoever reaps it."""

    def __init__(self, pid: int, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._popen = popen

    def reaped(self, status: int) -> None:
        """The child is no more, with this status from ``os.waitpid``."""
        if self._popen is not None:
            self._popen.returncode = os.waitstatus_to_exitcode(status)


def spawn(
    executable: str | bytes,
    args: Sequence[str | bytes],
    environment: Mapping[Any, Any] | None,
    path: str | bytes | None,
    uid: int | None,
    gid: int | None,
    descriptors: Mapping[int, int],
    terminal: int | None = None,
) -> Spawned:
    """
    Start ``executable``. What keeps it from being started is for the child to tell: exit code 1 and a line on its
    standard error.

    Args:
        executable: A path, or a name to be found on the child's PATH or else on ours.
        environment: The child's; None for ours.
        descriptors: Which of our descriptors are the child's, by the child's numbers; it gets no others.
        terminal: The one of ``descriptors`` that becomes the controlling terminal of the child's new session.

    Raises:
        TypeError: An argument or a variable is neither text nor bytes, or has a NUL in it.
        OSError: The system has no room for another child.
    """
    command = [_checked(argument) for argument in args] or [b""]
    variables = None if environment is None else {_checked(k): _checked(v) for k, v in environment.items()}
    ignored = _ignored_signals()
    plain = terminal is None and not ignored and not _have_to_move(descriptors)
    ours = path is None and uid is None and gid is None
    options: dict[str, Any] = {"env": variables, **_standard_descriptors(descriptors)}
    try:
        program = _find(_checked(executable), variables)
        if not plain and ours:
            spawned = _by_posix_spawn(program, command, variables, descriptors, ignored, terminal)
            if spawned is not None:
                return spawned
        more: dict[str, Any] = {"cwd": path, "user": uid, "group": gid, "extra_groups": _groups_of(uid, gid)}
        if plain:
            more["pass_fds"] = tuple(number for number in descriptors if number > 2)
        else:
            more["close_fds"] = False
            more["preexec_fn"] = Arranger(dict(descriptors), ignored, terminal)
            more["start_new_session"] = terminal is not None
        return _by_subprocess(command, program, {**options, **more})
    except (OSError, subprocess.SubprocessError) as error:
        if isinstance(error, BlockingIOError):
            raise  # no room for another child
        line = f"Upon execvpe {os.fsdecode(executable)}: {error}".encode(errors="surrogateescape")
        return _by_subprocess(["sh", "-c", _COULD_NOT_START, "sh", line], b"/bin/sh", options)


def _by_subprocess(command: Sequence[str | bytes], program: bytes, options: dict[str, Any]) -> Spawned:
    # The program's name is what the child sees first of its arguments, wherever it lies.
    popen = subprocess.Popen(command, executable=program, **options)
    return Spawned(popen.pid, popen)


def _by_posix_spawn(
    program: bytes,
    command: Sequence[bytes],
    variables: Mapping[bytes, bytes] | None,
    descriptors: Mapping[int, int],
    ignored: Sequence[int],
    terminal: int | None,
) -> Spawned | None:
    """Return None where the system cannot do it this way."""
    actions: list[tuple[Any, ...]] = []
    known = states()
    if terminal is not None:
        try:
            name = os.ttyname(terminal)
        except OSError:
            return None  # it is one of another container's
        if not _LINUX or len(set(descriptors.values())) > 1:
            return None
        # On Linux, the first terminal that the leader of a session opens is its controlling one.
        actions.append((os.POSIX_SPAWN_OPEN, 0, name, os.O_RDWR, 0))
        known = [(0, False), *((number, closes) for number, closes in known if number != 0)]
        descriptors = dict.fromkeys(descriptors, 0)
    actions += file_actions(known, descriptors, os.POSIX_SPAWN_CLOSE, os.POSIX_SPAWN_DUP2)
    environment = os.environ if variables is None else variables
    try:
        pid = os.posix_spawn(
            program,
            list(command),
            environment,
            file_actions=actions,
            setsid=terminal is not None,
            setsigdef=(*ignored, *_ALWAYS_RESET),
        )
    except NotImplementedError:
        return None  # without setsid
    return Spawned(pid)


def _checked(text: str | bytes) -> bytes:
    if isinstance(text, str):
        try:
            text = os.fsencode(text)
        except UnicodeEncodeError as error:
            raise TypeError(f"Arguments contain a non-string value: {text!r}") from error
    if not isinstance(text, bytes) or b"\0" in text:
        raise TypeError(f"Arguments contain a non-string value: {text!r}")
    return text


def _find(program: bytes, environment: Mapping[bytes, bytes] | None) -> bytes:
    """
    Return the path of ``program``.

    Raises:
        FileNotFoundError: It is a name, and nothing that can be run has it.
    """
    if b"/" in program:
        return program
    searched = [os.fsencode(directory) for directory in os.get_exec_path()]
    if environment is not None and b"PATH" in environment:
        searched = [*environment[b"PATH"].split(b":"), *searched]
    for directory in searched:
        candidate = os.path.join(directory or b".", program)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fsdecode(program))


def _groups_of(uid: int | None, gid: int | None) -> list[int] | None:
    """The groups of the child's user, which take the place of ours."""
    if (uid is None and gid is None) or os.geteuid() != 0:
        return None
    import pwd  # only those who change users need it

    try:
        entry = pwd.getpwuid(os.geteuid() if uid is None else uid)
    except KeyError:
        return []
    return os.getgrouplist(entry.pw_name, os.getgid() if gid is None else gid)


def _standard_descriptors(descriptors: Mapping[int, int]) -> dict[str, int]:
    return {name: descriptors[number] for number, name in enumerate(_STANDARD) if number in descriptors}


def _ignored_signals() -> list[int]:
    """What we ignore, the child shall not; subprocess sees to those that Python itself ignores."""
    return [number for number in _SIGNALS if getsignal(number) == signal.SIG_IGN]


def _have_to_move(descriptors: Mapping[int, int]) -> bool:
    """Are there descriptors above 2 whose number changes, or is one of the standard three not wanted?"""
    moved = any(number > 2 and number != ours for number, ours in descriptors.items())
    return moved or any(number not in descriptors for number in (0, 1, 2))
