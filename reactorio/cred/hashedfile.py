"""The checker for files of hashed passwords: ``name:$scrypt$…``, a line for each user."""

from __future__ import annotations

import os
import threading
from typing import Any

from reactorio._interface import implementer
from reactorio.cred import error, hashes
from reactorio.cred._inthreads import ChecksInThreads
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.logger import Logger

__all__ = ["HashedPasswordFile", "MalformedPasswordFile", "parse"]

_MAX_LINE = 2048
_MAX_FILE = 64 * 1024 * 1024

# For names that nobody has, in a file that nobody is in.
_DECOY = b"$scrypt$ln=15,r=8,p=3$" + b"A" * 22 + b"$" + b"A" * 43


class MalformedPasswordFile(ValueError):
    """A line of the file is no user; the text has its number, not the line."""


def parse(content: bytes) -> dict[bytes, bytes]:
    """
    Return the hashes by name.

    Empty lines, and those that begin with ``#``, do not count.

    Raises:
        MalformedPasswordFile: A line has no name, or no hash of a known kind, or is too long, or its user has one already.
    """
    users: dict[bytes, bytes] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        name, _, stored = line.rstrip().partition(b":")
        if len(line) > _MAX_LINE:
            raise MalformedPasswordFile(f"line {number} is too long")
        if not name or name in users:
            raise MalformedPasswordFile(f"line {number} has no name, or one that there was before")
        try:
            hashes.scheme_of(stored)
        except hashes.UnknownHash:
            raise MalformedPasswordFile(f"line {number} has no hash of a known kind") from None
        users[name] = stored
    return users


@implementer(ICredentialsChecker)
class HashedPasswordFile(ChecksInThreads):
    """
    Hashed passwords in a file, as ``python -m reactorio.cred.passwd`` writes it.

    The avatar ids are the names, as bytes. Files are read and hashes computed in threads. The file is read again when it
    has changed; one that is not well-formed is logged, and what was read before stays in force. A file that cannot be
    read makes logins fail with that error: nobody gets in, and nobody is told that the password was wrong.

    How long an answer takes does not tell whether there is such a user, as long as all users have hashes of one kind.

    Args:
        filename: Where it is.
        reactor: Whose threads work; the global one's if None.
        at_once: How many passwords are checked at the same time; each takes up to 64 MiB while it is.
    """

    _log = Logger()

    def __init__(self, filename: str | os.PathLike[str], *, reactor: Any = None, at_once: int = 4) -> None:
        super().__init__(reactor, at_once)
        self.filename = filename
        self._reading = threading.Lock()
        self._users: dict[bytes, bytes] | None = None
        self._stamp: tuple[int, int, int] | None = None

    def check(self, name: bytes, password: bytes) -> bytes:
        users = self._current()
        stored = users.get(name)
        if stored is None:
            # Another user's hash costs what this one's would have.
            hashes.verify_password(password, next(iter(users.values()), _DECOY))
            raise error.UnauthorizedLogin()
        if not hashes.verify_password(password, stored):
            raise error.UnauthorizedLogin()
        return name

    def _current(self) -> dict[bytes, bytes]:
        with self._reading:
            with open(self.filename, "rb") as file:
                status = os.fstat(file.fileno())
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                if self._users is None or stamp != self._stamp:
                    self._read(file.read(_MAX_FILE + 1))
                    self._stamp = stamp
            assert self._users is not None
            return self._users

    def _read(self, content: bytes) -> None:
        try:
            if len(content) > _MAX_FILE:
                raise MalformedPasswordFile("it is too large")
            self._users = parse(content)
        except MalformedPasswordFile as exc:
            if self._users is None:
                raise
            self.reactor().callFromThread(
                self._log.error,
                "{path} is not taken, the users before the change stay: {reason}",
                path=os.fspath(self.filename),
                reason=str(exc),
            )
