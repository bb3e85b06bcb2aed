"""A service manager for tests: what is said to NOTIFY_SOCKET."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

import pytest
from programs import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Manager:
    """Hears what a service says, one message after the other."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(PATIENCE)
        self.environ = {"NOTIFY_SOCKET": str(path)}

    def hear(self) -> dict[str, str]:
        """Return the next message's assignments."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    def hear_until(self, key: str) -> list[dict[str, str]]:
        """Return the messages up to the first with ``key`` in it."""
        messages = [self.hear()]
        while key not in messages[-1]:
            messages.append(self.hear())
        return messages

    def rest(self) -> list[dict[str, str]]:
        """Return the messages that have come and were not heard yet."""
        messages = []
        while select.select([self._socket], [], [], 0)[0]:
            messages.append(self.hear())
        return messages

    def hears_something_within(self, seconds: float) -> bool:
        return bool(select.select([self._socket], [], [], seconds)[0]) and bool(self.hear())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path / "notify")
    yield made
    made.close()
