"""
TLS between a stream and an application, to which it is the transport.

What arrives goes into the engine; what comes out goes to the application, and what the engine has for the peer to the
stream. Everything the application does while it handles data is gathered and encrypted once.

An end is clean when both sides have sent close_notify. We send ours when all is sent, and go on reading until the
peer's comes, or until the stream ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import providedBy  # type: ignore[import-untyped]  # zope has no types

from reactorio._interface import directlyProvides, implementer
from reactorio.internet.error import ConnectionDone, ConnectionLost, TimeoutError
from reactorio.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, INegotiated, ISystemHandle
from reactorio.internet.protocol import Protocol, connectionDone
from reactorio.logger import Logger
from reactorio.protocols._tls.buffering import _AggregateSmallWrites
from reactorio.protocols._tls.engines import TLSError, Truncated, VerificationError
from reactorio.protocols._tls.openssl_or_none import wrapped_connection
from reactorio.protocols._tls.sending import Sending
from reactorio.protocols.policies import ProtocolWrapper
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.protocols._tls.engines import Engine

__name__ = "reactorio.protocols.tls"  # the public path: see the package's docstring

_log = Logger(namespace="reactorio.protocols.tls")

# Bytes that are decrypted together. uvloop reads 256 KiB at once: with their text, in pieces and whole, that is more
# than malloc keeps when it is freed, and what page after page anew costs doubles the price of bulk data. It is also
# what the engine's buffer grows to.
_AT_ONCE = 64 * 1024


@implementer(ISystemHandle, INegotiated)
class TLSMemoryBIOProtocol(Sending):
    """
    Speaks TLS over whatever transport it is connected to, and is the transport of ``wrappedProtocol``.

    Args:
        factory: The `TLSMemoryBIOFactory` that says how.
        wrappedProtocol: The application's protocol.
        _connectWrapped: Is that to be connected, or does it have its connection already, and now gets TLS?
    """

    # Why TLS ended, if it did so before the stream.
    _reason: Failure | None = None
    _aborted = False
    _closed_by_peer = False
    _reading_paused = False
    # What arrived and the engine has not been given, since the application has paused. It may hold something, too.
    _held_back: bytes | None = None
    # The end of what the peer is given to shake hands, or to answer that we close.
    _deadline: Any = None

    def __init__(self, factory: Any, wrappedProtocol: Any, _connectWrapped: bool = True) -> None:
        super().__init__(factory, wrappedProtocol)
        self._connectWrapped = _connectWrapped

    # ---- beginning

    def makeConnection(self, transport: Any) -> None:
        """Take the transport, connect the wrapped protocol, and begin the handshake."""
        engine = self._engine = self._engine or self.factory._createEngine(self)
        self._aggregator = _AggregateSmallWrites(self._send, self.factory._clock)
        if self._connectWrapped:
            super().makeConnection(transport)
        else:
            directlyProvides(self, providedBy(transport))
            Protocol.makeConnection(self, transport)
            self.factory.registerProtocol(self)
        # The application may have turned this into TLS within TLS meanwhile, which has begun.
        if not self._lostTLSConnection and self._engine is engine:
            self._begin()

    def _begin(self) -> None:
        self._give_time("handshake", self.factory.handshake_timeout)
        self._shake_hands()

    def _shake_hands(self) -> None:
        engine: Engine = self._engine  # type: ignore[assignment]  # there is one from the connection on
        try:
            done = engine.handshake()
        except Exception as error:
            self._failed(error)
            return
        if self._lostTLSConnection:
            return  # a callback of the application's has ended it
        if not done:
            self._pass_on()
            return
        self._handshakeDone = True
        self._end_time()
        if IHandshakeListener.providedBy(self.wrappedProtocol):
            self.wrappedProtocol.handshakeCompleted()
        if not self._lostTLSConnection:
            self._pass_on()
            self._send_unsent()

    # ---- limits

    def _give_time(self, to: str, seconds: float | None) -> None:
        if self._deadline is None and seconds is not None:
            clock = self.factory._clock
            limit = getattr(clock, "_time_limit", clock.callLater)
            self._deadline = limit(seconds, self._guarded, self._too_late, to, seconds)

    def _end_time(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None:
            deadline.cancel()

    def _too_late(self, what: str, seconds: float) -> None:
        self._deadline = None
        is_writing = getattr(self.transport, "_is_writing", None)
        if what == "shutdown" and is_writing is not None and is_writing():
            # The peer takes its time with what came before, as it may on every stream.
            self._give_time(what, seconds)
            return
        late = f"TLS {what} is not over after {seconds:g} seconds"
        _log.info("{late}: cut off the connection with {peer}", late=late, peer=self.transport.getPeer())
        self.failVerification(Failure(TimeoutError(late)))

    # ---- reading

    def dataReceived(self, data: bytes) -> None:
        """Take bytes from the stream, and give the application what they hold."""
        engine, aggregator = self._engine, self._aggregator
        if self._lostTLSConnection or engine is None or aggregator is None:
            return
        if self._held_back is not None:
            data, self._held_back = self._held_back + data, None
        aggregator.corked = True
        try:
            self._take(engine, data)
        finally:
            aggregator.corked = False
        if not self._lostTLSConnection:
            aggregator.flush()

    def _take(self, engine: Engine, data: bytes) -> None:
        start, view = 0, memoryview(data)
        while not self._lostTLSConnection:
            if self._engine is not engine:
                # TLS within TLS has begun: our transport is what this object was until then.
                self.transport.dataReceived(data[start:])
                return
            if self._reading_paused:
                self._held_back = data[start:]
                return
            engine.receive(view[start : start + _AT_ONCE])
            self._go_on(engine)
            start += _AT_ONCE
            if start >= len(data):
                return

    def _go_on(self, engine: Engine) -> None:
        if not self._handshakeDone:
            self._shake_hands()
            if not self._handshakeDone or self._lostTLSConnection:
                return
            if self._reading_paused:
                # By who was told of the handshake. What came with the end of that is in the engine.
                self._held_back = b""
                return
        ended, error = self._read(engine)
        if self._lostTLSConnection:
            return
        if error is not None:
            self._failed(error)
            return
        self._send_unsent()
        if ended and not self._lostTLSConnection:
            self._peer_closed()

    def _read(self, engine: Engine) -> tuple[bool, Exception | None]:
        """Deliver what there is; return whether the peer has closed its side, and why no more can be read."""
        texts: list[bytes] = []
        error: Exception | None = None
        text: bytes | None = None
        try:
            while text := engine.read():
                texts.append(text)
        except Exception as exception:
            error = exception
        if texts:
            self.wrappedProtocol.dataReceived(texts[0] if len(texts) == 1 else b"".join(texts))
        return text == b"" and error is None, error

    def _peer_closed(self) -> None:
        if self._closed_by_peer:
            return
        self._closed_by_peer = True
        if self._closed_by_us:
            self._tlsShutdownFinished(None)
        elif IHalfCloseableProtocol.providedBy(self.wrappedProtocol) and not self.disconnecting:
            self.wrappedProtocol.readConnectionLost()
        else:
            self._release_producer()
            self._aggregator.flush()  # type: ignore[union-attr]  # there is one while TLS lasts
            self.disconnecting = True
            if not self._unsent and not self._closed_by_us and not self._lostTLSConnection:
                self._shutdownTLS()

    # ---- ends

    def _failed(self, error: Exception) -> None:
        """TLS cannot go on."""
        if self._lostTLSConnection:
            return
        if isinstance(error, VerificationError):
            self.failVerification(Failure(error))
        elif isinstance(error, Truncated):
            self._tlsShutdownFinished(Failure(ConnectionLost()))
        elif isinstance(error, TLSError):
            self._pass_on()
            self._tlsShutdownFinished(Failure(error))
        else:
            # A callback of the application's has failed.
            self._tlsShutdownFinished(Failure(error))

    def failVerification(self, reason: Failure) -> None:
        """End the connection at once because of whom it leads to; the application is told ``reason``."""
        self._reason = reason
        self.abortConnection()

    def _shutdownTLS(self) -> None:
        """All is sent: close our side."""
        self._closed_by_us = True
        closed = self._engine.close()  # type: ignore[union-attr]  # there is one while TLS lasts
        self._pass_on()
        if self._closing_write and not closed and not self.disconnecting:
            # Not before the caller of loseWriteConnection has gone on, as on every stream.
            self.factory._clock.callLater(0, self._guarded, self._write_closed)
        elif closed or self._reading_paused:
            # Who has stopped reading would never see the peer's answer.
            self._tlsShutdownFinished(None)
        else:
            self._give_time("shutdown", self.factory.shutdown_timeout)

    def _write_closed(self) -> None:
        if not self._lostTLSConnection and IHalfCloseableProtocol.providedBy(self.wrappedProtocol):
            self.wrappedProtocol.writeConnectionLost()

    def _guarded(self, call: Any, *args: Any) -> None:
        """Call into the application, when it is not the stream below that does: what it raises ends the connection."""
        try:
            call(*args)
        except Exception:
            failure = Failure()
            _log.failure("Unhandled Error", failure=failure)
            self.failVerification(failure)

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """TLS is over; the application is told when the stream is, too."""
        if self._lostTLSConnection:
            return
        self._lostTLSConnection = True
        if self._reason is None:
            self._reason = reason
        self._end_time()
        self._forget_unsent()
        self._release_producer()
        self.transport.loseConnection()

    def _forget_unsent(self) -> None:
        self._unsent.clear()
        if self._aggregator is not None:
            self._aggregator.drop()

    def _release_producer(self) -> None:
        producer = self._producer
        if producer is not None:
            self._producer = None
            self.transport.unregisterProducer()
            producer.stopProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The stream is over; tell the application, with TLS's reason if it has one of its own."""
        if not self._lostTLSConnection:
            self._see_truncation(reason)
            self._lostTLSConnection = True
        self._end_time()
        self._forget_unsent()
        own, self._reason = self._reason, None
        # They refer to us, and we to them: without this, only the garbage collector would end it.
        self._aggregator = self._engine = self._producer = None
        self.connected = 0
        super().connectionLost(reason if own is None else own)

    def _see_truncation(self, reason: Failure) -> None:
        """The stream ended and TLS did not: who has not asked for the end takes that for a loss."""
        engine = self._engine
        if self._aborted or engine is None:
            return
        if self._held_back and not self._reading_paused:
            engine.receive(self._held_back)
        engine.receive_eof()
        try:
            if self._handshakeDone:
                self._read(engine)
            else:
                engine.handshake()
        except TLSError as error:
            self._reason = self._reason or Failure(error)
        except Truncated:
            pass
        if (
            self._reason is None
            and not self._closed_by_peer
            and not self._closed_by_us
            and isinstance(reason.value, ConnectionDone)
        ):
            self._reason = Failure(ConnectionLost())

    def loseConnection(self) -> None:
        """
        Close the connection when all that was written is sent and a producer, if any, has unregistered.

        In the midst of the handshake, with nothing written, the connection is aborted.
        """
        if self.disconnecting or not self.connected or self._lostTLSConnection:
            return
        aggregator: _AggregateSmallWrites = self._aggregator  # type: ignore[assignment]  # there is one while connected
        if not self._handshakeDone and not self._unsent and not aggregator and self._producer is None:
            self.abortConnection()
            return
        self.disconnecting = True
        aggregator.flush()
        if self._closed_by_us:
            if self._closed_by_peer or self._reading_paused:
                self._tlsShutdownFinished(None)
            else:
                self._give_time("shutdown", self.factory.shutdown_timeout)
        elif not self._unsent and self._producer is None and not self._lostTLSConnection:
            self._shutdownTLS()

    def loseWriteConnection(self) -> None:
        """
        Close the connection for writing when all that was written is sent; the peer may go on writing.

        Unlike Twisted, where it cuts the stream off below TLS. Peers that speak TLS 1.2 may close their side, too.
        """
        if self.disconnecting or self._closing_write or not self.connected or self._lostTLSConnection:
            return
        self._aggregator.flush()  # type: ignore[union-attr]  # there is one while connected
        self._closing_write = True
        if not self._unsent and self._handshakeDone and not self._lostTLSConnection:
            self._shutdownTLS()

    def abortConnection(self) -> None:
        """Close the connection; what is not sent yet is dropped, and the peer finds TLS cut off."""
        if self._aborted:
            return
        self._aborted = self._lostTLSConnection = True
        self.disconnecting = True
        self._end_time()
        self._forget_unsent()
        abort = getattr(self.transport, "abortConnection", None) or self.transport.loseConnection
        abort()

    # ---- as a producer

    def pauseProducing(self) -> None:
        """Deliver nothing until `resumeProducing`."""
        self._reading_paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Go on delivering what arrives."""
        self._reading_paused = False
        self.transport.resumeProducing()
        if self._held_back is not None:
            self.factory._clock.callLater(0, self._deliver_held_back)

    def _deliver_held_back(self) -> None:
        if self._held_back is not None and not self._reading_paused:
            self._guarded(self.dataReceived, b"")

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    def startTLS(self, contextFactory: Any, normal: bool = True, opened_by_us: bool | None = None) -> None:
        """
        Speak TLS within TLS from here on.

        Args:
            contextFactory: See `TLSMemoryBIOFactory`.
            normal: Is who is the client so far the client of the inner TLS, too?
            opened_by_us: Are we that one? By default, whoever is it of this TLS.

        Raises:
            Exception: What ``contextFactory`` raised; then nothing has changed.
        """
        is_client = self.factory._isClient if opened_by_us is None else opened_by_us
        kind = type(self.factory)
        factory = kind(contextFactory, is_client if normal else not is_client, None, self.factory._clock)
        if self._lostTLSConnection or self._aggregator is None:
            return
        engine = factory._createEngine(self)
        self._aggregator.flush()
        self._end_time()
        producer, self._producer = self._producer, None
        outer = self._handed_down(factory)
        self._engine = engine
        if not outer._handshakeDone:
            outer._begin()
        self.makeConnection(outer)
        if producer is not None:
            outer.transport.unregisterProducer()
            self.registerProducer(producer._producer, True)

    def _handed_down(self, factory: Any) -> TLSMemoryBIOProtocol:
        """
        Return a protocol that takes over what this one has been so far, and be a new one above it.

        The application keeps its transport, this object.
        """
        outer = type(self)(self.factory, None)
        outer.__dict__.update(self.__dict__)
        outer._aggregator._write = outer._send  # type: ignore[union-attr]  # there is one while TLS lasts
        directlyProvides(outer, providedBy(self))
        outer.factory.registerProtocol(outer)
        outer.factory.unregisterProtocol(self)
        wrapped = self.wrappedProtocol
        self.__dict__.clear()
        TLSMemoryBIOProtocol.__init__(self, factory, wrapped, False)
        outer.wrappedProtocol = self
        below = outer.transport
        if isinstance(below, ProtocolWrapper):
            below.wrappedProtocol = outer
        else:
            below.protocol = outer
        return outer

    # ---- facts

    @property
    def _tlsConnection(self) -> Any:
        """The engine's connection, by the name that applications know; one of their own can be put in its place."""
        return None if self._engine is None else self._engine.connection

    @_tlsConnection.setter
    def _tlsConnection(self, connection: Any) -> None:
        self._engine = wrapped_connection(connection)

    def getHandle(self) -> Any:
        """Return pyOpenSSL's ``Connection``, or what answers in its stead; None once the connection is lost."""
        return self._tlsConnection

    def getPeerCertificate(self) -> Any:
        """Return the peer's certificate, as pyOpenSSL's ``X509`` where that is installed; None if it has shown none."""
        return None if self._engine is None else self._engine.peer_certificate()

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """What ALPN has chosen; None if nothing, or not yet."""
        return None if self._engine is None else self._engine.negotiated_protocol()
