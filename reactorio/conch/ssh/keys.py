"""
Keys: reading, writing, signing, verifying. The cryptography is the package ``cryptography``'s, the formats are in
``reactorio.conch.ssh._keys``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from reactorio.conch.ssh._keys import blobs, lsh, material, openssh, pem, signatures
from reactorio.conch.ssh._keys.described import description
from reactorio.conch.ssh._keys.errors import (
    BadFingerPrintFormat,
    BadKeyError,
    BadSignatureAlgorithmError,
    EncryptedKeyError,
    PassphraseNormalizationError,
)
from reactorio.conch.ssh._keys.passphrases import normalized
from reactorio.logger._constants import NamedConstant, Names

if TYPE_CHECKING:
    from typing_extensions import Self

    from reactorio.python.filepath import FilePath

__all__ = [
    "BadFingerPrintFormat",
    "BadKeyError",
    "BadSignatureAlgorithmError",
    "EncryptedKeyError",
    "FingerprintFormats",
    "Key",
    "PassphraseNormalizationError",
]

# A key of 16384 bits has 15 KiB in the largest format.
_MAX_SIZE = 64 * 1024

# What the formats of public keys begin with, and the length of a type's name before a blob.
_PUBLIC_LINES = (b"ssh-", b"ecdsa-sha2-", b"sk-")


class FingerprintFormats(Names):
    """How fingerprints are written."""

    MD5_HEX: ClassVar[NamedConstant] = NamedConstant()
    SHA256_BASE64: ClassVar[NamedConstant] = NamedConstant()


class Key:
    """
    A public or a private key. Keys are equal if their numbers are.

    `repr` shows all of a private key, as Twisted's does: it belongs in no log.

    Args:
        keyObject: A key of ``cryptography``'s: RSA, DSA, EC or Ed25519.
    """

    __hash__: ClassVar[None]  # type: ignore[assignment]  # keys cannot be looked up in dictionaries

    def __init__(self, keyObject: Any) -> None:
        self._keyObject = keyObject
        self._application: bytes | None = None

    @classmethod
    def _of(cls, parsed: blobs.Parsed) -> Self:
        key = cls(parsed.key)
        key._application = parsed.application
        return key

    # -- Reading.

    @classmethod
    def fromFile(cls, filename: Any, type: str | None = None, passphrase: str | bytes | None = None) -> Self:
        """
        Return the key in a file; `fromString` has more on it.

        Raises:
            OSError: The file cannot be read.
        """
        with open(filename, "rb") as file:
            return cls.fromString(file.read(_MAX_SIZE + 1), type, passphrase)

    @classmethod
    def fromString(cls, data: bytes | str, type: str | None = None, passphrase: str | bytes | None = None) -> Self:
        """
        Return the key in ``data``, which has at most 64 KiB.

        Unlike Twisted: private keys in PKCS#8 are read, too; a passphrase that a private key does not need does not count;
        whatever is malformed is a BadKeyError, and so is a line whose type is not that of its key. No error has any part of the
        data in its text.

        Args:
            type: ``public_openssh``, ``private_openssh`` (its own format, PEM or PKCS#8), ``public_lsh``, ``private_lsh``,
                ``blob``, ``private_blob`` or ``agentv3``. By default it is seen from the data, but for ``private_blob``.
            passphrase: For ``private_openssh``. Text is taken in Normalization Form KC and UTF-8.

        Raises:
            BadKeyError: This is no key, none of a known kind, or the passphrase is wrong. Certificates are none.
            EncryptedKeyError: There has to be a passphrase.
            PassphraseNormalizationError: The passphrase has characters that Unicode does not know.
        """
        if isinstance(data, str):
            data = data.encode("utf-8")
        if len(data) > _MAX_SIZE:
            raise BadKeyError("this is too long for a key")
        passphrase = normalized(passphrase)
        if type is None:
            type = cls._guessStringType(data)
        if type is None:
            raise BadKeyError("cannot guess the type of the key")
        read = getattr(cls, f"_fromString_{type.upper()}", None)
        if read is None:
            raise BadKeyError(f"no _fromString method for {type}")
        try:
            if type.upper() == "PRIVATE_OPENSSH":
                key: Self = read(data, passphrase)
            elif passphrase:
                raise BadKeyError("key not encrypted")
            else:
                key = read(data)
        except (ValueError, UnsupportedAlgorithm) as exc:
            raise BadKeyError("the numbers of the key make none") from exc
        return key

    @classmethod
    def _guessStringType(cls, data: bytes) -> str | None:
        if data.startswith(_PUBLIC_LINES):
            if b"-cert-v01@" in data.split(None, 1)[0]:
                raise BadKeyError("certificate based keys are not supported")
            return "public_openssh"
        if data.startswith(b"-----BEGIN "):
            return "private_openssh"
        if data.startswith(b"{"):
            return "public_lsh"
        if data.startswith(b"("):
            return "private_lsh"
        if data.startswith(b"\0\0\0") and data[4:].startswith(_PUBLIC_LINES):
            return "agentv3" if blobs.is_agentv3(data) else "blob"
        return None

    @classmethod
    def _fromString_BLOB(cls, blob: bytes) -> Self:
        return cls._of(blobs.read_public_blob(blob))

    @classmethod
    def _fromString_PRIVATE_BLOB(cls, blob: bytes) -> Self:
        return cls(blobs.read_private_blob(blob)[0])

    @classmethod
    def _fromString_PUBLIC_OPENSSH(cls, data: bytes) -> Self:
        return cls._of(openssh.read_public_line(data))

    @classmethod
    def _fromString_PRIVATE_OPENSSH(cls, data: bytes, passphrase: bytes | None) -> Self:
        data = data.strip() + b"\n"
        read = openssh.read_private if pem.label_of(data) == b"OPENSSH" else pem.read
        return cls(read(data, passphrase))

    @classmethod
    def _fromString_PUBLIC_LSH(cls, data: bytes) -> Self:
        return cls(lsh.read_public(data))

    @classmethod
    def _fromString_PRIVATE_LSH(cls, data: bytes) -> Self:
        return cls(lsh.read_private(data))

    @classmethod
    def _fromString_AGENTV3(cls, data: bytes) -> Self:
        return cls(blobs.read_agentv3(data))

    # -- From numbers; each raises ValueError if they make no key.

    @classmethod
    def _fromRSAComponents(
        cls,
        n: int,
        e: int,
        d: int | None = None,
        p: int | None = None,
        q: int | None = None,
        u: int | None = None,  # noqa: ARG003  # it follows from p and q
    ) -> Self:
        return cls(material.rsa_key(n, e, d, p, q))

    @classmethod
    def _fromDSAComponents(cls, y: int, p: int, q: int, g: int, x: int | None = None) -> Self:
        return cls(material.dsa_key(y, p, q, g, x))

    @classmethod
    def _fromECComponents(cls, x: int, y: int, curve: bytes, privateValue: int | None = None) -> Self:
        return cls(material.ec_key(x, y, curve, privateValue))

    @classmethod
    def _fromEd25519Components(cls, a: bytes, k: bytes | None = None) -> Self:
        return cls(material.ed25519_key(a, k))

    # -- What kind of key it is.

    def _kind(self) -> str:
        kind = material.kind_of(self._keyObject)
        if kind is None:
            raise RuntimeError(f"unknown type of object: {self._keyObject!r}")
        return kind

    def type(self) -> str:
        """Return ``"RSA"``, ``"DSA"``, ``"EC"`` or ``"Ed25519"``; RuntimeError if this is no key."""
        return self._kind()

    def sshType(self) -> bytes:
        """Return the protocol's name of the type: ``b"ssh-rsa"`` and so on; RuntimeError if this is no key."""
        self._kind()
        return blobs.type_of(self._keyObject, self._application)

    def size(self) -> int:
        """Return how many bits its strength is measured in; 0 if this is no key."""
        kind = material.kind_of(self._keyObject)
        if kind is None:
            return 0
        if kind == "Ed25519":
            return 256
        size: int = self._keyObject.key_size
        return size

    def isPublic(self) -> bool:
        return material.is_public(self._keyObject)

    def isSecurityKey(self) -> bool:
        """Is the private key in a device, a security key?"""
        return self._application is not None

    @property
    def _sk(self) -> bool:
        return self.isSecurityKey()

    @property
    def application(self) -> bytes | None:
        """What a security key was made for, ``b"ssh:"`` mostly; None for other keys."""
        return self._application

    def public(self) -> Key:
        """Return the public key."""
        self._kind()
        return Key._of(blobs.Parsed(material.public_part(self._keyObject), self._application))

    def data(self) -> dict[str, Any]:
        """
        Return the numbers by name.

        RSA has n and e; d, p, q and u, the inverse of p modulo q. DSA has y, g, p and q; x. EC has x, y and curve;
        privateValue. Ed25519 has a; k. What is before the semicolon is public. RuntimeError if this is no key.
        """
        numbers = material.numbers_of(self._keyObject)
        if numbers is None:
            raise RuntimeError(f"Unexpected key type: {self._keyObject!r}")
        if "curve" in numbers:
            numbers["curve"] = self.sshType()
        return numbers

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key):
            return NotImplemented
        return (
            material.kind_of(self._keyObject) == material.kind_of(other._keyObject)
            and self._application == other._application
            and material.numbers_of(self._keyObject) == material.numbers_of(other._keyObject)
        )

    def __repr__(self) -> str:
        return description(self._kind(), self.isPublic(), self.size(), self.data())

    def fingerprint(self, format: NamedConstant = FingerprintFormats.MD5_HEX) -> str:
        """
        Return a short text that no other key has: the hash of the public key.

        Args:
            format: ``MD5_HEX`` is the way of old OpenSSH. ``SHA256_BASE64`` is that of today's, which writes ``SHA256:`` before it
                and leaves the padding out.

        Raises:
            BadFingerPrintFormat: It is none of `FingerprintFormats`.
        """
        if format is FingerprintFormats.SHA256_BASE64:
            return base64.b64encode(hashlib.sha256(self.blob()).digest()).decode("ascii")
        if format is FingerprintFormats.MD5_HEX:
            return hashlib.md5(self.blob(), usedforsecurity=False).digest().hex(":")
        raise BadFingerPrintFormat(f"Unsupported fingerprint format: {format}")

    # -- Writing.

    def blob(self) -> bytes:
        """Return the public key as the protocol writes it; RuntimeError if this is no key."""
        self._kind()
        return blobs.public_blob_of(self._keyObject, self._application)

    def privateBlob(self) -> bytes:
        """Return the private key as the agent writes it; RuntimeError if this is none."""
        self._kind()
        return blobs.private_blob_of(self._keyObject)

    def toString(
        self,
        type: str,
        extra: bytes | str | None = None,
        subtype: str | None = None,
        comment: bytes | str | None = None,
        passphrase: bytes | str | None = None,
    ) -> bytes:
        """
        Return the key as text.

        Unlike Twisted: a passphrase for a private key in a format that has no encryption is an error.

        Args:
            type: ``openssh``, ``lsh`` or ``agentv3``. The latter two have RSA and DSA, ``agentv3`` only private keys.
            extra: Deprecated: the comment of a public key, or the passphrase of a private one.
            subtype: Of a private key for OpenSSH: ``v1`` is its own format, the default for Ed25519; ``PEM`` is the default for
                the others, and encrypts less well.
            comment: For OpenSSH; the formats PEM and lsh have none.
            passphrase: What to encrypt a private key for OpenSSH with.

        Raises:
            BadKeyError: There is no such format, or it has no keys of this kind.
            ValueError: There is no such subtype, it has no keys of this kind, the format has no encryption, or the comment has
                more lines than one.
            PassphraseNormalizationError: The passphrase has characters that Unicode does not know.
        """
        if extra is not None:
            warnings.warn(
                "The 'extra' argument to reactorio.conch.ssh.keys.Key.toString was deprecated in Twisted 20.3.0; use "
                "'comment' or 'passphrase' instead.",
                DeprecationWarning,
                stacklevel=2,
            )
            if self.isPublic():
                comment = extra
            else:
                passphrase = extra
        self._kind()
        if isinstance(comment, str):
            comment = comment.encode("utf-8")
        secret = normalized(passphrase)
        format = type.lower()
        if format == "openssh":
            return self._to_openssh(subtype, comment, secret)
        if format not in ("lsh", "agentv3"):
            raise BadKeyError(f"unknown key type: {type}")
        if secret and not self.isPublic():
            raise ValueError(f"the format {type} has no encryption")
        return lsh.write(self._keyObject) if format == "lsh" else blobs.agentv3_of(self._keyObject)

    def _to_openssh(self, subtype: str | None, comment: bytes | None, passphrase: bytes | None) -> bytes:
        if self.isPublic():
            return openssh.write_public_line(self._keyObject, self._application, comment)
        if subtype is None:
            subtype = "v1" if self._kind() == "Ed25519" else "PEM"
        if subtype == "v1":
            return openssh.write_private(self._keyObject, comment, passphrase)
        if subtype == "PEM":
            return pem.write(self._keyObject, passphrase)
        raise ValueError(f"unknown subtype {subtype}")

    # -- Signing.

    def supportedSignatureAlgorithms(self) -> list[bytes]:
        """Return the names of the ways to sign with this key, the best first; RuntimeError if it is none."""
        self._kind()
        return signatures.algorithms_of(self._keyObject, self._application)

    def sign(self, data: bytes, signatureType: bytes | None = None) -> bytes:
        """
        Return the signature of ``data``, as the protocol writes it.

        Args:
            signatureType: One of `supportedSignatureAlgorithms`. The default for RSA is ``ssh-rsa``, with SHA-1, which OpenSSH
                does not take any more.

        Raises:
            BadSignatureAlgorithmError: It is none of those.
            RuntimeError: The private key is not here.
        """
        self._kind()
        return signatures.sign(self._keyObject, data, signatureType)

    def verify(self, signature: bytes, data: bytes) -> bool:
        """
        Is this a signature of ``data`` by this key, or by the private key of this one?

        What is no signature is none by this key. A security key's signature counts if its user touched the device.

        Unlike Twisted: it is taken as OpenSSH writes it also for a security key, flags and counter at its end.
        """
        self._kind()
        return signatures.verify(self._keyObject, self._application, signature, data)


def _getPersistentRSAKey(location: FilePath[Any], keySize: int = 4096) -> Key:
    """Return the private key in the file at ``location``; if there is none, make it, with ``keySize`` bits, for its owner only."""
    if not location.exists():
        location.parent().makedirs(ignoreExistingDirectory=True)
        made = Key(rsa.generate_private_key(public_exponent=65537, key_size=keySize))
        descriptor = os.open(location.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(made.toString("openssh"))
    return Key.fromFile(location.path)
