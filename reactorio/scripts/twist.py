"""The launcher ``twist``: the service of a plugin, in the foreground."""

from __future__ import annotations

import os
import sys

from reactorio import _alias
from reactorio.application.twist._twist import Twist

__all__ = ["run"]


def run() -> None:
    """Do what ``sys.argv`` says, with the alias on, and the plugins of the current directory first."""
    _alias.install()
    _alias.inherit()
    here = os.getcwd()
    if here not in (os.path.abspath(entry) for entry in sys.path):
        sys.path.insert(0, here)
    Twist.main(sys.argv)
