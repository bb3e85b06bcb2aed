"""Boxes out of bytes."""

from __future__ import annotations

from typing import IO

from reactorio.protocols._amp.boxes import MAX_KEY_LENGTH, AmpBox
from reactorio.protocols._amp.errors import MalformedAmpBox, TooLong

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

MAX_BOX_SIZE = 16 * 1024 * 1024

# What a key and a value take in memory besides their bytes, about. They count towards the size of a box: else one of
# many short ones would take a hundred times what was sent.
_PAIR = 128


class BoxReader:
    """
    Reads boxes, wherever the wire is cut.

    Attributes:
        box: The box that is being read.
        key: The key whose value is next, None if a key is.
        position: Up to where it has read in the last data.
        missing: How many bytes at least must follow before it is worth to go on.
    """

    __slots__ = ("_size", "box", "key", "missing", "position")

    def __init__(self) -> None:
        self._begin()
        self.position = self.missing = 0

    def _begin(self) -> None:
        # AmpBox.__init__ turns strings into bytes, of which there are none.
        self.box = AmpBox.__new__(AmpBox)
        self.key: bytes | None = None
        self._size = 0

    @property
    def within(self) -> bool:
        """Is it in the middle of a box?"""
        return bool(self.box) or self.key is not None

    def add(self, string: bytes, largest: int) -> AmpBox | None:
        """
        Take the next key or value; return the box if it ends with that.

        Raises:
            MalformedAmpBox: The box is larger than ``largest``.
        """
        if self.key is not None:
            self.box[self.key] = string
            self._size += len(self.key) + len(string) + _PAIR
            self.key = None
            if self._size > largest:
                raise _too_large(largest)
        elif string:
            self.key = string
        else:
            box = self.box
            self._begin()
            return box
        return None

    def read(self, data: bytes, position: int, largest: int) -> AmpBox | None:
        """
        Read from ``position`` on; return the next box, None if its end is not there.

        Args:
            data: What `position` says of the last call is read; the rest has to be in the data of the next.
            position: Where to begin in ``data``.
            largest: What a box may have, in bytes.

        Raises:
            TooLong: A key is, or what should be one: it begins at `position`.
            MalformedAmpBox: The box is larger than ``largest``.
        """
        # As add does, string by string; but this is where the time goes.
        box, key, size = self.box, self.key, self._size
        available = len(data)
        while True:
            start = position + 2
            if start > available:
                self.missing = start - available
                break
            end = start + (data[position] << 8 | data[position + 1])
            if key is None and end - start > MAX_KEY_LENGTH:
                self.position = position
                raise TooLong(True, False, None, None)
            if end > available:
                self.missing = end - available
                break
            if key is not None:
                box[key] = data[start:end]
                size += end - start + len(key) + _PAIR
                key = None
                if size > largest:
                    raise _too_large(largest)
            elif end > start:
                key = data[start:end]
            else:
                self._begin()
                self.position = end
                return box
            position = end
        self.key, self._size, self.position = key, size, position
        return None


def _too_large(largest: int) -> MalformedAmpBox:
    return MalformedAmpBox(f"a box is larger than {largest} bytes")


def split_boxes(wire: bytes) -> tuple[list[AmpBox], int]:
    """
    Return the complete boxes in ``wire``, and how many bytes of it they take.

    Raises:
        TooLong: A key is, or what should be one.
    """
    reader = BoxReader()
    boxes = []
    complete = 0
    # What is there is in memory already: no box is too large.
    largest = len(wire) * _PAIR
    while (box := reader.read(wire, complete, largest)) is not None:
        boxes.append(box)
        complete = reader.position
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
