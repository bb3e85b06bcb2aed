"""Asking at an operator's door, from outside."""

from __future__ import annotations

import socket

__all__ = ["ask"]


def ask(path: str, method: str, page: str, patience: float) -> tuple[int, str]:
    """
    Return the status and the body of the answer at a UNIX socket.

    Args:
        patience: Seconds that each step may take.

    Raises:
        OSError: There is none.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        connection.connect(path)
        connection.sendall(f"{method} {page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("ascii"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        raise ConnectionError("it did not answer")
    return int(head.split()[1]), body.decode("utf-8", "replace")
