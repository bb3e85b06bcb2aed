"""
Importing this turns the alias on: from here on ``import twisted`` is served by reactorio.

It has to come before the first ``import twisted`` of the program. ``reactorio run`` needs no such line.
"""

from __future__ import annotations

from reactorio import _alias

_alias.install()
