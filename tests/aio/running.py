"""Running coroutine tests, and ending in the loop what they leave connected."""

from __future__ import annotations

import asyncio
import inspect
import os
from functools import wraps
from typing import TYPE_CHECKING, Any

from aio.kinds import Pair
from aio.parties import Party
from reactorio.internet import reactor
from reactorio.internet.process import reapProcessHandlers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from aio.kinds import Kind

__all__ = ["FULL", "Connect", "in_loop", "turns"]

# Is there time for a gigabyte, and for ten thousand connections?
FULL = os.environ.get("REACTORIO_TESTS") == "full"

# Seconds after which what a test waits for will not come any more.
PATIENCE = float(os.environ.get("PATIENCE", 20))


class Connect:
    """Connects parties over one kind of stream, and disconnects them when the test is over."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.pairs: list[Pair] = []

    async def __call__(self, server: Any = None, client: Any = None) -> Pair:
        pair = Pair(server or Party(), client or Party())
        self.pairs.append(pair)
        await self.kind.connect(reactor, pair)
        return pair

    async def close(self) -> None:
        for pair in self.pairs:
            await pair.close()
        # Children leave by themselves.
        while reapProcessHandlers:
            await asyncio.sleep(0.001)


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine: it runs on a loop of each kind."""

    @wraps(test)
    def run_it(run: Any, **fixtures: Any) -> None:
        async def whole() -> None:
            try:
                await asyncio.wait_for(test(**fixtures), PATIENCE)
            finally:
                for fixture in fixtures.values():
                    if isinstance(fixture, Connect):
                        await asyncio.wait_for(fixture.close(), PATIENCE)

        run(whole())

    own = inspect.signature(test)
    run_parameter = inspect.Parameter("run", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    setattr(run_it, "__signature__", own.replace(parameters=[run_parameter, *own.parameters.values()]))
    return run_it


async def turns(number: int) -> None:
    """Let the loop do what it can do at once."""
    for _ in range(number):
        await asyncio.sleep(0)
