"""``reactorio trial``: runs tests. It has the command line, the output and the exit status of Twisted's trial."""

from __future__ import annotations

import os
import pdb  # noqa: T100  # the debugger is a feature here
import random
import sys
from typing import TYPE_CHECKING, Any

from reactorio import _alias
from reactorio.internet import defer
from reactorio.python import failure, reflect, usage
from reactorio.scripts._trialoptions import (
    Options,
    _parseLocalVariables,
    _runOrders,
    getTestModules,
    isTestFile,
    loadLocalVariables,
)
from reactorio.trial import runner
from reactorio.trial.runner import DestructiveTestSuite, TestSuite, TrialRunner
from reactorio.trial.util import _NoTrialMarker, _WorkingDirectoryBusy

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = [
    "Options",
    "_parseLocalVariables",
    "_runOrders",
    "getTestModules",
    "isTestFile",
    "loadLocalVariables",
    "main",
    "run",
]


class _DebuggerNotFound(Exception):
    """There is no debugger of that name."""


def main() -> NoReturn:
    """Do what ``sys.argv`` says, with the alias on, and the modules of the current directory first."""
    _alias.install()
    _alias.inherit()
    here = os.getcwd()
    # The name, even if the entry for "here, wherever that is" is there: each run has a directory of its own.
    if here not in sys.path:
        sys.path.insert(0, here)
    run()


def run() -> NoReturn:
    """Do what ``sys.argv`` says. The exit status is 0 if all went well, else 1."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    config = Options()
    try:
        config.parseOptions()
    except usage.error as error:
        raise SystemExit(f"{sys.argv[0]}: {error}") from None
    _initialDebugSetup(config)
    try:
        trial_runner = _makeRunner(config)
    except _DebuggerNotFound as error:
        raise SystemExit(f"{sys.argv[0]}: {error}") from None
    suite = _getSuite(config)
    try:
        result = trial_runner.runUntilFailure(suite) if config["until-failure"] else trial_runner.run(suite)
    except (_NoTrialMarker, _WorkingDirectoryBusy) as error:
        raise SystemExit(f"{sys.argv[0]}: {error}") from None
    if config.tracer is not None:
        sys.settrace(None)
        coverage = config.tracer.results()
        coverage.write_results(show_missing=True, summary=False, coverdir=config.coverdir().path)
    sys.exit(not result.wasSuccessful())


def _initialDebugSetup(config: Options) -> None:
    # Before the tests are imported: what they make then counts, too.
    if config["debug"] and not config["nopm"]:
        failure.startDebugMode()
    if config["debug"] or config["debug-stacktraces"]:
        defer.setDebugging(True)


def _getLoader(config: Options) -> runner.TestLoader:
    # Tests that are to run again have to be there still.
    loader = runner.TestLoader(TestSuite if config["until-failure"] else DestructiveTestSuite)
    if config["random"] is not None:
        shuffled = random.Random(config["random"])
        loader.sorter = lambda thing: shuffled.random()
        print(f"Running tests shuffled with seed {config['random']}\n")
    elif config["order"] is not None:
        _, loader.sorter = _runOrders[config["order"]]
    return loader


def _getSuite(config: Options) -> Any:
    return _getLoader(config).loadByNames(config["tests"], not config["no-recurse"])


def _makeRunner(config: Options) -> TrialRunner:
    """
    Make the runner.

    Raises:
        _DebuggerNotFound: There is no debugger of the name that is given.
    """
    mode, debugger = None, None
    if config["debug"]:
        mode, debugger = TrialRunner.DEBUG, _debugger(config["debugger"])
    if config["dry-run"]:
        mode = TrialRunner.DRY_RUN
    return TrialRunner(
        config["reporter"],
        mode=mode,
        logfile=config["logfile"],
        profile=config["profile"],
        tracebackFormat=config["tbformat"],
        realTimeErrors=config["rterrors"],
        uncleanWarnings=config["unclean-warnings"],
        workingDirectory=config["temp-directory"],
        forceGarbageCollection=config["force-gc"],
        debugger=debugger,
        exitFirst=config["exitfirst"],
    )


def _debugger(name: str) -> Any:
    if name == "pdb":
        return pdb.Pdb()  # here, where its .pdbrc is
    try:
        return reflect.namedAny(name)
    except reflect.ModuleNotFound:
        raise _DebuggerNotFound(f"{name!r} debugger could not be found.") from None
