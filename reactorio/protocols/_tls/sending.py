"""What an application writes, on its way to the engine; and the producers that write it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from reactorio.protocols._tls.producers import _ProducerMembrane, _PullToPush
from reactorio.protocols.policies import ProtocolWrapper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.protocols._tls.buffering import _AggregateSmallWrites
    from reactorio.protocols._tls.engines import Engine

__all__ = ["Sending"]

__name__ = "reactorio.protocols.tls"  # the public path: see the package's docstring


class Sending(ProtocolWrapper):
    """The half of a protocol with TLS that the application writes to."""

    _engine: Engine | None = None
    _aggregator: _AggregateSmallWrites | None = None
    _producer: _ProducerMembrane | None = None
    _handshakeDone = False
    _lostTLSConnection = False
    _closed_by_us = False
    _closing_write = False

    def __init__(self, factory: Any, wrappedProtocol: Any) -> None:
        super().__init__(factory, wrappedProtocol)
        # Taken from the application, but not by the engine, which waits for the peer.
        self._unsent: deque[bytes] = deque()

    # ---- the other half

    def _guarded(self, call: Any, *args: Any) -> None:
        """Call into the application; what it raises ends the connection."""
        raise NotImplementedError("reading and ends are a subclass's")

    def _failed(self, error: Exception) -> None:
        """TLS cannot go on."""
        raise NotImplementedError("reading and ends are a subclass's")

    def _shutdownTLS(self) -> None:
        """All is sent: close our side."""
        raise NotImplementedError("reading and ends are a subclass's")

    # ---- writing

    def write(self, data: bytes) -> None:
        """
        Encrypt and send ``data``; before the handshake is complete it waits. Once the connection is being closed, and
        no producer is left, it is dropped.

        Raises:
            TypeError: ``data`` is not bytes.
        """
        if data.__class__ is not bytes:
            if not isinstance(data, (bytes, bytearray, memoryview)):
                raise TypeError(
                    "Must write bytes to a TLS transport, not str." if isinstance(data, str) else "Data must be bytes"
                )
            data = bytes(data)
        if (self.disconnecting and self._producer is None) or self._closing_write or self._lostTLSConnection:
            return
        if data and self._aggregator is not None:
            self._aggregator.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write the concatenation of ``data``."""
        self.write(b"".join(data))

    def _send(self, data: bytes) -> None:
        """Have the engine take ``data``, or as much as it can for now."""
        if self._lostTLSConnection:
            return
        self._unsent.append(data)
        if len(self._unsent) == 1:
            self._send_unsent()

    def _send_unsent(self) -> None:
        unsent = self._unsent
        if unsent and not self._handshakeDone:
            self._wait_for_peer()
            return
        engine: Engine = self._engine  # type: ignore[assignment]  # there is one while TLS lasts
        while unsent:
            view = memoryview(unsent[0])
            taken = 0
            try:
                while taken < len(view) and (part := engine.write(view[taken:])):
                    taken += part
            except Exception as error:
                self._failed(error)
                return
            if taken < len(view):
                unsent[0] = bytes(view[taken:])
                self._pass_on()
                self._wait_for_peer()
                return
            unsent.popleft()
        self._pass_on()
        self._all_sent()

    def _wait_for_peer(self) -> None:
        if self._producer is not None:
            self._guarded(self._producer.hold)

    def _all_sent(self) -> None:
        if self._lostTLSConnection:
            return
        if self._producer is not None:
            self._guarded(self._producer.release)
        elif (self.disconnecting or self._closing_write) and not self._closed_by_us:
            self._shutdownTLS()

    # ---- as a consumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        Let ``producer`` write at the pace at which peer and transport take it.

        Raises:
            RuntimeError: There is a producer already.
        """
        if self._lostTLSConnection or not self.connected:
            producer.stopProducing()
            return
        if self._producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, because producer {self._producer._producer!r} was never "
                "unregistered."
            )
        pulled = None
        if not streaming:
            producer = pulled = _PullToPush(producer, self)
        self._producer = membrane = _ProducerMembrane(producer)
        self.transport.registerProducer(membrane, True)
        if pulled is not None:
            pulled.startStreaming()
        if self._unsent and self._producer is membrane:
            membrane.hold()

    def unregisterProducer(self) -> None:
        """The producer is done; a `loseConnection` that waited for it goes on."""
        membrane = self._producer
        if membrane is None:
            return
        self._producer = None
        if isinstance(membrane._producer, _PullToPush):
            membrane._producer.stopStreaming()
        self.transport.unregisterProducer()
        if self.disconnecting and not self._lostTLSConnection and not self._closed_by_us:
            self._aggregator.flush()  # type: ignore[union-attr]  # there is one while TLS lasts
            if not self._unsent and not self._closed_by_us:
                self._shutdownTLS()

    def stopConsuming(self) -> None:
        """Refuse any more: drop the producer, close the connection."""
        self.unregisterProducer()
        self.loseConnection()

    def _pass_on(self) -> None:
        """Give the stream what the engine has for the peer."""
        data = self._engine.to_send()  # type: ignore[union-attr]  # there is one from the connection on
        if data:
            self.transport.write(data)

    # ---- of the stream

    def getTcpNoDelay(self) -> bool:
        return bool(self.transport.getTcpNoDelay())

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.transport.setTcpNoDelay(enabled)

    def getTcpKeepAlive(self) -> bool:
        return bool(self.transport.getTcpKeepAlive())

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self.transport.setTcpKeepAlive(enabled)
