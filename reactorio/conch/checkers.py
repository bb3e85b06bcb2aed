"""
Checkers for logins over SSH.

    SSHPublicKeyChecker         by key, with the keys in an `IAuthorizedKeysDB`:
    InMemorySSHKeyDB                in a dictionary
    UNIXAuthorizedKeysFiles         in the users' ``.ssh/authorized_keys``
    UNIXPasswordDatabase        by password, with the system's users
    SSHProtocolChecker          several proofs for one login
    SSHPublicKeyDatabase        by key; deprecated
"""

from __future__ import annotations

import base64
import binascii
import errno
from typing import IO, TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import Interface, Protocol, implementer
from reactorio.conch import _authorizedkeys
from reactorio.conch.error import NotEnoughAuthentication, ValidPublicKey
from reactorio.conch.ssh import keys
from reactorio.cred import _crypt, _shadow
from reactorio.cred._inthreads import MAX_NAME, MAX_PASSWORD
from reactorio.cred.checkers import ICredentialsChecker
from reactorio.cred.credentials import ISSHPrivateKey, IUsernamePassword
from reactorio.cred.error import UnauthorizedLogin, UnhandledCredentials
from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.logger import Logger
from reactorio.python.deprecate import deprecatedModuleAttribute
from reactorio.python.failure import Failure
from reactorio.python.filepath import FilePath
from reactorio.python.util import runAsEffectiveUser
from reactorio.python.versions import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

try:
    import pwd as _pwd
except ImportError:  # a system without users in a file
    pwd: Any = None
else:
    pwd = _pwd

__all__ = [
    "IAuthorizedKeysDB",
    "InMemorySSHKeyDB",
    "SSHProtocolChecker",
    "SSHPublicKeyChecker",
    "SSHPublicKeyDatabase",
    "UNIXAuthorizedKeysFiles",
    "UNIXPasswordDatabase",
    "UnauthorizedLogin",
    "readAuthorizedKeyFile",
    "verifyCryptedPassword",
]

# Where hashes of passwords are looked up; None for nowhere.
spwd: Any = _shadow

# How many proofs of one user are kept until there are enough of them.
_MAX_PROOFS = 32

_log = Logger()


# -- By password.


def verifyCryptedPassword(crypted: str | bytes, pw: str | bytes) -> bool:
    """
    Is ``crypted`` the hash of ``pw``, as crypt(3) makes it? It takes its time.

    Raises:
        OSError: This system has no crypt(3).
    """
    return _crypt.matches(_as_bytes(crypted), _as_bytes(pw))


def _as_bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def _as_text(text: str | bytes) -> str:
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text


def _pwdGetByName(username: str) -> Any:
    """Return the user's record in the system's database; None if there is no such database."""
    return None if pwd is None else pwd.getpwnam(username)


def _shadowGetByName(username: str) -> Any:
    """Return the record with the user's hash, read as root; None if there are no such records."""
    return None if spwd is None else runAsEffectiveUser(0, 0, spwd.getspnam, username)


@implementer(ICredentialsChecker)
class UNIXPasswordDatabase:
    """
    The users of this machine, with their passwords. The avatar ids are the names, as they were offered.

    Hashes are computed in the reactor's thread, and nobody is told that an account has expired: ``--auth unix`` has a checker
    that does better.

    Args:
        getByNameFunctions: Each takes a name, as text, and returns a record whose second field is the hash, or None if it does
            not know; KeyError says that there is no such user. By default ``pwd`` is asked, then ``/etc/shadow``.
    """

    credentialInterfaces: Any = (IUsernamePassword,)

    def __init__(self, getByNameFunctions: Iterable[Callable[[str], Any]] | None = None) -> None:
        functions = (_pwdGetByName, _shadowGetByName) if getByNameFunctions is None else getByNameFunctions
        self._getByNameFunctions = list(functions)

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        return maybeDeferred(self._check, credentials)

    def _check(self, credentials: Any) -> Any:
        username, password = _as_text(credentials.username), _as_text(credentials.password)
        if "\0" in username or len(username) > MAX_NAME or len(password) > MAX_PASSWORD:
            raise UnauthorizedLogin("invalid username")
        for find in self._getByNameFunctions:
            try:
                record = find(username)
            except (KeyError, UnicodeEncodeError):
                raise UnauthorizedLogin("invalid username") from None
            # Without a hash, or with one that is elsewhere, nobody logs in by this record.
            if record is not None and record[1] not in ("", "x", "*") and verifyCryptedPassword(record[1], password):
                return credentials.username
        raise UnauthorizedLogin("unable to verify password")


