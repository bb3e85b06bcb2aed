"""How a server comes by a data connection: PASV, EPSV, PORT, EPRT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, maybeDeferred
from reactorio.internet.error import CannotListenError
from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._ftp import replies
from reactorio.protocols._ftp.addresses import (
    _AFNUM_IP,
    _AFNUM_IP6,
    decodeExtendedAddress,
    decodeHostPort,
    encodeHostPort,
    host_of,
    numeric,
    same_host,
)
from reactorio.protocols._ftp.control import _Control
from reactorio.protocols._ftp.dtp import DTPFactory
from reactorio.protocols._ftp.errors import (
    BadCmdSequenceError,
    CmdArgSyntaxError,
    CmdNotImplementedForArgError,
    PASVIPv6NotImplementedError,
    UnsupportedNetworkProtocolError,
    _NoDataConnection,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reactorio.internet.interfaces import IListeningPort
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

_log = Logger(namespace=__name__)

# The version of an address is that of RFC 2428 section 2, but by another number.
_VERSIONS = {_AFNUM_IP: 4, _AFNUM_IP6: 6}


class _WithDataConnections(_Control):
    """What `FTP` is on top of."""

    dtpFactory: DTPFactory | None = None
    dtpPort: Any = None
    dtpInstance: Any = None
    dtpTimeout: float = 10
    passivePortRange: Iterable[int] = range(1)
    allow_foreign_data_hosts = False

    _epsvAll = False
    _supportedNetworkProtocols = (_AFNUM_IP, _AFNUM_IP6)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self._stop_transfer()
        self.cleanupDTP()

    def _stop_transfer(self) -> None:
        if not self._busy:
            return
        if self.dtpInstance is not None:
            self.dtpInstance.abort()
        elif self.dtpFactory is not None:
            self.dtpFactory.abandon()

    def cleanupDTP(self) -> None:
        """Give up the data connection, or the wait for it, or the port that waits."""
        factory, port, dtp = self.dtpFactory, self.dtpPort, self.dtpInstance
        self.dtpFactory = self.dtpPort = self.dtpInstance = None
        if factory is not None:
            factory.abandon()
        if port is not None:
            _stop(port)
        transport = getattr(dtp, "transport", None)
        if transport is not None:
            transport.loseConnection()

    def _new_factory(self) -> DTPFactory:
        self.cleanupDTP()
        # Its clock is this one's: see `TimeoutMixin.callLater`.
        self.dtpFactory = factory = DTPFactory(self, host_of(self.transport.getPeer()), self)
        factory.peerCheck = not self.allow_foreign_data_hosts
        factory.setTimeout(self.dtpTimeout)
        return factory

    # ---- the client connects

    @staticmethod
    def listenFactory(port: int, factory: Any, backlog: int = 50, interface: str = "") -> IListeningPort:
        """Listen for a data connection; override it to listen otherwise. The default is ``reactor.listenTCP``."""
        from reactorio.internet import reactor  # not at the top: which one it is, is decided late

        listening: IListeningPort = reactor.listenTCP(port, factory, backlog, interface)
        return listening

    def getDTPPort(self, factory: Any, interface: str = "") -> Any:
        """
        Listen on the first port of ``passivePortRange`` that is free.

        Raises:
            CannotListenError: None is.
        """
        number: int | None = None
        for number in self.passivePortRange:
            try:
                return self.listenFactory(number, factory, interface=interface)
            except CannotListenError:
                continue
        raise CannotListenError(interface, number, f"No port available in range {self.passivePortRange}")

    def _listen(self, *interfaces: str) -> int:
        """Listen on the first interface that can be listened on, and return the port."""
        factory = self._new_factory()
        # What becomes of the wait is told to whoever is about to carry out a transfer, by `_opened`.
        factory.deferred.addErrback(lambda failure: failure.value)
        for interface in interfaces:
            try:
                self.dtpPort = port = self.getDTPPort(factory, interface)
                break
            except CannotListenError as exc:
                _log.warn("FTP: cannot listen for a data connection: {error}", error=exc)
            except Exception:
                self.cleanupDTP()
                raise
        else:
            self.cleanupDTP()
            raise _NoDataConnection()

        def stop_listening(result: Any) -> Any:
            if self.dtpPort is port:
                self.dtpPort = None
                _stop(port)
            return result

        factory.deferred.addCallback(stop_listening)
        number: int = port.getHost().port
        return number

    def ftp_PASV(self) -> None:
        """
        Listen on an IPv4 address.

        Unlike Twisted: commands that follow do not wait for the connection, those excepted that need it, and the port
        accepts the client's connections only.
        """
        if self._epsvAll:
            raise BadCmdSequenceError("may not send PASV after EPSV ALL")
        host = numeric(host_of(self.transport.getHost()))
        if host is None or host.version != 4:
            raise PASVIPv6NotImplementedError()
        # A connection that came over IPv6, from an IPv4 address, is followed by one that does, or does not.
        self.reply(replies.ENTERING_PASV_MODE, encodeHostPort(str(host), self._listen("")))

    def ftp_EPSV(self, protocol: str = "") -> tuple[str, ...] | None:
        """
        Listen on the client's address family, or the one that it asks for (RFC 2428 section 3).

        The port takes both families if the system's sockets can: some clients have a control connection through
        another address than the data connection.
        """
        if protocol.upper() == "ALL":
            self._epsvAll = True
            return (replies.EPSV_ALL_OK,)
        asked = self._validateNetworkProtocol(protocol) if protocol else 0
        interfaces = [""] if asked == _AFNUM_IP else ["::"] if asked == _AFNUM_IP6 else ["::", ""]
        self.reply(replies.ENTERING_EPSV_MODE, self._listen(*interfaces))
        return None

    def _validateNetworkProtocol(self, protocol: str) -> int:
        if not (protocol.isascii() and protocol.isdigit()):
            raise CmdArgSyntaxError(protocol)
        if int(protocol[:9]) not in self._supportedNetworkProtocols:
            raise UnsupportedNetworkProtocolError(",".join(map(str, self._supportedNetworkProtocols)))
        return int(protocol)

    # ---- the client waits

    def ftp_PORT(self, address: str) -> Deferred[Any]:
        """Connect to the client, who tells six numbers."""
        if self._epsvAll:
            raise BadCmdSequenceError("may not send PORT after EPSV ALL")
        try:
            host, port = decodeHostPort(address)
        except ValueError:
            raise CmdArgSyntaxError(address) from None
        return self._connect(host, port, address)

    def ftp_EPRT(self, extendedAddress: str) -> Deferred[Any]:
        """Connect to the client, who tells protocol, address and port (RFC 2428 section 2)."""
        if self._epsvAll:
            raise BadCmdSequenceError("may not send EPRT after EPSV ALL")
        try:
            protocol, host, port = decodeExtendedAddress(extendedAddress)
        except ValueError:
            raise CmdArgSyntaxError(extendedAddress) from None
        version = _VERSIONS[self._validateNetworkProtocol(protocol) if protocol else _AFNUM_IP]
        address = numeric(host)
        if address is None or (version == 4) != (":" not in host):
            raise CmdArgSyntaxError(extendedAddress)
        return self._connect(host, port, extendedAddress)

    def _connect(self, host: str, port: int, argument: str) -> Deferred[Any]:
        """
        Connect to the client, and nowhere else, and to none of the ports where services are: who says where the server
        connects to could have it talk to third parties (RFC 2577 sections 3 and 4).
        """
        peer = host_of(self.transport.getPeer())
        if not self.allow_foreign_data_hosts and (not same_host(host, peer) or port < 1024):
            _log.warn("FTP: {peer} asks for a data connection to {host}, port {port}", peer=peer, host=host, port=port)
            raise CmdNotImplementedForArgError(argument)
        from reactorio.internet import reactor  # not at the top: which one it is, is decided late

        factory = self._new_factory()
        self.dtpPort = reactor.connectTCP(host, port, factory)

        def answer(_: object) -> tuple[str]:
            return (replies.ENTERING_PORT_MODE,)

        def refuse(_: object) -> None:
            if self.dtpFactory is factory:
                self.cleanupDTP()
            raise _NoDataConnection()

        return factory.deferred.addCallbacks(answer, refuse)

    # ---- the transfer begins

    def _opened(self, command: str) -> Deferred[Any]:
        """
        Return the data connection, when there is one.

        Raises:
            BadCmdSequenceError: The client has not asked for one.
        """
        if self.dtpInstance is None and self.dtpFactory is None:
            raise BadCmdSequenceError(f"PORT, PASV, EPRT, or EPSV required before {command}")
        opened = Deferred[Any]()

        def connected(result: Any) -> Any:
            opened.callback(result)
            return result

        def found(result: Any) -> Any:
            if isinstance(result, Exception):
                self.cleanupDTP()
                raise _NoDataConnection()
            return self.dtpInstance

        if self.dtpFactory is None or self.dtpInstance is not None:
            opened.callback(None)
        else:
            self.dtpFactory.deferred.addCallback(connected)
        return opened.addCallback(found)


def _stop(port: Any) -> None:
    """Stop listening, or connecting."""
    if hasattr(port, "stopListening"):
        maybeDeferred(port.stopListening).addErrback(lambda failure: _log.failure("FTP data port", failure))
    else:
        port.disconnect()
