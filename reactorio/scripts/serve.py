"""``reactorio serve``: an application from a TOML file."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio import _alias
from reactorio.application import app, service
from reactorio.application._config.layout import LAYOUT
from reactorio.application._config.limits import apply_limits
from reactorio.application._config.reading import Configuration, ConfigurationError, read
from reactorio.application._operations import options as operations
from reactorio.application._operations.admin import Where
from reactorio.application.internet import _maybeGlobalReactor
from reactorio.logger import LogLevel, LogLevelFilterPredicate
from reactorio.python import usage
from reactorio.python.util import gidFromString, uidFromString
from reactorio.scripts._twistd_unix import ServerOptions, UnixApplicationRunner
from reactorio.scripts._workers import runner_for

if TYPE_CHECKING:
    from typing import NoReturn

    from reactorio.application._config.served import Served

__all__ = ["Options", "main"]

# sysexits.h: the configuration is not right.
_WRONG = 78


class Options(usage.Options):
    """The command line of ``reactorio serve``. What it says counts more than the file."""

    synopsis = "Usage: reactorio serve [options] FILE.toml"
    longdesc = "Run the services that a file asks for. Environment variables override it: REACTORIO_LOG__FORMAT=json."

    optFlags: ClassVar[list[list[Any]]] = [
        ["check", None, "Say what is wrong with the file, and with what it asks for, and start nothing."],
        ["schema", None, "Print what can stand in the file, as JSON Schema, for editors."],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["grace", None, None, "Seconds to finish what is under way when told to stop.", operations.seconds],
        ["workers", None, None, "Processes that share the ports.", operations.workers],
        ["log-format", None, None, "The log as text or as json.", operations.log_format],
        ["pidfile", None, None, "The file that the process id is written to."],
    ]
    compData = usage.Completions(extraActions=[usage.CompleteFiles("*.toml")])

    def opt_admin(self, where: str) -> None:
        """Answer an operator there, in place of where the file says. Can be given again."""
        try:
            self.setdefault("admin", []).append(Where.parse(where))
        except ValueError as error:
            raise usage.UsageError(str(error)) from None

    def parseArgs(self, file: str = "") -> None:
        if not file and not self["schema"]:
            raise usage.UsageError("which file?")
        self["file"] = file


def main(arguments: list[str]) -> None:
    """Do what ``arguments``, the words after ``serve``, say."""
    _alias.install()
    _alias.inherit()
    options = Options()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as error:
        print(f"reactorio serve: {error}", file=sys.stderr)
        sys.exit(2)
    if options["schema"]:
        print(json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **LAYOUT.json_schema()}, indent=2))
        return
    try:
        _serve(options)
    except ConfigurationError as error:
        _say_wrong(error)


def _serve(options: Options) -> None:
    """Raises ConfigurationError."""
    given, path = options["file"], os.path.abspath(options["file"])
    if os.path.exists(path):
        # Whatever the file says is relative to where it is: modules, certificates, sockets.
        folder = os.path.dirname(path)
        os.chdir(folder)
        sys.path.insert(0, folder)
    configuration = read(path, given)
    # Before anything imports the reactor.
    config = _config(options, configuration, path)
    if options["check"]:
        _check(configuration)
        print(f"{given}: it is right")
        return
    app.run(_run, lambda: config)


def _check(configuration: Configuration) -> None:
    from reactorio.application._config.building import parts_of  # not at the top: it imports endpoints

    parts_of(configuration, _maybeGlobalReactor(None))


def _say_wrong(error: ConfigurationError) -> NoReturn:
    # stderr itself may lead to the log.
    print(*error.lines, sep="\n", file=sys.__stderr__ or sys.stderr)
    sys.exit(_WRONG)


def _run(config: Any) -> None:
    runner = runner_for(config, ServeRunner)
    try:
        runner.run()
    except ConfigurationError as error:
        _say_wrong(error)
    if runner._exitSignal is not None:
        app._exitWithSignal(runner._exitSignal)


class _Config(ServerOptions):
    """A command line that was not given as such."""

    def parseOptions(self, options: Any = None) -> None:
        """Nothing: it was filled in."""


def _config(options: Options, configuration: Configuration, path: str) -> Any:
    """Return what a command line for all of it would be."""
    application, log = configuration.table("application"), configuration.table("log")
    config = _Config()
    if "reactor" in application:
        config.opt_reactor(application["reactor"])
    number = application.get("workers", 0)
    config.update(
        {
            "configuration": configuration,
            "file of configuration": path,
            "strict": True,
            "no_save": True,
            "nodaemon": not application.get("daemon", False),
            "pidfile": application.get("pidfile", ""),
            "grace": application.get("grace", operations.GRACE),
            "workers": operations.workers("auto") if number == "auto" else number,
            "worker-timeout": application.get("worker-timeout", 60.0),
            "admin": [Where.parse(where) for where in application.get("admin", ())],
            "uid": uidFromString(application["uid"]) if "uid" in application else None,
            "gid": gidFromString(application["gid"]) if "gid" in application else None,
            "umask": int(application["umask"], 8) if "umask" in application else None,
            "chroot": application.get("chroot"),
            "logfile": log.get("file") or None,
            "log-format": log.get("format"),
            "log-predicate": LogLevelFilterPredicate(),
        }
    )
    for name in ("grace", "workers", "log-format", "pidfile", "admin"):
        if options.get(name) is not None:
            config[name] = options[name]
    if config["pidfile"]:
        config["pidfile"] = os.path.abspath(config["pidfile"])
    config["command"] = ["serve", *_own_words(options), path]
    config["grace is given"] = options["grace"] is not None
    config["check"] = lambda: _check_again(config)
    _set_levels(config["log-predicate"], configuration)
    return config


def _check_again(config: Any) -> None:
    """The supervisor's part of a reload: is the file right? What it asks for, workers will find out."""
    from reactorio.application._config.served import require_changeable  # not at the top: it imports endpoints

    configuration = read(config["file of configuration"], config["configuration"].name)
    require_changeable(config["configuration"], configuration, ("application",))
    _set_grace(config, configuration)


