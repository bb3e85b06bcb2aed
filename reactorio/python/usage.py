"""
Command lines, described by a class::

    class Options(usage.Options):
        synopsis = "Usage: serve [options] DIRECTORY"
        optFlags = [["verbose", "v", "Say more."]]
        optParameters = [["port", "p", 8080, "The port to listen on.", usage.portCoerce]]

        def opt_user(self, name):
            "Become this user."
            self["user"] = name

        def parseArgs(self, directory):
            self["directory"] = directory

    options = Options()
    options.parseOptions()          # sys.argv[1:]; UsageError says what is wrong
    options["port"]

``subCommands`` has a list of ``(name, short name, Options class, description)``.
"""

from __future__ import annotations

import getopt
import inspect
import os
import sys
from typing import IO, TYPE_CHECKING, Any

from reactorio.python import _shellcomp, _usagetext, reflect, util
from reactorio.python._completions import (
    _BASH,
    _ZSH,
    CompleteDirs,
    CompleteFiles,
    CompleteGroups,
    CompleteHostnames,
    CompleteList,
    CompleteMultiList,
    CompleteNetInterfaces,
    Completer,
    CompleteUserAtHost,
    CompleteUsernames,
    Completions,
)
from reactorio.python._usagetext import docMakeChunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "_BASH",
    "_ZSH",
    "CoerceParameter",
    "CompleteDirs",
    "CompleteFiles",
    "CompleteGroups",
    "CompleteHostnames",
    "CompleteList",
    "CompleteMultiList",
    "CompleteNetInterfaces",
    "CompleteUserAtHost",
    "CompleteUsernames",
    "Completer",
    "Completions",
    "Options",
    "UsageError",
    "docMakeChunks",
    "error",
    "flagFunction",
    "portCoerce",
]


class UsageError(Exception):
    """The command line is wrong; the text says how."""


error = UsageError


class CoerceParameter:
    """
    Sets an option to its value, made what it shall be.

    Args:
        coerce: Makes it so; ValueError says that it cannot. None leaves it a string.
    """

    def __init__(self, options: Options, coerce: Callable[[str], Any] | None) -> None:
        self.options = options
        self.coerce: Callable[[str], Any] = str if coerce is None else coerce

    def dispatch(self, parameterName: str, value: str | None) -> None:
        if value is None:
            raise UsageError(f"Parameter '{parameterName}' requires an argument.")
        try:
            self.options.opts[parameterName] = self.coerce(value)
        except ValueError as exc:
            raise UsageError(f"Parameter type enforcement failed: {exc}") from exc


class _Flag:
    def __init__(self, options: Options) -> None:
        self.options = options

    def dispatch(self, name: str, value: str | None) -> None:
        if value:
            raise UsageError(f"Flag '{name}' takes no argument. Not even \"{value}\".")
        self.options.opts[name] = 1


class _Method:
    """An option that is a method, with a value or without one."""

    def __init__(self, method: Callable[..., object], takes_value: bool) -> None:
        self.method = method
        self.takes_value = takes_value

    def dispatch(self, name: str, value: str | None) -> None:
        if self.takes_value:
            self.method(value)
        else:
            self.method()


