"""What an operator asks for, and the command line's words for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from reactorio.application._operations.admin import Where
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OperationsOptions", "Settings"]


@dataclass
class Settings:
    """
    What an operator asks for.

    Attributes:
        grace: Seconds that a stop may take for what is under way; 0 is as Twisted does it: everything is cut.
        strict: Is a service that cannot start the end of the run?
        admin: Where the operator's door is.
    """

    grace: float = 0.0
    strict: bool = False
    admin: Sequence[Where] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Return what a parsed command line, or a mapping with some of its keys, says."""
        return cls(grace=config.get("grace") or 0.0, admin=config.get("admin") or ())


def seconds(text: str) -> float:
    """Return a number of seconds; raises ValueError, saying what is wrong."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of seconds") from None
    if not isfinite(value) or value < 0:
        raise ValueError(f"{text!r} is no number of seconds")
    return value


def log_format(text: str) -> str:
    """Return the name of a format; raises ValueError if it is none."""
    if text not in ("text", "json"):
        raise ValueError(f"a log is text or json, not {text!r}")
    return text


class OperationsOptions:
    """Options of a launcher, for its usage.Options to inherit."""

    optParameters: ClassVar[list[list[Any]]] = [
        [
            "grace",
            None,
            0.0,
            "When told to stop, accept nothing new and give what is under way this many seconds; a second signal ends that.",
            seconds,
        ],
        [
            "log-format",
            None,
            None,
            "The log as text or, one flat object a line, as json; where stdout is systemd's journal, by default neither, "
            "but as the journal has it.",
            log_format,
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
