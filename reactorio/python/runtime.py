"""What this Python runs on: :data:`platform`, :data:`platformType` and the clock that the package uses."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from time import time as seconds

__all__ = ["Platform", "knownPlatforms", "platform", "platformType", "seconds", "shortPythonVersion"]

# os.name, and the family that Twisted's API calls it by.
knownPlatforms = {"nt": "win32", "ce": "win32", "posix": "posix", "java": "java", "org.python.modules.os": "java"}


def shortPythonVersion() -> str:
    """Return the running Python's version as ``3.12.1``."""
    return "{}.{}.{}".format(*sys.version_info[:3])


class Platform:
    """
    Questions about a platform, by default about this one.

    Args:
        name: Another ``os.name`` to answer for.
        platform: Another ``sys.platform`` to answer for.
    """

    type: str | None = knownPlatforms.get(os.name)
    seconds = staticmethod(seconds)
    _platform: str = sys.platform

    def __init__(self, name: str | None = None, platform: str | None = None) -> None:
        if name is not None:
            self.type = knownPlatforms.get(name)
        if platform is not None:
            self._platform = platform

    def isKnown(self) -> bool:
        return self.type is not None

    def getType(self) -> str | None:
        """Return ``"posix"``, ``"win32"``, ``"java"``, or None for what is none of these."""
        return self.type

    def isMacOSX(self) -> bool:
        return self._platform == "darwin"

    def isLinux(self) -> bool:
        return self._platform.startswith("linux")

    def isWindows(self) -> bool:
        return self.getType() == "win32"

    def isWinNT(self) -> bool:
        """Old spelling of :meth:`isWindows`; it warns."""
        # Said by hand: this module stands below the one that makes deprecations.
        name = f"{__name__}.Platform.isWinNT"
        message = f"{name} was deprecated in Twisted 13.0. Use Platform.isWindows instead."
        warnings.warn(message, category=DeprecationWarning, stacklevel=2)
        return self.isWindows()

    def isVista(self) -> bool:
        """Is this Windows Vista or a later one?"""
        if sys.platform == "win32":
            return self.isWindows() and sys.getwindowsversion().major >= 6
        return False

    def isDocker(self, _initCGroupLocation: str = "/proc/1/cgroup") -> bool:
        """Do the control groups of the first process say that this is a Docker container?"""
        if not self.isLinux() or not os.path.exists(_initCGroupLocation):
            return False
        with open(_initCGroupLocation, encoding="utf-8", errors="replace") as groups:
            return any(line.split(":", 2)[-1].startswith("/docker/") for line in groups)

    def supportsThreads(self) -> bool:
        return importlib.util.find_spec("threading") is not None

    def supportsINotify(self) -> bool:
        """Is this a system that can tell of changes in a directory?"""
        return self.isLinux()

    def _supportsSymlinks(self) -> bool:
        # On Windows, making one is a privilege: only trying would tell.
        return not self.isWindows()


platform = Platform()
platformType = platform.getType()
