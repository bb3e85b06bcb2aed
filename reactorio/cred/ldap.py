"""
The checker that asks an LDAP directory: whoever can bind with name and password is that user.

It stands on python-ldap (the extra ``ldap``), which blocks, and so works in threads.
"""

from __future__ import annotations

import importlib
import ipaddress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from reactorio._interface import implementer
from reactorio.cred import error
from reactorio.cred._inthreads import ChecksInThreads
from reactorio.cred.checkers import ICredentialsChecker

__all__ = ["LDAPBindChecker", "escape_dn"]

# RFC 4514 section 2.4, and with NUL what that would end in C.
_SPECIAL = frozenset('"+,;<>\\=\0')


def escape_dn(value: str) -> str:
    """Return ``value`` so that it is one value within a distinguished name, whatever is in it (RFC 4514 section 2.4)."""
    escaped = "".join(f"\\{ord(char):02x}" if char in _SPECIAL or char < " " else char for char in value)
    if escaped[:1] in ("#", " "):
        escaped = f"\\{ord(escaped[0]):02x}{escaped[1:]}"
    if escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\20"
    return escaped


@implementer(ICredentialsChecker)
class LDAPBindChecker(ChecksInThreads):
    """
    The users of a directory.

    Passwords never go over a network in the clear: ``ldap`` means STARTTLS, unless the host is an address of loopback, or
    `starttls` says otherwise. Certificates are verified. An empty password is refused here: to a directory it would be no
    login at all, and welcome (RFC 4513 section 5.1.2).

    Avatar ids are the names, as bytes, in lower case: to a directory, upper and lower case are one, and so are several
    blanks in a row, which are refused. When the directory cannot be asked, logins fail with python-ldap's error.

    Args:
        uri: Where the directory is: ``ldaps://host``, ``ldap://host:port``, ``ldapi://%2Fpath``; no more than that.
        dn: The distinguished name of a user, with ``{name}`` in the place of the name; or whatever else the server
            takes for one: ``{name}@example.org`` for Active Directory. Names are escaped if there is an ``=`` in it.
        starttls: Whether to ask for TLS on an ``ldap`` connection; None decides as said above.
        cafile: The authorities to trust, in PEM; None for the system's.
        timeout: How long the directory may take for each step, in seconds.
        reactor: Whose threads wait; the global one's if None.
        at_once: How many connections to the directory there are at most.

    Raises:
        ValueError: There is something wrong with ``uri`` or ``dn``.
        ImportError: python-ldap is not installed.
    """

    def __init__(
        self,
        uri: str,
        dn: str,
        *,
        starttls: bool | None = None,
        cafile: str | None = None,
        timeout: float = 10.0,
        reactor: Any = None,
        at_once: int = 8,
    ) -> None:
        super().__init__(reactor, at_once)
        parts = urlsplit(uri)
        if parts.scheme not in ("ldap", "ldaps", "ldapi") or not parts.netloc or parts.path.strip("/") or parts.query:
            raise ValueError("a directory is ldap://host, ldaps://host or ldapi://%2Fpath")
        if dn.count("{name}") != 1 or "{" in dn.replace("{name}", ""):
            raise ValueError("a distinguished name needs one {name}, and no other braces")
        self.uri = f"{parts.scheme}://{parts.netloc}"
        self.dn = dn
        self.starttls = (parts.scheme == "ldap" and not _is_loopback(parts.hostname)) if starttls is None else starttls
        self.cafile = cafile
        self.timeout = timeout
        try:
            self._ldap: Any = importlib.import_module("ldap")
        except ImportError as exc:
            raise ImportError("LDAP needs python-ldap: pip install 'reactorio[ldap]'", name="ldap") from exc

    @classmethod
    def from_url(cls, url: str) -> LDAPBindChecker:
        """
        Return the checker of a URL: ``ldap://host/uid={name},ou=people,dc=example,dc=org?cafile=/path``.

        What it may ask for are ``cafile``, ``timeout`` and ``starttls`` (``yes`` or ``no``).
        """
        parts = urlsplit(url)
        wishes: dict[str, Any] = {}
        kinds: dict[str, Any] = {"cafile": str, "timeout": float, "starttls": _yes_or_no}
        for key, values in parse_qs(parts.query, keep_blank_values=True).items():
            if key not in kinds or len(values) != 1:
                raise ValueError(f"a directory's URL cannot ask for {key!r}, or not twice")
            wishes[key] = kinds[key](values[0])
        return cls(f"{parts.scheme}://{parts.netloc}", unquote(parts.path.removeprefix("/")), **wishes)

    def check(self, name: bytes, password: bytes) -> bytes:
        try:
            username = name.decode("utf-8")
        except UnicodeDecodeError:
            raise error.UnauthorizedLogin() from None
        if " ".join(username.split()) != username or "\0" in username:
            raise error.UnauthorizedLogin()
        dn = self.dn.replace("{name}", escape_dn(username) if "=" in self.dn else username)
        connection = self._connection()
        try:
            if self.starttls:
                connection.start_tls_s()
            connection.simple_bind_s(dn, password)
        except (self._ldap.INVALID_CREDENTIALS, self._ldap.INVALID_DN_SYNTAX, self._ldap.NO_SUCH_OBJECT):
            raise error.UnauthorizedLogin() from None
        except (self._ldap.INAPPROPRIATE_AUTH, self._ldap.UNWILLING_TO_PERFORM, self._ldap.CONSTRAINT_VIOLATION):
            raise error.UnauthorizedLogin() from None  # an entry without a password, or a locked one
        finally:
            connection.unbind_s()
        return username.lower().encode("utf-8")

    def _connection(self) -> Any:
        ldap = self._ldap
        connection = ldap.initialize(self.uri)
        connection.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, self.timeout)
        connection.set_option(ldap.OPT_TIMEOUT, self.timeout)
        if self.starttls or self.uri.startswith("ldaps:"):
            connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
            if self.cafile is not None:
                connection.set_option(ldap.OPT_X_TLS_CACERTFILE, self.cafile)
            # The options above count from here on.
            connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        return connection


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"yes or no, not {text!r}")
    return text == "yes"


def _is_loopback(host: str | None) -> bool:
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
