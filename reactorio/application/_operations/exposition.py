"""Metrics as text, as Prometheus reads them: https://prometheus.io/docs/instrumenting/exposition_formats/"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CONTENT_TYPE", "Exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Metrics, one after the other; `text` is all of them."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(
        self, name: str, kind: str, about: str, samples: float | Iterable[tuple[Mapping[str, object], float]]
    ) -> None:
        """
        Add a metric.

        Args:
            kind: ``counter`` or ``gauge``.
            about: A line on what it is.
            samples: The value, or for each set of labels one.
        """
        self._head(name, kind, about)
        pairs = [({}, samples)] if isinstance(samples, (int, float)) else samples
        for labels, value in pairs:
            self._sample(name, labels, value)

    def add_histogram(
        self, name: str, about: str, bounds: Sequence[float], counts: Sequence[int], total: float
    ) -> None:
        """Add a histogram: ``counts`` has for each bound what is up to it and above the one before, and then the rest."""
        self._head(name, "histogram", about)
        so_far = 0
        for bound, count in zip((*bounds, float("inf")), counts, strict=True):
            so_far += count
            self._sample(f"{name}_bucket", {"le": _number(bound)}, so_far)
        self._sample(f"{name}_sum", {}, total)
        self._sample(f"{name}_count", {}, so_far)

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)

    def _head(self, name: str, kind: str, about: str) -> None:
        escaped = about.replace("\\", r"\\").replace("\n", r"\n")
        self._lines += [f"# HELP {name} {escaped}", f"# TYPE {name} {kind}"]

    def _sample(self, name: str, labels: Mapping[str, object], value: float) -> None:
        inner = ",".join(f'{label}="{_escaped(str(text))}"' for label, text in labels.items())
        self._lines.append(f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return repr(value)
