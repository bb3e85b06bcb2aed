"""
What a binary header says beyond addresses, as types, lengths and values (the specification's section 2.2).

A header that is malformed here is refused like any other: whoever sends it is not the proxy that we were told of.
"""

from __future__ import annotations

import struct
from typing import Any

from reactorio.protocols.haproxy._exceptions import InvalidProxyHeader
from reactorio.protocols.haproxy._info import TLSInfo

ALPN = 0x01
AUTHORITY = 0x02
CRC32C = 0x03
UNIQUE_ID = 0x05
TLS = 0x20
NETNS = 0x30

LONGEST_UNIQUE_ID = 128

# Within TLS; 0x28 is bytes, the others are text.
_OF_TLS = {
    0x21: "version",
    0x22: "common_name",
    0x23: "cipher",
    0x24: "signature_algorithm",
    0x25: "key_algorithm",
    0x26: "group",
    0x27: "signature_scheme",
}
_CERTIFICATE_OF_TLS = 0x28

_HEAD = struct.Struct("!BH")
_TLS_HEAD = struct.Struct("!BL")
_CHECKSUM = struct.Struct("!L")


def _crc32c_table() -> list[int]:
    def entry(byte: int) -> int:
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        return byte

    return [entry(byte) for byte in range(256)]


_TABLE = _crc32c_table()


def crc32c(data: bytes) -> int:
    """Return Castagnoli's checksum (RFC 4960, appendix B); ``zlib.crc32`` is another."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _text(value: bytes) -> str:
    # Not "replace": two names that differ must not become one.
    return value.decode("utf-8", "backslashreplace")


def _split(data: bytes, start: int) -> list[tuple[int, int, bytes]]:
    """Return the type, the offset and the value of each."""
    found = []
    while start < len(data):
        if start + _HEAD.size > len(data):
            raise InvalidProxyHeader("a TLV ends before its length")
        kind, length = _HEAD.unpack_from(data, start)
        start += _HEAD.size
        if start + length > len(data):
            raise InvalidProxyHeader(f"a TLV of type {kind:#x} is longer than the header")
        found.append((kind, start, data[start : start + length]))
        start += length
    return found


def read_tlvs(header: bytes, start: int) -> dict[str, Any]:
    """
    Return what `ProxyInfo` is to be made with, from the TLVs in ``header`` from ``start`` on.

    Of two that say the same the first counts. Unknown ones are in ``tlvs`` only.

    Raises:
        InvalidProxyHeader: They are malformed, or a checksum is wrong.
    """
    found = _split(header, start)
    said: dict[str, Any] = {"tlvs": tuple((kind, value) for kind, _, value in found)}
    for kind, offset, value in found:
        if kind == CRC32C:
            _check(header, offset, value)
        elif kind == ALPN:
            said.setdefault("alpn", value)
        elif kind == AUTHORITY:
            said.setdefault("authority", _text(value))
        elif kind == NETNS:
            said.setdefault("netns", _text(value))
        elif kind == UNIQUE_ID:
            if len(value) > LONGEST_UNIQUE_ID:
                raise InvalidProxyHeader(f"a unique identifier of {len(value)} bytes")
            said.setdefault("unique_id", value)
        elif kind == TLS:
            said.setdefault("tls", _read_tls(value))
    return said


def _check(header: bytes, offset: int, value: bytes) -> None:
    if len(value) != _CHECKSUM.size:
        raise InvalidProxyHeader(f"a checksum of {len(value)} bytes")
    without = header[:offset] + bytes(_CHECKSUM.size) + header[offset + _CHECKSUM.size :]
    if _CHECKSUM.pack(crc32c(without)) != value:
        raise InvalidProxyHeader("the checksum is wrong")


def _read_tls(value: bytes) -> TLSInfo:
    if len(value) < _TLS_HEAD.size:
        raise InvalidProxyHeader(f"{len(value)} bytes about TLS")
    client, verify = _TLS_HEAD.unpack_from(value)
    said: dict[str, Any] = {}
    for kind, _, part in _split(value, _TLS_HEAD.size):
        if kind == _CERTIFICATE_OF_TLS:
            said.setdefault("certificate", part)
        elif kind in _OF_TLS:
            said.setdefault(_OF_TLS[kind], _text(part))
    return TLSInfo(
        used=bool(client & 0x01),
        certificate_now=bool(client & 0x02),
        certificate_in_session=bool(client & 0x04),
        # Without a certificate there is nothing to be verified, whatever a proxy puts there: HAProxy puts 0.
        verified=bool(client & 0x06) and verify == 0,
        **said,
    )
