"""The directory and the log file of a run: empty at its start, and nobody else's until its end."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from reactorio.python import log
from reactorio.python.filepath import FilePath
from reactorio.python.lockfile import FilesystemLock

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER = "_trial_marker"

DEFAULT_DIRECTORY = "_trial_temp"


class _NoTrialMarker(Exception):
    """A directory that was to be emptied was not made by trial."""


class _WorkingDirectoryBusy(Exception):
    """Another run works in the directory."""


_NoTrialMarker.__module__ = _WorkingDirectoryBusy.__module__ = "reactorio.trial.util"


def _removeSafely(path: FilePath[Any]) -> None:
    """
    Remove what an earlier run left; move it out of the way, if it cannot be removed.

    Raises:
        _NoTrialMarker: It is no run's directory: somebody else's files may be in it.
    """
    if not os.path.exists(os.path.join(os.fsdecode(path.path), _MARKER)):
        raise _NoTrialMarker(f"{path!r} is not a trial temporary path, refusing to remove it")
    try:
        path.remove()
    except OSError as error:
        aside = FilePath(f"{os.fsdecode(path.path)}.{os.getpid()}.old")
        print(f"could not remove {path!r} ({error}), moving it to {aside!r}")
        path.moveTo(aside)


def _unusedTestDirectory(base: FilePath[Any]) -> tuple[FilePath[Any], FilesystemLock]:
    """
    Make an empty directory that no other run works in.

    Returns:
        The directory, and a lock to unlock when the run is over.

    Raises:
        _WorkingDirectoryBusy: One does, and ``base`` has a name that somebody chose.
    """
    directory, counter = base, 0
    while True:
        lock = FilesystemLock(f"{directory.path}.lock")
        if lock.lock():
            break
        if base.basename() != DEFAULT_DIRECTORY:
            raise _WorkingDirectoryBusy(f"another test run works in {base.path}")
        counter += 1
        directory = base.sibling(f"{DEFAULT_DIRECTORY}-{counter}")
    try:
        if directory.exists():
            _removeSafely(directory)
        directory.makedirs()
        directory.child(_MARKER).touch()
    except BaseException:
        lock.unlock()
        raise
    return directory, lock


@contextmanager
def working_directory(name: str) -> Iterator[None]:
    """Work in an empty directory of that name, or of a similar one; go back after it."""
    before = os.getcwd()
    base: FilePath[Any] = FilePath(name)
    base.parent().makedirs(ignoreExistingDirectory=True)
    directory, lock = _unusedTestDirectory(base)
    try:
        os.chdir(directory.path)
        yield
    finally:
        os.chdir(before)
        lock.unlock()


@contextmanager
def logging_to(name: str, stdout: TextIO) -> Iterator[None]:
    """Write the log to a file, below the working directory unless the name is absolute; "-" is standard output."""
    from reactorio.trial.util import openTestLog  # not at the top: util has the exceptions from here

    if name == "-":
        file = stdout
    else:
        path: FilePath[Any] = FilePath(name)
        path.parent().makedirs(ignoreExistingDirectory=True)
        file = openTestLog(path)
    observer = log.FileLogObserver(file)
    log.startLoggingWithObserver(observer.emit, False)
    try:
        yield
    finally:
        log.removeObserver(observer.emit)
        if file is not stdout:
            file.close()
