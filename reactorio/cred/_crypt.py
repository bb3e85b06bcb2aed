"""
crypt(3): the hashes of passwords that the system keeps.

Python had a module for it until 3.12, which holds the interpreter's lock while it computes; the C library's function is
asked directly, as long as there is one.
"""

from __future__ import annotations

import ctypes
import functools
import hmac
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["crypt", "is_available", "matches"]

# Room for `struct crypt_data`: 32 KiB in libxcrypt, 128 KiB in old versions of glibc.
_SCRATCH = 256 * 1024

_LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2", None)


@functools.cache
def _function() -> Callable[[bytes, bytes, Any], bytes | None] | None:
    for library in _LIBRARIES:
        try:
            function: Any = ctypes.CDLL(library).crypt_r
        except (OSError, AttributeError):
            continue
        function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
        function.restype = ctypes.c_char_p
        found: Callable[[bytes, bytes, Any], bytes | None] = function
        return found
    return None


def is_available() -> bool:
    """Can this system's hashes be computed?"""
    return _function() is not None


def crypt(password: bytes, setting: bytes) -> bytes | None:
    """
    Return the hash of a password; None if the system cannot compute it. It takes its time, so call it in a thread.

    Args:
        setting: The kind, cost and salt; a hash of the same kind does.

    Raises:
        OSError: This system has no crypt(3) that threads can call.
    """
    function = _function()
    if function is None:
        raise OSError("there is no crypt_r(3) on this system")
    if b"\0" in password or b"\0" in setting:
        return None  # C would see a shorter one
    hashed = function(password, setting, ctypes.create_string_buffer(_SCRATCH))
    # What begins with an asterisk is how some versions say that they failed.
    return None if hashed is None or hashed.startswith(b"*") else hashed


def matches(stored: bytes, password: bytes) -> bool:
    """Is ``stored`` the hash of ``password``? A locked account's is that of no password."""
    hashed = crypt(password, stored)
    return hashed is not None and hmac.compare_digest(hashed, stored)
