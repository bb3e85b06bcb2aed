"""Hashes that cost nothing, for tests that are not about what hashes cost."""

from __future__ import annotations

import base64
import hashlib


def cheap(password: bytes, salt: bytes = b"0123456789abcdef") -> bytes:
    """Return a scrypt hash of the least cost."""
    digest = hashlib.scrypt(password, salt=salt, n=2, r=1, p=1, dklen=32)
    return b"$scrypt$ln=1,r=1,p=1$%s$%s" % tuple(base64.b64encode(part).rstrip(b"=") for part in (salt, digest))
