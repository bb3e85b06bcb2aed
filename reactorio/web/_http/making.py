"""How a channel makes a request."""

from __future__ import annotations

from typing import Any

from reactorio.web._http.request import _QUEUED
from reactorio.web.iweb import INonQueuedRequestFactory

__all__ = ["make_request", "takes_two"]


def takes_two(factory: Any) -> bool:
    """Is ``factory`` written for the oldest Twisted, with a second parameter that was of use then?"""
    return not INonQueuedRequestFactory.providedBy(factory)


def make_request(factory: Any, channel: Any) -> Any:
    """Return a new request on ``channel``."""
    return factory(channel, _QUEUED) if takes_two(factory) else factory(channel)
