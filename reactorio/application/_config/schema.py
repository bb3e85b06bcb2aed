"""
Tables, keys and types of values: what is right, and what is said of what is not. Also as JSON Schema, for editors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reactorio.application._config.places import Path

__all__ = ["Anything", "Boolean", "Key", "ListOf", "Number", "OneOf", "Problem", "Table", "Tables", "Text", "Type"]


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and the path of where it stands."""

    path: Path
    text: str


class Type(Protocol):
    """What a value can be."""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        """Yield what is wrong with ``value``."""

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        """Return the value that an environment variable says; what it is no text of, `problems` finds wrong."""

    def json_schema(self) -> dict[str, Any]:
        """Return it as JSON Schema has it."""


@dataclass(frozen=True)
class Text:
    """
    A string.

    Args:
        check: Raises ValueError if it is none that can be, saying why.
    """

    check: Callable[[str], object] | None = None

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(path, f"has to be a string, and is {_shown(value)}")
        elif self.check is not None:
            try:
                self.check(value)
            except ValueError as error:
                yield Problem(path, str(error))

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return text

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string"}


@dataclass(frozen=True)
class Number:
    """A number, a whole one unless ``fraction`` is set, within limits."""

    least: float = 0
    most: float | None = None
    fraction: bool = False

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        kinds = (int, float) if self.fraction else (int,)
        if isinstance(value, bool) or not isinstance(value, kinds):
            yield Problem(path, f"has to be a {'' if self.fraction else 'whole '}number, and is {_shown(value)}")
        elif not self.least <= value <= (float("inf") if self.most is None else self.most) or value == float("inf"):
            limits = f"at least {self.least:g}" if self.most is None else f"{self.least:g} to {self.most:g}"
            yield Problem(path, f"has to be {limits}, and is {value}")

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        limits = {"minimum": self.least} if self.most is None else {"minimum": self.least, "maximum": self.most}
        return {"type": "number" if self.fraction else "integer", **limits}


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield Problem(path, f"has to be true or false, and is {_shown(value)}")

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class OneOf:
    """One of some types, or one of some words."""

    choices: tuple[Type | str, ...]

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        types = [choice for choice in self.choices if not isinstance(choice, str)]
        if value in [choice for choice in self.choices if isinstance(choice, str)]:
            return
        if not any(not list(choice.problems(value, path)) for choice in types):
            words = [f'"{choice}"' for choice in self.choices if isinstance(choice, str)]
            kinds = [choice.json_schema()["type"] for choice in types]
            allowed = " or ".join([*words, *(f"{'an' if kind[0] in 'aio' else 'a'} {kind}" for kind in kinds)])
            yield Problem(path, f"has to be {allowed}, and is {_shown(value)}")

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return text if text in self.choices else _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        words = [choice for choice in self.choices if isinstance(choice, str)]
        types = [choice.json_schema() for choice in self.choices if not isinstance(choice, str)]
        return {"anyOf": [*types, {"enum": words}]} if types else {"enum": words}


@dataclass(frozen=True)
class ListOf:
    """An array of one type."""

    of: Type

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, f"has to be an array, and is {_shown(value)}")
            return
        for number, one in enumerate(value):
            yield from self.of.problems(one, (*path, number))

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        value = _toml_or_text(text, loads)
        return value if isinstance(value, list) else [text]

    def json_schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.of.json_schema()}


@dataclass(frozen=True)
class Anything:
    """A table of whatever the application takes."""

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"has to be a table, and is {_shown(value)}")

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "object"}


@dataclass(frozen=True)
class Key:
    """A key of a table: its type, and a line on what it is."""

    type: Type
    about: str


@dataclass(frozen=True)
class Table:
    """
    A table with certain keys.

    Args:
        rule: Yields what is wrong with it as a whole; called if each key for itself is right.
    """

    keys: Mapping[str, Key]
    rule: Callable[[dict[str, Any], Path], Iterator[Problem]] | None = field(default=None, compare=False)

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"has to be a table, and is {_shown(value)}")
            return
        found = list(self._problems_of_keys(value, path))
        yield from found
        if not found and self.rule is not None:
            yield from self.rule(value, path)

    def _problems_of_keys(self, value: dict[str, Any], path: Path) -> Iterator[Problem]:
        for name, one in value.items():
            key = self.keys.get(name)
            if key is None:
                yield Problem((*path, name), f"is no key here: there are {', '.join(self.keys)}")
            else:
                yield from key.type.problems(one, (*path, name))

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        properties = {name: {**key.type.json_schema(), "description": key.about} for name, key in self.keys.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}


@dataclass(frozen=True)
class Tables:
    """A table of things by names that the application chooses, all of one type."""

    of: Type

    def problems(self, value: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, f"has to be a table, and is {_shown(value)}")
            return
        for name, one in value.items():
            yield from self.of.problems(one, (*path, name))

    def from_text(self, text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
        return _toml_or_text(text, loads)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.of.json_schema()}


def _toml_or_text(text: str, loads: Callable[[str], dict[str, Any]]) -> Any:
    try:
        read = loads(f"value = {text}")
    except ValueError:
        return text
    return read["value"] if len(read) == 1 else text


def _shown(value: Any) -> str:
    # Not the value of a table or an array: there may be a secret in it.
    kinds = {dict: "a table", list: "an array", bool: str(value).lower()}
    return kinds.get(type(value), repr(value))
