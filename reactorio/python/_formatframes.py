"""The frames of a Failure as text."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from reactorio.python import reflect

__all__ = ["EXCEPTION_CAUGHT_HERE", "FrameRecord", "format_frames"]

# Function name, file name, line number, locals, globals.
FrameRecord: TypeAlias = "tuple[str, str, int, Sequence[tuple[str, object]], Sequence[tuple[str, object]]]"

# What older tracebacks wrote between the frames above and below the `except`; tools look for it.
EXCEPTION_CAUGHT_HERE = "--- <exception caught here> ---"


def format_frames(frames: Iterable[FrameRecord], write: Callable[[str], object], detail: str = "default") -> None:
    """
    Write each of ``frames`` as text.

    Args:
        detail: "default" is as Python writes them, "brief" is a line each, "verbose" lists the variables too, and
            "verbose-vars-not-captured" says that there are none.

    Raises:
        ValueError: There is no such ``detail``.
    """
    if detail not in ("default", "brief", "verbose", "verbose-vars-not-captured"):
        raise ValueError(f"Detail must be default, brief, verbose, or verbose-vars-not-captured. (not {detail!r})")
    if detail == "brief":
        for name, file, line, _, _ in frames:
            write(f"{file}:{line}:{name}\n")
    elif detail == "default":
        for name, file, line, _, _ in frames:
            write(f'  File "{file}", line {line}, in {name}\n')
            write(f"    {linecache.getline(file, line).strip()}\n")
    else:
        for name, file, line, here, world in frames:
            write(f"{file}:{line}: {name}(...)\n")
            if detail == "verbose":
                _write_variables(" [ Locals ]\n", here, write)
                _write_variables(" ( Globals )\n", world, write)
        if detail == "verbose-vars-not-captured":
            write(" [Capture of Locals and Globals disabled (use captureVars=True)]\n")


def _write_variables(
    title: str, variables: Mapping[str, Any] | Sequence[tuple[str, Any]], write: Callable[[str], object]
) -> None:
    write(title)
    for name, value in variables.items() if isinstance(variables, Mapping) else variables:
        write(f"  {name} : {reflect.safe_repr(value)}\n")
