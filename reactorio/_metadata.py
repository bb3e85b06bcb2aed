"""The metadata of a distribution that is not there: Twisted's, while its name is served by this package."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike


class TwistedDistribution(Distribution):
    """
    What `importlib.metadata.distribution("twisted")` returns.

    Args:
        version: The release of Twisted whose API is served.
    """

    def __init__(self, version: str) -> None:
        self._metadata = f"Metadata-Version: 2.1\nName: Twisted\nVersion: {version}\n"

    def read_text(self, filename: str) -> str | None:
        """Return the text of METADATA; there is no other file."""
        return self._metadata if filename == "METADATA" else None

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Return where a file of the distribution would be: beside this package."""
        return Path(__file__).parents[1] / path
