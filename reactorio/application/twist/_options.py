"""The command line of ``twist``."""

from __future__ import annotations

from functools import partial
from sys import stderr, stdout
from typing import TYPE_CHECKING, Any, TextIO

from reactorio.application._operations.options import OperatorOptions
from reactorio.application.app import _options_of
from reactorio.application.reactors import NoSuchReactor, getReactorTypes, installReactor
from reactorio.application.runner._exit import ExitStatus, exit
from reactorio.application.service import IServiceMaker
from reactorio.copyright import version
from reactorio.logger import InvalidLogLevelError, LogLevel, jsonFileLogObserver, textFileLogObserver
from reactorio.plugin import getPlugins
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import NoReturn

__all__ = ["TwistOptions"]

# Under a name of its own, to be replaced in tests.
openFile = open

_FORMATS = {"text": textFileLogObserver, "json": jsonFileLogObserver}


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


class TwistOptions(usage.Options, OperatorOptions):
    """Where the log goes, the reactor, and the plugin with its own options."""

    defaultReactorName = "default"
    defaultLogLevel = LogLevel.info

    compData = usage.Completions(
        optActions={
            "log-format": usage.CompleteList(sorted(_FORMATS)),
            "log-level": lambda: usage.CompleteList(level.name for level in LogLevel.iterconstants()),
            "reactor": lambda: usage.CompleteList(kind.shortName for kind in getReactorTypes()),
        }
    )

    def __init__(self) -> None:
        super().__init__()
        self["reactorName"] = self.defaultReactorName
        self["logLevel"] = self.defaultLogLevel
        self["logFile"] = stdout
        self._plugins: Mapping[str, Any] | None = None

    def getSynopsis(self) -> str:
        return f"{super().getSynopsis()} plugin [plugin_options]"

    def getUsage(self, width: int | None = None) -> str:
        levels = _quoted(level.name for level in LogLevel.iterconstants())
        default = self.defaultLogLevel.name
        self.docs["log-level"] = f'Set default log level. (options: {levels}; default: "{default}")'
        reactors = _quoted(kind.shortName for kind in getReactorTypes())
        self.docs["reactor"] = f"The name of the reactor to use. (options: {reactors})"
        return super().getUsage(width)

    def opt_version(self) -> NoReturn:
        """Print version and exit."""
        exit(ExitStatus.EX_OK, f"{version}")

    def opt_reactor(self, name: str) -> None:
        """The name of the reactor to use."""
        # At once: what is imported for the options after this one may import the reactor.
        self["reactorName"] = name
        self["reactor"] = self.installReactor(name)

    def installReactor(self, name: str) -> Any:
        """
        Make the reactor with that name the global one, and return it.

        Raises:
            UsageError: There is none, or it does not work here.
        """
        if name == self.defaultReactorName:
            from reactorio.internet import reactor  # not at the top: which one it is, options decide

            return reactor
        try:
            return installReactor(name)
        except NoSuchReactor:
            raise usage.UsageError(f"Unknown reactor: {name}") from None
        except ImportError as error:
            raise usage.UsageError(f"The reactor {name} cannot be used here: {error}") from error

    def opt_log_level(self, levelName: str) -> None:
        """Set default log level."""
        try:
            self["logLevel"] = LogLevel.levelWithName(levelName)
        except InvalidLogLevelError:
            raise usage.UsageError(f"Invalid log level: {levelName}") from None

    def opt_log_file(self, fileName: str) -> None:
        """Log to file. ("-" for stdout, "+" for stderr; default: "-")"""
        streams = {"-": stdout, "+": stderr}
        if fileName in streams:
            self["logFile"] = streams[fileName]
            return
        try:
            self["logFile"] = openFile(fileName, "a")
        except OSError as error:
            exit(ExitStatus.EX_IOERR, f"Unable to open log file {fileName!r}: {error}")

    def opt_log_format(self, format: str) -> None:
        """Log file format. (options: "text", "json"; default: "text" if the log file is a tty, otherwise "json")"""
        try:
            self["fileLogObserverFactory"] = _FORMATS[format.lower()]
        except KeyError:
            raise usage.UsageError(f"Invalid log format: {format}") from None
        self["logFormat"] = format.lower()

    def selectDefaultLogObserver(self) -> None:
        """Choose a format, if none was: text for people, JSON for programs."""
        if "fileLogObserverFactory" not in self:
            file: TextIO = self["logFile"]
            is_terminal = hasattr(file, "isatty") and file.isatty()
            self.opt_log_format("text" if is_terminal else "json")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        super().parseOptions(options)
        self.selectDefaultLogObserver()

    @property
    def plugins(self) -> Mapping[str, Any]:
        """The plugins by the names of their commands."""
        if self._plugins is None:
            self._plugins = {plugin.tapname: plugin for plugin in getPlugins(IServiceMaker)}
        return self._plugins

    @property
    def subCommands(self) -> Iterable[tuple[str, None, Callable[[], Any], str]]:
        for name, plugin in sorted(self.plugins.items()):
            yield name, None, partial(_options_of, plugin), plugin.description

    def postOptions(self) -> None:
        if "reactor" not in self:
            self["reactor"] = self.installReactor(self["reactorName"])
        if self.subCommand is None:
            raise usage.UsageError("No plugin specified.")
