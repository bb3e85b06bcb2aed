"""
Fields of messages: looking them up, and keeping what they said when the objects will be gone.

A flattened event has a ``log_flattened`` with the value of each field under a key like ``peer.host!s:``, which is name,
conversion and format. A field's second occurrence has its own value, under ``…/2``. Under the key without a conversion is
the object itself. Twisted writes the same into its log files.
"""

from __future__ import annotations

from _string import formatter_field_name_split  # type: ignore[import-not-found]  # string.Formatter's own parser
from collections import defaultdict
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reactorio.logger._interfaces import LogEvent


class _CallingFormatter(Formatter):
    """A formatter that calls what a name ends in ``()`` for: ``{timer.elapsed()}``."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        first, rest = formatter_field_name_split(field_name)
        if not isinstance(first, str):
            raise ValueError("Format string contains positional fields")
        name = first.removesuffix("()")
        found = kwargs[name]
        if name != first:
            found = found()
        for is_attribute, key in rest:
            if not is_attribute:
                found = found[key]
            elif key.endswith("()"):
                found = getattr(found, key[:-2])()
            else:
                found = getattr(found, key)
        return found, first


aFormatter = _CallingFormatter()


class KeyFlattener:
    """Makes the keys of one event's fields."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = defaultdict(int)

    def flatKey(self, fieldName: str, formatSpec: str | None, conversion: str | None) -> str:
        key = f"{fieldName}!{conversion or ''}:{formatSpec or ''}"
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}/{self._seen[key]}"


def flattenEvent(event: LogEvent) -> None:
    """Add to ``event`` all that it takes to write its message without the objects in it."""
    format = event.get("log_format")
    if format is None:
        return
    fields: dict[str, Any] = event.get("log_flattened", {})
    keys = KeyFlattener()
    for _, name, spec, conversion in aFormatter.parse(format):
        if name is None:
            continue
        text_key = keys.flatKey(name, spec, "r" if conversion == "r" else "s")
        object_key = keys.flatKey(name, spec, "")
        if text_key in fields:
            continue
        try:
            found, _ = aFormatter.get_field(name, (), event)
            text = aFormatter.format_field(aFormatter.convert_field(found, conversion), spec or "")
        except Exception:
            # Whoever formats the event finds the field missing, and says so.
            continue
        fields[text_key] = text
        fields[object_key] = found
    if fields:
        event["log_flattened"] = fields


def extractField(field: str, event: LogEvent) -> Any:
    """
    Return the value of a field, ``"request.path"`` or ``"request!r"``, from an event as it is or as it was stored.

    Raises:
        KeyError: A stored event does not have it.
    """
    ((_, name, spec, conversion),) = aFormatter.parse(f"{{{field}}}")
    assert name is not None
    key = KeyFlattener().flatKey(name, spec, conversion)
    if "log_flattened" not in event:
        event = {**event, "log_format": f"{{{field}}}"}
        flattenEvent(event)
    return event["log_flattened"][key]


def flatFormat(event: LogEvent) -> str:
    """Return the message of a flattened event."""
    fields = event["log_flattened"]
    keys = KeyFlattener()
    text = []
    for literal, name, spec, conversion in aFormatter.parse(event["log_format"]):
        text.append(literal)
        if name is not None:
            text.append(str(fields[keys.flatKey(name, spec, conversion or "s")]))
            keys.flatKey(name, spec, "")
    return "".join(text)
