"""
Where what is known of a folder of plugins is kept.

A plugin package of an application has a ``dropin.cache`` in each of its folders, as Twisted makes it. What is found in
the folders of `reactorio.plugins`, which belong to whoever put modules there, and what is installed in site-packages,
is kept in the user's cache directory; a process that has none does without.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any

from reactorio.logger import Logger

__all__ = ["PluginCache"]

_log = Logger()

_FILE = "dropin.cache"
_FORMAT = "reactorio 3"
_OURS = "reactorio.plugins"


class PluginCache:
    """
    The cache of one folder of a plugin package.

    Args:
        folder: The folder.
        package: The dotted name of the package.
    """

    def __init__(self, folder: str, package: str) -> None:
        self._folder = folder
        self._elsewhere = package == _OURS or _is_installed(folder)
        self._path = _user_path(folder, package) if self._elsewhere else os.path.join(folder, _FILE)

    def read(self) -> dict[str, Any]:
        """Return what is known of the modules, by name; nothing if there is no cache that we understand."""
        try:
            with open(self._path, encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, ValueError):
            return {}  # none, or another program's: Twisted has a pickle under this name
        if not isinstance(content, dict) or content.get("format") != _FORMAT or content.get("folder") != self._folder:
            return {}
        modules: dict[str, Any] = content["modules"]
        return modules

    def write(self, modules: dict[str, Any]) -> None:
        """Keep what is known. That it cannot be kept is a warning, but for users without a cache directory."""
        scratch = f"{self._path}.{os.getpid()}"
        try:
            if self._elsewhere:
                os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(scratch, "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "folder": self._folder, "modules": modules}, file)
            os.replace(scratch, self._path)
        except OSError as error:
            if not self._elsewhere:
                _log.warn(
                    "Unable to write to plugin cache {path}: error number {errno}", path=self._path, errno=error.errno
                )


def _is_installed(folder: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(os.path.normpath(folder).split(os.sep))


def _user_path(folder: str, package: str) -> str:
    """Return the file in the user's cache directory (XDG Base Directory Specification; Apple's guidelines)."""
    default = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(default)
    # Pythons differ in what they can import.
    version = f"{sys.implementation.cache_tag}"
    digest = hashlib.sha256(f"{version}\0{package}\0{folder}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return os.path.join(base, "reactorio", "plugins", f"{digest}.json")
