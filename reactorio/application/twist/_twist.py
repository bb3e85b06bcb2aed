"""The program ``twist``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from reactorio.application import service as services
from reactorio.application._operations import lifecycle
from reactorio.application.app import _exitWithSignal
from reactorio.application.runner._exit import ExitStatus, exit
from reactorio.application.runner._runner import Runner
from reactorio.application.service import Application, IService, IServiceCollection
from reactorio.application.twist._options import TwistOptions
from reactorio.internet.interfaces import _ISupportsExitSignalCapturing
from reactorio.logger import Logger
from reactorio.python.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.application.service import IServiceMaker
    from reactorio.python.usage import Options

__all__ = ["Twist"]

_log = Logger()


class Twist:
    """The steps of the program."""

    @staticmethod
    def options(argv: Sequence[str]) -> TwistOptions:
        """Return the parsed command line, or exit, saying what is wrong."""
        options = TwistOptions()
        try:
            options.parseOptions(argv[1:])
        except UsageError as error:
            exit(ExitStatus.EX_USAGE, f"Error: {error}\n\n{options}")
        return options

    @staticmethod
    def service(plugin: IServiceMaker, options: Options) -> IService:
        """Return an application's service, with that of the plugin in it."""
        application = IService.adapt(Application(plugin.tapname))
        plugin.makeService(options).setServiceParent(IServiceCollection.adapt(application))
        return application

    @staticmethod
    def startService(reactor: Any, service: IService) -> None:
        """Start the service, and have it stopped before the reactor stops."""
        services._started(service, service.startService())
        reactor.addSystemEventTrigger("before", "shutdown", service.stopService)

    @staticmethod
    def run(twistOptions: TwistOptions) -> None:
        """Run the reactor; end by the signal that ended it, if one did."""
        reactor = twistOptions["reactor"]
        _runner(twistOptions).run()
        operations = twistOptions.get("operations")
        if operations is not None and operations.failure is not None:
            exit(ExitStatus.EX_SOFTWARE, f"Error: {operations.failure.getErrorMessage()}")
        if _ISupportsExitSignalCapturing.providedBy(reactor) and reactor._exitSignal is not None:
            _exitWithSignal(reactor._exitSignal)

    @classmethod
    def main(cls, argv: Sequence[str] = sys.argv) -> None:
        """Do what the command line says. A service that cannot start is a traceback in the log, and a line."""
        options = cls.options(argv)
        name = options.subCommand
        assert name is not None
        try:
            service = cls.service(options.plugins[name], options.subOptions)
            lifecycle.begin(options, service, options["reactor"])
            cls.startService(options["reactor"], service)
        except Exception as error:
            _runner(options).startLogging()
            _log.failure("Cannot start {name}", name=name)
            exit(ExitStatus.EX_SOFTWARE, f"Error: {type(error).__name__}: {error}")
        cls.run(options)


def _runner(options: TwistOptions) -> Runner:
    return Runner(
        reactor=options["reactor"],
        defaultLogLevel=options["logLevel"],
        logFile=options["logFile"],
        fileLogObserverFactory=options["fileLogObserverFactory"],
    )
