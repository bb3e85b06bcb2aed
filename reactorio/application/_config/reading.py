"""
An application's file, read: with what the environment overrides, with secrets in their places, and checked; or all that
is wrong, each with its line.

An override is ``REACTORIO_`` and the path to the key, in capitals, joined by two underscores, dashes as underscores:
``REACTORIO_APPLICATION__WORKERS=4``, ``REACTORIO_SERVICES__WEB__OPTIONS__GREETING=hello``.

A secret stands in ``options`` as a table with one key: ``{ secret-file = "PATH" }``, ``{ secret-env = "NAME" }``, or, of
systemd's LoadCredential, ``{ secret-credential = "NAME" }``.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from reactorio.application._config.layout import LAYOUT
from reactorio.application._config.places import places
from reactorio.application._config.schema import Anything, Problem, Table, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reactorio.application._config.places import Path
    from reactorio.application._config.schema import Type

__all__ = ["Configuration", "ConfigurationError", "Secret", "read"]

_PREFIX = "REACTORIO_"
_SECRETS = ("secret-file", "secret-env", "secret-credential")

_LONGEST_FILE = 1 << 20
_LONGEST_SECRET = 1 << 16


class Secret(str):
    """Text that does not show itself when it is shown to people by mistake."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class ConfigurationError(Exception):
    """
    A file that does not say how to run.

    Attributes:
        lines: What is wrong, each with its place.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass
class Configuration:
    """
    What a file says.

    Attributes:
        values: Its tables, secrets and overrides in their places.
    """

    name: str
    values: dict[str, Any]
    _lines: dict[Path, int] = field(default_factory=dict, repr=False)
    _overrides: dict[Path, str] = field(default_factory=dict, repr=False)

    def table(self, name: str) -> dict[str, Any]:
        """Return a table, empty if it is not there."""
        table: dict[str, Any] = self.values.get(name, {})
        return table

    def where(self, path: Path) -> str:
        """Say where something stands: file and line, or the variable that it is from."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._overrides:
                return self._overrides[path[:length]]
            if path[:length] in self._lines:
                return f"{self.name}:{self._lines[path[:length]]}"
        return self.name

    def error(self, problems: list[Problem]) -> ConfigurationError:
        """Return what to raise."""
        return ConfigurationError([f"{self.where(one.path)}: {_dotted(one.path)} {one.text}" for one in problems])


def read(path: str, name: str | None = None, environ: Mapping[str, str] | None = None) -> Configuration:
    """
    Read and check a file.

    Args:
        name: What it is called to people, if not by its path.
        environ: Where overrides and secrets are; by default the process's environment.

    Raises:
        ConfigurationError: It is not right.
    """
    environ = os.environ if environ is None else environ
    name = path if name is None else name
    loads = _toml().loads
    text = _text_of(path, name)
    try:
        values = loads(text)
    except ValueError as error:
        raise ConfigurationError([f"{name}: {error}"]) from error
    configuration = Configuration(name, values, places(text, loads))
    problems = list(_override(configuration, environ, loads))
    problems += LAYOUT.problems(values, ())
    if not problems:
        for one, service in configuration.table("services").items():
            if "options" in service:
                found: list[Problem] = []
                at: Path = ("services", one, "options")
                service["options"] = _with_secrets(service["options"], at, environ, found)
                problems += found
    if problems:
        raise configuration.error(problems)
    return configuration


def _toml() -> Any:
    # The same, before and after it came into the standard library.
    return import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


def _text_of(path: str, name: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError([f"{name}: {error.strerror}"]) from error
    if len(data) > _LONGEST_FILE:
        raise ConfigurationError([f"{name}: it is longer than {_LONGEST_FILE} bytes"])
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{name}: it is not UTF-8: {error}"]) from error


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) if path else "it"


# -- Overrides


def _override(
    configuration: Configuration, environ: Mapping[str, str], loads: Callable[[str], dict[str, Any]]
) -> Iterator[Problem]:
    """Put what variables say in its places; yield what is wrong with where they lead."""
    for variable in sorted(environ):
        words = variable.removeprefix(_PREFIX).split("__")
        if not variable.startswith(_PREFIX) or len(words) < 2:
            continue
        try:
            table, kind, path = _way(configuration.values, words)
        except LookupError as error:
            problem = Problem(*error.args)
            configuration._overrides[problem.path] = variable
            yield problem
        else:
            table[str(path[-1])] = kind.from_text(environ[variable], loads)
            configuration._overrides[path] = variable


def _way(table: dict[str, Any], words: list[str]) -> tuple[dict[str, Any], Type, Path]:
    """
    Return the table that the words lead into, the type of what is to stand there, and its path.

    Raises:
        LookupError: They lead nowhere. It has the arguments of a Problem.
    """
    kind: Type = LAYOUT
    path: Path = ()
    for number, word in enumerate(words):
        names = list(kind.keys) if isinstance(kind, Table) else list(table)
        name = next((one for one in names if _as_word(one) == word.upper()), None)
        if name is None and isinstance(kind, Table):
            raise LookupError((*path, word.lower()), f"is no key here: there are {', '.join(names)}")
        name = word.lower() if name is None else name
        path = (*path, name)
        kind = _kind_within(kind, name)
        if number < len(words) - 1:
            table = table.setdefault(name, {})
            if not isinstance(kind, (Anything, Table, Tables)) or not isinstance(table, dict):
                raise LookupError(path, "is no table")
    return table, kind, path


def _as_word(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _kind_within(kind: Type, name: str) -> Type:
    if isinstance(kind, Table):
        return kind.keys[name].type
    return kind.of if isinstance(kind, Tables) else Anything()


# -- Secrets


def _with_secrets(value: Any, path: Path, environ: Mapping[str, str], problems: list[Problem]) -> Any:
    """Return ``value`` with secrets in the places where it says which."""
    if isinstance(value, list):
        return [_with_secrets(one, (*path, number), environ, problems) for number, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (how := next(iter(value))) in _SECRETS:
        try:
            return _secret(how, value[how], environ)
        except (OSError, ValueError) as error:
            problems.append(Problem(path, f"cannot be had: {error}"))
            return None
    return {key: _with_secrets(one, (*path, key), environ, problems) for key, one in value.items()}


def _secret(how: str, name: Any, environ: Mapping[str, str]) -> Secret:
    """Raises OSError or ValueError, neither of which shows the secret."""
    if not isinstance(name, str):
        raise ValueError(f"{how} has to be a string")
    if how == "secret-env":
        if name not in environ:
            raise ValueError(f"there is no environment variable {name}")
        return Secret(environ[name])
    path = FilePath(name)
    if how == "secret-credential":
        folder = environ.get("CREDENTIALS_DIRECTORY")
        if folder is None or path.name != name:
            raise ValueError(f"there is no credential {name!r}")
        path = FilePath(folder, name)
    with open(path, "rb") as file:
        data = file.read(_LONGEST_SECRET + 1)
    if len(data) > _LONGEST_SECRET:
        raise ValueError(f"{path} is longer than {_LONGEST_SECRET} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8") from None
    # The line's end that an editor has put there is none of it.
    return Secret(text.removesuffix("\n").removesuffix("\r"))
