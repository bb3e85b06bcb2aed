"""
A connection: `ITCPTransport` above, and the protocol of an asyncio transport below, in one object.

That is the one Python hop between loop and protocol. What it is spent on:

- the guard: an exception in a protocol's hook is logged and ends this connection only;
- the cork: both loops send at every ``write``, so what a protocol writes while it handles data is gathered and handed
  over once, when ``dataReceived`` returns (a line echo: 0.25 µs a line where it was 2.0).
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.aio.errors import reason_for
from reactorio.aio.sockets import LentSocket, address_of
from reactorio.internet.interfaces import (
    IConsumer,
    IHalfCloseableProtocol,
    ILoggingContext,
    IPushProducer,
    ISystemHandle,
    ITCPTransport,
    ITLSTransport,
)
from reactorio.logger import Logger
from reactorio.python import context
from reactorio.python.failure import Failure
from reactorio.python.log import ILogContext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.aio.reactor import Reactor
    from reactorio.internet.interfaces import IAddress, IProtocol, IPullProducer

__all__ = ["Connection"]

_log = Logger(namespace="reactorio.internet.tcp")

# asyncio's 256 KiB a read are over malloc's mmap threshold of 128 KiB: each read maps and unmaps them, which triples the
# price of a small message. Just below it bulk data gains an eighth over 64 KiB. uvloop reads into a buffer of its own.
READ_SIZE = 120 * 1024


@implementer(ITCPTransport, ITLSTransport, IConsumer, IPushProducer, ISystemHandle, ILoggingContext)
class Connection(asyncio.Protocol):
    """
    One end of a stream connection.

    Attributes:
        protocol: Who gets the data; setting it hands the connection over. None once the connection is lost.
        connected: Between the protocol's ``makeConnection`` and ``connectionLost``.
        disconnecting: Has `loseConnection` been called?
        disconnected: Has the connection been, and been lost?
        bufferSize: Unsent bytes at which a push producer is paused.
        logstr: The protocol and its peer, as log lines name them.
    """

    protocol: IProtocol | None = None
    connected = 0
    disconnected = 0
    disconnecting = False
    TLS = False
    # Is who opened the connection.
    _tlsClientDefault = False
    bufferSize = 64 * 1024

    producer: IPushProducer | IPullProducer | None = None
    streamingProducer = False
    producerPaused = False

    _transport: asyncio.Transport | None = None
    _socket: Any = None
    _family: int = socket.AF_INET
    # Addresses, as the system gives them until somebody asks for the object.
    _sockname: Any = None
    _peername: Any = None
    _host: IAddress | None = None
    _peer: IAddress | None = None
    _prefix: str | None = None

    _reading = False
    _aborting = False
    _write_disconnecting = False
    _write_disconnected = False

    # What the protocol writes while it handles data; None at other times.
    _gathered: list[bytes] | None = None
    _gathered_size = 0
    _sent = False
    _backlogged = False
    _drain_expected = False

    def __init__(
        self, skt: socket.socket | None = None, protocol: IProtocol | None = None, reactor: Reactor | None = None
    ) -> None:
        if skt is not None:
            self._socket = skt
        self.protocol = protocol
        self.reactor: Any = reactor
        self._contexts: list[Any] = context.theContextTracker.currentContext().contexts

    # ---- what the loop calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a stream's
        loop = self.reactor._loop
        if loop is None or self.reactor._leaving:
            # Accepted in the moment in which the reactor ended.
            self.disconnected = 1
            transport.abort()
            return
        self._transport = transport
        if hasattr(transport, "max_size"):
            transport.max_size = READ_SIZE
        self.connected = 1
        self._reading = True
        # The loop that this connection lives on: the reactor may have gone on to another.
        self._loop = loop
        self.reactor._opened(self)
        try:
            self._made()
        except OSError as error:
            # The peer was gone before it could be named.
            self.connectionLost(reason_for(error))
        except Exception:
            self._end_by_exception()
        if not self._reading:
            # uvloop, and asyncio before Python 3.11, begin to read once this returns, whatever was said in here.
            self._loop.call_soon(self._pause_again)

    def _pause_again(self) -> None:
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            # uvloop says that it reads; asyncio says that it does not, and may do so all the same.
            if not self._transport.is_reading():
                self._transport.resume_reading()
            self._transport.pause_reading()

    def _made(self) -> None:
        """Find the protocol and connect it; what a subclass is for."""

    def _connect_protocol(self, protocol: IProtocol) -> None:
        self.protocol = protocol
        self._prefix = log_prefix_of(protocol)
        self._guarded(protocol.makeConnection, self)

    def data_received(self, data: bytes) -> None:
        contexts = self._contexts
        contexts.append(self)
        gathered: list[bytes] = []
        self._gathered = gathered
        try:
            self.protocol.dataReceived(data)  # type: ignore[union-attr]  # there is one until the connection is lost
        except Exception:
            self._drop_gathered()
            self._end_by_exception()
        finally:
            self._gathered = None
            contexts.pop()
        if gathered:
            self._hand_over(gathered)

    def eof_received(self) -> bool:
        """Return whether the connection stays open for writing."""
        self._reading = False
        protocol: object = self.protocol
        if not IHalfCloseableProtocol.providedBy(protocol):
            return False
        self._guarded(protocol.readConnectionLost)
        return bool(self.connected)

    def connection_lost(self, error: Exception | None) -> None:
        # Not to be aborted any more: asyncio would close it twice.
        self._detach()
        self.connectionLost(reason_for(error, self._aborting))

    def pause_writing(self) -> None:
        self._backlogged = True

    def resume_writing(self) -> None:
        # Not here: asyncio closes a transport twice if it is closed from within this call.
        self._backlogged = False
        self._expect_drain()

    # ---- the guard

    def _guarded(self, call: Any, *args: Any) -> None:
        """Call into the application: what it raises ends this connection."""
        self._contexts.append(self)
        try:
            call(*args)
        except Exception:
            self._end_by_exception()
        finally:
            self._contexts.pop()

    def _end_by_exception(self) -> None:
        failure = Failure()
        _log.failure("Unhandled Error", failure=failure)
        self.connectionLost(failure)

    # ---- writing

    def write(self, data: bytes) -> None:
        """
        Send ``data``, in order and as soon as the peer takes it. Once the connection is lost or closed for writing, it
        is dropped.

        Raises:
            TypeError: ``data`` is not bytes.
        """
        if data.__class__ is not bytes:
            data = _as_bytes(data)
        gathered = self._gathered
        if gathered is not None:
            gathered.append(data)
            self._gathered_size += len(data)
            if self._gathered_size >= self.bufferSize:
                self._flush()
        elif data and self.connected and not self._write_disconnecting:
            self._send(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write the concatenation of ``data``."""
        try:
            whole = b"".join(data)
        except TypeError:
            raise TypeError("Data must be bytes") from None
        self.write(whole)

    def _flush(self) -> None:
        """Hand over now what was gathered under the cork."""
        if self._gathered:
            self._hand_over(self._gathered)

    def _hand_over(self, gathered: list[bytes]) -> None:
        data = gathered[0] if len(gathered) == 1 else b"".join(gathered)
        gathered.clear()
        self._gathered_size = 0
        if data and self.connected and not self._write_disconnecting:
            self._send(data)

    def _send(self, data: bytes) -> None:
        transport: asyncio.Transport = self._transport  # type: ignore[assignment]  # there is one while connected
        self._sent = True
        if self.producer is None:
            transport.write(data)
            return
        if transport.is_closing():
            # It broke, which we are told in the next turn. A producer may write until it is paused, and asyncio warn at
            # each write.
            self._pause_producer()
            return
        backlog = transport.get_write_buffer_size() + len(data)
        transport.write(data)
        if self.streamingProducer and not self.producerPaused:
            if backlog <= self.bufferSize:
                return
            self._pause_producer()
        if not self._backlogged:
            self._expect_drain()

    def _pause_producer(self) -> None:
        if self.streamingProducer and not self.producerPaused:
            self.producerPaused = True
            self._watch_drain(True)
            self._guarded(self.producer.pauseProducing)  # type: ignore[union-attr]  # a streaming one has it

    def _expect_drain(self) -> None:
        """All is sent: go on in the loop's next turn."""
        if not self._drain_expected:
            self._drain_expected = True
            self._loop.call_soon(self._drained_soon)

    def _drained_soon(self) -> None:
        self._drain_expected = False
        if not self._backlogged:
            self._drained()

    def _drained(self) -> None:
        """Nothing is left to be sent."""
        if not self.connected or self._aborting:
            return
        if self._is_awaiting_producer():
            if self.producerPaused and not self._write_disconnecting:
                self._watch_drain(False)
            self.producerPaused = False
            self._guarded(self.producer.resumeProducing)  # type: ignore[union-attr]  # there is one to wait for
        elif self.disconnecting:
            self._close()
        elif self._write_disconnecting and not self._write_disconnected:
            self._close_write()

    # ---- closing

    def loseConnection(self) -> None:
        """
        Close the connection when all that was written is sent.

        A producer that has to be asked is asked until it has unregistered. One that streams is waited for while it is
        paused, and no longer, as in Twisted: two connections that produce for each other are not to keep each other open.
        """
        if not self.connected or self.disconnecting:
            return
        self.disconnecting = True
        self.stopReading()
        # What is written before this turn is over is still sent, as Twisted's programs expect.
        if not self._is_awaiting_producer():
            self._loop.call_soon(self._close)

    def _is_awaiting_producer(self) -> bool:
        """Is there a producer that writes only, or only again, when it is told to?"""
        return self.producer is not None and (self.producerPaused or not self.streamingProducer)

    def _close(self) -> None:
        if self._transport is not None and not self._is_awaiting_producer():
            self._transport.close()

    def abortConnection(self) -> None:
        """Close the connection in the loop's next turn; what is not sent yet is dropped."""
        if not self.connected or self._aborting:
            return
        self._aborting = True
        self.disconnecting = True
        self._reading = False
        self._write_disconnecting = True
        self._drop_gathered()
        if self._transport is not None:
            self._transport.abort()

    def loseWriteConnection(self) -> None:
        """Close the connection for writing, once all is sent; the peer sees the end and can go on sending."""
        if not self.connected or self._write_disconnecting:
            return
        self._flush()
        self._write_disconnecting = True
        self._watch_drain(True)
        if not self._backlogged:
            self._expect_drain()

    def _close_write(self) -> None:
        self._write_disconnected = True
        try:
            self._transport.write_eof()  # type: ignore[union-attr]  # there is one while connected
        except OSError:
            return  # the peer is gone: connection_lost says so
        protocol: object = self.protocol
        if IHalfCloseableProtocol.providedBy(protocol):
            self._guarded(protocol.writeConnectionLost)

    def connectionLost(self, reason: Failure) -> None:
        """End the connection here and now, whatever state it is in, and tell producer and protocol why."""
        if self.disconnected:
            return
        self._end()
        producer, self.producer = self.producer, None
        protocol, self.protocol = self.protocol, None
        if producer is not None:
            self._tell(producer.stopProducing)
        if protocol is not None:
            self._tell(protocol.connectionLost, reason)
        self._after_loss(reason)

    def _end(self) -> None:
        """End without a word to the protocol; so it also is when the application closes the socket itself."""
        if self.disconnected:
            return
        self.disconnected = 1
        self.connected = 0
        self._reading = False
        self._drop_gathered()
        transport = self._detach()
        if transport is not None:
            transport.abort()

    def _detach(self) -> asyncio.Transport | None:
        """Part from the loop's transport, keeping the addresses that log lines ask for long after."""
        transport, self._transport = self._transport, None
        if transport is not None:
            self.reactor._closed(self)
            self._sockname = transport.get_extra_info("sockname") or self._sockname
            self._peername = transport.get_extra_info("peername") or self._peername
        return transport

    def _drop_gathered(self) -> None:
        if self._gathered is not None:
            self._gathered.clear()
            self._gathered_size = 0

    def _after_loss(self, reason: Failure) -> None:
        """The protocol knows; what a subclass has to add."""

    def _tell(self, call: Any, *args: Any) -> None:
        self._contexts.append(self)
        try:
            call(*args)
        except Exception:
            _log.failure("Unhandled Error")
        finally:
            self._contexts.pop()

    def startTLS(self, contextFactory: Any, normal: bool = True) -> None:
        """
        Speak TLS from here on; what was written before goes out as it is.

        Args:
            contextFactory: See `reactorio.protocols.tls.TLSMemoryBIOFactory`.
            normal: Is who opened the connection the client of TLS, too?

        Raises:
            Exception: What ``contextFactory`` raised.
        """
        # It is a subclass that this turns into.
        from reactorio.aio.starttls import start_tls

        start_tls(self, contextFactory, normal)

    # ---- as a consumer

    def registerProducer(self, producer: IPushProducer | IPullProducer, streaming: bool) -> None:
        """
        Let ``producer`` write at the pace at which the peer takes it: one that streams is paused and resumed, another
        is resumed each time that everything is sent.

        Raises:
            RuntimeError: There is a producer already.
        """
        if self.producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, because producer {self.producer!r} was never unregistered."
            )
        if self.disconnected or self._transport is None:
            producer.stopProducing()
            return
        self._flush()
        self.producer = producer
        self.streamingProducer = bool(streaming)
        self.producerPaused = False
        if not streaming:
            self._watch_drain(True)
            producer.resumeProducing()
            # As in Twisted, where what was written before is still on its way at this point.
            if self._sent and not self._backlogged:
                self._expect_drain()

    def unregisterProducer(self) -> None:
        """The producer is done; a `loseConnection` that waited for it goes on."""
        self.producer = None
        if not self.connected:
            return
        if not self._write_disconnecting:
            self._watch_drain(False)
        if self.disconnecting:
            self._loop.call_soon(self._close)

    def _watch_drain(self, every_byte: bool) -> None:
        """
        Be told when nothing is left, or only when the backlog falls under the loop's own mark.

        The first costs two calls and a turn of the loop for every write: uvloop sends at the end of a turn, so each one
        makes a backlog. So it is only for as long as a producer waits.
        """
        if self._transport is not None and not self._transport.is_closing():
            self._transport.set_write_buffer_limits(0 if every_byte else None)

    def stopConsuming(self) -> None:
        """Refuse any more: drop the producer, close the connection."""
        self.unregisterProducer()
        self.loseConnection()

    # ---- as a producer

    def startReading(self) -> None:
        """Go on delivering what arrives."""
        if self.connected and not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def stopReading(self) -> None:
        """Deliver nothing until `startReading`; the peer feels it when the system's buffers are full."""
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def pauseProducing(self) -> None:
        """Deliver nothing until `resumeProducing`."""
        self.stopReading()

    def resumeProducing(self) -> None:
        """Go on delivering what arrives, unless the connection is being closed."""
        if not self.disconnecting:
            self.startReading()

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    def unsent_size(self) -> int:
        """Return the bytes that wait for the peer in this process: if they do not become fewer, it does not read."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    # ---- for the reactor

    def _is_reading(self) -> bool:
        return self._reading

    def _is_writing(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    # ---- facts and options

    def getHost(self) -> IAddress:
        """Return our end's address."""
        if self._host is None:
            self._host = self._named("sockname", self._sockname)
        return self._host

    def getPeer(self) -> IAddress:
        """Return the other end's address."""
        if self._peer is None:
            self._peer = self._named("peername", self._peername)
        return self._peer

    def _named(self, which: str, known: Any) -> IAddress:
        sockaddr = known or (self._transport and self._transport.get_extra_info(which))
        return address_of(self._family, sockaddr or getattr(self.socket, f"get{which}")())

    @property
    def socket(self) -> Any:
        """The socket: ours, or what the loop lends of its own."""
        if self._socket is None and self._transport is not None:
            self._socket = LentSocket(self._transport.get_extra_info("socket"), self._end)
        return self._socket

    @socket.setter
    def socket(self, sock: Any) -> None:
        self._socket = sock

    def getHandle(self) -> Any:
        """Return the socket."""
        return self.socket

    def fileno(self) -> int:
        """Return the socket's number, -1 once it is closed."""
        number: int = self.socket.fileno()
        return number

    def getTcpNoDelay(self) -> bool:
        """Is small data sent at once? Unlike Twisted, and like asyncio: yes, unless told otherwise."""
        return bool(self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, bool(enabled))

    def getTcpKeepAlive(self) -> bool:
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bool(enabled))

    @property
    def logstr(self) -> str:
        """The protocol and its peer, as log lines name them."""
        return self._prefix or "Uninitialized"

    def logPrefix(self) -> str:
        """Return the protocol and its peer, as log lines name them."""
        return self.logstr

    def _log_context(self) -> dict[Any, Any]:
        """Return what a log event in a hook of the protocol's knows of its origin, for `reactorio.python.context`."""
        return {**context.defaultContextDict, ILogContext: {"system": self.logPrefix(), "isError": 0}}


def _as_bytes(data: object) -> bytes:
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError("Data must be bytes")


def log_prefix_of(thing: object) -> str:
    """How log lines name a protocol or a factory: as it says itself, or by its class."""
    # By its method, not by its interface: asking zope costs more than all the rest of an accepted connection.
    own = getattr(thing, "logPrefix", None)
    return type(thing).__name__ if own is None else str(own())


Connection.__module__ = "reactorio.internet.tcp"