# -- By key.


class IAuthorizedKeysDB(Interface, Protocol):
    """Knows which keys users may log in with."""

    def getAuthorizedKeys(self, username: bytes) -> Any:
        """
        Return the user's keys, as an iterable; without any if there is no such user.

        Unlike in Twisted, it may be a Deferred, a coroutine or a Future of that.
        """


@implementer(IAuthorizedKeysDB)
class InMemorySSHKeyDB:
    """
    Keys in a dictionary.

    Args:
        mapping: The keys of each user.
    """

    def __init__(self, mapping: Mapping[bytes, Iterable[keys.Key]]) -> None:
        self._mapping = mapping

    def getAuthorizedKeys(self, username: bytes) -> Iterable[keys.Key]:
        return self._mapping.get(username, [])


def readAuthorizedKeyFile(
    fileobj: IO[bytes], parseKey: Callable[[bytes], keys.Key] = keys.Key.fromString
) -> Iterator[keys.Key]:
    """
    Yield the keys in a file of authorized keys; lines without a key that can be used are logged by their number.

    Unlike Twisted: options before a key are read. A line counts if all of them can be kept here: ``expiry-time``, and those that
    only allow what is allowed anyway (``pty``). Keys that are limited by others (``command``, ``from``, ``restrict``) are not
    used, and neither are those of certificate authorities. Lines end after 16 KiB, files after 4 MiB or 10,000 lines.

    Args:
        parseKey: Returns the key in a line, or raises BadKeyError. Any but the default is given whole lines, with their options.
    """
    parse = _key_in_line if parseKey == keys.Key.fromString else parseKey
    for number, line in _authorizedkeys.key_lines(fileobj):
        try:
            yield parse(line)
        except (keys.BadKeyError, _authorizedkeys.RefusedLine) as exc:
            _log.warn(
                "Unable to use line {number} of a file of authorized keys: {reason}", number=number, reason=str(exc)
            )


def _key_in_line(line: bytes) -> keys.Key:
    return keys.Key.fromString(_authorizedkeys.without_options(line))


@implementer(IAuthorizedKeysDB)
class UNIXAuthorizedKeysFiles:
    """
    The keys in ``.ssh/authorized_keys`` and ``.ssh/authorized_keys2`` of the users' homes; `readAuthorizedKeyFile` says which
    count.

    Files that cannot be read are logged, and count as empty. Only regular files are read.

    Args:
        userdb: Has ``getpwnam``; ``pwd`` if None.
        parseKey: As for `readAuthorizedKeyFile`.
        strict_modes: As OpenSSH does, leave out files that somebody besides the user and root can change, also by way of the
            folders up to the home.
    """

    def __init__(
        self,
        userdb: Any = None,
        parseKey: Callable[[bytes], keys.Key] = keys.Key.fromString,
        *,
        strict_modes: bool = False,
    ) -> None:
        self._userdb = pwd if userdb is None else userdb
        self._parseKey = parseKey
        self._strict_modes = strict_modes

    def getAuthorizedKeys(self, username: bytes) -> Iterator[keys.Key]:
        name = _as_text(username)
        if "\0" in name:
            return
        try:
            user = self._userdb.getpwnam(name)
        except (KeyError, UnicodeEncodeError):
            return
        for path in _key_files(user.pw_dir):
            file = self._opened(path, user)
            if file is not None:
                with file:
                    yield from readAuthorizedKeyFile(file, self._parseKey)

    def _opened(self, path: FilePath[str], user: Any) -> IO[bytes] | None:
        """Return the file, open; None if it is not there or cannot be used."""
        try:
            file = _authorizedkeys.open_regular(path.path)
        except FileNotFoundError:
            return None
        except OSError as exc:
            _log.warn("Authorized keys in {path} cannot be read: {reason}", path=path.path, reason=str(exc))
            return None
        if not self._strict_modes:
            return file
        try:
            unsafe = _authorizedkeys.unsafe_part(file, path.path, user.pw_dir, user.pw_uid)
        except OSError as exc:
            unsafe = str(exc)
        if unsafe is None:
            return file
        file.close()
        _log.warn("Authorized keys in {path} do not count: others can change {unsafe}", path=path.path, unsafe=unsafe)
        return None


