"""
Signing and verifying (RFC 4253 section 6.6, RFC 8332, RFC 5656 section 3.1.2, RFC 8709 section 6, OpenSSH's PROTOCOL.u2f).

A security key signs the hash of the application's name, its flags, a counter and the hash of the data.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, utils

from reactorio.conch.ssh._keys.blobs import type_of
from reactorio.conch.ssh._keys.errors import BadKeyError, BadSignatureAlgorithmError
from reactorio.conch.ssh._keys.material import kind_of, public_part
from reactorio.conch.ssh._keys.wire import Reader
from reactorio.conch.ssh.common import MP, NS, getNS

__all__ = ["algorithms_of", "sign", "verify"]

_RSA_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    b"rsa-sha2-512": hashes.SHA512(),
    b"rsa-sha2-256": hashes.SHA256(),
    b"ssh-rsa": hashes.SHA1(),
}

_USER_PRESENT = 0x01


def algorithms_of(key: Any, application: bytes | None) -> list[bytes]:
    """Return the names of the ways to sign with a key, the best first."""
    return list(_RSA_HASHES) if kind_of(key) == "RSA" else [type_of(key, application)]


def sign(key: Any, data: bytes, algorithm: bytes | None) -> bytes:
    """
    Return the signature of ``data``, the algorithm's name before it. The default for RSA is ``ssh-rsa``.

    Raises:
        BadSignatureAlgorithmError: The key does not sign in that way.
    """
    if algorithm is None:
        algorithm = type_of(key, None)
    if algorithm not in algorithms_of(key, None):
        name = algorithm.decode("ascii", "replace")
        raise BadSignatureAlgorithmError(
            f"public key signature algorithm {name} is not defined for {kind_of(key)} keys"
        )
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
    elif isinstance(key, dsa.DSAPrivateKey):
        r, s = utils.decode_dss_signature(key.sign(data, hashes.SHA1()))
        signature = r.to_bytes(20, "big") + s.to_bytes(20, "big")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(_hash_for(key.curve))))
        signature = MP(r) + MP(s)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(data)
    else:
        raise RuntimeError("only a private key signs")
    return NS(algorithm) + NS(signature)


def _hash_for(curve: ec.EllipticCurve) -> hashes.HashAlgorithm:
    if curve.key_size <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if curve.key_size <= 384 else hashes.SHA512()


def verify(key: Any, application: bytes | None, signature: bytes, data: bytes) -> bool:
    """
    Is this the key's signature of ``data``? What is not well-formed is not.

    That of a security key counts only if its user touched it.
    """
    if kind_of(key) == "DSA" and len(signature) == 40:
        signature = NS(b"ssh-dss") + NS(signature)  # some servers leave the name out
    try:
        algorithm, content, trailer = getNS(signature, 2)
    except struct.error:
        return False
    if algorithm not in algorithms_of(key, application):
        return False
    if application is not None:
        if len(trailer) != 5 or not trailer[0] & _USER_PRESENT:
            return False
        data = hashlib.sha256(application).digest() + trailer + hashlib.sha256(data).digest()
    elif trailer:
        return False
    try:
        _verify(public_part(key), algorithm, content, data)
    except (InvalidSignature, BadKeyError, ValueError):
        return False
    return True


def _verify(key: Any, algorithm: bytes, signature: bytes, data: bytes) -> None:
    """Return if it is the signature; raise InvalidSignature, BadKeyError or ValueError if not."""
    if isinstance(key, rsa.RSAPublicKey):
        # RFC 8332 section 3: leading zeros may be missing.
        signature = signature.rjust((key.key_size + 7) // 8, b"\0")
        key.verify(signature, data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
    elif isinstance(key, dsa.DSAPublicKey):
        if len(signature) != 40:
            raise InvalidSignature
        r, s = (int.from_bytes(half, "big") for half in (signature[:20], signature[20:]))
        key.verify(utils.encode_dss_signature(r, s), data, hashes.SHA1())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        reader = Reader(signature)
        r, s = reader.numbers(2)
        reader.end()
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(_hash_for(key.curve)))
    else:
        key.verify(signature, data)
