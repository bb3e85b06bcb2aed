"""The soak of Deferreds (benchmarks/soak.py), a short one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from programs import ROOT

from reactorio.internet import defer


def soak(*arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("loop", ["none", "asyncio", "uvloop"])
def test_nothing_is_left_of_many_deferreds(loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    done = soak("--count", "20000", "--every", "5000", "--loop", loop)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert len(done.stdout.splitlines()) == 8


def test_what_is_left_is_told(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from soak import Counts

    counts = Counts(defer.Deferred)
    counts.take()
    kept = [defer.Deferred() for _ in range(1000)]
    assert "Deferred+1000" in counts.take()
    left, more = counts.faults()
    assert left == f"{len(kept)} Deferreds were alive after all had been dropped"
    assert "objects more than at the first count: Deferred+1000" in more
