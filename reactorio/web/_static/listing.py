"""The page that lists a directory."""

from __future__ import annotations

import os
import stat
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from reactorio.web import resource
from reactorio.web._static.kinds import getTypeAndEncoding, loadMimeTypes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reactorio.web.server import Request

__all__ = ["DEFAULT_TYPES", "DirectoryLister", "formatFileSize"]

__name__ = "reactorio.web.static"  # the public path

DEFAULT_TYPES = loadMimeTypes()
DEFAULT_ENCODINGS = {".gz": "gzip", ".bz2": "bzip2"}

_TEMPLATE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(header)s</title>
<style>
:root { color-scheme: light dark; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; overflow-wrap: anywhere; }
table { width: 100%%; border-collapse: collapse; }
th { text-align: left; font-weight: 600; border-bottom: 1px solid; }
th, td { padding: .2rem .5rem; }
td:first-child { overflow-wrap: anywhere; }
th:nth-child(2), td:nth-child(2) { text-align: right; white-space: nowrap; }
td:nth-child(n+3) { color: gray; font-size: .875rem; }
.even { background: rgba(128, 128, 128, .08); }
tr:hover { background: rgba(128, 128, 128, .2); }
a { text-decoration: none; }
a:hover { text-decoration: underline; }
</style>
</head>
<body>
<h1>%(header)s</h1>
%(parent)s
<table>
<thead>
<tr><th>Name</th><th>Size</th><th>Type</th><th>Encoding</th></tr>
</thead>
<tbody>
%(tableContent)s
</tbody>
</table>
</body>
</html>
"""

_LINE = """\
<tr class="%(class)s">
    <td><a href="%(href)s">%(text)s</a></td>
    <td>%(size)s</td>
    <td>%(type)s</td>
    <td>%(encoding)s</td>
</tr>
"""


class DirectoryLister(resource.Resource):
    """
    Lists a directory, directories first. Everything on the page is escaped; names that are no UTF-8 are not on it, since a
    URL cannot ask for them.

    Args:
        pathname: The directory.
        dirs: The names to list; None: all that are there.
        contentTypes: Types by extension.
        contentEncodings: Encodings by extension.
        defaultType: The type of all others.
    """

    template = _TEMPLATE
    """The page, for ``%``: with ``header``, ``tableContent`` and, unlike Twisted, ``parent``, a link to it or nothing."""

    linePattern = _LINE
    """A line of it: with ``class``, ``href``, ``text``, ``size``, ``type`` and ``encoding``."""

    def __init__(
        self,
        pathname: Any,
        dirs: Iterable[str] | None = None,
        contentTypes: Mapping[str, str] = DEFAULT_TYPES,
        contentEncodings: Mapping[str, str] = DEFAULT_ENCODINGS,
        defaultType: str = "text/html",
    ) -> None:
        super().__init__()
        self.contentTypes = contentTypes
        self.contentEncodings = contentEncodings
        self.defaultType = defaultType
        self.dirs = dirs
        self.path = pathname

    def __repr__(self) -> str:
        return f"<DirectoryLister of {self.path!r}>"

    __str__ = __repr__

    def render(self, request: Request) -> bytes:
        """Return the page."""
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        names = os.listdir(self.path) if self.dirs is None else list(self.dirs)
        directories, files = self._getFilesAndDirectories(sorted(map(os.fsdecode, names)))
        where = unquote_to_bytes(request.uri.partition(b"?")[0]).decode("utf-8", "replace")
        page = self.template % {
            "header": f"Directory listing for {escape(where)}",
            "parent": "" if where.strip("/") == "" else '<p><a href="../">Parent directory</a></p>',
            "tableContent": "".join(self._buildTableContent(directories + files)),
        }
        return page.encode("utf-8")

    def _buildTableContent(self, elements: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the lines of the table: a hook, as in Twisted."""
        return [
            self.linePattern % {**element, "class": "even" if number % 2 else "odd"}
            for number, element in enumerate(elements)
        ]

    def _getFilesAndDirectories(self, directory: Iterable[str]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
        """Return what the names stand for, directories and files: a hook, as in Twisted."""
        directories: list[dict[str, str]] = []
        files: list[dict[str, str]] = []
        for name, status in self._present(directory):
            text, href = escape(name, quote=False), quote(name, "")
            if stat.S_ISDIR(status.st_mode):
                kind = {"size": "", "type": "[Directory]", "encoding": ""}
                directories.append({"text": f"{text}/", "href": f"{href}/", **kind})
            else:
                mimetype, encoding = getTypeAndEncoding(
                    name, self.contentTypes, self.contentEncodings, self.defaultType
                )
                kind = {
                    "size": formatFileSize(status.st_size),
                    "type": f"[{escape(mimetype)}]",
                    "encoding": f"[{escape(encoding)}]" if encoding else "",
                }
                files.append({"text": text, "href": href, **kind})
        return directories, files

    def _present(self, names: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
        where = os.fsdecode(self.path)
        for name in names:
            try:
                name.encode("utf-8")
                yield name, os.stat(os.path.join(where, name))
            except UnicodeEncodeError:
                continue  # no URL that File takes could ask for it
            except OSError:
                continue  # a link to nowhere, or gone since


def formatFileSize(size: float) -> str:
    """Return a number of bytes for human readers, cut to whole units of 1, 1024, 1024² and 1024³."""
    for unit in "BKM":
        if size < 1024:
            return f"{int(size)}{unit}"
        size /= 1024
    return f"{int(size)}G"
