"""
Keys as the protocol writes them (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709, OpenSSH's PROTOCOL.u2f), as the agent
does (RFC 9987), and as an agent of long ago did ("agentv3").
"""

from __future__ import annotations

from typing import Any, NamedTuple

from reactorio.conch.ssh._keys.errors import BadKeyError
from reactorio.conch.ssh._keys.material import (
    CURVES,
    SECURITY_KEY_EC,
    SECURITY_KEY_ED25519,
    dsa_key,
    ec_key_from_point,
    ed25519_key,
    is_public,
    kind_of,
    numbers_of,
    point_of,
    public_part,
    rsa_key,
)
from reactorio.conch.ssh._keys.wire import Reader
from reactorio.conch.ssh.common import MP, NS

__all__ = [
    "Parsed",
    "agentv3_of",
    "is_agentv3",
    "private_blob_of",
    "public_blob_of",
    "read_agentv3",
    "read_private_blob",
    "read_public_blob",
    "type_of",
]


class Parsed(NamedTuple):
    """A key, and if a security key has its private part, the application that it was made for."""

    key: Any
    application: bytes | None = None


def type_of(key: Any, application: bytes | None) -> bytes:
    """Return the name of a key's type. It has to be one of `material`'s kinds."""
    kind = kind_of(key)
    if kind == "EC":
        curve: bytes = numbers_of(public_part(key))["curve"]  # type: ignore[index]  # kind_of says that it is a key
        return curve if application is None else SECURITY_KEY_EC
    if kind == "Ed25519":
        return b"ssh-ed25519" if application is None else SECURITY_KEY_ED25519
    return {"RSA": b"ssh-rsa", "DSA": b"ssh-dss"}[str(kind)]


# -- Public keys.


def read_public_blob(blob: bytes) -> Parsed:
    """
    Return the key in a public key's blob.

    Raises:
        BadKeyError: It is none, or of an unknown type.
        ValueError: Its numbers make no key.
    """
    reader = Reader(blob)
    name = reader.string()
    application = None
    key: Any
    if name == b"ssh-rsa":
        e, n = reader.numbers(2)
        key = rsa_key(n=n, e=e)
    elif name == b"ssh-dss":
        p, q, g, y = reader.numbers(4)
        key = dsa_key(y=y, p=p, q=q, g=g)
    elif name in CURVES:
        key = _read_ec(reader, name)
    elif name in (b"ssh-ed25519", SECURITY_KEY_ED25519):
        key = ed25519_key(reader.string())
    else:
        raise BadKeyError(f"unknown blob type: {_shown(name)!r}")
    if name in (SECURITY_KEY_EC, SECURITY_KEY_ED25519):
        application = reader.string()
    reader.end()
    return Parsed(key, application)


def _read_ec(reader: Reader, name: bytes) -> Any:
    reader.string()  # the curve once more; the type has said it
    return ec_key_from_point(reader.string(), name)


def _curve_in(name: bytes) -> bytes:
    """Return what the wire says once more of the curve: ``nistp256`` or another."""
    return name.partition(b"@")[0].rpartition(b"-")[2]


def _shown(name: bytes) -> bytes:
    """Return a type's name, shortened: it may be anything, also a part of something secret."""
    return name[:40] if name.isascii() and b"-" in name else b"?"


def public_blob_of(key: Any, application: bytes | None) -> bytes:
    """Return the public key's blob, of public and private keys."""
    key = public_part(key)
    name = type_of(key, application)
    numbers = numbers_of(key) or {}
    if kind_of(key) == "RSA":
        content = MP(numbers["e"]) + MP(numbers["n"])
    elif kind_of(key) == "DSA":
        content = b"".join(MP(numbers[name]) for name in "pqgy")
    elif kind_of(key) == "EC":
        content = NS(_curve_in(name)) + NS(point_of(key))
    else:
        content = NS(numbers["a"])
    return NS(name) + content + (b"" if application is None else NS(application))


