"""
The operator's door: a small HTTP server in threads of its own, so that it answers also when the loop does not.

A request is a line and headers that nobody reads; an answer ends its connection. There are as many threads as
requests may be served at once, size and time of each are limited, and more wait in the system's queue.
"""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from reactorio.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Admin", "Answer", "Request", "Where"]

_log = Logger(namespace="reactorio.application.admin")

_THREADS = 4
_LONGEST_REQUEST = 8192
# Seconds for a request to arrive, and for an answer to be taken.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Where:
    """
    An address of the door: ``unix:PATH``, ``tcp:HOST:PORT`` with IPv6 in brackets, or ``tcp:PORT`` on 127.0.0.1.

    Attributes:
        path: Of a UNIX socket; None for TCP.
    """

    text: str
    path: str | None = None
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> Where:
        """Raises ValueError, saying what is wrong."""
        kind, _, rest = text.partition(":")
        if kind == "unix" and rest and not rest.startswith(("@", "\0")):
            return cls(text, path=os.path.abspath(rest))
        host, _, port = rest.rpartition(":")
        if kind == "tcp" and port.isdecimal() and int(port) < 65536:
            return cls(text, host=host.strip("[]") or "127.0.0.1", port=int(port))
        raise ValueError(f"{text!r} is neither unix:PATH nor tcp:HOST:PORT")

    def listen(self, owner: tuple[int, int] | None = None) -> socket.socket:
        """
        Return a socket that listens there. A UNIX socket is its owner's alone.

        Args:
            owner: User and group of the UNIX socket, if those of the process are about to change.

        Raises:
            OSError: The system refuses, or somebody listens there.
        """
        if self.path is None:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            return socket.create_server((self.host, self.port), family=family, backlog=16)
        _remove_dead(self.path)
        sock = socket.socket(socket.AF_UNIX)
        mask = os.umask(0o177)
        try:
            sock.bind(self.path)
            if owner is not None:
                os.chown(self.path, *owner)
            sock.listen(16)
        except OSError:
            sock.close()
            raise
        finally:
            os.umask(mask)
        return sock


def _remove_dead(path: str) -> None:
    """Remove the socket that a process has left that is no more; OSError if there is one that listens."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PATIENCE)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
    raise FileExistsError(f"somebody listens at {path}")


@dataclass(frozen=True)
class Request:
    """
    What is asked for.

    Attributes:
        is_private: Did it come by a UNIX socket, whose file only its owner may open?
    """

    method: str
    path: str
    query: str
    is_private: bool


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"

    def encoded(self, with_body: bool) -> bytes:
        """Return the answer as it is sent."""
        body = self.body.encode()
        head = (
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}\r\nContent-Type: {self.kind}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + (body if with_body else b"")


class Admin:
    """
    Listens, and has requests answered.

    Args:
        answer: Called in the server's threads; it must not need the loop.
    """

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer
        self._listening: list[tuple[Where, socket.socket]] = []
        self._threads: list[threading.Thread] = []

    def bind(self, where: Where, owner: tuple[int, int] | None = None) -> None:
        """Listen at an address; see `Where.listen`. What comes is answered from `start` on."""
        self._listening.append((where, where.listen(owner)))

    def addresses(self) -> list[str]:
        """Return where it listens, with the ports that the system has chosen."""
        return [
            where.text if where.path is not None else "tcp:{}:{}".format(*sock.getsockname()[:2])
            for where, sock in self._listening
        ]

    def start(self) -> None:
        """Answer from now on."""
        for where, sock in self._listening:
            for number in range(_THREADS):
                name = f"reactorio admin {where.text} {number}"
                # Daemons, so that none of them, with a request that hangs, keeps the process alive.
                thread = threading.Thread(
                    target=self._serve, args=(sock, where.path is not None), name=name, daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def stop(self) -> None:
        """Answer no more, and leave nothing behind."""
        listening, self._listening = self._listening, []
        for where, sock in listening:
            if where.path is not None:
                try:
                    os.unlink(where.path)
                except OSError as error:
                    _log.info("{path} stays: {error}", path=where.path, error=error)
            try:
                sock.shutdown(socket.SHUT_RDWR)  # wakes the threads that accept
            except OSError:
                pass  # it was not started
        for thread in self._threads:
            thread.join(0.2)
        for _, sock in listening:
            sock.close()

    # ---- in the threads

    def _serve(self, listening: socket.socket, is_private: bool) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if not self._listening:
                    return
                _log.error("The admin server cannot accept: {error}", error=error)
                time.sleep(1.0)  # of descriptors there may be some again
                continue
            with connection:
                try:
                    self._serve_one(connection, is_private)
                except OSError:
                    pass  # the peer is gone, or too slow
                except Exception:
                    _log.failure("A request of an operator's has failed")

    def _serve_one(self, connection: socket.socket, is_private: bool) -> None:
        head = _read(connection)
        if head is None:
            return
        answer = Answer(400, "this is no request\n")
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        target, _, version = rest.partition(" ")
        if version.startswith("HTTP/1.") and target.startswith("/"):
            path, _, query = target.partition("?")
            answer = self._answer(Request(method, path, query, is_private))
        connection.settimeout(_PATIENCE)
        connection.sendall(answer.encoded(method != "HEAD"))


def _read(connection: socket.socket) -> bytes | None:
    """Return a request's head; None if it does not come, or not in time, or is too long."""
    deadline = time.monotonic() + _PATIENCE
    head = b""
    while b"\r\n\r\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or len(head) > _LONGEST_REQUEST:
            return None
        connection.settimeout(left)
        data = connection.recv(4096)
        if not data:
            return None
        head += data
    return head
