"""Hosts and ports, as commands and replies write them (RFC 959 section 4.1.2, RFC 2428 sections 2 and 3)."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

# The numbers of RFC 2428 section 2.
_AFNUM_IP = 1
_AFNUM_IP6 = 2

_SIX_NUMBERS = re.compile(r"(?<![\d,])" + ",".join([r"(\d{1,3})"] * 6) + r"(?!,?\d)", re.ASCII)
_PORT = re.compile(r"\d{1,5}", re.ASCII)

_LOOPBACK = frozenset({ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")})


def encodeHostPort(host: str, port: int) -> str:
    """Return an IPv4 address and a port as six numbers: ``127,0,0,1,4,1``."""
    return ",".join([*host.split("."), str(port >> 8), str(port & 0xFF)])


def decodeHostPort(line: str) -> tuple[str, int]:
    """
    Find six numbers in ``line``: the text around them differs between servers.

    Raises:
        ValueError: There are not six, or one is over 255.
    """
    found = _SIX_NUMBERS.search(line)
    if found is None:
        raise ValueError("No host and port", line)
    numbers = [int(number) for number in found.groups()]
    if max(numbers) > 255:
        raise ValueError("Out of range", line, max(numbers))
    return ".".join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5]


def decodeExtendedAddress(address: str) -> tuple[str, str, int]:
    """
    Take apart ``|protocol|host|port|``, whatever stands for the bar.

    Returns:
        The protocol and the host as they are written, either of which may be empty, and the port.

    Raises:
        ValueError: It is not written so, or the port is not between 0 and 65535.
    """
    parts = address.split(address[:1]) if address else []
    if len(parts) != 5 or parts[0] or parts[4] or not _PORT.fullmatch(parts[3]) or int(parts[3]) > 0xFFFF:
        raise ValueError("No address", address)
    return parts[1], parts[2], int(parts[3])


def numeric(host: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``host`` is, an IPv4 address where IPv6 wraps one, or None."""
    try:
        address = ipaddress.ip_address((host or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def same_host(first: str | None, second: str | None) -> bool:
    """Are these two addresses one? This machine's own two, 127.0.0.1 and ::1, are."""
    one, other = numeric(first), numeric(second)
    return one is not None and (one == other or {one, other} == _LOOPBACK)


def host_of(address: Any) -> str | None:
    """Return the host of a transport's address, None if it has none: not every transport is on IP."""
    host = getattr(address, "host", None)
    return host if isinstance(host, str) else None
