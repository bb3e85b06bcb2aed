"""
What a client offers in its first message, for servers on the standard library.

That goes on without a protocol where client and server have none in common. RFC 7301 section 3.2 wants a fatal alert,
which the callback for server names can send, if only it knew what was offered.
"""

from __future__ import annotations

__all__ = ["NO_APPLICATION_PROTOCOL", "ClientHello"]

NO_APPLICATION_PROTOCOL = 120

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_ALPN = 16

# Beyond this no client goes; what does is OpenSSL's to refuse.
_LIMIT = 64 * 1024


class ClientHello:
    """
    Collects the first bytes from a client.

    Attributes:
        offered: The protocols, None until all of the message is there, and if it says nothing of them.
        is_over: Is there no more to be learned?
    """

    def __init__(self) -> None:
        self.offered: list[bytes] | None = None
        self.is_over = False
        self._received = b""

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes; more than needed do no harm."""
        self._received += data
        try:
            message = self._message()
            if message is not None:
                self.offered = _protocols_in(message)
                self._end()
        except (IndexError, ValueError):
            self._end()  # it is none, which OpenSSL will say
        if len(self._received) > _LIMIT:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self._received = b""

    def _message(self) -> bytes | None:
        """Return the message, which may be spread over records, once it is complete."""
        received, message, at = self._received, b"", 0
        while len(received) >= at + 5:
            if received[at] != _HANDSHAKE_RECORD:
                raise ValueError("no handshake")
            end = at + 5 + int.from_bytes(received[at + 3 : at + 5], "big")
            message += received[at + 5 : end]
            at = end
            if len(message) >= 4:
                if message[0] != _CLIENT_HELLO:
                    raise ValueError("no hello")
                size = 4 + int.from_bytes(message[1:4], "big")
                if len(message) >= size:
                    return message[4:size]
        return None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __bool__(self) -> bool:
        return bool(self._data)

    def take(self, size: int) -> bytes:
        if len(self._data) < size:
            raise ValueError("cut off")
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def vector(self, bytes_of_length: int) -> _Reader:
        return _Reader(self.take(int.from_bytes(self.take(bytes_of_length), "big")))

    def rest(self) -> bytes:
        return self._data


def _protocols_in(message: bytes) -> list[bytes] | None:
    """RFC 8446 section 4.1.2, RFC 7301 section 3.1."""
    reader = _Reader(message)
    reader.take(2 + 32)  # version, random
    reader.vector(1)  # session
    reader.vector(2)  # cipher suites
    reader.vector(1)  # compression methods
    if not reader:
        return None
    extensions = reader.vector(2)
    while extensions:
        kind = int.from_bytes(extensions.take(2), "big")
        extension = extensions.vector(2)
        if kind == _ALPN:
            names = extension.vector(2)
            offered = []
            while names:
                offered.append(names.vector(1).rest())
            return offered
    return None
