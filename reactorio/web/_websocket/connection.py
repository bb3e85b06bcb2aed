"""
A WebSocket connection (RFC 6455) between a transport and an application.

The rules are the websockets library's. Only what most frames are, a whole short message that nothing was done to, is read
here, and messages that no extension changes are framed here (`frames`): the library takes three times as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IProtocol, IPushProducer
from reactorio.logger import Logger
from reactorio.web._websocket.frames import framed, size_of_frame

try:
    from websockets.frames import CloseCode, Opcode
    from websockets.protocol import SERVER, State
except ImportError as error:
    raise ImportError("WebSocket needs websockets: install reactorio[websocket]", name="websockets") from error

try:
    from websockets.speedups import apply_mask
except ImportError:  # no compiler was there for it
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.frames import Frame
    from websockets.protocol import Protocol as Core

    from reactorio.internet.interfaces import IDelayedCall
    from reactorio.python.failure import Failure

__all__ = ["Connection"]

_log = Logger(namespace="reactorio.web.websocket")


@implementer(IProtocol, IPushProducer)
class Connection:
    """
    One connection, on either side, once the opening handshake is over.

    While the peer does not read what is sent, nothing is read from it: unless the application has a producer, which is
    slowed down instead.

    Args:
        core: Of the websockets library.
        application: A `WebSocketProtocol`.
        callLater: For the time that the closing handshake may take.
        closeTimeout: That time, in seconds; the connection is aborted after it.
        maxMessageSize: That ``core`` was given.
        pingInterval: Seconds between pings; a peer that says nothing from one to the next is cut off. None is no pings.
        opening: What is sent first: a server's answer to the opening handshake.
    """

    transport: Any = None
    _closing: IDelayedCall | None = None
    _pinging: IDelayedCall | None = None
    # Has anything come since the last ping?
    _heard = True
    _kind: Opcode | None = None
    _registered = False
    _receiving = False

    def __init__(
        self,
        core: Core,
        application: Any,
        callLater: Callable[..., IDelayedCall],
        closeTimeout: float,
        maxMessageSize: int,
        pingInterval: float | None = None,
        opening: bytes = b"",
    ) -> None:
        self._core = core
        self._application = application
        self._callLater = callLater
        self._closeTimeout = closeTimeout
        self._pingInterval = pingInterval
        self._opening = opening
        self._message = bytearray()
        # Of a frame: bytes that are too few to tell its size; how many more are the library's.
        self._beginning = b""
        self._left = 0
        self._frames_here = core.side is SERVER and not core.extensions
        self._short = min(maxMessageSize, 125)

    # ---- for the application

    @property
    def closeCode(self) -> int | None:
        """The status that the peer closed the connection with; 1006 if it did without, None as long as it has not."""
        return self._core.close_code

    @property
    def closeReason(self) -> str | None:
        """What the peer said of that."""
        return self._core.close_reason

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that both sides know, if one was asked for."""
        return self._core.subprotocol

    def sendTextMessage(self, text: str) -> None:
        if self._core.state is State.OPEN:
            if self._frames_here:
                self.transport.write(framed(0x81, text.encode()))
            else:
                self._core.send_text(text.encode())
                self._flush()

    def sendBytesMessage(self, data: bytes) -> None:
        if self._core.state is State.OPEN:
            if self._frames_here:
                self.transport.write(framed(0x82, data))
            else:
                self._core.send_binary(data)
                self._flush()

    def ping(self, payload: bytes = b"") -> None:
        if self._core.state is State.OPEN:
            self._core.send_ping(payload)
            self._flush()

    def loseConnection(self, code: int = 1000, reason: str = "") -> None:
        if self._core.state is State.OPEN:
            self._core.send_close(code, reason)
            self._flush()

    def drain(self) -> None:
        """The process is to end: close the connection with status 1001, unless the application has a ``drain``."""
        drain = getattr(self._application, "drain", None)
        if drain is not None:
            self._tell(drain)
        else:
            self.loseConnection(CloseCode.GOING_AWAY)

    def abortConnection(self) -> None:
        """Cut the connection: what was sent may be lost."""
        self.transport.abortConnection()

    def attachProducer(self, producer: Any) -> None:
        self.detachProducer()
        self.transport.registerProducer(producer, True)
        self._registered = True

    def detachProducer(self) -> None:
        if self._registered:
            self._registered = False
            self.transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Receive nothing for now."""
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Receive again."""
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """The transport takes no more; it says so to whoever writes."""

    def getPeer(self) -> Any:
        return self.transport.getPeer()

    def getHost(self) -> Any:
        return self.transport.getHost()

    # ---- for the transport

    def makeConnection(self, transport: Any) -> None:
        """The connection is this object's: what ends the opening handshake is still to be sent."""
        self.transport = transport
        self.attachProducer(self)
        self._tell(self._application.negotiationStarted, self)
        if self._opening:
            transport.write(self._opening)
        self.connectionMade()

    def connectionMade(self) -> None:
        """The opening handshake is over."""
        self._tell(self._application.negotiationFinished)
        if self._pingInterval is not None:
            self._pinging = self._callLater(self._pingInterval, self._ping_again)

    def _ping_again(self) -> None:
        self._pinging = None
        if not self._heard:
            _log.info("{peer} does not answer pings: its WebSocket connection is cut off", peer=self.getPeer())
            self.abortConnection()
            return
        self._heard = False
        self.ping()
        assert self._pingInterval is not None
        self._pinging = self._callLater(self._pingInterval, self._ping_again)

    def dataReceived(self, data: bytes) -> None:
        core = self._core
        self._heard = self._receiving = True
        if self._beginning:
            data, self._beginning = self._beginning + data, b""
        position, end = 0, len(data)
        while position < end:
            if self._left or core.state is not State.OPEN:
                taken = min(self._left, end - position) if self._left else end - position
                self._feed(data[position : position + taken])
                self._left -= min(taken, self._left)
                position += taken
            elif (after := self._short_message(data, position, end)) > 0:
                position = after
            else:
                self._left = size_of_frame(data, position)
                if not self._left:
                    self._beginning = data[position:]
                    break
        self._receiving = False
        self._flush()

    def _short_message(self, data: bytes, position: int, end: int) -> int:
        """Deliver the message that is the next frame, if it is a short one and whole. Returns where it ends, or 0."""
        start = position + 6
        if start > end or self._kind is not None or not self._frames_here:
            return 0
        opcode = data[position]
        length = data[position + 1] - 0x80
        after = start + length
        if not 0 <= length <= self._short or after > end:
            return 0
        if opcode == 0x81:
            kind = Opcode.TEXT
        elif opcode == 0x82:
            kind = Opcode.BINARY
        else:
            return 0
        self._deliver(kind, apply_mask(data[start:after], data[position + 2 : start]))
        return after

    def _feed(self, data: bytes) -> None:
        """Have the library read what is anything else."""
        core = self._core
        core.receive_data(data)
        for frame in core.events_received():
            self._received(frame)  # type: ignore[arg-type]  # no handshake is among them any more

    def connectionLost(self, reason: Failure) -> None:
        for call in (self._closing, self._pinging):
            if call is not None:
                call.cancel()
        self._closing = self._pinging = None
        self._core.receive_eof()
        self._core.data_to_send()
        self._registered = False
        try:
            self._application.connectionLost(reason)
        except Exception:
            _log.failure("An application failed as its WebSocket connection was lost")

    # ---- messages

    def _received(self, frame: Frame) -> None:
        kind = frame.opcode
        if kind is Opcode.PONG:
            self._tell(self._application.pongReceived, bytes(frame.data))
        elif kind is Opcode.TEXT or kind is Opcode.BINARY:
            if frame.fin:
                self._deliver(kind, frame.data)
            else:
                self._kind = kind
                self._message += frame.data
        elif kind is Opcode.CONT:
            self._message += frame.data
            if frame.fin and self._kind is not None:
                message, self._message = self._message, bytearray()
                kind, self._kind = self._kind, None
                self._deliver(kind, message)
        # Pings and the peer's part of the closing handshake have been answered by the library.

    def _deliver(self, kind: Opcode, data: bytes | bytearray | memoryview) -> None:
        if kind is Opcode.BINARY:
            self._tell(self._application.bytesMessageReceived, bytes(data))
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as exc:
            self._core.fail(CloseCode.INVALID_DATA, f"{exc.reason} at position {exc.start}")
        else:
            self._tell(self._application.textMessageReceived, text)

    def _tell(self, method: Callable[..., object], *args: object) -> None:
        try:
            method(*args)
        except Exception:
            _log.failure("An application failed on its WebSocket connection: it is closed")
            self._core.fail(CloseCode.INTERNAL_ERROR)
            self._flush()

    def _flush(self) -> None:
        if self._receiving:
            return
        pieces = self._core.data_to_send()
        if not pieces:
            return
        if len(pieces) == 1 and pieces[0]:
            self.transport.write(pieces[0])
        else:
            self._write_all(pieces)
        if self._closing is None and self._core.state is State.CLOSING:
            self._closing = self._callLater(self._closeTimeout, self._not_closed)

    def _write_all(self, pieces: list[bytes]) -> None:
        # The library's sign for an end of what we send is an empty piece, the last one.
        self.transport.write(b"".join(pieces))
        if not pieces[-1]:
            self.transport.loseConnection()

    def _not_closed(self) -> None:
        self._closing = None
        self.abortConnection()
