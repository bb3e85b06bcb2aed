"""
The launcher with twistd's command line: an application from a file or from a plugin, as a daemon or not.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from reactorio import _alias
from reactorio.application import app
from reactorio.application._operations.worker import ENVIRONMENT
from reactorio.scripts._twistd_unix import ServerOptions
from reactorio.scripts._twistd_unix import UnixApplicationRunner as _SomeApplicationRunner

if TYPE_CHECKING:
    from reactorio.application.app import ServerOptions as AnyServerOptions

__all__ = ["ServerOptions", "run", "runApp"]


def runApp(config: AnyServerOptions) -> None:
    """Run the application; end by the signal that ended it, if one did."""
    runner = _runner_for(config)
    runner.run()
    if runner._exitSignal is not None:
        app._exitWithSignal(runner._exitSignal)


def _runner_for(config: Any) -> Any:
    if not config.get("workers") and ENVIRONMENT not in os.environ:
        return _SomeApplicationRunner(config)
    from reactorio.scripts._workers import runner_for  # not at the top: most run alone

    return runner_for(config)


def run() -> None:
    """Do what ``sys.argv`` says, with the alias on, and the plugins of the current directory first."""
    _alias.install()
    _alias.inherit()
    here = os.getcwd()
    if here not in (os.path.abspath(entry) for entry in sys.path):
        sys.path.insert(0, here)
    app.run(runApp, _options)


def _options() -> ServerOptions:
    options = ServerOptions()
    options.synopsis = f"Usage: {app._program()} [options]"
    return options
