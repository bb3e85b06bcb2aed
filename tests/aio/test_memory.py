"""What is sent to a slow reader stays with who produces it, and does not pile up in between."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aio.kinds import KINDS
from aio.running import FULL

MEGABYTES = 1024 if FULL else 64
TESTS = Path(__file__).parents[1]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_push_producer_to_a_slow_reader_takes_little_memory(loop_kind: str, kind: str) -> None:
    command = [sys.executable, "-m", "aio.flood", kind, str(MEGABYTES)]
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={**os.environ, "PYTHONPATH": path})
    result = json.loads(done.stdout)
    assert result["arrived"]
    assert result["paused"] > MEGABYTES // 16
    assert result["more"] < 32 << 20
