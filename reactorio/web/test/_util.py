"""Rendering a resource in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.defer import Deferred, succeed
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from reactorio.web.test.requesthelper import DummyRequest

__all__ = ["_render"]


def _render(resource: Any, request: DummyRequest) -> Deferred[None]:
    """
    Have ``resource`` answer ``request``. Returns a Deferred that fires when it has.

    Raises:
        ValueError: It returned what is no answer.
    """
    result = resource.render(request)
    if isinstance(result, bytes):
        request.write(result)
        request.finish()
        return succeed(None)
    if result is NOT_DONE_YET:
        return succeed(None) if request.finished else request.notifyFinish()
    raise ValueError(f"Unexpected return value: {result!r}")
