"""
Certificates that were read from files, and are read again when an operator says that they have changed.

Ports keep what they were given to make connections by; so it is that object which turns into its successor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["from_files", "reload"]

# Options of ``reactorio.internet.ssl``, and what reads their files and makes new ones.
_sources: WeakKeyDictionary[Any, Callable[[], Any]] = WeakKeyDictionary()


def from_files(read: Callable[[], Any]) -> Any:
    """Return the CertificateOptions that ``read`` makes; it will be called again by each `reload`."""
    options = read()
    _sources[options] = read
    return options


def reload() -> Callable[[], None]:
    """
    Read all files again whose options are in use.

    Returns:
        What has new connections made by what was read.

    Raises:
        Exception: A file cannot be read, or does not hold a certificate and its key. All stay as they are.
    """
    replacements = [(options, _checked(read())) for options, read in list(_sources.items())]

    def replace() -> None:
        for options, successor in replacements:
            options._become(successor)

    return replace


def _checked(options: Any) -> Any:
    """Return ``options``; raises if key and certificate do not match."""
    if options._stdlib_context(False, (), check_name=False) is None:
        options.getContext()
    return options
