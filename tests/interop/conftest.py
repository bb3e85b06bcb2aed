"""Fixtures of the tests of interop."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.internet.defer import Deferred, inlineCallbacks


@pytest.fixture(params=["task", "fromCoroutine", "inlineCallbacks"])
def drive(request):
    """Runs a coroutine in a Task, as a Deferred's, or yielded by an inlineCallbacks generator."""

    @inlineCallbacks
    def inline(coroutine):
        return (yield coroutine)

    return {"task": asyncio.ensure_future, "fromCoroutine": Deferred.fromCoroutine, "inlineCallbacks": inline}[
        request.param
    ]
