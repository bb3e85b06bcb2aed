"""What an application says to ``start_response``, checked, and as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from warnings import warn

__all__ = ["fields_of", "status_of"]

# The server says these itself; or they are about the connection, which is not the application's (PEP 3333, "Other HTTP
# Features"; RFC 9110 section 7.6.1).
_NOT_THE_APPLICATIONS = {
    b"server",
    b"date",
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}


def status_of(status: str) -> tuple[int, bytes]:
    """Return code and reason phrase."""
    if not isinstance(status, str):
        raise TypeError(f"status must be str, not {status!r} ({type(status).__name__})")
    code, _, phrase = status.partition(" ")
    if not (len(code) == 3 and code.isascii() and code.isdigit()):
        raise ValueError(f"status must begin with three digits: {status!r}")
    return int(code), phrase.encode("latin-1")


def fields_of(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return header fields as bytes, of those that are the application's."""
    if not isinstance(headers, list):
        if not isinstance(headers, Sequence):
            raise TypeError(f"headers must be a list, not {headers!r} ({type(headers).__name__})")
        warn(f"headers should be a list, not {headers!r} ({type(headers).__name__})", RuntimeWarning, stacklevel=3)
    fields = [_header(header) for header in headers]
    return [field for field in fields if field[0].lower() not in _NOT_THE_APPLICATIONS]


def _header(header: tuple[str, str]) -> tuple[bytes, bytes]:
    if not isinstance(header, tuple):
        if not isinstance(header, Sequence):
            raise TypeError(f"header must be a (str, str) tuple, not {header!r} ({type(header).__name__})")
        warn(
            f"header should be a (str, str) tuple, not {header!r} ({type(header).__name__})",
            RuntimeWarning,
            stacklevel=5,
        )
    if len(header) != 2:
        raise TypeError(f"header must be a (str, str) tuple, not {header!r}")
    name, value = header
    if not (isinstance(name, str) and isinstance(value, str)):
        raise TypeError(f"header must be (str, str) tuple, not {header!r}")
    return name.encode("latin-1"), value.encode("latin-1")
