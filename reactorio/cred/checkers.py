"""Who says whether credentials hold: nobody in particular, passwords in memory, passwords in a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol, implementer
from reactorio.cred import error
from reactorio.cred._secrets import decoy, same_secret
from reactorio.cred.credentials import IAnonymous, IUsernameHashedPassword, IUsernamePassword
from reactorio.internet.defer import Deferred, fail, maybeDeferred, succeed
from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ANONYMOUS",
    "AllowAnonymousAccess",
    "FilePasswordDB",
    "ICredentialsChecker",
    "InMemoryUsernamePasswordDatabaseDontUse",
    "OnDiskUsernamePasswordDatabase",
]

# The avatar id of nobody in particular: false, and the id of no user.
ANONYMOUS: tuple[()] = ()


class ICredentialsChecker(Interface, Protocol):
    """Who checks credentials of some kinds."""

    credentialInterfaces: Any = Attribute("The kinds of credentials, as interfaces, that it takes.")

    def requestAvatarId(self, credentials: Any) -> Any:
        """
        Return who it is that offers ``credentials``: mostly the name as bytes, or `ANONYMOUS`.

        Returns:
            The id, or a Deferred, a coroutine or a Future of it.

        Raises:
            UnauthorizedLogin: The credentials are wrong; whether there is such a user is not told.
        """


@implementer(ICredentialsChecker)
class AllowAnonymousAccess:
    """Lets everybody in as `ANONYMOUS`."""

    credentialInterfaces: Any = (IAnonymous,)

    def requestAvatarId(self, credentials: Any) -> Deferred[tuple[()]]:
        return succeed(ANONYMOUS)


@implementer(ICredentialsChecker)
class InMemoryUsernamePasswordDatabaseDontUse:
    """
    Passwords in clear, in a dictionary: for tests and examples.

    Args:
        users: Passwords by name. The names become bytes; `addUser` takes both as they are.
    """

    credentialInterfaces: Any = (IUsernamePassword, IUsernameHashedPassword)

    def __init__(self, **users: Any) -> None:
        self.users: dict[Any, Any] = {name.encode("ascii"): password for name, password in users.items()}

    def addUser(self, username: Any, password: Any) -> None:
        self.users[username] = password

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        try:
            password = self.users[credentials.username]
        except KeyError:
            return _refused_after_checking(credentials)
        return _checked(credentials, password, credentials.username)


def _checked(credentials: Any, password: Any, username: Any) -> Deferred[Any]:
    """Return the name if the credentials are proof of the password."""

    def decide(matches: object) -> Any:
        if not matches:
            raise error.UnauthorizedLogin()
        return username

    checked: Deferred[Any] = maybeDeferred(credentials.checkPassword, password)
    return checked.addCallback(decide)


def _refused_after_checking(credentials: Any) -> Deferred[Any]:
    """Refuse, as a wrong password would be: that there is no such user does not show in how long it takes."""

    def refuse(_: object) -> Any:
        raise error.UnauthorizedLogin()

    checked: Deferred[Any] = maybeDeferred(credentials.checkPassword, decoy(getattr(credentials, "password", b"")))
    return checked.addBoth(refuse)


@implementer(ICredentialsChecker)
class FilePasswordDB:
    """
    Passwords in a file, a line for each user: ``name:password``, or fields at other places.

    The file is read, in the reactor's thread, at each login, until the line of the user; with ``cache``, only when it
    has changed. It is for small files on a local disk. Passwords hashed as is usual today are better kept in a
    `hashedfile.HashedPasswordFile`, which computes in threads.

    Args:
        filename: Where it is.
        delim: What separates the fields of a line.
        usernameField, passwordField: Which of the fields the two are, from 0. Lines that have fewer are skipped.
        caseSensitive: If not, names are taken in lower case, those in avatar ids too.
        hash: A function of name, password and the field in the file, all bytes, that returns what the field shall be
            equal to; it is called in the reactor's thread. Only credentials with the password in clear can be checked
            then. For names that the file does not have, it is called with another user's field, and its result ignored:
            how long an answer takes does not tell whether there is such a user.
        cache: Whether to keep the users in memory. Unlike Twisted, the first of two lines of a user counts then, too.
    """

    credentialInterfaces: Any

    cache = False
    _log = Logger()

    def __init__(
        self,
        filename: str | os.PathLike[str],
        delim: bytes = b":",
        usernameField: int = 0,
        passwordField: int = 1,
        caseSensitive: bool = True,
        hash: Callable[[bytes, bytes, bytes], Any] | None = None,
        cache: bool = False,
    ) -> None:
        self.filename = filename
        self.delim = delim
        self.ufield = usernameField
        self.pfield = passwordField
        self.caseSensitive = caseSensitive
        self.hash = hash
        self.cache = cache
        self._forget()
        # What is hashed cannot be compared with what a digest has been made of.
        self.credentialInterfaces = (IUsernamePassword,) if hash else (IUsernamePassword, IUsernameHashedPassword)

    def _forget(self) -> None:
        self._users: dict[bytes, bytes] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._any_stored: bytes | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_users", "_stamp", "_any_stored")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()
        self.__dict__.update(state)

    def getUser(self, username: bytes) -> tuple[bytes, bytes]:
        """
        Return the name, as avatar ids have it, and the field of its password.

        Raises:
            KeyError: There is no such user.
            UnauthorizedLogin: The file cannot be read, which is logged.
        """
        name = username if self.caseSensitive else username.lower()
        if self.cache:
            self._refresh()
            return name, self._users[name]
        for found, stored in self._loadCredentials():
            if found == name:
                return found, stored
        raise KeyError(username)

    def _refresh(self) -> None:
        try:
            status = os.stat(self.filename)
        except OSError as exc:
            self._unreadable(exc)
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            users: dict[bytes, bytes] = {}
            for name, stored in self._loadCredentials():
                users.setdefault(name, stored)
            self._users, self._stamp = users, stamp

    def _loadCredentials(self) -> Iterator[tuple[bytes, bytes]]:
        try:
            with open(self.filename, "rb") as file:
                for line in file:
                    fields = line.rstrip().split(self.delim)
                    if len(fields) > max(self.ufield, self.pfield):
                        name, stored = fields[self.ufield], fields[self.pfield]
                        self._any_stored = stored
                        yield name if self.caseSensitive else name.lower(), stored
        except OSError as exc:
            self._unreadable(exc)

    def _unreadable(self, exc: OSError) -> Any:
        self._log.error("Unable to load credentials db: {e!r}", e=exc)
        raise error.UnauthorizedLogin() from exc

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        try:
            name, stored = self.getUser(_as_bytes(credentials.username))
        except error.UnauthorizedLogin:
            return fail()
        except KeyError:
            return self._refuse_unknown(credentials)
        if self.hash is None:
            return _checked(credentials, stored, name)
        clear = IUsernamePassword.adapt(credentials, None)
        if clear is None:
            return fail(error.UnauthorizedLogin())

        def compare(hashed: Any) -> bytes:
            if not same_secret(hashed, stored):
                raise error.UnauthorizedLogin()
            return name

        hashed: Deferred[Any] = maybeDeferred(self.hash, _as_bytes(clear.username), _as_bytes(clear.password), stored)
        return hashed.addCallback(compare)

    def _refuse_unknown(self, credentials: Any) -> Deferred[Any]:
        clear = IUsernamePassword.adapt(credentials, None)
        if self.hash is None or clear is None or self._any_stored is None:
            return _refused_after_checking(credentials)

        def refuse(_: object) -> Any:
            raise error.UnauthorizedLogin()

        hashed: Deferred[Any] = maybeDeferred(
            self.hash, _as_bytes(clear.username), _as_bytes(clear.password), self._any_stored
        )
        return hashed.addBoth(refuse)


def _as_bytes(text: Any) -> Any:
    """Return text as it is in a file; some protocols have names and passwords as text."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


# The name that it had first.
OnDiskUsernamePasswordDatabase = FilePasswordDB
