"""Comparing secrets, and work for those who guess at names."""

from __future__ import annotations

import hmac
import secrets
from typing import Any

__all__ = ["decoy", "same_secret"]

# A password that nobody has, to check against when there is no such user.
_DECOY = secrets.token_hex(16)


def same_secret(first: Any, second: Any) -> bool:
    """
    Are they equal? The time that it takes does not tell where they differ.

    Bytes and text are never equal, as everywhere in Python. What is neither is compared as it compares itself.
    """
    if isinstance(first, str) and isinstance(second, str):
        return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))
    if isinstance(first, (bytes, bytearray)) and isinstance(second, (bytes, bytearray)):
        return hmac.compare_digest(first, second)
    if isinstance(first, (bytes, bytearray, str)) and isinstance(second, (bytes, bytearray, str)):
        return False
    return bool(first == second)


def decoy(like: Any) -> Any:
    """Return a password that nobody has: text if ``like`` is text, else bytes."""
    return _DECOY if isinstance(like, str) else _DECOY.encode("ascii")
