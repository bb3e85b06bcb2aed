"""
Protocols whose states each want a number of bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StatefulProtocol"]


class StatefulProtocol(Protocol):
    """
    A protocol of states: each is called with as many bytes as it wants, and returns the next one.

    A state is a pair of something to call and a number of bytes. What is called may return None, to be called again
    with as many. A state that wants no bytes has to return another one.
    """

    def makeConnection(self, transport: Any) -> None:
        super().makeConnection(transport)
        self._state, self._wanted = self.getInitialState()
        self._received = bytearray()

    def getInitialState(self) -> tuple[Callable[[bytes], Any], int]:
        """Return the first state. Subclasses say which."""
        raise NotImplementedError

    def dataReceived(self, data: bytes) -> None:
        """Call the states for which there is enough, until the connection is being closed."""
        self._received += data
        while len(self._received) >= self._wanted and not self.transport.disconnecting:
            piece = bytes(self._received[: self._wanted])
            del self._received[: self._wanted]
            following = self._state(piece)
            if following is not None:
                self._state, self._wanted = following
            elif not self._wanted:
                raise RuntimeError(f"{self._state!r} wants nothing, and has nothing to follow it")
