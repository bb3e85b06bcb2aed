"""Private keys as OpenSSL writes them: one format for each kind, and PKCS#8 (RFC 7468 sections 10 and 11) for all."""

from __future__ import annotations

import re
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reactorio.conch.ssh._keys.errors import BadKeyError, EncryptedKeyError
from reactorio.conch.ssh._keys.material import CURVES, kind_of

__all__ = ["label_of", "read", "write"]

_BEGIN = re.compile(rb"-----BEGIN ((?:[A-Z]+ )*?)PRIVATE KEY-----[ \t]*\r?\n")
_LABELS = (b"RSA ", b"DSA ", b"EC ", b"", b"ENCRYPTED ")


def label_of(data: bytes) -> bytes:
    """
    Return what stands before ``PRIVATE KEY`` in the first line.

    Raises:
        BadKeyError: The line is not of that form.
    """
    found = _BEGIN.match(data)
    if found is None:
        raise BadKeyError("this is no private key")
    return found.group(1).strip()


def read(data: bytes, passphrase: bytes | None) -> Any:
    """
    Return the private key. A passphrase that none is needed for does not count.

    Raises:
        BadKeyError: It is none, none that SSH has, or the passphrase is wrong.
        EncryptedKeyError: It needs a passphrase.
    """
    label = label_of(data)
    if label + b" " not in _LABELS and label:
        raise BadKeyError(f"unknown key type {label[:40]!r}")
    encrypted = label == b"ENCRYPTED" or b"\nProc-Type: 4,ENCRYPTED" in data
    if encrypted and not passphrase:
        raise EncryptedKeyError("Passphrase must be provided for an encrypted key")
    try:
        key = serialization.load_pem_private_key(data, passphrase if encrypted else None)
    except (ValueError, UnsupportedAlgorithm) as exc:
        reason = "Failed to decode key (Bad Passphrase?)" if encrypted else "Failed to decode key"
        raise BadKeyError(reason) from exc
    if kind_of(key) is None or (
        isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in {curve.name for curve in CURVES.values()}
    ):
        raise BadKeyError("SSH has no keys of this kind")
    return key


def write(key: Any, passphrase: bytes | None) -> bytes:
    """
    Return an RSA, DSA or EC key in the format of its kind; encrypted, which is weaker than OpenSSH's own format does it, if
    there is a passphrase.

    Raises:
        ValueError: It is an Ed25519 key.
    """
    if kind_of(key) == "Ed25519":
        raise ValueError("cannot serialize Ed25519 key to OpenSSH PEM format; use v1 instead")
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    content: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, encryption
    )
    return content