def _key_files(home: str) -> list[FilePath[str]]:
    folder = FilePath(home).child(".ssh")
    return [folder.child("authorized_keys"), folder.child("authorized_keys2")]


@implementer(ICredentialsChecker)
class SSHPublicKeyChecker:
    """
    Lets users in who have signed with one of their keys. The avatar ids are the names, as they were offered.

    Without a signature the outcome is ValidPublicKey, whether the key is the user's or not: whose keys are authorized here, nobody
    finds out who does not have the private one. A blob that is no key is a BadKeyError.

    Args:
        keydb: Knows the keys.
    """

    credentialInterfaces: Any = (ISSHPrivateKey,)

    def __init__(self, keydb: Any) -> None:
        self._keydb = keydb

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        offered: Deferred[Any] = maybeDeferred(self._offered_key, credentials)
        return offered.addCallback(self._with_authorized, credentials)

    def _offered_key(self, credentials: Any) -> keys.Key:
        key = keys.Key.fromString(credentials.blob)
        if not credentials.signature:
            raise ValidPublicKey
        return key

    def _with_authorized(self, key: keys.Key, credentials: Any) -> Deferred[Any]:
        authorized: Deferred[Any] = maybeDeferred(self._keydb.getAuthorizedKeys, credentials.username)
        return authorized.addCallback(self._verify, key, credentials)

    def _verify(self, authorized: Iterable[keys.Key], key: keys.Key, credentials: Any) -> Any:
        if not any(candidate == key for candidate in authorized):
            raise UnauthorizedLogin("Key not authorized")
        try:
            is_valid = key.verify(credentials.signature, credentials.sigData)
        except Exception as exc:
            _log.failure("Error while verifying key")
            raise UnauthorizedLogin("Error while verifying key") from exc
        if not is_valid:
            raise UnauthorizedLogin("Key signature invalid.")
        return credentials.username


@implementer(ICredentialsChecker)
class SSHPublicKeyDatabase:
    """
    Deprecated: what `SSHPublicKeyChecker` with `UNIXAuthorizedKeysFiles` does. A file that this process may not read is read as its
    owner, if this process can become root.

    A subclass may say itself which keys count, in `checkKey`, or where they are, in `getAuthorizedKeysFiles`.
    """

    credentialInterfaces: Any = (ISSHPrivateKey,)

    _userdb: Any = pwd

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        checking: Deferred[Any] = maybeDeferred(self.checkKey, credentials)
        return checking.addCallback(self._verify, credentials).addErrback(self._refuse)

    def getAuthorizedKeysFiles(self, credentials: Any) -> list[FilePath[str]]:
        """Return the files with the user's keys; KeyError if there is no such user."""
        return _key_files(self._userdb.getpwnam(_as_text(credentials.username)).pw_dir)

    def checkKey(self, credentials: Any) -> Any:
        """Is ``credentials.blob`` one of the user's keys? A hook, which may return a Deferred; KeyError is a no, too."""
        user = self._userdb.getpwnam(_as_text(credentials.username))
        return any(credentials.blob in self._blobs(path, user) for path in self.getAuthorizedKeysFiles(credentials))

    def _blobs(self, path: FilePath[str], user: Any) -> list[bytes]:
        """Return the keys in a file, as the protocol writes them."""
        try:
            file = _authorizedkeys.open_regular(path.path)
        except OSError as exc:
            if exc.errno != errno.EACCES:
                return []
            file = runAsEffectiveUser(user.pw_uid, user.pw_gid, _authorizedkeys.open_regular, path.path)
        with file:
            return [blob for _, line in _authorizedkeys.key_lines(file) for blob in _blobs_in(line)]

    def _verify(self, has_key: bool, credentials: Any) -> Any:
        if not has_key:
            raise UnauthorizedLogin("invalid key")
        if not credentials.signature:
            raise ValidPublicKey
        try:
            if keys.Key.fromString(credentials.blob).verify(credentials.signature, credentials.sigData):
                return credentials.username
        except Exception as exc:
            _log.failure("Error while verifying key")
            raise UnauthorizedLogin("error while verifying key") from exc
        raise UnauthorizedLogin("unable to verify key")

    def _refuse(self, failure: Failure) -> Failure:
        if failure.check(UnauthorizedLogin):
            return failure
        # No user, or no way to look: not for the other side to know.
        _log.error("Unauthorized login due to internal error: {error}", error=failure.getErrorMessage())
        return Failure(UnauthorizedLogin("unable to get avatar id"))


