"""Text as bytes that are the same on every machine and keyboard."""

from __future__ import annotations

import unicodedata

from reactorio.conch.ssh._keys.errors import PassphraseNormalizationError

__all__ = ["normalized"]


def normalized(passphrase: str | bytes | None) -> bytes | None:
    """
    Return the bytes of a passphrase: text in Normalization Form KC and UTF-8, bytes as they are.

    Raises:
        PassphraseNormalizationError: It has characters whose form a later Unicode may change.
    """
    if not isinstance(passphrase, str):
        return passphrase
    if any(unicodedata.category(character) == "Cn" for character in passphrase):
        raise PassphraseNormalizationError
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8")
