"""Where applications' tests find a channel and a request that they can look into; they are `requesthelper`'s."""

from __future__ import annotations

from reactorio.web.test.requesthelper import DummyChannel, DummyRequest

__all__ = ["DummyChannel", "DummyRequest"]
