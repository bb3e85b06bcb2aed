"""
What a request costs a web server.

    python benchmarks/http.py [--rounds 3] [--seconds 4] [--only reactorio/uvloop,twisted] [--json FILE]

Contestants, each a process of its own (http_server.py), take turns in one run, and answer each request with 100 bytes:
Twisted's Site on its epoll reactor, reactorio's on asyncio and on uvloop, aiohttp on each, uvicorn with httptools on
uvloop, and a protocol that only has httptools parse, which is what there is to pay at least. The other end is wrk: 50
connections that stay open. Then those that have a static.File send one of 1 MiB. The figures are the contestant's CPU
time for each request, the kernel's work for it included, medians over the rounds; and how often reactorio's on uvloop goes
into the others'.
"""

from __future__ import annotations

import sys

if __name__ != "__main__":
    # Another script here, or what it imports, wants the standard library's package of this name.
    import os
    from importlib.util import module_from_spec, spec_from_file_location

    _folder = os.path.join(os.path.dirname(os.__file__), "http")
    _spec = spec_from_file_location("http", os.path.join(_folder, "__init__.py"), submodule_search_locations=[_folder])
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules["http"] = module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["http"])
else:
    import os

    HERE = os.path.dirname(os.path.abspath(__file__))
    sys.path.remove(HERE)
    import argparse
    import json
    import re
    import shutil
    import subprocess
    import time
    from contextlib import contextmanager
    from statistics import median
    from tempfile import TemporaryDirectory
    from typing import TYPE_CHECKING

    sys.path.append(HERE)
    from twisted_environment import twisted_python

    if TYPE_CHECKING:
        from collections.abc import Iterator

    CONTESTANTS = {
        "twisted": ("twisted", "epoll"),
        "aiohttp": ("aiohttp", "asyncio"),
        "aiohttp/uvloop": ("aiohttp", "uvloop"),
        "uvicorn/uvloop": ("uvicorn", "uvloop"),
        "reactorio/asyncio": ("reactorio", "asyncio"),
        "reactorio/uvloop": ("reactorio", "uvloop"),
        "bare/uvloop": ("bare", "uvloop"),
    }
    OURS = "reactorio/uvloop"
    # How often what reactorio takes goes into what others take.
    TARGETS = {"twisted": 2.5, "aiohttp": 1.0, "aiohttp/uvloop": 1.0, "uvicorn/uvloop": 1.0}
    FILE_TARGETS = {"twisted": 2.0}

    @contextmanager
    def started(contestant: str, *folder: str) -> Iterator[tuple[int, int]]:
        """Run a contestant. Gives its port, and the number of its CPU clock."""
        package, loop = CONTESTANTS[contestant]
        python = twisted_python() if package == "twisted" else sys.executable
        paths = [os.path.dirname(HERE)] if package == "reactorio" else []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
        # http.py must not be the standard library's http to a server: the folder of the script is not looked in.
        code = f"import sys, runpy; sys.argv[1:] = {[package, loop, *folder]!r}; runpy.run_path({HERE + '/http_server.py'!r}, None, '__main__')"
        output = subprocess.PIPE
        with subprocess.Popen([python, "-c", code], stdout=output, env=environment, cwd="/") as process:
            assert process.stdout is not None
            try:
                # Another process's clock, as Linux numbers it (clock_getcpuclockid).
                yield int(process.stdout.readline()), (~process.pid << 3) | 2
            finally:
                process.kill()

    def load(port: int, path: str, seconds: float, connections: int) -> int:
        """Ask for as long, and return how often there was an answer."""
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"http://127.0.0.1:{port}/{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert "Socket errors" not in said, said
        assert "Non-2xx" not in said, said
        match = re.search(r"(\d+) requests in", said)
        assert match is not None, said
        return int(match[1])

    def measure(contestant: str, seconds: float, connections: int, path: str = "", *folder: str) -> float:
        """Return microseconds of CPU for each request."""
        with started(contestant, *folder) as (port, clock):
            load(port, path, 1, connections)
            before = time.clock_gettime(clock)
            count = load(port, path, seconds, connections)
            return (time.clock_gettime(clock) - before) / count * 1e6

    def main() -> None:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--seconds", type=int, default=4)
        parser.add_argument("--connections", type=int, default=50)
        parser.add_argument("--only", default=",".join(CONTESTANTS))
        parser.add_argument("--json")
        options = parser.parse_args()
        if shutil.which("wrk") is None:
            parser.error("wrk is not installed")
        names = options.only.split(",")
        small: dict[str, list[float]] = {name: [] for name in names}
        large: dict[str, list[float]] = {name: [] for name in names if CONTESTANTS[name][0] in ("twisted", "reactorio")}
        with TemporaryDirectory() as folder:
            with open(os.path.join(folder, "file.bin"), "wb") as binary:
                binary.write(os.urandom(1 << 20))
            for _ in range(options.rounds):
                for name in names:
                    small[name].append(measure(name, options.seconds, options.connections))
                for name, values in large.items():
                    values.append(measure(name, options.seconds, options.connections, "file.bin", folder))
        show("100 bytes", small, TARGETS)
        show("1 MiB of a file", large, FILE_TARGETS)
        if options.json:
            with open(options.json, "w") as file:
                json.dump({"small": small, "file": large}, file, indent=1)

    def show(what: str, taken: dict[str, list[float]], targets: dict[str, float]) -> None:
        ours = taken.get(OURS)
        print(f"{what:20}{'CPU µs a request':>18}{'to ' + OURS:>24}")
        for name, values in taken.items():
            ratio = ""
            if ours is not None:
                # The median of the rounds' ratios: a slow minute slows both.
                times = median(theirs / one for theirs, one in zip(values, ours, strict=True))
                ratio = f"{times:23.2f}x"
                if name in targets:
                    ratio += "" if times >= targets[name] else f"  NOT as it should be (at least {targets[name]:.2f}x)"
            print(f"{name:20}{median(values):18.2f}{ratio}")

    if __name__ == "__main__":
        main()
