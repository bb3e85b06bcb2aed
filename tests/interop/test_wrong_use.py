"""Mistakes, and what is said about them."""

from __future__ import annotations

import asyncio

import pytest

from reactorio.internet.defer import ensureDeferred

from .endings import wait


def test_a_future_of_another_loop_is_refused(run):
    other = asyncio.new_event_loop()

    async def main():
        with pytest.raises(RuntimeError, match="another event loop"):
            await ensureDeferred(wait(other.create_future()))

    try:
        run(main())
    finally:
        other.close()
