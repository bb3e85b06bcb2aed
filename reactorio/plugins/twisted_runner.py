"""The services of `reactorio.runner`."""

from __future__ import annotations

from reactorio.application.service import ServiceMaker

__all__: list[str] = []

procmon = ServiceMaker(
    "Process supervisor", "reactorio.runner.procmontap", "Run a process, and start it again when it ends.", "procmon"
)