# -- Private keys.


def read_private_blob(blob: bytes) -> tuple[Any, bytes]:
    """
    Return the key in a private key's blob, as the agent and OpenSSH's files have it, and what follows: a comment, mostly.

    Raises:
        BadKeyError: It is none, or of an unknown type.
        ValueError: Its numbers make no key.
    """
    reader = Reader(blob)
    name = reader.string()
    key: Any
    if name == b"ssh-rsa":
        n, e, d, _, p, q = reader.numbers(6)
        key = rsa_key(n=n, e=e, d=d, p=p, q=q)
    elif name == b"ssh-dss":
        p, q, g, y, x = reader.numbers(5)
        key = dsa_key(y=y, p=p, q=q, g=g, x=x)
    elif name in CURVES and name != SECURITY_KEY_EC:
        reader.string()  # the curve once more
        point = reader.string()
        key = ec_key_from_point(point, name, reader.number())
    elif name == b"ssh-ed25519":
        # The private part, then the public one once more.
        a, k = reader.string(), reader.string()
        if k[32:] != a:
            raise BadKeyError("the parts of the Ed25519 key do not fit together")
        key = ed25519_key(a, k[:32])
    else:
        raise BadKeyError(f"unknown blob type: {_shown(name)!r}")
    return key, reader.rest()


def private_blob_of(key: Any) -> bytes:
    """Return the private key's blob."""
    numbers = _private_numbers(key)
    name = type_of(key, None)
    if kind_of(key) == "RSA":
        # What is u elsewhere is here the inverse of q modulo p.
        numbers["i"] = pow(numbers["q"], -1, numbers["p"])
        return NS(name) + b"".join(MP(numbers[part]) for part in "nedipq")
    if kind_of(key) == "DSA":
        return NS(name) + b"".join(MP(numbers[part]) for part in "pqgyx")
    if kind_of(key) == "EC":
        return NS(name) + NS(_curve_in(name)) + NS(point_of(key.public_key())) + MP(numbers["privateValue"])
    return NS(name) + NS(numbers["a"]) + NS(numbers["k"] + numbers["a"])


def _private_numbers(key: Any) -> dict[str, Any]:
    numbers = numbers_of(key)
    if numbers is None or is_public(key):
        raise RuntimeError("only a private key has a private part")
    return numbers


# -- As the agent of long ago wrote them.


def is_agentv3(blob: bytes) -> bool:
    """Has this blob, which begins with a type, more numbers than a public key of the type?"""
    reader = Reader(blob)
    public = {b"ssh-rsa": 2, b"ssh-dss": 4}.get(reader.string())
    if public is None:
        return False
    try:
        for _ in range(public + 1):
            reader.string()
    except BadKeyError:
        return False
    return True


def read_agentv3(data: bytes) -> Any:
    """
    Return the key; what follows it does not count.

    Raises:
        BadKeyError: It is none, or of an unknown type.
        ValueError: Its numbers make no key.
    """
    reader = Reader(data)
    name = reader.string()
    if name == b"ssh-rsa":
        e, d, n, _, p, q = reader.numbers(6)
        return rsa_key(n=n, e=e, d=d, p=p, q=q)
    if name == b"ssh-dss":
        p, q, g, y, x = reader.numbers(5)
        return dsa_key(y=y, p=p, q=q, g=g, x=x)
    raise BadKeyError(f"unknown key type {_shown(name)!r}")


def agentv3_of(key: Any) -> bytes:
    """Return what `read_agentv3` reads; BadKeyError for keys of the kinds that it did not know."""
    order = {"RSA": "ednupq", "DSA": "pqgyx"}.get(str(kind_of(key)))
    if order is None:
        raise BadKeyError(f"there are no {kind_of(key)} keys in the format agentv3")
    numbers = _private_numbers(key)
    return NS(type_of(key, None)) + b"".join(MP(numbers[part]) for part in order)
