"""
Version 1, a line of text (the specification's section 2.1)::

    PROXY TCP4 192.0.2.1 192.0.2.11 56324 443\\r\\n
    PROXY TCP6 2001:db8::1 2001:db8::11 56324 443\\r\\n
    PROXY UNKNOWN whatever\\r\\n
"""

from __future__ import annotations

import re
import socket

from reactorio._interface import implementer
from reactorio.internet.address import IPv4Address, IPv6Address
from reactorio.protocols.haproxy._exceptions import InvalidNetworkProtocol, InvalidProxyHeader, MissingAddressData
from reactorio.protocols.haproxy._info import ProxyInfo
from reactorio.protocols.haproxy._interfaces import IProxyParser

LONGEST = 107
"""The bytes of the longest line, its end included."""

# Digits without leading zeros; their range is checked elsewhere.
_PORT = re.compile(rb"0|[1-9][0-9]{0,4}")
_KINDS = {b"TCP4": (IPv4Address, socket.AF_INET), b"TCP6": (IPv6Address, socket.AF_INET6)}


@implementer(IProxyParser)
class V1Parser:
    """Reads a header of version 1."""

    PREFIX = b"PROXY "
    NEWLINE = b"\r\n"

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """See `IProxyParser`."""
        received = self.buffer + data
        line, newline, rest = received.partition(self.NEWLINE)
        if len(line) + len(self.NEWLINE) > LONGEST and (newline or len(received) >= LONGEST):
            raise InvalidProxyHeader(f"no end of line in {LONGEST} bytes")
        if not line.startswith(self.PREFIX[: len(line)]):
            raise InvalidProxyHeader("it does not start with PROXY")
        if b"\n" in line or b"\r" in line.removesuffix(b"\r"):
            raise InvalidProxyHeader("half an end of line")
        if not newline:
            self.buffer = received
            return None, None
        self.buffer = b""
        return self.parse(line), rest

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """See `IProxyParser`."""
        prefix, *words = line.split(b" ")
        if prefix != b"PROXY" or not words:
            raise InvalidProxyHeader("it does not start with PROXY")
        protocol, *said = words
        if protocol == b"UNKNOWN":
            return ProxyInfo(line, None, None)
        if protocol not in _KINDS:
            raise InvalidNetworkProtocol(f"{protocol!r} is none of TCP4, TCP6 and UNKNOWN")
        if len(said) < 4 or b"" in said:
            raise MissingAddressData("two addresses and two ports are expected")
        if len(said) > 4:
            raise InvalidProxyHeader("there is something after the ports")
        source, destination, source_port, destination_port = said
        make, family = _KINDS[protocol]
        return ProxyInfo(
            line,
            make("TCP", _host(family, source), _port(source_port)),
            make("TCP", _host(family, destination), _port(destination_port)),
        )


def _host(family: socket.AddressFamily, text: bytes) -> str:
    # inet_pton takes exactly the forms that the specification has: four numbers without leading zeros, no zones.
    try:
        host = text.decode("ascii")
        socket.inet_pton(family, host)
    except (UnicodeDecodeError, OSError, ValueError) as error:
        raise InvalidProxyHeader(f"{text!r} is no address") from error
    return host


def _port(text: bytes) -> int:
    if not _PORT.fullmatch(text) or int(text) > 0xFFFF:
        raise InvalidProxyHeader(f"{text!r} is no port")
    return int(text)
