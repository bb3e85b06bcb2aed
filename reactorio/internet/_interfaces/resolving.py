"""Names to addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from reactorio._interface import Attribute, Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.internet._interfaces.streams import IAddress
    from reactorio.internet.defer import Deferred

    Name: TypeAlias = str | bytes
    Timeouts: TypeAlias = Sequence[int] | None
    Records: TypeAlias = Deferred[tuple[list[Any], list[Any], list[Any]]]

__name__ = "reactorio.internet.interfaces"  # the public path: see the package's docstring


class IResolverSimple(Interface, Protocol):
    """Finds one IPv4 address for a name."""

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """
        Look ``name`` up.

        Args:
            name: The host's name.
            timeout: Seconds to wait for each try.

        Returns:
            A Deferred of the address as text; it fails with `DNSLookupError`.
        """


class IHostResolution(Interface, Protocol):
    """A look-up that is under way."""

    name: str = Attribute("The name that is looked up.")

    def cancel(self) -> None:
        """Give up; ``resolutionComplete`` is called soon."""


class IResolutionReceiver(Interface, Protocol):
    """Is told what a look-up finds, as it finds it."""

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """The look-up has started; called once, first."""

    def addressResolved(self, address: IAddress) -> None:
        """An address was found; called any number of times."""

    def resolutionComplete(self) -> None:
        """No more addresses will come; called once, last."""


class IHostnameResolver(Interface, Protocol):
    """Finds all addresses for a name, of both families."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """
        Look ``hostName`` up.

        Args:
            resolutionReceiver: Is told what is found.
            hostName: The name, as text; it may be an address.
            portNumber: The port that the found addresses shall have.
            addressTypes: The classes of addresses wanted, None for all.
            transportSemantics: "TCP" or "UDP": what the addresses are for.
        """


class IResolver(IResolverSimple, Protocol):
    """
    A DNS resolver.

    Each look-up takes a name and the seconds to wait for each try, and returns a Deferred of the response's three
    sections: answers, authority, additional. It fails with an error of ``reactorio.names.error``, or with
    `reactorio.internet.defer.TimeoutError`.
    """

    def query(self, query: Any, timeout: Timeouts = None) -> Records:
        """Look up what ``query``, a ``reactorio.names.dns.Query``, asks for."""

    def lookupAddress(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupAddress6(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupIPV6Address(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupMailExchange(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupNameservers(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupCanonicalName(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupMailBox(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupMailGroup(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupMailRename(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupPointer(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupAuthority(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupNull(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupWellKnownServices(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupHostInfo(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupMailboxInfo(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupText(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupResponsibility(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupAFSDatabase(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupService(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupAllRecords(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupSenderPolicy(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupNamingAuthorityPointer(self, name: Name, timeout: Timeouts = None) -> Records: ...
    def lookupZone(self, name: Name, timeout: Timeouts = None) -> Records: ...