def _set_grace(config: Any, configuration: Configuration) -> None:
    if not config["grace is given"]:
        config["operations"].grace = configuration.table("application").get("grace", operations.GRACE)


def _own_words(options: Options) -> list[str]:
    """Return the options that workers are to have, too."""
    return [f"--{name}={options[name]}" for name in ("grace", "log-format") if options[name] is not None]


def _set_levels(predicate: LogLevelFilterPredicate, configuration: Configuration) -> None:
    log = configuration.table("log")
    predicate.clearLogLevels()
    predicate.setLogLevelForNamespace("", LogLevel.levelWithName(log.get("level", "info")))
    for namespace, level in log.get("levels", {}).items():
        # The lines of the log have Twisted's names of our modules.
        ours = "reactorio" + namespace[len("twisted") :] if namespace.split(".")[0] == "twisted" else namespace
        predicate.setLogLevelForNamespace(ours, LogLevel.levelWithName(level))


class ServeRunner(UnixApplicationRunner):
    """Runs the services of a file."""

    def createOrGetApplication(self) -> Any:
        from reactorio.application._config.served import Served  # not at the top: it imports endpoints

        configuration: Configuration = self.config["configuration"]
        limits = configuration.table("limits")
        try:
            apply_limits(limits)
        except ValueError as error:
            raise ConfigurationError([f"{configuration.where(('limits',))}: {error}"]) from error
        reactor = _maybeGlobalReactor(None)
        if "threads" in limits:
            reactor.suggestThreadPoolSize(limits["threads"])
        name = configuration.table("application").get("name", os.path.basename(self.config["file of configuration"]))
        application = service.Application(name)
        served: Served = Served(self.config["file of configuration"], configuration, reactor, self._changed)
        served.setServiceParent(application)
        return application

    def _changed(self, configuration: Configuration) -> None:
        """The file says something new."""
        _set_levels(self.config["log-predicate"], configuration)
        _set_grace(self.config, configuration)