def _blobs_in(line: bytes) -> list[bytes]:
    """Return the key in a line, or nothing. What types there are does not matter here."""
    try:
        words = _authorizedkeys.without_options(line).split()
        return [base64.b64decode(words[1], validate=True)]
    except (_authorizedkeys.RefusedLine, IndexError, binascii.Error):
        return []


deprecatedModuleAttribute(
    Version("Twisted", 15, 0, 0),
    "Please use reactorio.conch.checkers.SSHPublicKeyChecker, initialized with an instance of "
    "reactorio.conch.checkers.UNIXAuthorizedKeysFiles instead.",
    "reactorio.conch.checkers",
    "SSHPublicKeyDatabase",
)


# -- Several proofs.


@implementer(ICredentialsChecker)
class SSHProtocolChecker:
    """
    Asks the checker for each kind of credentials, and may want more than one proof: a subclass's `areDone` says.

    Public attributes:
        checkers: By interface.
        successfulCredentials: By avatar id, the proofs that hold, up to the last 32, until they are enough.
    """

    def __init__(self) -> None:
        self.checkers: dict[Any, Any] = {}
        self.successfulCredentials: dict[Any, list[Any]] = {}

    # A property in the class; the interface has an attribute.
    credentialInterfaces: Any = property(lambda self: list(self.checkers))

    def registerChecker(self, checker: Any, *credentialInterfaces: Any) -> None:
        """Ask ``checker`` about credentials of these kinds; by default, about all that it takes."""
        for interface in credentialInterfaces or checker.credentialInterfaces:
            self.checkers[interface] = checker

    def requestAvatarId(self, credentials: Any) -> Deferred[Any]:
        return maybeDeferred(self._ask, credentials)

    def _ask(self, credentials: Any) -> Deferred[Any]:
        offered = providedBy(credentials)
        for interface in offered:
            checker = self.checkers.get(interface)
            if checker is not None:
                asked: Deferred[Any] = maybeDeferred(checker.requestAvatarId, credentials)
                return asked.addCallback(self._cbGoodAuthentication, credentials)
        names = ", ".join(f"{interface.__module__}.{interface.__name__}" for interface in offered)
        raise UnhandledCredentials(f"No checker for {names}")

    def _cbGoodAuthentication(self, avatarId: Any, credentials: Any) -> Any:
        proofs = self.successfulCredentials.setdefault(avatarId, [])
        proofs.append(credentials)
        # Somebody may repeat one proof for ever.
        del proofs[:-_MAX_PROOFS]
        if not self.areDone(avatarId):
            raise NotEnoughAuthentication
        # Another login of the same user may have been enough at the same time.
        self.successfulCredentials.pop(avatarId, None)
        return avatarId

    def areDone(self, avatarId: Any) -> bool:
        """Are the proofs in `successfulCredentials` enough for this user? A hook; one is enough by default."""
        return True