class Options(dict[str, Any]):
    """
    The options of a program, by long name: their defaults at first, what the command line says later.

    ``optFlags``, ``optParameters`` and ``opt_`` methods of all base classes count.
    """

    # The subcommand that was given, and the one to take if none is.
    subCommand: str | None = None
    defaultSubCommand: str | None = None
    # The options that this is a subcommand of, and those of the subcommand that was given.
    parent: Options | None = None
    subOptions: Options
    compData: Completions | None = None
    # Where the answer to a shell goes that asks for completions; stdout if None.
    _shellCompFile: IO[bytes] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.opts: Options = self
        self.defaults: dict[str, Any] = {}
        # For getopt.
        self.longOpt: list[str] = []
        self.shortOpt = ""
        # By name, with dashes; the synonyms lead from every name to the one that counts.
        self.docs: dict[str, str | None] = {}
        self.synonyms: dict[str, str] = {}
        self._dispatch: dict[str, Any] = {}
        self._declare_flags()
        self._declare_parameters()
        self._declare_methods()

    # Options are compared and kept as objects, as if they were no dictionary.
    __hash__ = object.__hash__  # type: ignore[assignment]  # dict has None there

    # -- What there is

    def _declare_flags(self) -> None:
        for declared in self._declared("optFlags"):
            long, short, doc = util.padTo(3, declared)
            self._declare(long, short, doc, takes_value=False, dispatch=_Flag(self))
            self._set_default(long, 0)

    def _declare_parameters(self) -> None:
        for declared in self._declared("optParameters"):
            long, short, default, doc, coerce = util.padTo(5, declared)
            self._declare(long, short, doc, takes_value=True, dispatch=CoerceParameter(self, coerce))
            self._set_default(long, default)

    def _declared(self, attribute: str) -> list[Sequence[Any]]:
        found: list[Sequence[Any]] = []
        reflect.accumulateClassList(type(self), attribute, found)
        return found

    def _set_default(self, name: str, value: Any) -> None:
        self.defaults[name] = self[name] = value

    def _declare(self, name: str, short: str | None, doc: str | None, *, takes_value: bool, dispatch: Any) -> None:
        if not name:
            raise ValueError("A parameter cannot be without a name")
        self.docs[name] = doc
        self.synonyms[name] = name
        self._dispatch[name] = dispatch
        self.longOpt.append(f"{name}=" if takes_value else name)
        if short:
            self._declare_short(short, name, takes_value)

    def _declare_short(self, short: str, name: str, takes_value: bool) -> None:
        self.shortOpt += f"{short}:" if takes_value else short
        self.synonyms[short] = name

    def _declare_methods(self) -> None:
        names: dict[str, str] = {}
        reflect.addMethodNamesToDict(type(self), names, "opt_")  # type: ignore[arg-type]  # a dictionary of names
        # Several names of one method are one option, by the longest of them.
        same: dict[Any, list[str]] = {}
        for name in names:
            same.setdefault(getattr(type(self), f"opt_{name}"), []).append(name.replace("_", "-"))
        for function, aliases in same.items():
            method: Callable[..., object] = getattr(self, f"opt_{aliases[0].replace('-', '_')}")
            takes_value = not flagFunction(method, aliases[0])
            longest = max(aliases, key=len)
            for alias in aliases:
                dispatch = _Method(method, takes_value)
                if len(alias) == 1:
                    self.docs[alias] = function.__doc__
                    self._dispatch[alias] = dispatch
                    self._declare_short(alias, longest, takes_value)
                else:
                    self._declare(alias, None, function.__doc__, takes_value=takes_value, dispatch=dispatch)
                    self.synonyms[alias] = longest

    def opt_help(self) -> None:
        """Display this help and exit."""
        print(self)
        sys.exit(0)

    def opt_version(self) -> None:
        """Display Twisted version and exit."""
        # The package's front door stands above.
        from reactorio import copyright

        print(f"Twisted version: {copyright.version}, served by reactorio")
        sys.exit(0)

    # -- Parsing

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse a command line.

        Args:
            options: Its words; by default those of the program.

        Raises:
            UsageError: It is wrong.
        """
        words = sys.argv[1:] if options is None else list(options)
        if _shellcomp.asks(words):
            _shellcomp.shellComplete(
                self, os.path.basename(sys.argv[0]), words, self._shellCompFile or sys.stdout.buffer
            )
            sys.exit(0)
        try:
            given, args = getopt.getopt(words, self.shortOpt, self.longOpt)
        except getopt.error as exc:
            raise UsageError(str(exc)) from exc
        for option, value in given:
            name = self._name_of(option)
            self._dispatch[name].dispatch(name, value)
        if (args or self.defaultSubCommand is not None) and getattr(self, "subCommands", None):
            self._parse_subcommand(args)
        else:
            self._parse_arguments(args)
        self.postOptions()

    def _name_of(self, option: str) -> str:
        name = option.lstrip("-")
        if name not in self.synonyms:
            name = name.replace("_", "-")
        try:
            return self.synonyms[name]
        except KeyError:
            raise UsageError(f"No such option '{option}'") from None

    def _parse_subcommand(self, args: list[str]) -> None:
        name, *rest = args or [self.defaultSubCommand or ""]
        subcommands: Iterable[Any] = self.subCommands  # type: ignore[attr-defined]  # asked for by who calls this
        for long, short, parser, _ in subcommands:
            if name in (long, short):
                self.subCommand = long
                self.subOptions = parser()
                self.subOptions.parent = self
                self.subOptions.parseOptions(rest)
                return
        raise UsageError(f"Unknown command: {name}")

    def _parse_arguments(self, args: list[str]) -> None:
        try:
            inspect.signature(self.parseArgs).bind(*args)
        except TypeError:
            raise UsageError("Wrong number of arguments.") from None
        self.parseArgs(*args)

    # Subclasses declare as many arguments as their command line has.
    parseArgs: Callable[..., None]

    def parseArgs(self) -> None:  # type: ignore[no-redef]  # see above
        """Take the words that are no options; a hook, called with each as an argument."""

    def postOptions(self) -> None:
        """Look at the whole; a hook, called when all is parsed, that of a subcommand first."""

    # -- Help

    def __str__(self) -> str:
        return f"{self.getSynopsis()}\n{self.getUsage()}"

    def getSynopsis(self) -> str:
        """Return the line that says how the command is called."""
        if self.parent is None:
            default = f"Usage: {_program()} [options]"
        else:
            default = "[options]"
        synopsis: str = getattr(self, "synopsis", default).rstrip()
        if self.parent is None:
            return synopsis
        return f"{self.parent.getSynopsis()} {self.parent.subCommand} {synopsis}"

    def getUsage(self, width: int | None = None) -> str:
        """
        Return what the options and subcommands are.

        Args:
            width: Of a line; by default the terminal's, as the environment says.
        """
        if width is None:
            width = int(os.environ.get("COLUMNS", "80"))
        # One for each method or declaration, with its names.
        text = "Options:\n" + "".join(docMakeChunks(self._described(), width))
        longdesc = self._long_description()
        if longdesc:
            text += "\n" + _usagetext.wrapped(_usagetext.one_line(longdesc), width)
        subcommands = getattr(self, "subCommands", None)
        if subcommands:
            text += "Commands:\n" + _usagetext.commands(subcommands, width)
        return text

    def _long_description(self) -> str:
        longdesc: str | None = getattr(self, "longdesc", None)
        if longdesc is None:
            longdesc = getattr(sys.modules.get("__main__"), "__doc__", None)
        return longdesc or ""

    def _described(self) -> list[dict[str, Any]]:
        short_names: Mapping[str, str] = {
            name: synonym for synonym, name in self.synonyms.items() if len(synonym) == 1 and synonym != name
        }
        return [
            {
                "long": name,
                "short": short_names.get(name),
                "doc": self.docs[name],
                "optType": "parameter" if f"{name}=" in self.longOpt else "flag",
                "default": self.defaults.get(name),
                "dispatch": self._dispatch[name],
            }
            for name in sorted(self.docs)
            if self.synonyms[name] == name
        ]


def _program() -> str:
    """Return the command that this program was called by."""
    program, _ = os.path.splitext(os.path.basename(sys.argv[0]))
    if program != "__main__":
        return program
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return f"{os.path.basename(sys.executable)} -m {spec.parent}" if spec is not None and spec.parent else program


def flagFunction(method: Callable[..., object], name: str | None = None) -> bool:
    """
    Does a method for an option take no value?

    Raises:
        UsageError: It takes more than one argument.
    """
    count = len(inspect.signature(method).parameters)
    if count > 1:
        raise UsageError(f"Invalid Option function for {name or method.__name__}")
    return count == 0


def portCoerce(value: str) -> int:
    """
    Make a port number of text.

    Raises:
        ValueError: It is not in the range from 0 to 65535, or no number.
    """
    port = int(value)
    if not 0 <= port <= 65535:
        raise ValueError(f"Port number not in range: {port}")
    return port


setattr(portCoerce, "coerceDoc", "Must be an int between 0 and 65535.")
