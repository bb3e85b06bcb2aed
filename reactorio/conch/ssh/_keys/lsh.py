"""Keys of LSH, another SSH: S-expressions, public ones in base64 and braces. It had RSA and DSA."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from reactorio.conch.ssh import sexpy
from reactorio.conch.ssh._keys.errors import BadKeyError
from reactorio.conch.ssh._keys.material import dsa_key, is_public, kind_of, numbers_of, rsa_key
from reactorio.conch.ssh.common import MP

__all__ = ["read_private", "read_public", "write"]


def read_public(data: bytes) -> Any:
    """
    Return the key in ``{base64}``.

    Raises:
        BadKeyError: It is none, or of an unknown type.
        ValueError: Its numbers make no key.
    """
    try:
        content = base64.b64decode(data.strip()[1:-1])
    except binascii.Error:
        raise BadKeyError("the key is not in base64") from None
    name, numbers = _parse(content, b"public-key")
    if name == b"dsa":
        return dsa_key(**_pick(numbers, y="y", p="p", q="q", g="g"))
    if name == b"rsa-pkcs1-sha1":
        return rsa_key(**_pick(numbers, n="n", e="e"))
    raise BadKeyError("unknown lsh key type")


def read_private(data: bytes) -> Any:
    """
    Return the key in ``(private-key …)``.

    Raises:
        BadKeyError: It is none, or of an unknown type.
        ValueError: Its numbers make no key.
    """
    name, numbers = _parse(data, b"private-key")
    if name == b"dsa":
        return dsa_key(**_pick(numbers, y="y", p="p", q="q", g="g", x="x"))
    if name == b"rsa-pkcs1":
        # What is p here is q elsewhere.
        return rsa_key(**_pick(numbers, n="n", e="e", d="d", p="q", q="p"))
    raise BadKeyError("unknown lsh key type")


def _parse(data: bytes, expected: bytes) -> tuple[bytes, dict[str, int]]:
    """Return the type and the numbers by name of ``(expected (type (name number)…))``."""
    try:
        found, (name, *parts) = sexpy.parse(data.strip())
        numbers = {part.decode("ascii"): int.from_bytes(number, "big") for part, number in parts}
    except (ValueError, AttributeError, TypeError):
        raise BadKeyError("this is no key of LSH's") from None
    if found != expected:
        raise BadKeyError("this is no key of LSH's")
    return name, numbers


def _pick(numbers: dict[str, int], **names: str) -> dict[str, int]:
    missing = sorted(set(names.values()) - set(numbers))
    if missing:
        raise BadKeyError(f"the key has no {missing[0]}")
    return {ours: numbers[theirs] for ours, theirs in names.items()}


def write(key: Any) -> bytes:
    """Return what the functions above read; BadKeyError for keys of a kind that LSH did not have."""
    kind, numbers = kind_of(key), numbers_of(key) or {}
    if kind not in ("RSA", "DSA"):
        raise BadKeyError(f"unknown key type {kind}")
    if is_public(key):
        order = {"dsa": "pqgy"} if kind == "DSA" else {"rsa-pkcs1-sha1": "ne"}
        return b"{" + base64.b64encode(_pack(b"public-key", order, numbers)) + b"}"
    if kind == "RSA":
        p, q = numbers["q"], numbers["p"]
        d = numbers["d"]
        numbers = {**numbers, "p": p, "q": q, "a": d % (p - 1), "b": d % (q - 1), "c": pow(p, -1, q)}
    return _pack(b"private-key", {"dsa": "pqgyx"} if kind == "DSA" else {"rsa-pkcs1": "nedpqabc"}, numbers)


def _pack(what: bytes, order: dict[str, str], numbers: dict[str, int]) -> bytes:
    ((name, names),) = order.items()
    parts = [[part.encode("ascii"), MP(numbers[part])[4:]] for part in names]
    return sexpy.pack([[what, [name.encode("ascii"), *parts]]])
