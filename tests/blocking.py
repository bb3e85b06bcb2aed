"""Clients that block, beside a loop that is to serve them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


async def in_thread(work: Callable[[], Any], seconds: float) -> Any:
    """Return what a function returns that blocks, within a time. Its thread is over then: an executor's would stay."""
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as exc:
            loop.call_soon_threadsafe(done.set_exception, exc)
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return await asyncio.wait_for(done, seconds)
    finally:
        thread.join()
