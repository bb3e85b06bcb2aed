"""
What goes wrong with reactors, ports, connections and child processes.

    BindError                       ConnectError                        ConnectionClosed
      CannotListenError               BadFileError                        ConnectionDone
    DNSLookupError (OSError)          ConnectBindError                      ProcessDone
    MessageLengthError                ConnectionRefusedError              ConnectionLost
    MulticastJoinError                NoRouteError                          ConnectionAborted
    ConnectInProgressError            SSLError                              ConnectionFdescWentAway
    ConnectingCancelledError          ServiceNameUnknownError               FileDescriptorOverrun
    InvalidAddressError               TCPTimedOutError                      ProcessTerminated
    NotConnectingError                UnknownHostError
    NotListeningError                 UserError                         AlreadyCalled, AlreadyCancelled
    AlreadyListened                     TimeoutError                    ReactorNotRunning, ReactorAlreadyRunning,
    UnsupportedAddressFamily        CertificateError                    ReactorNotRestartable,
    UnsupportedSocketType           VerifyError                         ReactorAlreadyInstalledError
    NoProtocol                        PeerVerifyError                   ProcessExitedAlready
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IAddress

__all__ = [
    "AlreadyCalled",
    "AlreadyCancelled",
    "AlreadyListened",
    "BadFileError",
    "BindError",
    "CannotListenError",
    "CertificateError",
    "ConnectBindError",
    "ConnectError",
    "ConnectInProgressError",
    "ConnectingCancelledError",
    "ConnectionAborted",
    "ConnectionClosed",
    "ConnectionDone",
    "ConnectionFdescWentAway",
    "ConnectionLost",
    "ConnectionRefusedError",
    "DNSLookupError",
    "FileDescriptorOverrun",
    "InvalidAddressError",
    "MessageLengthError",
    "MulticastJoinError",
    "NoProtocol",
    "NoRouteError",
    "NotConnectingError",
    "NotListeningError",
    "PeerVerifyError",
    "ProcessDone",
    "ProcessExitedAlready",
    "ProcessTerminated",
    "ReactorAlreadyInstalledError",
    "ReactorAlreadyRunning",
    "ReactorNotRestartable",
    "ReactorNotRunning",
    "SSLError",
    "ServiceNameUnknownError",
    "TCPTimedOutError",
    "TimeoutError",
    "UnknownHostError",
    "UnsupportedAddressFamily",
    "UnsupportedSocketType",
    "UserError",
    "VerifyError",
    "errnoMapping",
    "getConnectError",
]


class _Sentence(Exception):
    """An error whose text is its class's message, with the arguments after a colon."""

    MESSAGE = ""

    def __str__(self) -> str:
        details = " ".join(map(str, self.args))
        return f"{self.MESSAGE}: {details}." if self.args else f"{self.MESSAGE}."


# Listening and sending


class BindError(_Sentence):
    """An address could not be bound."""

    MESSAGE = "An error occurred binding to an interface"


class CannotListenError(BindError):
    """
    A port could not be listened on.

    Attributes:
        interface: The address that was asked for, "" for all.
        port: The port, None where there is none.
        socketError: What the system said.
    """

    def __init__(self, interface: str | None, port: Any, socketError: OSError | str) -> None:
        super().__init__(interface, port, socketError)
        self.interface = interface
        self.port = port
        self.socketError = socketError

    def __str__(self) -> str:
        return f"Couldn't listen on {self.interface or 'any'}:{self.port}: {self.socketError}."


class MulticastJoinError(Exception):
    """A multicast group could not be joined."""


class MessageLengthError(_Sentence):
    """A datagram was too long for the socket."""

    MESSAGE = "Message is too long to send"


class AlreadyListened(Exception):
    """A port was told to listen twice."""


class NotListeningError(_Sentence, RuntimeError):
    """A port was told to stop listening and did not listen."""

    MESSAGE = "The Port was not listening when it was asked to stop listening"


class UnsupportedAddressFamily(Exception):
    """A reactor was given a socket of a family that it cannot serve."""


class UnsupportedSocketType(Exception):
    """A reactor was given a socket of a type that it cannot serve."""


# Connecting


class DNSLookupError(_Sentence, OSError):
    """A name has no address, or nobody could say."""

    MESSAGE = "DNS lookup failed"


class ConnectInProgressError(Exception):
    """A connection attempt has started and is not over."""


class ConnectError(_Sentence):
    """
    No connection came about.

    Attributes:
        osError: The system's number or exception, None if the failure has another cause.
    """

    MESSAGE = "An error occurred while connecting"

    def __init__(self, osError: Any = None, string: Any = "") -> None:
        self.osError = osError
        super().__init__(string)

    def __str__(self) -> str:
        (string,) = self.args or ("",)
        details = [str(self.osError)] if self.osError else []
        # An exception with an empty text still counts as a detail.
        if string != "":
            details.append(str(string))
        return ": ".join([self.MESSAGE, *details]) + "."

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.osError, *self.args), {**self.__dict__}


class ConnectBindError(ConnectError):
    """The address to connect from could not be bound."""

    MESSAGE = "Couldn't bind"


class UnknownHostError(ConnectError):
    """The host's name has no address."""

    MESSAGE = "Hostname couldn't be looked up"


class NoRouteError(ConnectError):
    """The network does not reach the host."""

    MESSAGE = "No route to host"


class ConnectionRefusedError(ConnectError):
    """Nobody listens at the other side."""

    MESSAGE = "Connection was refused by other side"


class TCPTimedOutError(ConnectError):
    """The system gave up waiting for the other side."""

    MESSAGE = "TCP connection timed out"


