"""Stream connections: their protocols, transports, connectors and listening ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.defer import Deferred
    from reactorio.python.failure import Failure

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IAddress(Interface, Protocol):
    """
    Where one end of a connection is.

    `reactorio.internet.address` has the usual ones. An address can be compared and hashed, so it may be a key.
    """


class IConnector(Interface, Protocol):
    """One destination and the attempts to connect there, one at a time."""

    def stopConnecting(self) -> None:
        """
        Give up the attempt that is under way; the factory's ``clientConnectionFailed`` gets a `UserError`.

        Raises:
            NotConnectingError: No attempt is under way.
        """

    def disconnect(self) -> None:
        """Close the connection if there is one, else give up connecting."""

    def connect(self) -> None:
        """Connect, again or for the first time."""

    def getDestination(self) -> IAddress:
        """Return the address to connect to."""


class IListeningPort(Interface, Protocol):
    """A port that listens, or could."""

    def startListening(self) -> None:
        """
        Start to listen.

        Raises:
            CannotListenError: The address cannot be had.
        """

    def stopListening(self) -> Deferred[None] | None:
        """Stop to listen; the Deferred, where there is one, fires when the port is free again."""

    def getHost(self) -> IAddress:
        """Return the address that is listened on."""


class ITransport(Interface, Protocol):
    """
    The way to the other end. Everything is queued and nothing blocks.

    Do not wait for a write to be done before the next one: the transport keeps the order.
    """

    def write(self, data: bytes) -> None:
        """
        Queue ``data`` to be sent.

        Once the connection is closed or being closed, the data is dropped without a word.

        Raises:
            TypeError: ``data`` is no bytes-like object.
        """

    def writeSequence(self, data: Iterable[bytes], /) -> None:
        """Queue several pieces as one."""

    def loseConnection(self) -> None:
        """Close after everything queued has been sent and any registered producer is done."""

    def getPeer(self) -> IAddress:
        """Return the other end's address."""

    def getHost(self) -> IAddress:
        """Return this end's address."""


class ITCPTransport(ITransport, Protocol):
    """A transport over TCP."""

    def loseWriteConnection(self) -> None:
        """Send what is queued, then end this direction only; reading goes on."""

    def abortConnection(self) -> None:
        """Close at once, whatever is queued; the protocol hears of it by a `ConnectionAborted`."""

    def getTcpNoDelay(self) -> bool:
        """Return whether TCP_NODELAY is set."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Set or clear TCP_NODELAY: small writes go out without waiting for the peer's acknowledgement."""

    def getTcpKeepAlive(self) -> bool:
        """Return whether SO_KEEPALIVE is set."""

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Set or clear SO_KEEPALIVE."""


class IUNIXTransport(ITransport, Protocol):
    """A transport over a UNIX stream socket."""

    def sendFileDescriptor(self, descriptor: int) -> None:
        """
        Send a copy of ``descriptor`` along with the next data written.

        It must stay open until the data is sent, and there must be at least one byte of data for each descriptor.
        """


class ITLSTransport(ITCPTransport, Protocol):
    """A TCP transport that can turn to TLS midway."""

    def startTLS(self, contextFactory: Any) -> None:
        """
        Speak TLS from here on.

        Args:
            contextFactory: What makes the TLS connection: an `IOpenSSLClientConnectionCreator` or
                `IOpenSSLServerConnectionCreator`, or a context factory of ``reactorio.internet.ssl``.
        """


class ISSLTransport(ITCPTransport, Protocol):
    """A transport with TLS on."""

    def getPeerCertificate(self) -> Any:
        """Return the certificate that the other end showed, None if there was none."""


class INegotiated(ISSLTransport, Protocol):
    """A TLS transport that may have agreed on a protocol (ALPN, RFC 7301)."""

    negotiatedProtocol: bytes | None = Attribute("What was agreed on, None if nothing was or the handshake goes on.")


class IProtocol(Interface, Protocol):
    """What an application does with one connection."""

    def dataReceived(self, data: bytes) -> None:
        """
        Some bytes arrived.

        The cuts between calls say nothing: what was sent by one write may arrive in several pieces or with others.
        """

    def connectionLost(self, reason: Failure) -> None:
        """The connection is over. ``reason`` wraps `ConnectionDone` if it was closed cleanly, else `ConnectionLost`."""

    def makeConnection(self, transport: ITransport) -> None:
        """Take the transport, then call ``connectionMade``."""

    def connectionMade(self) -> None:
        """The connection is there: the place to greet, or to start a timer."""


class IHalfCloseableProtocol(Interface, Protocol):
    """
    A protocol that lives on when one direction of its connection has ended.

    Without this, the end of the peer's data closes the whole connection.
    """

    def readConnectionLost(self) -> None:
        """The peer will send no more; writing is still possible."""

    def writeConnectionLost(self) -> None:
        """Nothing more can be written; ``loseWriteConnection`` has done its work, or the peer reads no more."""


class IHandshakeListener(Interface, Protocol):
    """A protocol that wants to know when the TLS handshake is done."""

    def handshakeCompleted(self) -> None:
        """The handshake is done: the peer's certificate and the negotiated protocol are known."""


class IFileDescriptorReceiver(Interface, Protocol):
    """A protocol that takes file descriptors sent over a UNIX socket."""

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """``descriptor`` has arrived. It is the receiver's now, who must close it."""


class IProtocolFactory(Interface, Protocol):
    """Makes a protocol for each connection."""

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        """Return the protocol for the connection from or to ``addr``, or None to close it at once."""

    def doStart(self) -> None:
        """A port or connector uses this factory; called once for each of them."""

    def doStop(self) -> None:
        """A port or connector no longer uses this factory."""


class IProtocolNegotiationFactory(Interface, Protocol):
    """A factory whose protocols are agreed on in the TLS handshake (ALPN, RFC 7301)."""

    def acceptableProtocols(self) -> list[bytes]:
        """Return the protocols' registered names, the preferred first."""
