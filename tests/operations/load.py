"""Clients that ask one question after the other, each on a connection of its own, and count what came of it."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING

from programs import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Clients:
    """
    Threads that ask until they are refused, or told to end.

    Attributes:
        outcomes: How often a question was ``answered``, ``refused`` (nobody listened) or ``lost`` (the connection was
            there, and ended without an answer).
    """

    def __init__(self, address: tuple[str, int] | str, question: bytes = b"quote\nquit\n", number: int = 4) -> None:
        self.outcomes: Counter[str] = Counter()
        self._address = address
        self._question = question
        self._ended = threading.Event()
        self._busy = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()

    def wait_for(self, answers: int) -> None:
        """Wait until there have been so many more answers."""
        for _ in range(answers):
            assert self._busy.acquire(timeout=PATIENCE)

    def join(self) -> Counter[str]:
        """Wait for the end of all, and return what came of their questions."""
        for thread in self._threads:
            thread.join(PATIENCE)
        return self.outcomes

    def _ask_on(self) -> None:
        while not self._ended.is_set():
            outcome = self._ask()
            self.outcomes[outcome] += 1
            if outcome == "answered":
                self._busy.release()
            elif outcome == "refused":
                return

    def _ask(self) -> str:
        with socket.socket(socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET) as connection:
            connection.settimeout(PATIENCE)
            try:
                connection.connect(self._address)
            except (ConnectionRefusedError, FileNotFoundError):
                return "refused"
            except ConnectionResetError:
                return "lost"
            try:
                connection.sendall(self._question)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            except OSError:
                return "lost"
            return "answered" if answer.endswith(b"\n") else "lost"
