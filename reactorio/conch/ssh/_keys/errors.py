"""What can be wrong with keys, and with what is asked of them. None of the texts has any part of a key."""

from __future__ import annotations

__all__ = [
    "BadFingerPrintFormat",
    "BadKeyError",
    "BadSignatureAlgorithmError",
    "EncryptedKeyError",
    "PassphraseNormalizationError",
]

_PUBLIC = "reactorio.conch.ssh.keys"


class BadKeyError(Exception):
    """This is no key, none of a kind that is known, or the passphrase is wrong."""

    __module__ = _PUBLIC


class BadSignatureAlgorithmError(Exception):
    """Keys of this kind do not sign in that way."""

    __module__ = _PUBLIC


class EncryptedKeyError(Exception):
    """The key is encrypted, and there is no passphrase."""

    __module__ = _PUBLIC


class BadFingerPrintFormat(Exception):
    """There are no fingerprints of that kind."""

    __module__ = _PUBLIC


class PassphraseNormalizationError(Exception):
    """The passphrase has characters that Unicode does not know yet, so that its bytes are not certain."""

    __module__ = _PUBLIC
