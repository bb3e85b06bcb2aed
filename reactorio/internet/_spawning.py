"""Starting a child with any map of descriptors."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Spawned", "open_descriptors", "spawn"]

# What a shell says, and how it ends, when it cannot start a program; here it does it in the program's place.
_COULD_NOT_START = 'printf "%s\\n" "$1" >&2; exit 1'

_STANDARD = ("stdin", "stdout", "stderr")


class Spawned:
    """A child that has been started, in the hands of whoever reaps it."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self.pid = popen.pid

    def reaped(self, status: int) -> None:
        """The child is no more, with this status from ``os.waitpid``."""
        self._popen.returncode = os.waitstatus_to_exitcode(status)


def spawn(
    executable: str | bytes,
    args: Sequence[str | bytes],
    environment: Mapping[Any, Any] | None,
    path: str | bytes | None,
    uid: int | None,
    gid: int | None,
    descriptors: Mapping[int, int],
    in_child: Callable[[], object] | None = None,
) -> Spawned:
    """
    Start ``executable``. What keeps it from being started is for the child to tell: exit code 1 and a line on its
    standard error.

    Args:
        environment: The child's; None for ours.
        descriptors: Which of our descriptors are the child's, by the child's numbers; it gets no others.
        in_child: Called there, in a new session of its own, before the program starts.

    Raises:
        TypeError: An argument or a variable is neither text nor bytes, or has a NUL in it.
        OSError: The system has no room for another child.
    """
    command = [_checked(argument) for argument in args]
    variables = None if environment is None else {_checked(k): _checked(v) for k, v in environment.items()}
    options: dict[str, Any] = {
        "env": variables,
        "cwd": path,
        "user": uid,
        "group": gid,
        "extra_groups": None if uid is None else _groups_of(uid, gid),
        "start_new_session": in_child is not None,
    }
    options.update(_standard_descriptors(descriptors))
    ignored = _ignored_signals()
    if _has_to_arrange(descriptors) or ignored or in_child is not None:
        options["close_fds"] = False
        options["preexec_fn"] = _Arranger(dict(descriptors), ignored, in_child)
    else:
        options["pass_fds"] = tuple(number for number in descriptors if number > 2)
    # The program's name is what the child sees first of its arguments, wherever it lies.
    try:
        return Spawned(subprocess.Popen(command or [b""], executable=executable, **options))
    except (OSError, subprocess.SubprocessError) as error:
        if isinstance(error, BlockingIOError):
            raise  # no room for another child
        shown = os.fsdecode(executable)
        told = [b"sh", b"-c", _COULD_NOT_START.encode(), b"sh", f"Upon execvpe {shown}: {error}".encode()]
        for option in ("cwd", "user", "group", "extra_groups", "preexec_fn"):
            options.pop(option, None)
        options["close_fds"] = True
        options.setdefault("pass_fds", ())
        return Spawned(subprocess.Popen(told, executable="/bin/sh", **options))


def _checked(text: str | bytes) -> bytes:
    if isinstance(text, str):
        try:
            text = os.fsencode(text)
        except UnicodeEncodeError as error:
            raise TypeError(f"Arguments contain a non-string value: {text!r}") from error
    if not isinstance(text, bytes) or b"\0" in text:
        raise TypeError(f"Arguments contain a non-string value: {text!r}")
    return text


def _groups_of(uid: int, gid: int | None) -> list[int] | None:
    """The groups of the child's user, which take the place of ours."""
    import pwd  # only those who change users need it

    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return []
    return os.getgrouplist(entry.pw_name, entry.pw_gid if gid is None else gid)


def _standard_descriptors(descriptors: Mapping[int, int]) -> dict[str, int]:
    return {name: descriptors[number] for number, name in enumerate(_STANDARD) if number in descriptors}


def _ignored_signals() -> list[int]:
    """What we ignore, the child shall not; subprocess sees to those that Python itself ignores."""
    return [
        number
        for number in signal.valid_signals()
        if signal.getsignal(number) is signal.SIG_IGN and number not in (signal.SIGPIPE, signal.SIGXFSZ)
    ]


def _has_to_arrange(descriptors: Mapping[int, int]) -> bool:
    """Does the child have to move descriptors itself? Those above 2 keep their number, and 0 to 2 stay open."""
    moved = any(number > 2 and number != ours for number, ours in descriptors.items())
    return moved or any(number not in descriptors for number in (0, 1, 2))


class _Arranger:
    """
    Moves descriptors to where the child wants them, and closes the rest; it runs in the child.

    This is Python between fork and exec, which threads of the parent can make hang: only children with descriptors
    above 2 that move, without one of the standard three, with a terminal, or of a parent that ignores signals need it.
    """

    def __init__(self, descriptors: dict[int, int], ignored: list[int], also: Callable[[], object] | None) -> None:
        self._descriptors = descriptors
        self._ignored = ignored
        self._also = also

    def __call__(self) -> None:
        for number in self._ignored:
            signal.signal(number, signal.SIG_DFL)
        if self._also is not None:
            self._also()
        above = max([2, *self._descriptors, *self._descriptors.values()]) + 1
        # First out of each other's way; 0 to 2 are in place already.
        aside = {number: _copy_above(ours, above) for number, ours in self._descriptors.items() if number > 2}
        for number, copy in aside.items():
            os.dup2(copy, number, inheritable=True)
        keep = set(self._descriptors)
        # subprocess tells of a failed exec through a descriptor that closes by itself.
        for number in open_descriptors():
            if number not in keep:
                _close_unless_it_will_be(number)


def _copy_above(descriptor: int, least: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)


def open_descriptors() -> list[int]:
    """Return the numbers of this process's open descriptors, that of looking for them perhaps among them."""
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return list(range(os.sysconf("SC_OPEN_MAX")))


def _close_unless_it_will_be(number: int) -> None:
    try:
        if number <= 2 or os.get_inheritable(number):
            os.close(number)
    except OSError:
        pass  # it was that of the listing itself
