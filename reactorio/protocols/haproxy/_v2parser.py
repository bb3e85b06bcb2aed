"""
Version 2, binary (the specification's section 2.2)::

    12 bytes of signature    version and command    family and protocol    2 bytes of length    addresses    TLVs
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from reactorio._interface import implementer
from reactorio.internet.address import IPv4Address, IPv6Address, UNIXAddress
from reactorio.protocols.haproxy._exceptions import InvalidNetworkProtocol, InvalidProxyHeader, MissingAddressData
from reactorio.protocols.haproxy._info import ProxyInfo
from reactorio.protocols.haproxy._interfaces import IProxyParser
from reactorio.protocols.haproxy._tlvs import read_tlvs

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IAddress

_HEAD = struct.Struct("!12sBBH")
_VERSION = 0x20
_LOCAL, _PROXY = 0, 1


class _Addresses(NamedTuple):
    """How the addresses of a family and protocol are laid out, and what is made of them."""

    layout: struct.Struct
    make: Callable[..., tuple[IAddress, IAddress]]


def _ipv4(kind: Any) -> Callable[..., tuple[IAddress, IAddress]]:
    def make(source: bytes, destination: bytes, *ports: int) -> tuple[IAddress, IAddress]:
        hosts = (socket.inet_ntop(socket.AF_INET, address) for address in (source, destination))
        first, second = (IPv4Address(kind, host, port) for host, port in zip(hosts, ports, strict=True))
        return first, second

    return make


def _ipv6(kind: Any) -> Callable[..., tuple[IAddress, IAddress]]:
    def make(source: bytes, destination: bytes, *ports: int) -> tuple[IAddress, IAddress]:
        # As Twisted writes them: all eight groups.
        hosts = (":".join(f"{group:x}" for group in struct.unpack("!8H", address)) for address in (source, destination))
        first, second = (IPv6Address(kind, host, port) for host, port in zip(hosts, ports, strict=True))
        return first, second

    return make


def _unix(source: bytes, destination: bytes) -> tuple[IAddress, IAddress]:
    return UNIXAddress(_path(source)), UNIXAddress(_path(destination))


def _path(field: bytes) -> bytes | None:
    """Return the path in a ``sun_path``; None for all zeros, which is a socket without a name."""
    if field.startswith(b"\0"):
        # Linux's abstract namespace.
        return field.rstrip(b"\0") or None
    return field.partition(b"\0")[0]


_BY_FAMILY_AND_PROTOCOL = {
    0x11: _Addresses(struct.Struct("!4s4s2H"), _ipv4("TCP")),
    0x12: _Addresses(struct.Struct("!4s4s2H"), _ipv4("UDP")),
    0x21: _Addresses(struct.Struct("!16s16s2H"), _ipv6("TCP")),
    0x22: _Addresses(struct.Struct("!16s16s2H"), _ipv6("UDP")),
    0x31: _Addresses(struct.Struct("!108s108s"), _unix),
    0x32: _Addresses(struct.Struct("!108s108s"), _unix),
}
_FAMILIES = range(4)
_PROTOCOLS = range(3)


@implementer(IProxyParser)
class V2Parser:
    """
    Reads a header of version 2.

    The header's own length, at most 65,535 bytes and 16, is the limit of what is held.
    """

    PREFIX = b"\r\n\r\n\0\r\nQUIT\n"

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """See `IProxyParser`."""
        self.buffer += data
        if not self.buffer.startswith(self.PREFIX[: len(self.buffer)]):
            raise InvalidProxyHeader("it does not start with the signature")
        if len(self.buffer) < _HEAD.size:
            return None, None
        _, version_and_command, family_and_protocol, length = _HEAD.unpack_from(self.buffer)
        # Before the rest has come: an attacker's length need not be waited for.
        _require_known(version_and_command, family_and_protocol)
        end = _HEAD.size + length
        if len(self.buffer) < end:
            return None, None
        header, rest = bytes(self.buffer[:end]), bytes(self.buffer[end:])
        self.buffer.clear()
        return self.parse(header), rest

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """See `IProxyParser`."""
        if len(line) < _HEAD.size or not line.startswith(cls.PREFIX):
            raise InvalidProxyHeader("it does not start with the signature")
        _, version_and_command, family_and_protocol, length = _HEAD.unpack_from(line)
        _require_known(version_and_command, family_and_protocol)
        if len(line) != _HEAD.size + length:
            raise MissingAddressData(f"the header should have {length} bytes after the first {_HEAD.size}")
        addresses = _BY_FAMILY_AND_PROTOCOL.get(family_and_protocol)
        if version_and_command & 0x0F == _LOCAL or addresses is None:
            # What else is there is to be ignored: of an unknown family nobody knows where its addresses end.
            return ProxyInfo(line, None, None)
        if length < addresses.layout.size:
            raise MissingAddressData(f"the addresses have {addresses.layout.size} bytes, and there are {length}")
        source, destination = addresses.make(*addresses.layout.unpack_from(line, _HEAD.size))
        return ProxyInfo(line, source, destination, **read_tlvs(line, _HEAD.size + addresses.layout.size))


def _require_known(version_and_command: int, family_and_protocol: int) -> None:
    if version_and_command & 0xF0 != _VERSION:
        raise InvalidProxyHeader(f"version {version_and_command >> 4}")
    if version_and_command & 0x0F not in (_LOCAL, _PROXY):
        raise InvalidProxyHeader(f"command {version_and_command & 0x0F}")
    if family_and_protocol >> 4 not in _FAMILIES or family_and_protocol & 0x0F not in _PROTOCOLS:
        raise InvalidNetworkProtocol(f"family and protocol {family_and_protocol:#04x}")
