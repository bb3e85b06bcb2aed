"""
What launchers of applications have in common.

    ServerOptions       their command line
    ApplicationRunner   one run, from reading the application to its end
    AppLogger           its log
    AppProfiler         its profile
    run                 a whole program out of these
"""

from __future__ import annotations

import getpass
import os
import signal
import sys
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from reactorio import plugin
from reactorio.application import reactors, service
from reactorio.application._applogger import AppLogger
from reactorio.application._profile import AppProfiler, CProfileRunner, ProfileRunner
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.application.reactors import NoSuchReactor, installReactor
from reactorio.internet.interfaces import _ISupportsExitSignalCapturing
from reactorio.logger import Logger
from reactorio.persisted import sob
from reactorio.python import log, usage, util
from reactorio.python.failure import Failure
from reactorio.python.reflect import InvalidName, namedAny, namedModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import NoReturn

__all__ = [
    "AppLogger",
    "AppProfiler",
    "ApplicationRunner",
    "CProfileRunner",
    "ProfileRunner",
    "ReactorSelectionMixin",
    "ServerOptions",
    "convertStyle",
    "fixPdb",
    "getApplication",
    "getPassphrase",
    "getSavePassphrase",
    "run",
    "runReactorWithLogging",
    "startApplication",
]

_log = Logger()

_NO_APPLICATION = """
The file has to leave an application, made with service.Application(), in a global variable named 'application'.
"""


def fixPdb() -> None:
    """Add the command ``stop`` to the Python debugger: go on, and stop the reactor as a signal would."""
    import pdb  # noqa: T100  # the option is for that

    def do_stop(self: Any, argument: str) -> int:
        reactor = _maybeGlobalReactor(None)
        self.clear_all_breaks()
        self.set_continue()
        reactor.callLater(0, reactor.stop)
        return 1

    def help_stop(self: Any) -> None:
        print("stop - Continue, and shut the reactor down cleanly.")

    for command in (do_stop, help_stop):
        setattr(pdb.Pdb, command.__name__, command)


def runReactorWithLogging(
    config: Mapping[str, Any],
    oldstdout: TextIO | None,
    oldstderr: TextIO | None,
    profiler: AppProfiler | None = None,
    reactor: Any = None,
) -> None:
    """Run the reactor until it stops, in the profiler or the debugger if ``config`` says so."""
    reactor = _maybeGlobalReactor(reactor)
    if config["profile"] and profiler is not None:
        profiler.run(reactor)
    elif config["debug"]:
        # The debugger talks to the terminal, not to the log.
        sys.stdout, sys.stderr = oldstdout or sys.stdout, oldstderr or sys.stderr
        import pdb  # noqa: T100  # the option is for that

        fixPdb()
        signal.signal(signal.SIGUSR2, lambda number, frame: pdb.set_trace())  # noqa: T100  # likewise
        pdb.runcall(reactor.run)
    else:
        reactor.run()


def getPassphrase(needed: bool | int) -> str | None:
    """Ask the user for a passphrase, if one is needed."""
    return getpass.getpass("Passphrase: ") if needed else None


def getSavePassphrase(needed: bool | int) -> str | None:
    """Ask the user for a new passphrase, twice, if one is needed."""
    return util.getPassword("Passphrase: ", confirm=True) if needed else None


def getApplication(config: Mapping[str, Any], passphrase: None) -> Any:
    """Return the application that ``config`` names, or exit, saying why there is none."""
    kind, filename = next(
        ((kind, config[key]) for key, kind in (("python", "python"), ("source", "source")) if config[key]),
        ("pickle", config["file"]),
    )
    try:
        log.msg(f"Loading {filename}...")
        application = service.loadApplication(filename, kind, passphrase)
        log.msg("Loaded.")
    except Exception as error:
        hint = _NO_APPLICATION if isinstance(error, KeyError) and error.args == ("application",) else ""
        raise _CannotLoad(f"Failed to load application: {error}{hint}") from error
    return application


class _CannotLoad(SystemExit):
    """An exit with a line for the user; the cause is for the log."""


def convertStyle(
    filein: str, typein: str, passphrase: None, fileout: str, typeout: str, encrypt: bool | int = False
) -> None:
    """Read an application from one file, and save it in another style in another one. ``encrypt`` is a TypeError."""
    application = service.loadApplication(filein, typein, passphrase)
    if encrypt:
        raise TypeError("saved applications are not encrypted")
    persistent = sob.IPersistable.adapt(application)
    persistent.setStyle(typeout)
    persistent.save(filename=fileout)


