"""
OpenSSH's formats: a line for a public key, and version 1 of its own for a private one (OpenSSH's PROTOCOL.key).

The latter is a list of strings in base64: which cipher, which function from the passphrase to the cipher's key, the public key,
and the private one, encrypted, after a random number that is there twice, which tells whether the passphrase was right.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import bcrypt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from reactorio.conch.ssh._keys.blobs import (
    Parsed,
    private_blob_of,
    public_blob_of,
    read_private_blob,
    read_public_blob,
    type_of,
)
from reactorio.conch.ssh._keys.errors import BadKeyError, EncryptedKeyError
from reactorio.conch.ssh._keys.wire import Reader
from reactorio.conch.ssh.common import NS
from reactorio.python import randbytes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_private", "read_public_line", "write_private", "write_public_line"]

_MAGIC = b"openssh-key-v1\0"
_FRAME = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END OPENSSH PRIVATE KEY-----\s*\Z"
)
_LINE = 70

# Rounds of bcrypt_pbkdf: 10 ms each or so. ssh-keygen's default is 24; this many keep a processor busy for half a minute.
_MAX_ROUNDS = 4096
_ROUNDS = 100
_SALT = 16


class _CipherKind(NamedTuple):
    key: int
    iv: int
    mode: Callable[..., Any]
    block: int = 16
    tag: int = 0


_CIPHERS = {
    **{f"aes{bits}-ctr".encode(): _CipherKind(bits // 8, 16, modes.CTR) for bits in (128, 192, 256)},
    **{f"aes{bits}-cbc".encode(): _CipherKind(bits // 8, 16, modes.CBC) for bits in (128, 192, 256)},
    **{f"aes{bits}-gcm@openssh.com".encode(): _CipherKind(bits // 8, 12, modes.GCM, tag=16) for bits in (128, 256)},
}


# -- Public keys.


def read_public_line(line: bytes) -> Parsed:
    """
    Return the key of a line: the type, the key in base64, and a comment, which may be anything.

    Raises:
        BadKeyError: It is none, or the type is not that of the key.
        ValueError: Its numbers make no key.
    """
    words = line.split(None, 2)
    if len(words) < 2:
        raise BadKeyError("there is a type, but no key")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        raise BadKeyError("the key is not in base64") from None
    parsed = read_public_blob(blob)
    if type_of(*parsed) != words[0]:
        raise BadKeyError("the type is not that of the key")
    return parsed


def write_public_line(key: Any, application: bytes | None, comment: bytes | None) -> bytes:
    """
    Return a public key as a line, without the line break.

    Raises:
        ValueError: The comment has more lines than one.
    """
    if comment and (b"\n" in comment or b"\r" in comment):
        raise ValueError("a comment has one line")
    words = [type_of(key, application), base64.b64encode(public_blob_of(key, application))]
    return b" ".join([*words, comment] if comment else words)


# -- Private keys.


def read_private(data: bytes, passphrase: bytes | None) -> Any:
    """
    Return the private key. A passphrase that none is needed for does not count.

    Raises:
        BadKeyError: It is none, it is a security key's or encrypted in an unknown way, or the passphrase is wrong.
        EncryptedKeyError: It needs a passphrase.
        ValueError: Its numbers make no key.
    """
    found = _FRAME.match(data)
    if found is None:
        raise BadKeyError("this is no private key of OpenSSH's")
    try:
        content = base64.b64decode(b"".join(found.group(1).split()), validate=True)
    except binascii.Error:
        raise BadKeyError("the key is not in base64") from None
    reader = Reader(content)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise BadKeyError("this is no private key of OpenSSH's")
    cipher, derivation, options = reader.string(), reader.string(), reader.string()
    if reader.uint32() != 1:
        raise BadKeyError("only OpenSSH private key files containing a single key are supported")
    public = reader.string()
    secret = reader.string()
    if cipher != b"none":
        kind = _CIPHERS.get(cipher)
        if kind is None:
            raise BadKeyError(f"unknown encryption type {cipher[:40]!r}")
        key, iv = _derive(derivation, options, passphrase, kind)
        secret = _decrypt(kind, key, iv, secret, reader.take(kind.tag))
    elif derivation != b"none":
        raise BadKeyError("private key specifies KDF but no cipher")
    reader.end()
    return _unwrap(secret, public)


def _derive(derivation: bytes, options: bytes, passphrase: bytes | None, kind: _CipherKind) -> tuple[bytes, bytes]:
    if derivation != b"bcrypt":
        raise BadKeyError(f"unknown KDF type {derivation[:40]!r}")
    if not passphrase:
        raise EncryptedKeyError("Passphrase must be provided for an encrypted key")
    reader = Reader(options)
    salt, rounds = reader.string(), reader.uint32()
    reader.end()
    if not salt or not 0 < rounds <= _MAX_ROUNDS:
        raise BadKeyError("the key is encrypted with too many rounds, or with none")
    derived = bcrypt.kdf(passphrase, salt, kind.key + kind.iv, rounds, ignore_few_rounds=True)
    return derived[: kind.key], derived[kind.key :]


def _decrypt(kind: _CipherKind, key: bytes, iv: bytes, secret: bytes, tag: bytes) -> bytes:
    mode = kind.mode(iv, tag) if tag else kind.mode(iv)
    decryptor = Cipher(algorithms.AES(key), mode).decryptor()
    try:
        return decryptor.update(secret) + decryptor.finalize()
    except InvalidTag:
        raise BadKeyError("Failed to decode key (Bad Passphrase?)") from None


def _unwrap(secret: bytes, public: bytes) -> Any:
    reader = Reader(secret)
    if reader.uint32() != reader.uint32():
        raise BadKeyError("Failed to decode key (Bad Passphrase?)")
    key, _ = read_private_blob(reader.rest())
    if public_blob_of(key, None) != public:
        raise BadKeyError("the private key is not that of the public one")
    return key


def write_private(key: Any, comment: bytes | None, passphrase: bytes | None) -> bytes:
    """Return a private key; encrypted if there is a passphrase."""
    cipher, derivation, options = b"none", b"none", b""
    kind = _CipherKind(0, 0, modes.CTR, block=8)
    if passphrase:
        cipher, derivation = b"aes256-ctr", b"bcrypt"
        kind = _CIPHERS[cipher]
        options = NS(randbytes.secureRandom(_SALT)) + _ROUNDS.to_bytes(4, "big")
    check = randbytes.secureRandom(4)
    secret = check + check + private_blob_of(key) + NS(comment or b"")
    secret += bytes(range(1, 1 + -len(secret) % kind.block))
    if passphrase:
        cipher_key, iv = _derive(derivation, options, passphrase, kind)
        encryptor = Cipher(algorithms.AES(cipher_key), kind.mode(iv)).encryptor()
        secret = encryptor.update(secret) + encryptor.finalize()
    content = base64.b64encode(
        _MAGIC
        + NS(cipher)
        + NS(derivation)
        + NS(options)
        + (1).to_bytes(4, "big")
        + NS(public_blob_of(key, None))
        + NS(secret)
    )
    lines = [content[start : start + _LINE] for start in range(0, len(content), _LINE)]
    return b"\n".join([b"-----BEGIN OPENSSH PRIVATE KEY-----", *lines, b"-----END OPENSSH PRIVATE KEY-----", b""])
