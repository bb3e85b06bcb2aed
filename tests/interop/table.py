"""All awaitables, for those who go through them."""

from __future__ import annotations

import asyncio
import sys

import pytest

from .asyncio_awaitables import ASYNCIO
from .deferred_awaitables import DEFERREDS
from .endings import Table

AWAITABLES = Table({**DEFERREDS, **ASYNCIO})


def awaitables(**having):
    """Return the names of those that have the given attributes; one that this asyncio lacks is skipped."""
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(sys.version_info < case.since, reason=f"asyncio has had it since {case.since}"),
        )
        for name, case in AWAITABLES.items()
        if all(getattr(case, key) == value for key, value in having.items())
    ]


async def other_tasks_ended():
    """Let the loop turn until only this task is left; the test's time limit ends an endless wait."""
    while asyncio.all_tasks() != {asyncio.current_task()}:
        await asyncio.sleep(0)
