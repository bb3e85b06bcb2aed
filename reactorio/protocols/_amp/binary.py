"""Boxes on a transport."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.error import CertificateError, ConnectionClosed, ConnectionLost, PeerVerifyError
from reactorio.internet.interfaces import IFileDescriptorReceiver
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._amp.boxes import MAX_KEY_LENGTH, MAX_VALUE_LENGTH
from reactorio.protocols._amp.descriptors import _DescriptorExchanger
from reactorio.protocols._amp.errors import MalformedAmpBox, OnlyOneTLS, ProtocolSwitched, TooLong
from reactorio.protocols._amp.interfaces import IBoxSender
from reactorio.protocols._amp.reading import MAX_BOX_SIZE, BoxReader
from reactorio.protocols._amp.securing import the_ssl
from reactorio.protocols.basic import Int16StringReceiver, StatefulStringProtocol
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.protocols._amp.boxes import AmpBox
    from reactorio.protocols._amp.interfaces import IBoxReceiver

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_log = Logger()


@implementer(IBoxSender)
class BinaryBoxProtocol(StatefulStringProtocol, Int16StringReceiver, _DescriptorExchanger):
    """
    Boxes on a transport: keys and values by turns, each after its length.

    Args:
        boxReceiver: Who takes the boxes.

    Attributes:
        boxReceiver: See above.
        innerProtocol: Who has the connection, once boxes have given it up.
        innerProtocolClientFactory: Who is told when it loses it.
        hostCertificate: What was shown to the peer when TLS was started; None without TLS.
        noPeerCertificate: Does `peerCertificate` not even look?
        max_box_size: How large a box may be that arrives, in bytes, of which each of its keys costs 128 besides. After
            a larger one the connection is closed. Unlike Twisted, which has no limit.
    """

    MAX_LENGTH = MAX_KEY_LENGTH
    max_box_size = MAX_BOX_SIZE

    boxReceiver: IBoxReceiver
    innerProtocol: Any = None
    innerProtocolClientFactory: Any = None
    hostCertificate: Any = None
    noPeerCertificate = False

    # Does a subclass want to see each string?
    _has_hooks = False

    # Nothing may be sent: the connection is being handed over, or was.
    _locked = False
    # What is to be sent as soon as there is TLS; None if nobody has asked for TLS.
    _waiting_for_tls: list[bytes] | None = None
    # TLS was started, and nothing has come through it.
    _just_started_tls = False
    # Why we close the connection, if the peer has broken the rules.
    _broken_by: Exception | None = None

    def __init__(self, boxReceiver: IBoxReceiver) -> None:
        _DescriptorExchanger.__init__(self)
        self._reader = BoxReader()
        self.boxReceiver = boxReceiver

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self.connected = 1
        self.boxReceiver.startReceivingBoxes(self)
        self.connectionMade()

    # ---- sending

    def sendBox(self, box: AmpBox) -> None:
        """
        Send ``box``; while TLS is being started, as soon as that is done.

        Raises:
            ProtocolSwitched: Another protocol has the connection.
            ConnectionLost: The connection is over.
            TooLong: A key or a value is.
        """
        if self._locked:
            raise ProtocolSwitched("This connection has switched: no AMP traffic allowed.")
        if self.transport is None:
            raise ConnectionLost
        data = box.serialize()
        if self._waiting_for_tls is not None:
            self._waiting_for_tls.append(data)
        else:
            self.transport.write(data)

    def unhandledError(self, failure: Failure) -> None:
        """Log an error that nobody has dealt with, and close the connection."""
        _log.failure(
            "Amp server or network failure unhandled by client application.  Dropping connection!  "
            "To avoid, add errbacks to ALL remote commands!",
            failure,
        )
        if self.transport is not None:
            self.transport.loseConnection()

    # ---- receiving

    def dataReceived(self, data: bytes) -> None:
        if data:
            self._just_started_tls = False
        if self.innerProtocol is not None:
            self.innerProtocol.dataReceived(data)
        elif self._broken_by is None:
            super().dataReceived(data)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        hooks = ("stringReceived", "proto_init", "proto_key", "proto_value")
        cls._has_hooks = any(getattr(cls, hook) is not getattr(BinaryBoxProtocol, hook) for hook in hooks)

    def _deliver(self) -> None:
        if self._has_hooks:
            super()._deliver()
            return
        # Whole boxes at a time, without a call for each string.
        reader = self._reader
        while not self.paused:
            if self._pieces:
                self._gather()
            try:
                box = reader.read(self._data, self._delivered, self.max_box_size)
            except TooLong:
                start = reader.position
                self.lengthLimitExceeded(int.from_bytes(self._data[start : start + 2], "big"))
                return
            except MalformedAmpBox as error:
                self._break(error)
                return
            if reader.position == len(self._data):
                self._data, self._delivered = b"", 0
            else:
                self._delivered = reader.position
            if box is None:
                self._missing = reader.missing
                return
            self.boxReceiver.ampBoxReceived(box)

    def proto_init(self, string: bytes) -> str:
        """Take the first key of a box."""
        return self._add(string)

    def proto_key(self, string: bytes) -> str:
        """Take a key, or the end of the box."""
        return self._add(string)

    def proto_value(self, string: bytes) -> str:
        """Take the value of the last key."""
        return self._add(string)

    def _add(self, string: bytes) -> str:
        reader = self._reader
        try:
            box = reader.add(string, self.max_box_size)
        except MalformedAmpBox as error:
            self._break(error)
            return "init"
        self.MAX_LENGTH = MAX_KEY_LENGTH if reader.key is None else MAX_VALUE_LENGTH
        if box is not None:
            self.boxReceiver.ampBoxReceived(box)
            return "init"
        return "key" if reader.key is None else "value"

    def lengthLimitExceeded(self, length: int) -> None:
        """Close the connection: a key is too long."""
        self._break(TooLong(True, False, None, None))

    def _break(self, error: Exception) -> None:
        """Take nothing more; close the connection."""
        self._broken_by = error
        self._reader = BoxReader()
        self.recvd = b""
        self.transport.loseConnection()

    def fileDescriptorReceived(self, descriptor: int) -> None:
        if IFileDescriptorReceiver.providedBy(self.innerProtocol):
            self.innerProtocol.fileDescriptorReceived(descriptor)
        elif self._broken_by is not None:
            os.close(descriptor)
        else:
            super().fileDescriptorReceived(descriptor)

    # ---- the end

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the protocol that has the connection, if it is not this one, and the box receiver."""
        try:
            if self.innerProtocol is not None:
                self.innerProtocol.connectionLost(reason)
            if self.innerProtocolClientFactory is not None:
                self.innerProtocolClientFactory.clientConnectionLost(None, reason)
        finally:
            try:
                self.boxReceiver.stopReceivingBoxes(self._reason_of_loss(reason))
            finally:
                self._close_descriptors()

    def _reason_of_loss(self, reason: Failure) -> Failure:
        if self._broken_by is not None:
            return Failure(self._broken_by)
        if self._just_started_tls and reason.check(ConnectionClosed) is not None:
            return Failure(PeerVerifyError("Peer rejected our certificate for an unknown reason."))
        return reason

    # ---- handing the connection over

    def _lockForSwitch(self) -> None:
        """Send nothing more, for now."""
        self._locked = True

    def _unlockFromSwitch(self) -> None:
        """Send again: the connection is not handed over after all."""
        if self.innerProtocol is not None:
            raise ProtocolSwitched("Protocol already switched.  Cannot unlock.")
        self._locked = False

    def _switchTo(self, newProto: Any, clientFactory: Any = None) -> None:
        """
        Hand the connection over, with what has arrived behind the last box.

        Args:
            newProto: Who gets it.
            clientFactory: Who made that, and is told when it loses the connection.
        """
        rest, self.recvd = self.recvd, b""
        self.innerProtocol = newProto
        self.innerProtocolClientFactory = clientFactory
        newProto.makeConnection(self.transport)
        if rest:
            newProto.dataReceived(rest)

    # ---- TLS

    @property
    def peerCertificate(self) -> Any:
        """
        The peer's certificate; None if it is not looked at.

        Raises:
            CertificateError: There is no TLS, or the peer has shown no certificate.
        """
        return None if self.noPeerCertificate else the_ssl().Certificate.peerFromTransport(self.transport)

    def _prepare_tls(self) -> None:
        """Keep what is sent from now on until there is TLS."""
        self._waiting_for_tls = []

    def _start_tls(self, certificate: Any, authorities: Any) -> None:
        """Turn to TLS, and send what has waited for it."""
        self.transport.startTLS(certificate.options(*(authorities or ())))
        self.hostCertificate = certificate
        self._just_started_tls = True
        waiting, self._waiting_for_tls = self._waiting_for_tls, None
        if self.recvd or self._reader.within:
            # It came in plain, from whomever. As a box, or the begin of one, it would be as good as what comes by TLS.
            self._break(MalformedAmpBox("bytes in plain behind the box that starts TLS"))
            return
        if waiting:
            self.transport.write(b"".join(waiting))

    def _require_no_tls(self, certificate: Any, authorities: Any) -> None:
        if self.hostCertificate is None:
            if self._waiting_for_tls is not None:
                raise OnlyOneTLS("TLS is already being started on this connection")
            return
        try:
            peer = self.peerCertificate
        except CertificateError:
            peer = None
        raise OnlyOneTLS(
            f"Previously authenticated connection between {self.hostCertificate} and {peer} "
            f"is trying to re-establish as {(certificate, authorities)}"
        )