def startApplication(application: Any, save: bool) -> None:
    """
    Start the application's services, and have them stopped before the reactor stops.

    Args:
        save: Keep the application in a file when it has stopped.
    """
    reactor = _maybeGlobalReactor(None)
    services = service.IService.adapt(application)
    service._started(services, services.startService())
    if save:
        persistent = sob.IPersistable.adapt(application)
        reactor.addSystemEventTrigger("after", "shutdown", persistent.save, "shutdown")
    reactor.addSystemEventTrigger("before", "shutdown", services.stopService)


class ApplicationRunner:
    """
    Reads an application, starts its log, and runs it.

    Subclasses say what happens before it is read (`preApplication`) and how it is run (`postApplication`).

    Args:
        config: The parsed command line, or a mapping with the same keys.
    """

    profilerFactory: Callable[[Any], AppProfiler] = AppProfiler
    loggerFactory: Callable[[Any], AppLogger] = AppLogger
    application: Any
    _exitSignal: int | None = None

    def __init__(self, config: Any) -> None:
        self.config = config
        self.profiler = type(self).profilerFactory(config) if config.get("profile") else None
        self.logger = type(self).loggerFactory(config)

    def run(self) -> None:
        """Do it all. An exception is logged on its way to the caller."""
        self.preApplication()
        try:
            self.application = self.createOrGetApplication()
        except (Exception, _CannotLoad) as error:
            self._log_failure_to_load(error.__cause__ if isinstance(error, _CannotLoad) else error)
            raise
        try:
            self.logger.start(self.application)
            self.postApplication()
        except Exception:
            _log.failure("The application has failed")
            raise
        self.logger.stop()

    def _log_failure_to_load(self, error: BaseException | None) -> None:
        """Write to the log that is asked for, or else to stderr."""
        begin = getattr(self.logger, "_begin_without_application", lambda: None)
        try:
            begin()
        except SystemExit:
            pass  # there is no such log; that the application cannot be loaded is what the user has to know first
        failure = Failure(error) if error is not None else Failure()
        _log.failure("The application cannot be loaded", failure)

    def startReactor(self, reactor: Any, oldstdout: TextIO | None, oldstderr: TextIO | None) -> None:
        """Run the reactor, and remember the signal that ended it, if one did."""
        reactor = _maybeGlobalReactor(reactor)
        runReactorWithLogging(self.config, oldstdout, oldstderr, self.profiler, reactor)
        if _ISupportsExitSignalCapturing.providedBy(reactor):
            self._exitSignal = reactor._exitSignal

    def preApplication(self) -> None:
        """Called before the application is read."""
        raise NotImplementedError

    def postApplication(self) -> None:
        """Called with the application read and the log begun: run it."""
        raise NotImplementedError

    def createOrGetApplication(self) -> Any:
        """Return the application: around a plugin's service if the command line names one, else from a file."""
        if not self.config.subCommand:
            return getApplication(self.config, None)
        maker = self.config.loadedPlugins[self.config.subCommand]
        made = maker.makeService(self.config.subOptions)
        application = service.Application(maker.tapname)
        made.setServiceParent(application)
        return application


class ReactorSelectionMixin:
    """The options that choose a reactor, for a usage.Options."""

    compData: usage.Completions | None = usage.Completions(
        optActions={"reactor": lambda: usage.CompleteList(_reactor_names())}
    )

    messageOutput: TextIO = sys.stdout
    _getReactorTypes = staticmethod(reactors.getReactorTypes)

    def opt_help_reactors(self) -> NoReturn:
        """List the reactors and exit."""
        available, missing = [], []
        for kind in sorted(self._getReactorTypes(), key=attrgetter("shortName")):
            try:
                namedModule(getattr(kind, "moduleName", __name__))
            except ImportError as error:
                missing.append(f"    !{kind.shortName:<4}\t{kind.description} ({error})\n")
            else:
                available.append(f"    {kind.shortName:<4}\t{kind.description}\n")
        if missing:
            missing.insert(0, "\n    reactors not available on this platform:\n\n")
        self.messageOutput.write("".join(available + missing))
        raise SystemExit(0)

    def opt_reactor(self, shortName: str) -> None:
        """Which reactor to use (--help-reactors lists them)."""
        # At once: what is imported for the options after this one may import the reactor.
        try:
            installReactor(shortName)
        except NoSuchReactor:
            problem = f"The specified reactor does not exist: {shortName!r}."
        except Exception as error:
            problem = f"The specified reactor cannot be used, failed with error: {error}."
        else:
            self["reactor"] = shortName  # type: ignore[index]  # usage.Options is a dict
            return
        raise usage.UsageError(f"{problem}\nSee the list of available reactors with --help-reactors")

    opt_r = opt_reactor


