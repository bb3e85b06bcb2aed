"""Boxes: dictionaries of bytes, as they go over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.protocols._amp.errors import MalformedAmpBox, TooLong

if TYPE_CHECKING:
    from typing_extensions import Self

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

ASK = b"_ask"
ANSWER = b"_answer"
COMMAND = b"_command"
ERROR = b"_error"
ERROR_CODE = b"_error_code"
ERROR_DESCRIPTION = b"_error_description"

MAX_KEY_LENGTH = 0xFF
MAX_VALUE_LENGTH = 0xFFFF

# Lengths up to that of a key, as they are sent: faster than making them.
_SHORT = [length.to_bytes(2, "big") for length in range(MAX_KEY_LENGTH + 1)]


class AmpBox(dict[bytes, bytes]):
    """
    A box: what is sent as one.

    It is made as a dictionary is. Keys that are strings become bytes: ``AmpBox(hello=b"world")``.
    """

    # What sets an attribute on a box gets an error, and a box takes less memory.
    __slots__: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        names: list[Any] = [key for key in self if not isinstance(key, bytes)]
        for name in names:
            self[name.encode("ascii")] = self.pop(name)

    def copy(self) -> Self:
        """Return another box, of this kind, with the same content."""
        return type(self)(self)

    def serialize(self) -> bytes:
        """
        Return the box as it goes over the wire, sorted by key.

        Raises:
            TooLong: A key or a value is.
            TypeError: A key or a value is not bytes.
            MalformedAmpBox: A key is empty: on the wire, it would be the end of the box. Unlike Twisted, which sends it.
        """
        pieces: list[bytes] = []
        try:
            for key, value in sorted(self.items()):
                key_length, length = len(key), len(value)
                if not 0 < key_length <= MAX_KEY_LENGTH:
                    raise TooLong(True, True, key, None) if key else MalformedAmpBox("a key is empty")
                if length > MAX_VALUE_LENGTH:
                    raise TooLong(False, True, value, key)
                prefix = _SHORT[length] if length < len(_SHORT) else length.to_bytes(2, "big")
                pieces += (_SHORT[key_length], key, prefix, value)
            pieces.append(_SHORT[0])
            return b"".join(pieces)
        except TypeError:
            self._forbid_strings()
            raise

    def _forbid_strings(self) -> None:
        for key, value in self.items():
            if isinstance(key, str):
                raise TypeError(f"Unicode key not allowed: {key!r}")
            if isinstance(value, str):
                raise TypeError(f"Unicode value for key {key!r} not allowed: {value!r}")

    def _sendTo(self, proto: Any) -> None:
        """Be sent by ``proto``, and do what this kind of box has to do besides."""
        proto.sendBox(self)

    def __repr__(self) -> str:
        return f"AmpBox({dict.__repr__(self)})"


Box = AmpBox


class QuitBox(AmpBox):
    """A box after which the connection is closed."""

    __slots__ = ()

    def _sendTo(self, proto: Any) -> None:
        super()._sendTo(proto)
        proto.transport.loseConnection()

    def __repr__(self) -> str:
        return f"QuitBox(**{super().__repr__()})"
