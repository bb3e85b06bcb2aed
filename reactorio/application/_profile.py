"""Running the reactor under one of Python's profilers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

__all__ = ["AppProfiler", "CProfileRunner", "ProfileRunner"]


class _Profiler:
    """
    Args:
        profileOutput: The file that the results go to.
        saveStats: Write them as the profiler's own data, for pstats, and not as text.
    """

    def __init__(self, profileOutput: str, saveStats: bool) -> None:
        self.profileOutput = profileOutput
        self.saveStats = saveStats

    def _missing(self, module: str, error: ImportError) -> NoReturn:
        raise SystemExit(f"Failed to import module {module}: {error}") from error


class ProfileRunner(_Profiler):
    """The profiler in pure Python."""

    def run(self, reactor: Any) -> None:
        try:
            import profile
        except ImportError as error:
            self._missing("profile", error)
        profiler = profile.Profile()
        profiler.runcall(reactor.run)
        if self.saveStats:
            profiler.dump_stats(self.profileOutput)
            return
        # It knows no other place to print to.
        stdout = sys.stdout
        with open(self.profileOutput, "a") as output:
            sys.stdout = output
            try:
                profiler.print_stats()
            finally:
                sys.stdout = stdout


class CProfileRunner(_Profiler):
    """The profiler in C."""

    def run(self, reactor: Any) -> None:
        try:
            import cProfile
            import pstats
        except ImportError as error:
            self._missing("cProfile", error)
        profiler = cProfile.Profile()
        profiler.runcall(reactor.run)
        if self.saveStats:
            profiler.dump_stats(self.profileOutput)
            return
        with open(self.profileOutput, "w") as output:
            pstats.Stats(profiler, stream=output).strip_dirs().sort_stats(-1).print_stats()


class AppProfiler:
    """Runs a reactor under the profiler that ``options`` (``profiler``, ``profile``, ``savestats``) name."""

    profilers: ClassVar[dict[str, type[ProfileRunner | CProfileRunner]]] = {
        "profile": ProfileRunner,
        "cprofile": CProfileRunner,
    }

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.profiler = options.get("profiler", "cprofile").lower()
        if self.profiler not in self.profilers:
            raise SystemExit(f"Unsupported profiler name: {self.profiler}")
        runner = self.profilers[self.profiler](options.get("profile", ""), options.get("savestats", False))
        self.run = runner.run


for _public in (AppProfiler, CProfileRunner, ProfileRunner):
    _public.__module__ = "reactorio.application.app"