class ServerOptions(usage.Options, ReactorSelectionMixin):
    """The command line of a launcher: options, and the commands that plugins add."""

    longdesc = "Run an application: one that a file makes, or the service of a plugin."

    optFlags: ClassVar[list[list[Any]]] = [
        ["savestats", None, "Save the profiler's own data, not the text made of them."],
        ["no_save", "o", "Do not save the application's state at its end."],
        ["encrypted", "e", "Refused: saved applications are not encrypted (any more)."],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["logfile", "l", None, "Log to this file; - for stdout."],
        [
            "logger",
            None,
            None,
            "The dotted name of something that makes a log observer. It is used in place of --logfile and of what "
            "the application brings.",
        ],
        ["profile", "p", None, "Run in a profiler, and write the results to this file."],
        ["profiler", None, "cprofile", f"The profiler: {' or '.join(AppProfiler.profilers)}."],
        ["file", "f", "twistd.tap", "Read the application from this saved state."],
        ["python", "y", None, "Read the application from this Python file; its state is not saved."],
        ["source", "s", None, "Read the application from this saved state in the form of source (.tas)."],
    ]
    compData = usage.Completions(
        mutuallyExclusive=[("file", "python", "source")],
        optActions={
            "file": usage.CompleteFiles("*.tap"),
            "python": usage.CompleteFiles("*.(tac|py)"),
            "source": usage.CompleteFiles("*.tas"),
            "profiler": usage.CompleteList(sorted(AppProfiler.profilers)),
        },
    )

    _getPlugins = staticmethod(plugin.getPlugins)

    def __init__(self, *args: Any, stdout: TextIO | None = None, **kwargs: Any) -> None:
        self["debug"] = False
        self.stdout = sys.stdout if stdout is None else stdout
        self.loadedPlugins: dict[str, Any] = {}
        super().__init__(*args, **kwargs)

    def opt_debug(self) -> None:
        """Run in the Python debugger, in the foreground. SIGUSR2 interrupts the application there."""
        self["debug"] = True

    opt_b = opt_debug

    def opt_spew(self) -> None:
        """Print every function call. Nothing is found faster in it, but the last one before a lock-up."""
        import threading

        sys.settrace(util.spewer)
        threading.settrace(util.spewer)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        super().parseOptions(options if options is not None else sys.argv[1:] or ["--help"])

    def postOptions(self) -> None:
        if self["encrypted"]:
            raise usage.UsageError("Saved applications are not encrypted: --encrypted is of no use.")
        if self.subCommand or self["python"]:
            self["no_save"] = True
        if self["logger"] is not None:
            try:
                self["logger"] = namedAny(self["logger"])
            except Exception as error:
                raise usage.UsageError(f"Logger {self['logger']!r} could not be imported: {error}") from error

    @property
    def subCommands(self) -> Iterator[tuple[str, None, Callable[[], Any], str]]:
        self.loadedPlugins = {maker.tapname: maker for maker in self._getPlugins(service.IServiceMaker)}
        for name, maker in sorted(self.loadedPlugins.items()):
            yield name, None, partial(_options_of, maker), maker.description


def _reactor_names() -> list[str]:
    return [kind.shortName for kind in reactors.getReactorTypes()]


def _options_of(maker: Any) -> Any:
    """
    Return the options of a service; its modules are imported for that, when its command is given and not before.

    Raises:
        UsageError: They cannot be imported.
    """
    try:
        return maker.options()
    except (ImportError, InvalidName) as error:
        _log.debug("The service {name} cannot be imported", log_failure=Failure(), name=maker.tapname)
        problem = plugin._in_one_line(error)
        raise usage.UsageError(
            f"The service {maker.tapname} cannot be imported: {problem}\n`reactorio plugins --verbose` shows where."
        ) from error


def run(runApp: Callable[[Any], object], ServerOptions: Callable[[], Any]) -> None:
    """Parse the command line, and run the application. What goes wrong is one line on stderr, and the status 1."""
    config = ServerOptions()
    try:
        config.parseOptions()
    except usage.error as error:
        _exit(f"{error}")
    try:
        runApp(config)
    except Exception as error:
        # The whole of it is in the log.
        _exit(f"{type(error).__name__}: {error}")


def _exit(message: str) -> NoReturn:
    # stderr itself may lead to the log.
    stderr = sys.__stderr__ or sys.stderr
    stderr.write(f"{_program()}: {message}\n")
    stderr.flush()
    sys.exit(1)


def _program() -> str:
    name = os.path.basename(sys.argv[0])
    return "reactorio" if name == "__main__.py" else name


def _exitWithSignal(sig: int) -> None:
    """End by the signal, so that the parent process can tell."""
    signal.signal(sig, signal.SIG_DFL)
    os.kill(os.getpid(), sig)
