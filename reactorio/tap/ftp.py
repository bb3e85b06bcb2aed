"""The command ``ftp``: a server of files."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application import strports
from reactorio.cred import checkers, credentials, portal, strcred
from reactorio.protocols import ftp
from reactorio.python import deprecate, usage, versions

if TYPE_CHECKING:
    from reactorio.application.service import IService

__all__ = ["Options", "makeService"]


class Options(usage.Options, strcred.AuthOptionMixin):
    """Where to listen, whose files, and who may have them."""

    synopsis = "[options]"
    longdesc = """An FTP server. Names, passwords and files pass in clear.
    Everybody may read what is under the root; users, for whom there is --auth, may read and change what is in the directory
    of their name in --home."""
    optParameters: ClassVar[list[list[Any]]] = [
        ["port", "p", "2121", "The port to listen on, or an endpoint."],
        ["root", "r", "/usr/local/ftp", "The root of what anybody may read."],
        ["home", None, "/home", "The directory that has the users' directories."],
        ["userAnonymous", "", "anonymous", "The name of the anonymous user."],
        ["passive-ports", None, None, "The ports to have clients connect to for data, as FIRST-LAST. [default: any]"],
    ]
    compData = usage.Completions(optActions={"root": usage.CompleteDirs(), "home": usage.CompleteDirs()})

    supportedInterfaces = (credentials.IUsernamePassword, credentials.IAnonymous)

    def __init__(self, *a: Any, **kw: Any) -> None:
        super().__init__(*a, **kw)
        self.addChecker(checkers.AllowAnonymousAccess())

    def opt_password_file(self, filename: str) -> None:
        """
        A file of name:password lines. (DEPRECATED; see --help-auth instead)
        """
        self["password-file"] = filename
        warnings.warn(
            deprecate.getDeprecationWarningString(self.opt_password_file, versions.Version("Twisted", 11, 1, 0)),
            category=DeprecationWarning,
            stacklevel=2,
        )
        self.addChecker(checkers.FilePasswordDB(filename))

    def postOptions(self) -> None:
        """Take the range of ports apart."""
        ports = self["passive-ports"]
        if ports is None:
            return
        try:
            first, last = map(int, ports.split("-"))
        except ValueError:
            first, last = 0, -1
        if not 0 < first <= last < 2**16:
            raise usage.UsageError(f"--passive-ports: {ports!r} is not FIRST-LAST")
        self["passive-ports"] = range(first, last + 1)


def makeService(config: Options) -> IService:
    """Return a service that serves files."""
    factory = ftp.FTPFactory(
        portal.Portal(ftp.FTPRealm(config["root"], config["home"]), config["credCheckers"]), config["userAnonymous"]
    )
    if config["passive-ports"] is not None:
        factory.passivePortRange = config["passive-ports"]
    port = config["port"]
    return strports.service(f"tcp:{port}" if port.isdigit() else port, factory)
