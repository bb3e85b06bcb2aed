"""trial's command line."""

from __future__ import annotations

import gc
import os
import sys
import time
import trace
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio import plugin
from reactorio.application import app
from reactorio.python import reflect, usage, util
from reactorio.python.filepath import FilePath
from reactorio.trial import itrial, runner
from reactorio.trial._loader import source_line

if TYPE_CHECKING:
    from collections.abc import Callable

__name__ = "reactorio.scripts.trial"  # the public path, for the class made here

_TRACEBACK_FORMATS = {"plain": "default", "emacs": "brief", "cgitb": "verbose"}

_runOrders: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "alphabetical": ("alphabetical order for test methods, arbitrary order for test cases", runner.name),
    "toptobottom": ("attempt to run test cases and methods in the order they were defined", source_line),
}


def _known_order(order: str) -> str:
    if order not in _runOrders:
        known = ", ".join(map(repr, sorted(_runOrders)))
        raise usage.UsageError(f"--order must be one of: {known}. See --help-orders for details")
    return order


class Options(usage.Options, app.ReactorSelectionMixin):
    """
    What to run, and how.

    Attributes:
        tracer: Traces the run for ``--coverage``; None without it.
    """

    longdesc = (
        "trial loads and executes a suite of unit tests, obtained from modules, packages and files listed on the "
        "command line."
    )

    optFlags: ClassVar[list[list[Any]]] = [
        ["help", "h"],
        ["no-recurse", "N", "Leave out the packages in a package."],
        ["help-orders", None, "List the orders, and exit."],
        ["help-reporters", None, "List the reporters, and exit."],
        ["rterrors", "e", "Write each error at once, and not only at the end."],
        ["unclean-warnings", None, "What a test leaves in the reactor is a warning, and no error."],
        ["force-gc", None, "Collect garbage before and after each test."],
        ["exitfirst", "x", "End the run at the first error or failure."],
        ["debug", "b", "Run the tests in a debugger. pdb reads the .pdbrc of the current directory."],
        ["debug-stacktraces", "B", "Keep the stacks at which Deferreds are made and called back."],
        ["nopm", None, "With --debug, do not stop at each exception."],
        ["dry-run", "n", "Do everything but run the tests."],
        ["profile", None, "Run the tests in Python's profiler."],
        ["until-failure", "u", "Run the tests again and again, until something fails."],
    ]
    optParameters: ClassVar[list[list[Any]]] = [
        ["debugger", None, "pdb", "The debugger of --debug, by its dotted name."],
        ["logfile", "l", "test.log", "Where the log is written, below the working directory."],
        ["order", "o", None, "The order of the tests, see --help-orders.", _known_order],
        ["random", "z", None, "Run the tests in a random order, made of this number; of the time, if it is 0."],
        ["temp-directory", None, "_trial_temp", "The working directory of the tests; it is emptied first."],
        ["reporter", None, "verbose", "Who reports, see --help-reporters."],
    ]

    tracer: trace.Trace | None = None

    def __init__(self) -> None:
        self["tests"] = []
        super().__init__()

    def getSynopsis(self) -> str:
        return f"{os.path.basename(sys.argv[0])} [options] [[file|package|module|TestCase|testmethod]...]\n"

    # -- options that do something

    def opt_coverage(self) -> None:
        """Count which lines run, and write it into the folder "coverage" of the working directory."""
        self.tracer = trace.Trace(count=1, trace=0)
        sys.settrace(self.tracer.globaltrace)
        self["coverage"] = True

    def coverdir(self) -> FilePath[str]:
        """Return the directory for what --coverage writes, and say which it is."""
        directory: FilePath[str] = FilePath(self["temp-directory"]).child("coverage")
        print(f"Setting coverage directory to {directory.path}.")
        return directory

    def opt_testmodule(self, filename: str) -> None:
        """Run the tests that a source file names as its test-case-name; of a test module, those in it."""
        if not os.path.isfile(filename):
            sys.stderr.write(f"File {filename!r} doesn't exist\n")
            return
        filename = os.path.abspath(filename)
        self["tests"] += [filename] if isTestFile(filename) else getTestModules(filename)

    def opt_spew(self) -> None:
        """Print every function call."""
        sys.settrace(util.spewer)

    def opt_help_orders(self) -> None:
        """List the orders, and exit."""
        print("These are the orders in which tests can run, with --order=<foo>:\n")
        for order, (description, _) in _runOrders.items():
            print("   ", order, "\t", description)
        sys.exit(0)

    def opt_help_reporters(self) -> None:
        """List the reporters, and exit."""
        print("The report is made by a plugin. These can be chosen with --reporter=<foo>:\n")
        for reporter in _reporters():
            print("   ", reporter.longOpt, "\t", reporter.description)
        sys.exit(0)

    def opt_disablegc(self) -> None:
        """Do not collect garbage."""
        self["disablegc"] = True
        gc.disable()

    def opt_tbformat(self, opt: str) -> None:
        """How to write tracebacks: plain, emacs (a line for each frame), or cgitb (with more detail)."""
        if opt not in _TRACEBACK_FORMATS:
            raise usage.UsageError("tbformat must be 'plain', 'emacs', or 'cgitb'.")
        self["tbformat"] = _TRACEBACK_FORMATS[opt]

    def opt_recursionlimit(self, arg: str) -> None:
        """How deep calls may go, see sys.setrecursionlimit."""
        try:
            sys.setrecursionlimit(int(arg))
        except (TypeError, ValueError):
            raise usage.UsageError("argument to recursionlimit must be an integer") from None
        self["recursionlimit"] = int(arg)

    def opt_random(self, option: str) -> None:
        """Run the tests in a random order, made of this number; of the time, if it is 0."""
        try:
            seed = int(option)
        except ValueError:
            seed = -1
        if seed < 0:
            raise usage.UsageError("Argument to --random must be a positive integer")
        self["random"] = seed or int(time.time() * 100)

    def opt_without_module(self, option: str) -> None:
        """Have these modules, separated with commas, not be there."""
        for module in option.split(","):
            if module in sys.modules:
                # Where the user knows it from.
                filename = os.path.join(os.path.dirname(__file__), "trial.py")
                message = f"Module {module!r} already imported, disabling anyway."
                warnings.warn_explicit(message, RuntimeWarning, filename, 1)
            sys.modules[module] = None  # type: ignore[assignment]  # what an import then fails on

    # -- the rest of the line

    def parseArgs(self, *args: str) -> None:
        self["tests"] += args

    def postOptions(self) -> None:
        self.setdefault("tbformat", "default")
        if self["order"] is not None and self["random"] is not None:
            raise usage.UsageError("You can't specify --random when using --order")
        if isinstance(self["reporter"], str):
            self["reporter"] = self._loadReporterByName(self["reporter"])

    def _loadReporterByName(self, name: str) -> Any:
        for reporter in _reporters():
            if reporter.longOpt == name:
                return reflect.namedAny(f"{reporter.module}.{reporter.klass}")
        raise usage.UsageError("Only pass names of Reporter plugins to --reporter. See --help-reporters for more info.")


