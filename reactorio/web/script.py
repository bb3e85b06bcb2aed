"""
Resources made by scripts.

An ``.rpy`` file is run for each request, and assigns a resource to its global ``resource``; with `cache` it is kept. An ``.epy``
file is run for each request and writes the response itself.

Who can write such a file runs code in the server: `reactorio.web.static.File` runs none unless its ``processors`` say so.

Not here, unlike in Twisted: ``ResourceTemplate``, for templates of Quixote.
"""

from __future__ import annotations

import os
import traceback
from html import escape
from typing import TYPE_CHECKING, Any

from reactorio import copyright
from reactorio.logger import Logger
from reactorio.python.compat import execfile
from reactorio.python.filepath import _coerceToFilesystemEncoding
from reactorio.web import _refusals, http, resource, server, static

if TYPE_CHECKING:
    from reactorio.web.server import Request

__all__ = [
    "AlreadyCached",
    "CacheScanner",
    "PythonScript",
    "ResourceScript",
    "ResourceScriptDirectory",
    "ResourceScriptWrapper",
    "noRsrc",
    "rpyNoResource",
]

rpyNoResource = """\
<p>The script has not assigned to the variable "resource". For example:</p>
<pre>
from reactorio.web.static import Data

resource = Data(b"hello", "text/plain")
</pre>
"""


class AlreadyCached(Exception):
    """The script's resource has been kept: it ends the script at its call of ``cache``."""


class CacheScanner:
    """
    What a script asks to be kept, and gets back.

    Args:
        path: The script's.
        registry: Where it is kept.
    """

    def __init__(self, path: Any, registry: static.Registry) -> None:
        self.path = path
        self.registry = registry
        self.doCache = False

    def cache(self) -> None:
        """
        Keep the script's resource; for scripts to call.

        Raises:
            AlreadyCached: It has been kept; the script ends here.
        """
        kept = self.registry.getCachedPath(self.path)
        if kept is not None:
            raise AlreadyCached(kept)
        self.recache()

    def recache(self) -> None:
        """Keep the script's resource in the place of the one that has been kept; for scripts to call."""
        self.doCache = True


noRsrc = _refusals.error_page(500, "Whoops! Internal Error", rpyNoResource)


def ResourceScript(path: Any, registry: static.Registry) -> Any:
    """
    Run a script, and return the resource that it made: its global ``resource``.

    The script's other globals are ``__file__``, ``registry``, and `CacheScanner`'s ``cache`` and ``recache``.
    """
    scanner = CacheScanner(path, registry)
    names = {
        "__file__": _coerceToFilesystemEncoding("", path),
        "resource": noRsrc,
        "registry": registry,
        "cache": scanner.cache,
        "recache": scanner.recache,
    }
    try:
        execfile(path, names, names)
    except AlreadyCached as kept:
        return kept.args[0]
    made = names["resource"]
    if scanner.doCache and made is not noRsrc:
        registry.cachePath(path, made)
    return made


class ResourceScriptWrapper(resource.Resource):
    """
    The resource that a script makes, as the root of a site: the script is run for each request.

    Args:
        path: The script's.
        registry: What is shared with other resources; made if it is not given.
    """

    def __init__(self, path: Any, registry: static.Registry | None = None) -> None:
        super().__init__()
        self.path = path
        self.registry = registry or static.Registry()

    def render(self, request: Request) -> Any:
        return ResourceScript(self.path, self.registry).render(request)

    def getChildWithDefault(self, path: bytes, request: Request) -> Any:
        return ResourceScript(self.path, self.registry).getChildWithDefault(path, request)


class ResourceScriptDirectory(resource.Resource):
    """
    A directory of scripts, at any depth; nothing else in it is served.

    Args:
        pathname: The directory.
        registry: What is shared with other resources; made if it is not given.
    """

    def __init__(self, pathname: Any, registry: static.Registry | None = None) -> None:
        super().__init__()
        self.path = pathname
        self.registry = registry or static.Registry()

    def getChild(self, path: bytes | str, request: Request) -> Any:
        name = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
        if name in (b"", b".", b"..") or b"/" in name or b"\0" in name:
            return _refusals.not_found()
        found = os.path.join(self.path, _coerceToFilesystemEncoding(self.path, name))
        if os.path.isdir(found):
            return ResourceScriptDirectory(found, self.registry)
        if os.path.isfile(found):
            return ResourceScript(found, self.registry)
        return _refusals.not_found()

    def render(self, request: Request) -> Any:
        return _refusals.not_found().render(request)


class PythonScript(resource.Resource):
    """
    A script that writes the response: its globals are ``request``, ``registry`` and ``__file__``. The request is finished
    when it ends.

    Args:
        filename: The script's path.
        registry: What is shared with other resources.
    """

    isLeaf = True

    _log = Logger()

    def __init__(self, filename: Any, registry: static.Registry | None) -> None:
        super().__init__()
        self.filename = filename
        self.registry = registry

    def render(self, request: Request) -> Any:
        request.setHeader(b"x-powered-by", copyright.longversion.encode("ascii"))
        names = {
            "request": request,
            "__file__": _coerceToFilesystemEncoding("", self.filename),
            "registry": self.registry,
        }
        try:
            execfile(self.filename, names, names)
        except Exception as exc:
            if isinstance(exc, OSError) and exc.filename == self.filename:
                request.setResponseCode(http.NOT_FOUND)
                request.write(_refusals.not_found("File not found.").render(request))
            else:
                self._say_what_failed(request)
        request.finish()
        return server.NOT_DONE_YET

    def _say_what_failed(self, request: Request) -> None:
        said = traceback.format_exc()
        self._log.error("{script} failed:\n{traceback}", script=self.filename, traceback=said)
        if not getattr(request, "startedWriting", False):
            request.setResponseCode(http.INTERNAL_SERVER_ERROR)
        # What has no site has nobody to hide it from.
        if not getattr(getattr(request, "site", None), "displayTracebacks", True):
            said = "The script failed."
        request.write(f"<pre>{escape(said)}</pre>".encode())
