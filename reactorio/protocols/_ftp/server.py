"""The server: logins, and the commands about the connection itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio import copyright
from reactorio.cred import credentials
from reactorio.cred.error import LoginFailed, Unauthorized
from reactorio.internet.defer import maybeDeferred
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols import policies
from reactorio.protocols._ftp import replies
from reactorio.protocols._ftp.errors import (
    AuthorizationError,
    BadCmdSequenceError,
    CmdArgSyntaxError,
    CmdNotImplementedForArgError,
    CmdSyntaxError,
    _OptionNotImplemented,
)
from reactorio.protocols._ftp.filesystem import _WithFiles
from reactorio.protocols._ftp.interfaces import IFTPShell
from reactorio.protocols._ftp.listing import FACTS
from reactorio.protocols.basic import LineReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.cred.portal import Portal
    from reactorio.internet.defer import Deferred
    from reactorio.internet.interfaces import IAddress
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)


class _Password(credentials.UsernamePassword):
    """Name and password as text; checkers that have them as bytes find them right, too."""

    def checkPassword(self, password: Any) -> bool:
        if isinstance(password, bytes):
            return credentials.UsernamePassword(b"", self.password.encode("utf-8", "surrogateescape")).checkPassword(
                password
            )
        return super().checkPassword(password)


class FTP(_WithFiles):
    """
    The server's side of a connection. A method ``ftp_X`` carries out the command X: see `processCommand`.

    Attributes:
        portal: Where users log in; the factory sets it.
        factory: Says who may come in without a password (``allowAnonymous``, ``userAnonymous``), and what the welcome is.
        timeOut: After how many seconds without a command the connection is closed, and after how many seconds in which
            nothing moves a transfer is ended; None for never.
        dtpTimeout: How many seconds there are for making a data connection.
        passivePortRange: The ports on which clients may be told to connect, in the order in which they are tried; 0 is
            any.
        allow_foreign_data_hosts: May data go to, and come from, another host than the client, and any port there? Some
            clients have two servers exchange files in this way; everybody else attacks somebody (RFC 2577). Twisted lets
            them.
        max_login_attempts: After how many wrong passwords the connection is closed; None for never. (Twisted lets guess
            on.)
        FEATURES: What FEAT tells.
    """

    FEATURES = ["EPRT", "EPSV", "FEAT", "MDTM", "MLST", "PASV", "SIZE", "TVFS", "TYPE A;I", "UTF8"]

    portal: Portal | None = None
    factory: Any = None
    max_login_attempts: int | None = 5

    logout: Callable[[], Any] | None = None
    _user: str = ""
    _refused = 0

    def connectionMade(self) -> None:
        super().connectionMade()
        self.reply(replies.WELCOME_MSG, getattr(self.factory, "welcomeMessage", FTPFactory.welcomeMessage))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self._log_out()

    def _log_out(self) -> None:
        logout, self.logout, self.shell = self.logout, None, None
        if logout is not None:
            maybeDeferred(logout).addErrback(lambda failure: _log.failure("FTP logout failed", failure))

    # ---- who it is

    def ftp_USER(self, username: str) -> tuple[str, ...]:
        """Tell who it is: the first half of a login. Whoever was logged in no longer is."""
        if not username:
            raise CmdSyntaxError("USER requires an argument.")
        self._log_out()
        self._user = username
        self.state = self.INAUTH
        if self._is_anonymous():
            return (replies.GUEST_NAME_OK_NEED_EMAIL,)
        return (replies.USR_NAME_OK_NEED_PASS, username)

    def _is_anonymous(self) -> bool:
        return bool(self.factory.allowAnonymous and self._user == self.factory.userAnonymous)

    def ftp_PASS(self, password: str) -> Deferred[Any]:
        """Prove it: the second half. Failures are counted, and told alike whatever the reason."""
        if self.state != self.INAUTH:
            raise BadCmdSequenceError("USER required before PASS")
        assert self.portal is not None, "FTPFactory sets it"
        creds: Any
        if self._is_anonymous():
            creds, reply = credentials.Anonymous(), replies.GUEST_LOGGED_IN_PROCEED
        else:
            creds, reply = _Password(self._user, password), replies.USR_LOGGED_IN_PROCEED
        self._user = ""

        def logged_in(login: tuple[Any, Any, Callable[[], Any]]) -> tuple[str]:
            _, self.shell, self.logout = login
            if self.disconnected:
                self._log_out()
            self.workingDirectory = []
            self.state = self.AUTHED
            return (reply,)

        def refused(failure: Failure) -> Any:
            self.state = self.UNAUTH
            failure.trap(LoginFailed, Unauthorized)
            self._refused += 1
            if self.max_login_attempts is None or self._refused < self.max_login_attempts:
                raise AuthorizationError()
            self.reply(replies.AUTH_FAILURE)
            self.reply(replies.SVC_NOT_AVAIL_CLOSING_CTRL_CNX)
            self._close()

        return self.portal.login(creds, None, IFTPShell).addCallbacks(logged_in, refused)

    # ---- about the connection

    def ftp_QUIT(self) -> None:
        """Say goodbye, and close the connection."""
        self.reply(replies.GOODBYE_MSG)
        self._close()

    def ftp_NOOP(self) -> tuple[str]:
        """Do nothing, which keeps the connection from being closed."""
        return (replies.CMD_OK,)

    def ftp_SYST(self) -> tuple[str]:
        """Tell the kind of system: what listings look like."""
        return (replies.NAME_SYS_TYPE,)

    def ftp_STRU(self, structure: str) -> tuple[str]:
        """Set the structure of files: that they have none."""
        if structure.upper() != "F":
            raise CmdNotImplementedForArgError(structure)
        return (replies.CMD_OK,)

    def ftp_MODE(self, mode: str) -> tuple[str]:
        """Set how a file is sent: as a stream."""
        if mode.upper() != "S":
            raise CmdNotImplementedForArgError(mode)
        return (replies.CMD_OK,)

    def ftp_TYPE(self, type: str) -> Any:
        """Set what a file is sent as; ``type_X`` says what the letter X means, and takes what is after it."""
        method = getattr(self, "type_" + type[:1].upper(), self.type_UNKNOWN)
        return method(type[1:] if method != self.type_UNKNOWN else type)

    def type_A(self, code: str) -> tuple[str, str]:
        """Text, without (N) any form of vertical control."""
        if code.strip().upper() not in ("", "N"):
            raise CmdArgSyntaxError(code)
        self.binary = False
        return (replies.TYPE_SET_OK, "A" + code.upper())

    def type_I(self, code: str) -> tuple[str, str]:
        """Bytes."""
        if code:
            raise CmdArgSyntaxError(code)
        self.binary = True
        return (replies.TYPE_SET_OK, "I")

    def type_UNKNOWN(self, code: str) -> Any:
        raise CmdNotImplementedForArgError(code)

    # ---- about what there is

    def ftp_FEAT(self) -> None:
        """Tell what there is beyond RFC 959 (RFC 2389)."""
        response = replies.RESPONSE[replies.FEAT_OK]
        facts = "".join(f"{fact}{'*' if fact in self._facts else ''};" for fact in FACTS)
        features = (f"MLST {facts}" if feature == "MLST" else feature for feature in self.FEATURES)
        self._send_lines_of_reply([response[0], *(f" {feature}" for feature in features), response[-1]])

    def ftp_OPTS(self, option: str) -> tuple[str, ...] | None:
        """Set an option: ``UTF8 ON``, which it is anyway, or the facts that MLST tells (RFC 3659 section 7.9)."""
        name, *values = option.upper().split(" ", 1)
        if name == "UTF8" and values in ([], ["ON"]):
            return (replies.CMD_OK,)
        if name == "MLST":
            wanted = "".join(values).lower().split(";")
            self._facts = tuple(fact for fact in FACTS if fact in wanted)
            self.sendLine(" ".join(["200 MLST OPTS", *filter(None, ["".join(f"{fact};" for fact in self._facts)])]))
            return None
        raise _OptionNotImplemented(option)


class FTPOverflowProtocol(LineReceiver):
    """The protocol of a connection that is one too many: it says so, and closes it."""

    def connectionMade(self) -> None:
        self.sendLine(replies.formatted(replies.TOO_MANY_CONNECTIONS).encode("ascii"))
        self.transport.loseConnection()


class FTPFactory(policies.LimitTotalConnectionsFactory):
    """
    Makes the server's protocols. For ``connectionLimit``, see `policies.LimitTotalConnectionsFactory`.

    Args:
        portal: Where users log in. It gets `credentials.IUsernamePassword` and `credentials.IAnonymous`, and has a realm
            whose avatars provide `IFTPShell`.
        userAnonymous: The name under which nobody in particular logs in, with any password.

    Attributes:
        allowAnonymous: May nobody in particular log in? The portal needs a checker for it.
        welcomeMessage: What is said first.
        timeOut, passivePortRange, allow_foreign_data_hosts, max_login_attempts: As those of `FTP`, which gets them.
    """

    protocol = FTP
    overflowProtocol = FTPOverflowProtocol
    allowAnonymous = True
    userAnonymous = "anonymous"
    timeOut: float | None = 600

    welcomeMessage = f"Twisted {copyright.version} FTP Server"

    passivePortRange: Iterable[int] = range(1)
    allow_foreign_data_hosts = False
    max_login_attempts: int | None = 5

    def __init__(self, portal: Portal | None = None, userAnonymous: str = "anonymous") -> None:
        self.portal = portal
        self.userAnonymous = userAnonymous

    def buildProtocol(self, addr: IAddress | None) -> Any:
        wrapper = super().buildProtocol(addr)
        if wrapper is not None:
            protocol = wrapper.wrappedProtocol
            for name in ("portal", "timeOut", "passivePortRange", "allow_foreign_data_hosts", "max_login_attempts"):
                setattr(protocol, name, getattr(self, name))
        return wrapper
