"""What a reactor connects and listens with, one interface for each kind of socket, and child processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from reactorio._interface import Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from socket import AddressFamily

    from reactorio.internet._interfaces.processes import IProcessProtocol, IProcessTransport
    from reactorio.internet._interfaces.streams import IConnector, IListeningPort, IProtocolFactory
    from reactorio.internet.protocol import AbstractDatagramProtocol, ClientFactory, ConnectedDatagramProtocol

    # The reactor takes what `reactorio.internet.tcp.makeBinding` makes, too.
    BindAddress: TypeAlias = tuple[str, int] | None

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IReactorTCP(Interface, Protocol):
    """TCP, both sides."""

    def listenTCP(self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = "") -> IListeningPort:
        """
        Listen for connections.

        Args:
            port: 0 for one that is free: ``getHost().port`` of the result tells.
            factory: Makes the protocols.
            backlog: How many connections may wait to be accepted.
            interface: The address to bind, IPv4 or IPv6; all of IPv4 if empty.

        Raises:
            CannotListenError: The address cannot be bound.
        """

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: BindAddress = None,
    ) -> IConnector:
        """
        Connect; ``factory`` hears how it went.

        Args:
            host: A name or an address.
            port: A port there.
            factory: Makes the protocol.
            timeout: Seconds until the attempt fails.
            bindAddress: Host and port to connect from.
        """


class IReactorSSL(Interface, Protocol):
    """TLS over TCP, both sides. The arguments are those of `IReactorTCP`."""

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        contextFactory: Any,
        timeout: float = 30.0,
        bindAddress: BindAddress = None,
    ) -> IConnector:
        """Connect, and speak TLS as ``contextFactory`` says."""

    def listenSSL(
        self, port: int, factory: IProtocolFactory, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Listen for connections that speak TLS as ``contextFactory`` says."""


class IReactorUNIX(Interface, Protocol):
    """UNIX stream sockets, both sides."""

    def connectUNIX(
        self, address: str | bytes, factory: ClientFactory[Any], timeout: float = 30, checkPID: bool = False
    ) -> IConnector:
        """
        Connect to the socket at the path ``address``.

        Args:
            address: The path; a leading zero byte means Linux's abstract namespace.
            factory: Makes the protocol.
            timeout: Seconds until the attempt fails.
            checkPID: Whether to check the lock that ``wantPID`` makes before connecting.
        """

    def listenUNIX(
        self,
        address: str | bytes,
        factory: IProtocolFactory,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool = False,
    ) -> IListeningPort:
        """
        Listen at the path ``address``.

        Args:
            address: The path; a leading zero byte means Linux's abstract namespace.
            factory: Makes the protocols.
            backlog: How many connections may wait to be accepted.
            mode: The permissions of the file.
            wantPID: Whether to hold a lock beside it, so that a file left behind by a dead process is replaced.

        Raises:
            CannotListenError: The address cannot be bound.
        """


class IReactorUNIXDatagram(Interface, Protocol):
    """UNIX datagram sockets."""

    def connectUNIXDatagram(
        self,
        address: str,
        protocol: ConnectedDatagramProtocol,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: str | None = None,
    ) -> IListeningPort:
        """Send to the socket at the path ``address``; ``bindAddress`` is the path to hear at."""

    def listenUNIXDatagram(
        self, address: str, protocol: AbstractDatagramProtocol, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> IListeningPort:
        """Hear at the path ``address``; longer packets are cut."""


class IReactorUDP(Interface, Protocol):
    """UDP."""

    def listenUDP(
        self, port: int, protocol: AbstractDatagramProtocol, interface: str = "", maxPacketSize: int = 8192
    ) -> IListeningPort:
        """
        Bind a UDP socket for ``protocol``.

        Args:
            port: 0 for one that is free.
            protocol: Gets the datagrams, and sends them by its ``transport``.
            interface: The address to bind, IPv4 or IPv6; all of IPv4 if empty.
            maxPacketSize: Longer packets are cut.

        Raises:
            CannotListenError: The address cannot be bound.
        """


class IReactorMulticast(Interface, Protocol):
    """UDP with multicast."""

    def listenMulticast(
        self,
        port: int,
        protocol: AbstractDatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> IListeningPort:
        """Bind like `IReactorUDP.listenUDP`; with ``listenMultiple`` others on this host may bind the port too."""


class IReactorSocket(Interface, Protocol):
    """
    Sockets made by somebody else: a supervisor, or a parent process.

    The descriptor is duplicated; the caller keeps the original. UnsupportedAddressFamily is raised for a family that
    the reactor cannot serve.
    """

    def adoptStreamPort(
        self, fileDescriptor: int, /, addressFamily: AddressFamily, factory: IProtocolFactory
    ) -> IListeningPort:
        """Accept connections on a bound and listening stream socket."""

    def adoptStreamConnection(
        self, fileDescriptor: int, /, addressFamily: AddressFamily, factory: IProtocolFactory
    ) -> None:
        """Serve one connected stream socket."""

    def adoptDatagramPort(
        self,
        fileDescriptor: int,
        /,
        addressFamily: AddressFamily,
        protocol: AbstractDatagramProtocol,
        maxPacketSize: int = 8192,
    ) -> IListeningPort:
        """Serve a bound datagram socket."""


class IReactorProcess(Interface, Protocol):
    """Child processes."""

    def spawnProcess(
        self,
        processProtocol: IProcessProtocol,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[str, str] | Mapping[bytes, bytes] | None = {},  # never changed; the contract
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | tuple[int, int, str] = False,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> IProcessTransport:
        """
        Start a child.

        Args:
            processProtocol: Hears from the child.
            executable: The path of the program.
            args: The arguments, the program's name first.
            env: The environment; None for this process's own.
            path: The child's working directory; None for this process's own.
            uid: The user to run as, which takes privileges.
            gid: The group to run as.
            usePTY: Whether the child gets a terminal; or a terminal made by the caller: master, slave, path.
            childFDs: For each descriptor in the child "r" (we read from it), "w" (we write to it), or a descriptor
                of this process that it shall be. Without it, {0: "w", 1: "r", 2: "r"}.

        Raises:
            OSError: There is no such program, or it may not be run.
        """
