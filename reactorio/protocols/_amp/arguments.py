"""Kinds of arguments: objects in Python, bytes on the wire."""

from __future__ import annotations

import datetime
import decimal
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.protocols._amp.boxes import MAX_VALUE_LENGTH, AmpBox
from reactorio.protocols._amp.errors import MalformedAmpBox, TooLong
from reactorio.protocols._amp.interfaces import IArgumentType
from reactorio.protocols._amp.names import python_identifier
from reactorio.protocols._amp.reading import split_boxes
from reactorio.python._tzhelper import FixedOffsetTimeZone
from reactorio.python.filepath import FilePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring


@implementer(IArgumentType)
class Argument:
    """
    Base of the kinds of arguments. Subclasses say `toString` and `fromString`, or the others to know more.

    Args:
        optional: May it be left out? Then it is None.
    """

    optional = False

    def __init__(self, optional: bool = False) -> None:
        self.optional = optional

    def retrieve(self, d: dict[Any, Any], name: Any, proto: Any) -> Any:
        """
        Take what is under ``name`` out of ``d``, and return it.

        Raises:
            KeyError: There is nothing, and the argument is not optional.
        """
        return d.pop(name, None) if self.optional else d.pop(name)

    def fromBox(self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any) -> None:
        string = self.retrieve(strings, name, proto)
        absent = self.optional and string is None
        objects[python_identifier(name)] = None if absent else self.fromStringProto(string, proto)

    def toBox(self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any) -> None:
        value = self.retrieve(objects, python_identifier(name), proto)
        if value is not None or not self.optional:
            strings[name] = self.toStringProto(value, proto)

    def fromStringProto(self, inString: bytes, proto: Any) -> Any:
        """Return the object that bytes stand for, to whom has the command."""
        return self.fromString(inString)

    def toStringProto(self, inObject: Any, proto: Any) -> bytes:
        """Return the bytes that stand for an object, to whom has the command."""
        return self.toString(inObject)

    def fromString(self, inString: bytes) -> Any:
        """Return the object that bytes stand for. Subclasses say how."""
        raise NotImplementedError

    def toString(self, inObject: Any) -> bytes:
        """Return the bytes that stand for an object. Subclasses say how."""
        raise NotImplementedError


def _stringsToObjects(
    strings: Mapping[bytes, bytes], arglist: Iterable[tuple[bytes, IArgumentType]], proto: Any
) -> dict[str, Any]:
    """Return the objects that a box stands for."""
    rest = dict(strings)
    objects: dict[str, Any] = {}
    for name, kind in arglist:
        kind.fromBox(name, rest, objects, proto)
    return objects


def _objectsToStrings(
    objects: Mapping[str, Any], arglist: Iterable[tuple[bytes, IArgumentType]], strings: Any, proto: Any
) -> Any:
    """Put what stands for objects into the box ``strings``, and return that."""
    rest = dict(objects)
    for name, kind in arglist:
        kind.toBox(name, strings, rest, proto)
    return strings


class Integer(Argument):
    """An int, in decimal digits."""

    def fromString(self, inString: bytes) -> int:
        return int(inString)

    def toString(self, inObject: int) -> bytes:
        return b"%d" % inObject


class String(Argument):
    """Bytes, as they are."""

    def fromString(self, inString: bytes) -> Any:
        return inString

    def toString(self, inObject: Any) -> bytes:
        return inObject  # type: ignore[no-any-return]  # the box says what is wrong with it, and knows its name


class Float(Argument):
    """A float, as ``repr`` shows it."""

    def fromString(self, inString: bytes) -> float:
        return float(inString)

    def toString(self, inString: float) -> bytes:
        if not isinstance(inString, float):
            raise ValueError(f"Bad float value {inString!r}")
        return repr(float(inString)).encode("ascii")


class Boolean(Argument):
    """True or False, by that name; anything is sent as what it is to ``if``."""

    def fromString(self, inString: bytes) -> bool:
        if inString == b"True":
            return True
        if inString == b"False":
            return False
        raise TypeError(f"Bad boolean value: {inString!r}")

    def toString(self, inObject: object) -> bytes:
        return b"True" if inObject else b"False"


class Unicode(String):
    """A str, in UTF-8."""

    def fromString(self, inString: bytes) -> Any:
        return inString.decode("utf-8")

    def toString(self, inObject: Any) -> bytes:
        return inObject.encode("utf-8")  # type: ignore[no-any-return]  # it does


class Path(Unicode):
    """A `FilePath`, as a str: it is the receiver's file of that absolute path."""

    def fromString(self, inString: bytes) -> FilePath[str]:
        return FilePath(super().fromString(inString))

    def toString(self, inObject: FilePath[Any]) -> bytes:
        return super().toString(inObject.asTextMode().path)


class Decimal(Argument):
    """A ``decimal.Decimal``, as ``str`` shows it, whatever it is."""

    def fromString(self, inString: bytes) -> decimal.Decimal:
        return decimal.Decimal(inString.decode("ascii"))

    def toString(self, inObject: decimal.Decimal) -> bytes:
        if not isinstance(inObject, decimal.Decimal):
            raise ValueError("amp.Decimal can only encode instances of decimal.Decimal")
        return str(inObject).encode("ascii")


