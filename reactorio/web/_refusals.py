"""
Pages that say no, of the classes that applications know them by; their texts are HTML, and ours alone.

To make one of those classes is deprecated, since what is handed to it is not escaped.
"""

from __future__ import annotations

from reactorio.web import resource
from reactorio.web._responses import FORBIDDEN, NOT_FOUND

__all__ = ["error_page", "forbidden", "not_found"]


def not_found(message: str = "Sorry. No luck finding that resource.") -> resource._UnsafeNoResource:
    """Return a page for what is not there."""
    page = resource._UnsafeNoResource.__new__(resource._UnsafeNoResource)
    resource._UnsafeErrorPageBase.__init__(page, NOT_FOUND, "No Such Resource", message)
    return page


def forbidden(message: str = "Sorry, resource is forbidden.") -> resource._UnsafeForbiddenResource:
    """Return a page for what nobody may have."""
    page = resource._UnsafeForbiddenResource.__new__(resource._UnsafeForbiddenResource)
    resource._UnsafeErrorPageBase.__init__(page, FORBIDDEN, "Forbidden Resource", message)
    return page


def error_page(status: int, brief: str, detail: str) -> resource._UnsafeErrorPage:
    """Return a page for any other status."""
    page = resource._UnsafeErrorPage.__new__(resource._UnsafeErrorPage)
    resource._UnsafeErrorPageBase.__init__(page, status, brief, detail)
    return page