def _reporters() -> list[Any]:
    return list(plugin.getPlugins(itrial.IReporter))


# -- What a source file says of its tests


def _parseLocalVariables(line: str) -> dict[str, str]:
    """
    Read the variables that a line sets for Emacs: ``-*- name: value; name: value -*-``.

    Raises:
        ValueError: It does not.
    """
    mark = "-*-"
    _, opening, rest = line.partition(mark)
    declarations, closing, _ = rest.partition(mark)
    if not opening or not closing:
        raise ValueError(f"{line!r} sets no variables")
    variables = {}
    for declaration in declarations.split(";"):
        if declaration.strip():
            name, colon, value = declaration.partition(":")
            if not colon or ":" in value:
                raise ValueError(f"{line!r} has {declaration!r}, which sets no variable")
            variables[name.strip()] = value.strip()
    return variables


def loadLocalVariables(filename: str) -> dict[str, str]:
    """Return the variables that the first or the second line of a file sets for Emacs."""
    with open(filename, encoding="utf-8", errors="replace") as file:
        lines = [file.readline(), file.readline()]
    for line in lines:
        try:
            return _parseLocalVariables(line)
        except ValueError:
            pass  # any other line
    return {}


def getTestModules(filename: str) -> list[str]:
    """Return the modules that a source file names as its tests."""
    names = loadLocalVariables(filename).get("test-case-name")
    return [] if names is None else names.split(",")


def isTestFile(filename: str) -> bool:
    """Does it look like a test module, by its name?"""
    basename = os.path.basename(filename)
    return basename.startswith("test_") and os.path.splitext(basename)[1] == ".py"
