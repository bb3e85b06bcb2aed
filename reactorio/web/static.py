"""
Files, and bytes that are always the same.

`File` is a file or a directory; `Data` is bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio.python.deprecate import deprecated
from reactorio.python.versions import Version
from reactorio.web._static.file import File
from reactorio.web._static.kinds import getTypeAndEncoding, loadMimeTypes
from reactorio.web._static.listing import DirectoryLister, formatFileSize
from reactorio.web._static.producers import (
    MultipleRangeStaticProducer,
    NoRangeStaticProducer,
    SingleRangeStaticProducer,
    StaticProducer,
)
from reactorio.web._static.resources import (
    ASISProcessor,
    Data,
    Redirect,
    Registry,
    dangerousPathError,
    isDangerous,
    slash_added,
)
from reactorio.web.util import redirectTo

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = [
    "ASISProcessor",
    "Data",
    "DirectoryLister",
    "File",
    "MultipleRangeStaticProducer",
    "NoRangeStaticProducer",
    "Redirect",
    "Registry",
    "SingleRangeStaticProducer",
    "StaticProducer",
    "addSlash",
    "dangerousPathError",
    "formatFileSize",
    "getTypeAndEncoding",
    "isDangerous",
    "loadMimeTypes",
    "redirectTo",
]


@deprecated(Version("Twisted", 16, 0, 0))
def addSlash(request: Request) -> bytes:
    """Return the request's URI with a slash after its path."""
    return slash_added(request)
