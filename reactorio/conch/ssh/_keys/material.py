"""
Keys of ``cryptography`` from numbers, and numbers from keys.

Numbers are named as in Twisted: RSA has n, e, d, p, q and u (the inverse of p modulo q), DSA y, g, p, q
and x, EC x, y, privateValue and curve, Ed25519 a (public) and k (private), as bytes.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from reactorio.conch.ssh._keys.errors import BadKeyError

__all__ = [
    "CURVES",
    "SECURITY_KEY_EC",
    "SECURITY_KEY_ED25519",
    "dsa_key",
    "ec_key",
    "ec_key_from_point",
    "ed25519_key",
    "is_public",
    "kind_of",
    "numbers_of",
    "point_of",
    "public_part",
    "rsa_key",
]


SECURITY_KEY_EC = b"sk-ecdsa-sha2-nistp256@openssh.com"
SECURITY_KEY_ED25519 = b"sk-ssh-ed25519@openssh.com"

# RFC 5656 section 10.1, and OpenSSH's PROTOCOL.u2f.
CURVES: dict[bytes, ec.EllipticCurve] = {
    b"ecdsa-sha2-nistp256": ec.SECP256R1(),
    b"ecdsa-sha2-nistp384": ec.SECP384R1(),
    b"ecdsa-sha2-nistp521": ec.SECP521R1(),
    SECURITY_KEY_EC: ec.SECP256R1(),
}

_NAMES_OF_CURVES = {curve.name: name for name, curve in CURVES.items() if not name.startswith(b"sk-")}

_KINDS: tuple[tuple[str, type[Any], type[Any]], ...] = (
    ("RSA", rsa.RSAPublicKey, rsa.RSAPrivateKey),
    ("DSA", dsa.DSAPublicKey, dsa.DSAPrivateKey),
    ("EC", ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey),
    ("Ed25519", ed25519.Ed25519PublicKey, ed25519.Ed25519PrivateKey),
)


def kind_of(key: Any) -> str | None:
    """Return ``"RSA"``, ``"DSA"``, ``"EC"`` or ``"Ed25519"``, and None for what is no key."""
    return next((kind for kind, public, private in _KINDS if isinstance(key, (public, private))), None)


def is_public(key: Any) -> bool:
    return any(isinstance(key, public) for _, public, _ in _KINDS)


def public_part(key: Any) -> Any:
    return key if is_public(key) else key.public_key()


# -- From numbers. Each raises ValueError for numbers that make no key.


def rsa_key(
    n: int, e: int, d: int | None = None, p: int | None = None, q: int | None = None
) -> rsa.RSAPublicKey | rsa.RSAPrivateKey:
    """
    Return a public key, or with ``d`` a private one.

    What follows from p and q is computed, never taken as given: a signature with a wrong inverse gives the key away.
    """
    public = rsa.RSAPublicNumbers(e, n)
    if d is None:
        return public.public_key()
    if p is None or q is None:
        p, q = rsa.rsa_recover_prime_factors(n, e, d)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def dsa_key(y: int, p: int, q: int, g: int, x: int | None = None) -> dsa.DSAPublicKey | dsa.DSAPrivateKey:
    """Return a public key, or with ``x`` a private one."""
    public = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g))
    return public.public_key() if x is None else dsa.DSAPrivateNumbers(x, public).private_key()


def ec_key(
    x: int, y: int, curve: bytes, privateValue: int | None = None
) -> ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey:
    """Return a public key, or with ``privateValue`` a private one; ``curve`` is SSH's name of the key's kind."""
    public = ec.EllipticCurvePublicNumbers(x, y, _curve(curve))
    if privateValue is None:
        return public.public_key()
    return ec.EllipticCurvePrivateNumbers(privateValue, public).private_key()


def ec_key_from_point(
    point: bytes, curve: bytes, private_value: int | None = None
) -> ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey:
    """Return a key by its point as SEC 1 section 2.3.3 writes it."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(_curve(curve), point)
    if private_value is None:
        return public
    return ec.EllipticCurvePrivateNumbers(private_value, public.public_numbers()).private_key()


def _curve(name: bytes) -> ec.EllipticCurve:
    try:
        return CURVES[name]
    except KeyError:
        raise BadKeyError("unknown curve") from None


def ed25519_key(a: bytes, k: bytes | None = None) -> ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey:
    """Return a public key, or with ``k`` a private one, whose public part is ``a``."""
    if k is None:
        return ed25519.Ed25519PublicKey.from_public_bytes(a)
    private = ed25519.Ed25519PrivateKey.from_private_bytes(k)
    if private.public_key().public_bytes_raw() != a:
        raise ValueError("the parts of the Ed25519 key do not fit together")
    return private


# -- To numbers.


def numbers_of(key: Any) -> dict[str, Any] | None:
    """Return the numbers by name, in Twisted's order of them; None for what is no key."""
    if isinstance(key, rsa.RSAPublicKey):
        public_rsa = key.public_numbers()
        return {"n": public_rsa.n, "e": public_rsa.e}
    if isinstance(key, rsa.RSAPrivateKey):
        rsa_numbers = key.private_numbers()
        return {
            "n": rsa_numbers.public_numbers.n,
            "e": rsa_numbers.public_numbers.e,
            "d": rsa_numbers.d,
            "p": rsa_numbers.p,
            "q": rsa_numbers.q,
            "u": pow(rsa_numbers.p, -1, rsa_numbers.q),
        }
    if isinstance(key, dsa.DSAPublicKey):
        return _dsa_numbers(key.public_numbers())
    if isinstance(key, dsa.DSAPrivateKey):
        dsa_numbers = key.private_numbers()
        return {"x": dsa_numbers.x, **_dsa_numbers(dsa_numbers.public_numbers)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _ec_numbers(key.public_numbers())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        ec_numbers = key.private_numbers()
        return {**_ec_numbers(ec_numbers.public_numbers), "privateValue": ec_numbers.private_value}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"a": key.public_bytes_raw()}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {"a": key.public_key().public_bytes_raw(), "k": key.private_bytes_raw()}
    return None


def _dsa_numbers(public: dsa.DSAPublicNumbers) -> dict[str, Any]:
    parameters = public.parameter_numbers
    return {"y": public.y, "g": parameters.g, "p": parameters.p, "q": parameters.q}


def _ec_numbers(public: ec.EllipticCurvePublicNumbers) -> dict[str, Any]:
    return {"x": public.x, "y": public.y, "curve": _NAMES_OF_CURVES[public.curve.name]}


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return an EC key's point, uncompressed."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
