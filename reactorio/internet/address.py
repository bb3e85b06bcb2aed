"""
The ends of connections: `IPv4Address`, `IPv6Address`, `HostnameAddress` and `UNIXAddress`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from reactorio._interface import implementer
from reactorio.internet.interfaces import IAddress

__all__ = ["HostnameAddress", "IPv4Address", "IPv6Address", "UNIXAddress"]

# The values are not frozen, though nobody changes them: an address is made for each end of every connection, and
# making a frozen one takes three times as long. They are hashed by value: addresses are keys in dictionaries.


def _check_type(type: str) -> None:
    if type not in ("TCP", "UDP"):
        raise ValueError(f"'type' must be in ['TCP', 'UDP'] (got {type!r})")


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class IPv4Address:
    """
    An IPv4 host and port.

    Attributes:
        type: "TCP" or "UDP".
        host: The address in dotted-quad form.
        port: The port.
    """

    type: Literal["TCP", "UDP"]
    host: str
    port: int

    def __post_init__(self) -> None:
        _check_type(self.type)


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class IPv6Address:
    """
    An IPv6 host and port.

    Attributes:
        type: "TCP" or "UDP".
        host: The address in colon-separated form.
        port: The port.
        flowInfo: The flow label.
        scopeID: The zone of a link-local address: the interface's index or name.
    """

    type: Literal["TCP", "UDP"]
    host: str
    port: int
    flowInfo: int = 0
    scopeID: str | int = 0

    def __post_init__(self) -> None:
        _check_type(self.type)


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class HostnameAddress:
    """
    A host by its name, and a port.

    Attributes:
        hostname: The name as it goes into DNS, so IDNA-encoded.
        port: The port.
    """

    hostname: bytes
    port: int


@implementer(IAddress)
class UNIXAddress:
    """
    The path of a UNIX socket.

    Two addresses are equal when their paths are, or when both lead to one file.

    Args:
        name: The path; a leading zero byte means Linux's abstract namespace, None a socket without a name.

    Attributes:
        name: The path in bytes, or None.
    """

    def __init__(self, name: str | bytes | None) -> None:
        self.name = None if name is None else os.fsencode(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UNIXAddress):
            return NotImplemented
        if self.name == other.name:
            return True
        mine = self._file()
        return mine is not None and mine == other._file()

    def __hash__(self) -> int:
        return hash(self._file() or self.name)

    def __repr__(self) -> str:
        name = None if self.name is None else os.fsdecode(self.name)
        return f"UNIXAddress({name!r})"

    def _file(self) -> tuple[int, int] | None:
        """Return what identifies the file that the path leads to, None if there is none."""
        if self.name is None or self.name.startswith(b"\0"):
            return None
        try:
            status = os.stat(self.name)
        except OSError:
            return None
        return status.st_dev, status.st_ino


@implementer(IAddress)
class _ProcessAddress:
    """The other end of a process's pipes: a process has no address."""
