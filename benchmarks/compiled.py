"""
What mypyc would bring: the hot core compiled, from the same source.

    python benchmarks/compiled.py [--only TEXT]

Needs mypy, setuptools and a C compiler. In a copy of the checkout it compiles the Deferred, the coroutine driver and what
that shows to asyncio, runs their tests on it, and compares the CPU time of the operations of deferreds.py (no loop running).

It stays an experiment: an object of a class that mypyc compiles does not tell its weak references that it is gone
(https://github.com/mypyc/mypyc/issues/1102), so that a WeakKeyDictionary of Deferreds, as `reactorio.debug` keeps one,
ends in a crash.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CORE = ["reactorio/aio/standin.py", "reactorio/internet/_deferred.py", "reactorio/internet/_driver.py"]
TESTS = ["tests/test_deferred.py", "tests/test_driver.py", "tests/test_failure.py", "tests/test_task.py"]


def compiled_copy(directory: Path) -> Path:
    """Copy what is needed, compile the core there, and return the copy."""
    copy = directory / "compiled"
    for part in ("reactorio", "tests", "benchmarks"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    # setuptools would read the project's own configuration, which is another builder's.
    done = subprocess.run(
        [sys.executable, "-m", "mypyc", "--strict", "--python-version=3.10", *CORE],
        cwd=copy,
        env={**os.environ, "MYPYPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test(copy: Path) -> None:
    """Run the core's tests on the copy."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    subprocess.run(command, cwd=copy, env=environment, check=True)


def measure(where: Path, only: str) -> dict[str, float]:
    """Return the CPU time of each operation, in seconds."""
    output = subprocess.check_output(
        [sys.executable, str(where / "benchmarks" / "deferreds.py"), "--contestant", "reactorio"],
        env={**os.environ, "PYTHONPATH": str(where), "BENCHMARK_ONLY": only},
    )
    rows: dict[str, float] = json.loads(output)
    return {name: seconds for name, seconds in rows.items() if not name.startswith("bytes")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="only operations with TEXT in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        copy = compiled_copy(Path(directory))
        test(copy)
        compiled = measure(copy, options.only)
        python = measure(ROOT, options.only)
    width = max(map(len, python))
    print(f"{'CPU µs':{width}}{'Python':>10}{'mypyc':>10}{'':>8}")
    for name, seconds in python.items():
        print(f"{name:{width}}{seconds * 1e6:10.2f}{compiled[name] * 1e6:10.2f}{compiled[name] / seconds:8.2f}")


if __name__ == "__main__":
    main()
