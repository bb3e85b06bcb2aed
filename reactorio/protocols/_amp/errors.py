"""
What can go wrong.

    AmpError
        TooLong               a key or a value is
        NoEmptyBoxes          a box says nothing
        MalformedAmpBox       a box makes no sense
        InvalidSignature      a command is made with the wrong arguments
        BadLocalReturn        a responder here has returned what its command cannot say
        OnlyOneTLS            TLS is there already
        IncompatibleVersions
        UnhandledCommand      the peer does not know the command
        RemoteAmpError        the peer has answered with an error
            UnknownRemoteError    which is none of the command's
    ProtocolSwitched          another protocol has the connection
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

UNKNOWN_ERROR_CODE = b"UNKNOWN"
UNHANDLED_ERROR_CODE = b"UNHANDLED"


class AmpError(Exception):
    """Base of most of what this protocol raises."""


class ProtocolSwitched(Exception):
    """The connection belongs, or is about to belong, to another protocol: boxes can no longer be sent."""


class OnlyOneTLS(AmpError):
    """TLS is started once on a connection, and not again."""


class NoEmptyBoxes(AmpError):
    """A box that is neither a question nor an answer nor an error arrived."""


class InvalidSignature(AmpError):
    """A command is made with the wrong arguments: one is missing, or none of the command's."""


class TooLong(AmpError):
    """
    A key or a value is longer than the protocol allows.

    Attributes:
        isKey: Is it a key? Otherwise a value.
        isLocal: Was it to be sent? Otherwise it was about to be received.
        value: All of it, None if it was not received.
        keyName: Of a value, its key.
    """

    def __init__(self, isKey: bool, isLocal: bool, value: bytes | None, keyName: bytes | None = None) -> None:
        super().__init__(isKey, isLocal, value, keyName)
        self.isKey = isKey
        self.isLocal = isLocal
        self.value = value
        self.keyName = keyName

    def __str__(self) -> str:
        what = "key" if self.isKey else f"value {self.keyName!r}"
        length = "" if self.value is None else f": {len(self.value)}"
        return f"{'local' if self.isLocal else 'remote'} {what} too long{length}"

    __repr__ = __str__


class BadLocalReturn(AmpError):
    """
    A responder has returned something that its command's response has no place for.

    Attributes:
        message: Which responder, and what it returned.
        enclosed: Why that did not do.
    """

    def __init__(self, message: str, enclosed: Failure) -> None:
        super().__init__(message, enclosed)
        self.message = message
        self.enclosed = enclosed

    def __repr__(self) -> str:
        return f"{self.message} {self.enclosed.getBriefTraceback()}"

    __str__ = __repr__


class RemoteAmpError(AmpError):
    """
    A command has failed at the peer.

    Raised by a responder here, it goes to the peer as it is.

    Attributes:
        errorCode: The error's name on the wire.
        description: The error in words.
        fatal: Is the connection closed after it?
        local: What went wrong, if it did so here.
    """

    def __init__(self, errorCode: bytes, description: str, fatal: bool = False, local: Failure | None = None) -> None:
        code = errorCode.decode("ascii", "backslashreplace")
        where = " (local)" if local else ""
        traceback = f"\n{local.getBriefTraceback()}" if local else ""
        super().__init__(f"Code<{code}>{where}: {description}{traceback}")
        self.errorCode = errorCode
        self.description = description
        self.fatal = fatal
        self.local = local


class UnknownRemoteError(RemoteAmpError):
    """A command has failed at the peer in a way that the command does not provide for."""

    def __init__(self, description: str) -> None:
        super().__init__(UNKNOWN_ERROR_CODE, description)


class MalformedAmpBox(AmpError):
    """What arrived is no box, or one that makes no sense here."""


class UnhandledCommand(AmpError):
    """The peer has no responder for the command."""


class IncompatibleVersions(AmpError):
    """The two ends have found no version that both speak. Applications raise it; the protocol has no versions."""


PROTOCOL_ERRORS: dict[bytes, type[Exception]] = {UNHANDLED_ERROR_CODE: UnhandledCommand}
"""The errors that every command may have."""
