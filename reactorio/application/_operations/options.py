"""What an operator asks for, and the command line's words for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application._operations.admin import Where
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["GRACE", "OperationsOptions", "OperatorOptions", "Settings", "log_format", "seconds", "workers"]


# What a stop may take where nobody says it and there is no custom of Twisted's to keep.
GRACE = 30.0


@dataclass
class Settings:
    """
    What an operator asks for.

    Attributes:
        grace: Seconds that a stop may take for what is under way; 0 is as Twisted does it: everything is cut.
        strict: Is a service that cannot start the end of the run?
        admin: Where the operator's door is.
        parts: What runs, in words, if not ports.
    """

    grace: float = 0.0
    strict: bool = False
    admin: Sequence[Where] = ()
    parts: str = ""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Return what a parsed command line, or a mapping with some of its keys, says."""
        return cls(
            grace=config.get("grace") or 0.0,
            strict=config.get("strict", False),
            admin=config.get("admin") or (),
            parts=config.get("parts", ""),
        )


def seconds(text: str) -> float:
    """Return a number of seconds; raises ValueError, saying what is wrong."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of seconds") from None
    if not isfinite(value) or value < 0:
        raise ValueError(f"{text!r} is no number of seconds")
    return value


def workers(text: str) -> int:
    """Return a number of processes, or for ``auto`` that of the processors; raises ValueError if it is neither."""
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) > 1024:
        raise ValueError(f"{text!r} is no number of workers")
    return int(text)


def log_format(text: str) -> str:
    """Return the name of a format; raises ValueError if it is none."""
    if text not in ("text", "json"):
        raise ValueError(f"a log is text or json, not {text!r}")
    return text


class OperatorOptions:
    """Options of any launcher, for its usage.Options to inherit."""

    optParameters: ClassVar[list[list[Any]]] = [
        [
            "grace",
            None,
            None,
            "When told to stop, accept nothing new and give what is under way this many seconds (by default 0, with workers "
            "30); a second signal ends that.",
            seconds,
        ],
    ]

    def opt_admin(self, where: str) -> None:
        """
        Answer an operator there: unix:PATH, or tcp:HOST:PORT with health, readiness and metrics only. Can be given again.
        """
        options: Any = self  # usage.Options is a dict
        try:
            options.setdefault("admin", []).append(Where.parse(where))
        except ValueError as error:
            raise usage.UsageError(str(error)) from None


class OperationsOptions(OperatorOptions):
    """Options of the launcher that can do all there is to do, for its usage.Options to inherit."""

    optParameters: ClassVar[list[list[Any]]] = [
        [
            "log-format",
            None,
            None,
            "The log as text or, one flat object a line, as json; where stdout is systemd's journal, by default neither, "
            "but as the journal has it.",
            log_format,
        ],
        [
            "workers",
            None,
            0,
            "Serve the same ports by this many processes (auto: one a processor), which are supervised, and replaced one by "
            "one on SIGHUP.",
            workers,
        ],
        [
            "worker-timeout",
            None,
            60.0,
            "Seconds after which a worker whose loop gives no sign of life is killed; 0 is never.",
            seconds,
        ],
    ]
