"""Starting programs as a user does, and reading what they say, for the tests that do."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
REACTORIO = [sys.executable, "-m", "reactorio"]

PATIENCE = 20.0
"""Seconds after which a program will not say it any more."""


class Program:
    """A started program. Its output, errors included, is read line by line."""

    def __init__(
        self,
        command: list[str],
        cwd: Path | None = None,
        *,
        inherits: tuple[int, ...] = (),
        session: bool = False,
        **environ: str,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            pass_fds=inherits,
            start_new_session=session,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        )
        self.lines: list[str] = []
        self._incoming: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._incoming.put(line.rstrip("\n"))
        self._incoming.put(None)

    def wait_for(self, text: str) -> str:
        """Return the first line from here on that contains ``text``."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._incoming.get(timeout=deadline - time.monotonic())
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"it did not say {text!r} but:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if text in line:
                return line

    def so_far(self) -> list[str]:
        """Return the lines that have come."""
        while not self._incoming.empty():
            line = self._incoming.get()
            if line is None:
                self._incoming.put(None)
                break
            self.lines.append(line)
        return self.lines

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for its end, and return the exit status; `lines` is complete then."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while (line := self._incoming.get()) is not None:
            self.lines.append(line)
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def started(*arguments: str, cwd: Path | None = None, **environ: str) -> Iterator[Program]:
    """Run ``reactorio`` with these arguments; kill it in the end if it still runs."""
    program = Program([*REACTORIO, *arguments], cwd, **environ)
    try:
        yield program
    finally:
        program.close()


def port_in(line: str) -> int:
    """Return the number at the end of a line that says where a server listens."""
    return int(line.split()[-1])


def exchange(port: int, request: bytes, answer_size: int) -> bytes:
    """Send ``request`` over a socket, and return that much of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        answer = b""
        while len(answer) < answer_size:
            part = connection.recv(65536)
            if not part:
                break
            answer += part
        return answer


def unused_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
