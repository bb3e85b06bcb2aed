"""What a file's name says of its type and encoding."""

from __future__ import annotations

import mimetypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["getTypeAndEncoding", "loadMimeTypes"]

__name__ = "reactorio.web.static"  # the public path

# What systems' tables lack, or say in ways that browsers do not understand.
_MORE_TYPES = {
    ".conf": "text/plain",
    ".diff": "text/plain",
    ".flac": "audio/x-flac",
    ".java": "text/plain",
    ".ogg": "application/ogg",
    ".oz": "text/x-oz",
    ".swf": "application/x-shockwave-flash",
    ".tgz": "application/x-gtar",
    ".wasm": "application/wasm",
    ".wml": "text/vnd.wap.wml",
    ".woff2": "font/woff2",
    ".xul": "application/vnd.mozilla.xul+xml",
}


def loadMimeTypes(
    mimetype_locations: Sequence[str] | None = None,
    init: Callable[[Sequence[str] | None], object] = mimetypes.init,
) -> dict[str, str]:
    """
    Return the types of files by extension: what the system knows, and some more.

    Args:
        mimetype_locations: Files in the format of ``mime.types``, beside the system's.
        init: What reads them into the `mimetypes` module.
    """
    init(mimetype_locations)
    return {**mimetypes.types_map, **_MORE_TYPES}


def getTypeAndEncoding(
    filename: str | bytes, types: Mapping[str, str], encodings: Mapping[str, str], defaultType: str
) -> tuple[str, str | None]:
    """
    Return type and encoding of a file by its name.

    Args:
        filename: The name; of ``a.tar.gz`` the first extension says the type, the second the encoding.
        types: Types by extension, with its dot, in lower case.
        encodings: Encodings by extension, likewise.
        defaultType: The type of all others.
    """
    name, extension = os.path.splitext(os.fsdecode(filename))
    encoding = encodings.get(extension.lower())
    if encoding is not None:
        extension = os.path.splitext(name)[1]
    return types.get(extension.lower(), defaultType), encoding