class DateTime(Argument):
    """
    A ``datetime`` with its zone, which arrives as an offset from UTC in minutes.

    It is 32 bytes long: ``2012-01-23T12:34:56.054321-01:23``.
    """

    def fromString(self, s: bytes | str) -> datetime.datetime:
        text = s.decode("ascii") if isinstance(s, bytes) else s
        if len(text) != 32:
            raise ValueError(f"invalid date format {text!r}")
        year, month, day, hour, minute, second, microsecond = (
            int(text[start:end]) for start, end in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19), (20, 26))
        )
        zone = FixedOffsetTimeZone.fromSignHoursMinutes(text[26], int(text[27:29]), int(text[30:32]))
        return datetime.datetime(year, month, day, hour, minute, second, microsecond, zone)

    def toString(self, i: datetime.datetime) -> bytes:
        offset = i.utcoffset()
        if offset is None:
            raise ValueError("amp.DateTime cannot serialize naive datetime instances.  You may find amp.utc useful.")
        ahead = offset > datetime.timedelta(0)
        hours, minutes = divmod(abs(offset) // datetime.timedelta(minutes=1), 60)
        # UTC is "-00:00" to the peers that there are.
        there = i.replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{there}{'+' if ahead else '-'}{hours:02}:{minutes:02}".encode("ascii")


class ListOf(Argument):
    """
    Any number of objects of one kind, each after its length in two bytes.

    All together they are one value, so not longer than 65,535 bytes.

    Args:
        elementType: Their kind. Unlike in Twisted, it may be one that needs to know the protocol: `AmpList`, `Descriptor`.
    """

    def __init__(self, elementType: Argument, optional: bool = False) -> None:
        self.elementType = elementType
        super().__init__(optional)

    def fromStringProto(self, inString: bytes, proto: Any) -> list[Any]:
        """
        Return the objects.

        Raises:
            MalformedAmpBox: The last is not complete. Unlike Twisted, which leaves it out.
        """
        elements = []
        position = 0
        while position < len(inString):
            start = position + 2
            position = start + int.from_bytes(inString[position:start], "big")
            if position > len(inString) or start > len(inString):
                raise MalformedAmpBox("the last element of a list is not complete")
            elements.append(self.elementType.fromStringProto(inString[start:position], proto))
        return elements

    def toStringProto(self, inObject: Iterable[Any], proto: Any) -> bytes:
        pieces: list[bytes] = []
        for element in inObject:
            string = self.elementType.toStringProto(element, proto)
            if len(string) > MAX_VALUE_LENGTH:
                raise TooLong(False, True, string, None)
            pieces += (len(string).to_bytes(2, "big"), string)
        return b"".join(pieces)

    def fromString(self, inString: bytes) -> list[Any]:
        return self.fromStringProto(inString, None)

    def toString(self, inObject: Iterable[Any]) -> bytes:
        return self.toStringProto(inObject, None)


class AmpList(Argument):
    """
    A list of dictionaries, each a box within the value.

    All together they are one value, so not longer than 65,535 bytes.

    Args:
        subargs: What is in each: names, as they are on the wire, and kinds.
    """

    def __init__(self, subargs: Sequence[tuple[bytes, Argument]], optional: bool = False) -> None:
        if not all(isinstance(name, bytes) for name, _ in subargs):
            raise AssertionError(
                "AmpList should be defined with a list of (name, argument) tuples where `name' is a byte string, "
                f"got: {subargs!r}"
            )
        self.subargs = subargs
        super().__init__(optional)

    def fromStringProto(self, inString: bytes, proto: Any) -> list[dict[str, Any]]:
        """
        Return the dictionaries.

        Raises:
            MalformedAmpBox: The last box is not complete. Unlike Twisted, which leaves it out.
        """
        boxes, complete = split_boxes(inString)
        if complete < len(inString):
            raise MalformedAmpBox("the last box in a value is not complete")
        return [_stringsToObjects(box, self.subargs, proto) for box in boxes]

    def toStringProto(self, inObject: Iterable[Mapping[str, Any]], proto: Any) -> bytes:
        return b"".join(_objectsToStrings(objects, self.subargs, AmpBox(), proto).serialize() for objects in inObject)

    def fromString(self, inString: bytes) -> list[dict[str, Any]]:
        return self.fromStringProto(inString, None)

    def toString(self, inObject: Iterable[Mapping[str, Any]]) -> bytes:
        return self.toStringProto(inObject, None)


class Descriptor(Integer):
    """
    A file descriptor. It travels beside the box, over a UNIX socket; the value says which of those it is.

    The sender keeps its own and may close it. The receiver has a new one, and closes it.
    """

    def fromStringProto(self, inString: bytes, proto: Any) -> int:
        return proto._getDescriptor(super().fromStringProto(inString, proto))  # type: ignore[no-any-return]  # it does

    def toStringProto(self, inObject: int, proto: Any) -> bytes:
        return super().toStringProto(proto._sendFileDescriptor(inObject), proto)


class _LocalArgument(String):
    """An argument that is for this end only: what arrives under its name is ignored."""

    def fromBox(self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any) -> None:
        pass
