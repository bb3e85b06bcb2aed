"""What the modules that mypyc can compile say to it. To Python this is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_extensions import mypyc_attr
else:

    def mypyc_attr(*_, **__):
        return lambda decorated: decorated


__all__ = ["mypyc_attr"]
