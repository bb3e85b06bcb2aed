"""
What goes wrong.

On a server; each has the reply that it becomes:

    FTPCmdError
        FileNotFoundError, FileExistsError, IsADirectoryError, IsNotADirectoryError, PermissionDeniedError
        AnonUserDeniedError, AuthorizationError
        BadCmdSequenceError                 not now
        CmdSyntaxError, CmdArgSyntaxError   not so
        CmdNotImplementedError, CmdNotImplementedForArgError, PASVIPv6NotImplementedError,
        UnsupportedNetworkProtocolError     not here
    InvalidPath            a path leads out of the root, or is none
    PortConnectionError    there is no data connection

On a client:

    FTPError
        ConnectionLost
        CommandFailed         the server said no
        BadResponse           the server said something else
        UnexpectedResponse
        UnexpectedData        where data is sent only
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import fail
from reactorio.protocols._ftp import replies

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring


class InvalidPath(Exception):
    """A path leads out of the root, or has a character in it that no file's name can have."""


class PortConnectionError(Exception):
    """No data connection came about: nobody connected, or nobody listens there."""


class FTPCmdError(Exception):
    """
    A command fails, with a reply.

    Args:
        msg: What goes into the reply's text.

    Attributes:
        errorCode: The reply's key in ``RESPONSE``.
        errorMessage: What goes into its text.
    """

    errorCode: str

    def __init__(self, *msg: Any) -> None:
        super().__init__(*msg)
        self.errorMessage = msg

    def response(self) -> str:
        """Return the reply's line."""
        return replies.formatted(self.errorCode, *self.errorMessage)


class FileNotFoundError(FTPCmdError):
    errorCode = replies.FILE_NOT_FOUND


class FileExistsError(FTPCmdError):
    errorCode = replies.FILE_EXISTS


class IsNotADirectoryError(FTPCmdError):
    errorCode = replies.IS_NOT_A_DIR


class IsADirectoryError(FTPCmdError):
    errorCode = replies.IS_A_DIR


class PermissionDeniedError(FTPCmdError):
    errorCode = replies.PERMISSION_DENIED


class AnonUserDeniedError(FTPCmdError):
    """Nobody in particular would change files. It has no arguments."""

    errorCode = replies.ANON_USER_DENIED


class AuthorizationError(FTPCmdError):
    """Name and password are not right. It has no arguments."""

    errorCode = replies.AUTH_FAILURE


class BadCmdSequenceError(FTPCmdError):
    errorCode = replies.BAD_CMD_SEQ


class CmdSyntaxError(FTPCmdError):
    errorCode = replies.SYNTAX_ERR


class CmdArgSyntaxError(FTPCmdError):
    errorCode = replies.SYNTAX_ERR_IN_ARGS


class CmdNotImplementedError(FTPCmdError):
    errorCode = replies.CMD_NOT_IMPLMNTD


class CmdNotImplementedForArgError(FTPCmdError):
    errorCode = replies.CMD_NOT_IMPLMNTD_FOR_PARAM


class PASVIPv6NotImplementedError(FTPCmdError):
    """PASV can only tell an IPv4 address. It has no arguments."""

    errorCode = replies.PASV_IPV6_NOT_IMPLEMENTED


class UnsupportedNetworkProtocolError(FTPCmdError):
    errorCode = replies.UNSUPPORTED_NETWORK_PROTOCOL


class _NoDataConnection(FTPCmdError):
    errorCode = replies.CANT_OPEN_DATA_CNX


class _TransferAborted(FTPCmdError):
    errorCode = replies.CNX_CLOSED_TXFR_ABORTED


class _NotTaken(FTPCmdError):
    errorCode = replies.REQ_ACTN_NOT_TAKEN


class _OptionNotImplemented(FTPCmdError):
    errorCode = replies.OPTS_NOT_IMPLEMENTED


_OF_ERRNO: dict[int, type[FTPCmdError]] = {
    errno.ENOENT: FileNotFoundError,
    errno.EPERM: PermissionDeniedError,
    errno.EACCES: PermissionDeniedError,
    errno.EROFS: PermissionDeniedError,
    errno.ENOTDIR: IsNotADirectoryError,
    errno.EEXIST: FileExistsError,
    errno.EISDIR: IsADirectoryError,
}


def _shown(path: Any) -> str:
    """Return a path, in whatever form, as a client knows it."""
    if isinstance(path, (list, tuple)):
        return "/".join(map(_shown, path)) or "/"
    return os.fsdecode(path) if isinstance(path, bytes) else str(path)


def errnoToFailure(e: int, path: Any) -> Deferred[Any]:
    """
    Return a failed Deferred for the ``errno`` of an exception that is being handled.

    Unlike Twisted: a path of segments becomes text, since it gets into the reply.

    Args:
        e: The ``errno``; with one that is not known here, the Deferred fails with that exception.
        path: What the client named.
    """
    kind = _OF_ERRNO.get(e)
    return fail() if kind is None else fail(kind(_shown(path)))


class FTPError(Exception):
    """Something is wrong with the conversation with a server."""


class ConnectionLost(FTPError):
    """The connection was lost, or given up; the second argument is why, as a Failure."""


class CommandFailed(FTPError):
    """The server refused a command; the argument is the list of the reply's lines."""


class BadResponse(FTPError):
    """A reply's code is none; the argument is the list of the reply's lines."""


class UnexpectedResponse(FTPError):
    """A reply makes no sense here."""


class UnexpectedData(FTPError):
    """The server sent something on a data connection that is for sending to it."""
