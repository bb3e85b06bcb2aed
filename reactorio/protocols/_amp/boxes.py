"""Boxes: dictionaries of bytes, as they go over the wire."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

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
        for key in sorted(self):
            value = self[key]
            if isinstance(key, str):
                raise TypeError(f"Unicode key not allowed: {key!r}")
            if isinstance(value, str):
                raise TypeError(f"Unicode value for key {key!r} not allowed: {value!r}")
            if not 0 < len(key) <= MAX_KEY_LENGTH:
                raise TooLong(True, True, key, None) if key else MalformedAmpBox("a key is empty")
            if len(value) > MAX_VALUE_LENGTH:
                raise TooLong(False, True, value, key)
            pieces += (len(key).to_bytes(2, "big"), key, len(value).to_bytes(2, "big"), value)
        pieces.append(b"\0\0")
        return b"".join(pieces)

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


def split_boxes(wire: bytes) -> tuple[list[AmpBox], int]:
    """
    Return the complete boxes in ``wire``, and how many bytes of it they take.

    Raises:
        TooLong: A key is, or what should be one.
    """
    boxes = []
    box = AmpBox()
    complete = position = 0
    while position + 2 <= len(wire):
        end = position + 2 + int.from_bytes(wire[position : position + 2], "big")
        if end == position + 2:
            boxes.append(box)
            box = AmpBox()
            complete = position = end
            continue
        if end - position - 2 > MAX_KEY_LENGTH:
            raise TooLong(True, False, None, None)
        value = end + 2
        if value > len(wire):
            break
        value_end = value + int.from_bytes(wire[end:value], "big")
        if value_end > len(wire):
            break
        box[wire[position + 2 : end]] = wire[value:value_end]
        position = value_end
    return boxes, complete


def parse(fileObj: IO[bytes]) -> list[AmpBox]:
    """Return the boxes in a file; see `parseString`."""
    return parseString(fileObj.read())


def parseString(data: bytes) -> list[AmpBox]:
    """
    Return the boxes in ``data``. A last one that is not complete is left out.

    Raises:
        TooLong: A key is, or what should be one.
    """
    return split_boxes(data)[0]
