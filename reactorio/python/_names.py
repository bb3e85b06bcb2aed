"""
Names of things, where Twisted's and ours mean the same thing.

Applications write ``failure.check("twisted.internet.error.ConnectionDone")``, pickles and configuration files hold
``twisted.`` names, and our own classes answer to ``reactorio.`` names. All of that is compared here.
"""

from __future__ import annotations

__all__ = ["canonical", "same_name"]

_THEIRS = "twisted."
_OURS = "reactorio."


def canonical(name: str) -> str:
    """Return the dotted ``name`` as this package spells it: a leading ``twisted.`` becomes ``reactorio.``."""
    return _OURS + name[len(_THEIRS) :] if name.startswith(_THEIRS) else name


def same_name(a: str, b: str) -> bool:
    """Tell whether two dotted names mean the same object, by whichever of the two package names."""
    return a == b or canonical(a) == canonical(b)
