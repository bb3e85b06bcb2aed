"""What is said when a resource does not answer."""

from __future__ import annotations

from html import escape
from typing import Any

from reactorio.python.reflect import safe_repr
from reactorio.web import resource
from reactorio.web._responses import INTERNAL_SERVER_ERROR, NOT_ALLOWED, NOT_IMPLEMENTED

__all__ = ["not_allowed", "not_bytes", "not_implemented"]

_page = resource._UnsafeErrorPageBase


def not_allowed(request: Any, allowed: list[bytes]) -> Any:
    """A method that exists, and this resource does not have."""
    return _page(
        NOT_ALLOWED,
        "Method Not Allowed",
        f"Your browser approached me (at {escape(request.uri.decode('latin-1'))}) with the method "
        f'"{escape(request.method.decode("latin-1"))}".  I only allow the method{"" if len(allowed) == 1 else "s"} '
        f"{b', '.join(allowed).decode('latin-1')} here.",
    )


def not_implemented(request: Any) -> Any:
    """A method that nobody knows."""
    method = escape(request.method.decode("latin-1"))
    return _page(NOT_IMPLEMENTED, "Huh?", f"I don't know how to treat a {method} request.")


def not_bytes(request: Any, rendered: Any, result: object) -> Any:
    """A resource that returned something that cannot be sent."""
    return _page(
        INTERNAL_SERVER_ERROR,
        "Request did not return bytes",
        f"Request: <pre>{escape(safe_repr(request))}</pre><br />Resource: <pre>{escape(safe_repr(rendered))}</pre><br />"
        f"Value: <pre>{escape(safe_repr(result))}</pre>",
    )
