"""
Imitations of frames and tracebacks, for a Failure that has lost the real ones.

They have what the ``traceback`` module and debuggers read, and nothing behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["_Code", "_Frame", "_Traceback", "_TracebackFrame"]


class _Code:
    """Stands for a code object, of which only the name and the file are known."""

    co_argcount = co_posonlyargcount = co_kwonlyargcount = 0
    co_nlocals = co_stacksize = co_firstlineno = co_flags = 0
    co_code = co_lnotab = b""
    co_cellvars: tuple[str, ...] = ()
    co_freevars: tuple[str, ...] = ()
    co_names: tuple[str, ...] = ()
    co_consts: tuple[object, ...] = ()

    def __init__(self, name: str, filename: str) -> None:
        self.co_name = self.co_qualname = name
        self.co_filename = filename
        self.co_varnames: list[str] = []

    def co_positions(self) -> tuple[tuple[None, None, None, None], ...]:
        return ((None, None, None, None),)


class _Frame:
    """Stands for a frame; ``record`` is an item of ``Failure.frames``."""

    f_lasti = 0
    f_trace = None

    def __init__(self, record: Sequence[Any], back: _Frame | None) -> None:
        name, filename, self.f_lineno, here, world = record
        self.f_code = _Code(name, filename)
        self.f_locals = _as_dict(here)
        self.f_globals = _as_dict(world)
        self.f_builtins: dict[str, object] = {}
        self.f_back = back


def _as_dict(variables: Mapping[str, object] | Sequence[tuple[str, object]] | None) -> dict[str, object]:
    return dict(variables or ())


class _TracebackFrame:
    """Stands for one link of a traceback."""

    tb_lasti = 0

    def __init__(self, frame: _Frame) -> None:
        self.tb_frame = frame
        self.tb_lineno = frame.f_lineno
        self.tb_next: _TracebackFrame | None = None


def _Traceback(frames: Sequence[Sequence[Any]]) -> _TracebackFrame:
    """Return what looks like the traceback that ``frames`` (as in ``Failure.frames``) was made from."""
    links: list[_TracebackFrame] = []
    for record in frames:
        link = _TracebackFrame(_Frame(record, links[-1].tb_frame if links else None))
        if links:
            links[-1].tb_next = link
        links.append(link)
    return links[0]
