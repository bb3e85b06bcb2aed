"""Asking at the operator's door, as a probe or a scraper does."""

from __future__ import annotations

import os
import socket
import time

from programs import PATIENCE


def ask(where: tuple[str, int] | str, method: str, target: str) -> tuple[int, str]:
    """Return the status and the body of an answer."""
    with socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(where)
        connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def get(where: tuple[str, int] | str, target: str) -> tuple[int, str]:
    return ask(where, "GET", target)


def until(where: tuple[str, int] | str, target: str, status: int) -> str:
    """Ask until the answer has this status, and return its body."""
    deadline = time.monotonic() + PATIENCE
    while (answer := get(where, target))[0] != status:
        assert time.monotonic() < deadline, answer
        os.sched_yield()
    return answer[1]


def samples(text: str) -> dict[str, float]:
    """Return metrics by their names, with labels as they stand there."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