class BadFileError(ConnectError):
    """The path of a UNIX socket is not one."""

    MESSAGE = "File used for UNIX socket is no good"


class ServiceNameUnknownError(ConnectError):
    """The service given instead of a port is not known."""

    MESSAGE = "Service name given as port is unknown"


class UserError(ConnectError):
    """The program itself gave up connecting."""

    MESSAGE = "User aborted connection"


class TimeoutError(UserError):
    """The program's own time limit for connecting has passed."""

    MESSAGE = "User timeout caused connection failure"


class SSLError(ConnectError):
    """TLS could not be agreed on."""

    MESSAGE = "An SSL error occurred"


class NotConnectingError(_Sentence, RuntimeError):
    """A connector was told to stop connecting and did not connect."""

    MESSAGE = "The Connector was not connecting when it was asked to stop connecting"


class ConnectingCancelledError(Exception):
    """
    An endpoint's connection attempt was cancelled.

    Attributes:
        address: Where it was to connect to.
    """

    def __init__(self, address: IAddress) -> None:
        super().__init__(address)
        self.address = address


class NoProtocol(Exception):
    """The factory of an endpoint's connection made no protocol."""


class InvalidAddressError(ValueError):
    """
    What should be an address is none.

    Attributes:
        address: What was given.
        message: What is wrong with it.
    """

    def __init__(self, address: object, message: str) -> None:
        super().__init__(address, message)
        self.address = address
        self.message = message


errnoMapping: dict[int, type[ConnectError]] = {
    errno.ENETUNREACH: NoRouteError,
    errno.ECONNREFUSED: ConnectionRefusedError,
    errno.ETIMEDOUT: TCPTimedOutError,
}
# Winsock has numbers of its own.
errnoMapping.update(
    (getattr(errno, f"WSA{errno.errorcode[number]}"), kind)
    for number, kind in list(errnoMapping.items())
    if hasattr(errno, f"WSA{errno.errorcode[number]}")
)


def getConnectError(e: BaseException | tuple[int, str]) -> ConnectError:
    """Return the `ConnectError` that says what ``e``, an OSError in most cases, or the two arguments of one, say."""
    try:
        number, string = e if isinstance(e, tuple) else e.args
    except ValueError:
        return ConnectError(string=e)
    if isinstance(e, socket.gaierror):
        return UnknownHostError(number, string)
    return errnoMapping.get(number, ConnectError)(number, string)


# Connections that end


class ConnectionClosed(Exception):
    """A connection has ended, one way or another."""


class ConnectionLost(_Sentence, ConnectionClosed):
    """A connection has broken."""

    MESSAGE = "Connection to the other side was lost in a non-clean fashion"


class ConnectionAborted(ConnectionLost):
    """This side has cut the connection."""

    MESSAGE = "Connection was aborted locally using ITCPTransport.abortConnection"


class ConnectionDone(_Sentence, ConnectionClosed):
    """A connection was closed in order."""

    MESSAGE = "Connection was closed cleanly"


class FileDescriptorOverrun(ConnectionLost):
    """A UNIX connection was closed because more descriptors were sent than bytes to go with them."""

    MESSAGE = "A mis-use of IUNIXTransport.sendFileDescriptor caused the connection to be closed."


class ConnectionFdescWentAway(ConnectionLost):
    """Somebody else has closed the connection's file descriptor."""

    MESSAGE = "Uh"


# Certificates


class VerifyError(Exception):
    """Something signed could not be verified."""


class PeerVerifyError(VerifyError):
    """The peer could not verify something of ours."""


class CertificateError(Exception):
    """There is no certificate where one is needed."""


# Calls and the reactor


class AlreadyCalled(_Sentence, ValueError):
    """A delayed call was to be changed and has been made."""

    MESSAGE = "Tried to cancel an already-called event"


class AlreadyCancelled(_Sentence, ValueError):
    """A delayed call was to be changed and has been cancelled."""

    MESSAGE = "Tried to cancel an already-cancelled event"


class ReactorNotRunning(RuntimeError):
    """A reactor was told to stop and does not run."""


class ReactorNotRestartable(RuntimeError):
    """A reactor was told to run again, and cannot."""


class ReactorAlreadyRunning(RuntimeError):
    """A reactor was told to run while it runs."""


class ReactorAlreadyInstalledError(AssertionError):
    """A reactor was to be installed after another one was."""


# Child processes


class ProcessDone(ConnectionDone):
    """
    A child has ended with exit code 0.

    Attributes:
        exitCode: 0.
        signal: None.
        status: The status as ``os.waitpid`` gives it.
    """

    MESSAGE = "A process has ended without apparent errors"

    def __init__(self, status: int | None) -> None:
        super().__init__("process finished with exit code 0")
        self.exitCode = 0
        self.signal = None
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status,), {**self.__dict__}


class ProcessTerminated(ConnectionLost):
    """
    A child has ended by a signal or with an exit code other than 0.

    Attributes:
        exitCode: The exit code, None if it was a signal.
        signal: The signal's number, None if there was an exit code.
        status: The status as ``os.waitpid`` gives it.
    """

    MESSAGE = "A process has ended with a probable error condition"

    def __init__(self, exitCode: int | None = None, signal: int | None = None, status: int | None = None) -> None:
        self.exitCode = exitCode
        self.signal = signal
        self.status = status
        how = "process ended"
        if exitCode is not None:
            how += f" with exit code {exitCode}"
        if signal is not None:
            how += f" by signal {signal}"
        super().__init__(how)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.exitCode, self.signal, self.status), {**self.__dict__}


class ProcessExitedAlready(Exception):
    """A signal was to be sent to a child that is gone."""
