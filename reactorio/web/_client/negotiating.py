"""Connections whose protocol the TLS handshake is to tell (ALPN): HTTP/2, or the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.defer import Deferred
from reactorio.internet.interfaces import IHandshakeListener, IProtocolNegotiationFactory
from reactorio.internet.protocol import Factory, Protocol, connectionDone

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress
    from reactorio.python.failure import Failure


@implementer(IHandshakeListener)
class Negotiating(Protocol):
    """
    A connection whose protocol the handshake is to tell.

    Args:
        choose: Makes the protocol: for h2, or not.

    Attributes:
        ready: Fires with that protocol, or fails as the connection does.
    """

    def __init__(self, choose: Callable[[bool], Any]) -> None:
        self._choose = choose
        self._chosen: Any = None
        self.ready: Deferred[Any] = Deferred(lambda ignored: self.transport.abortConnection())

    def handshakeCompleted(self) -> None:
        """The server has said which."""
        if self.ready.called:  # nobody wants it any more
            return
        negotiated = getattr(self.transport, "negotiatedProtocol", None)
        self._chosen = self._choose(negotiated == b"h2")
        self._chosen.makeConnection(self.transport)
        self.ready.callback(self._chosen)

    def dataReceived(self, data: bytes) -> None:
        """Pass ``data`` on."""
        self._chosen.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection ended, or there was none."""
        if self._chosen is not None:
            self._chosen.connectionLost(reason)
        elif not self.ready.called:
            self.ready.errback(reason)


@implementer(IProtocolNegotiationFactory)
class NegotiatingFactory(Factory[Negotiating]):
    """Makes connections that offer both protocols."""

    noisy = False

    def __init__(self, choose: Callable[[bool], Any]) -> None:
        self._choose = choose

    def acceptableProtocols(self) -> list[bytes]:
        """Return the protocols, the better first."""
        return [b"h2", b"http/1.1"]

    def buildProtocol(self, addr: IAddress | None) -> Negotiating:
        return Negotiating(self._choose)
