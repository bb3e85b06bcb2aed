"""Files and directories as resources."""

from __future__ import annotations

import errno
import os
import warnings
from typing import IO, TYPE_CHECKING, Any

from reactorio.python import filepath, log
from reactorio.python.compat import networkString
from reactorio.python.util import InsensitiveDict
from reactorio.web import _refusals, http, resource, server
from reactorio.web._static import conditions, ranges
from reactorio.web._static.kinds import getTypeAndEncoding
from reactorio.web._static.listing import DEFAULT_ENCODINGS, DEFAULT_TYPES, DirectoryLister
from reactorio.web._static.producers import (
    MultipleRangeStaticProducer,
    NoRangeStaticProducer,
    SingleRangeStaticProducer,
    StaticProducer,
)
from reactorio.web._static.resources import Registry, slash_added
from reactorio.web.util import redirectTo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reactorio.web.server import Request

__all__ = ["File"]

__name__ = "reactorio.web.static"  # the public path

# Segments of a URL that name no file in a directory, and what no name has in it, on any system.
_NO_NAMES = (".", "..")
_NOT_IN_NAMES = ("/", "\0", os.sep, *filter(None, [os.altsep]))


class File(resource.Resource, filepath.FilePath[Any]):  # type: ignore[misc]  # both have children
    """
    A file, or a directory and what is below it.

    A directory's index is the first of `indexNames` that it has, else a list of what is in it. Paths cannot lead out of
    the directory; symbolic links in it can, and are followed, since who may write there has put them there: see
    `followSymlinks`. What is neither file nor directory (a FIFO, a socket, a device) is forbidden.

    Ranges and conditional requests are answered (RFC 9110 sections 13 and 14), the latter by entity tags, too.

    Args:
        path: The file or directory.
        defaultType: The type of files of which the name says none.
        ignoredExts: Extensions that URLs may leave out, ``"*"`` for any. True and False, for all and none, are deprecated.
        registry: What the resources below share; made if it is not given.
        allowExt: Deprecated: whether URLs may leave out any extension.
    """

    contentTypes: Mapping[str, str] = DEFAULT_TYPES
    contentEncodings: Mapping[str, str] = DEFAULT_ENCODINGS

    processors: Mapping[str, Callable[[Any, Registry], Any]] = {}
    """What makes resources of files, by extension, instead of sending them: called with path and registry."""

    indexNames: Sequence[str] = ["index", "index.html", "index.htm", "index.rpy"]

    childNotFound: Any = _refusals.not_found("File not found.")
    forbidden: Any = _refusals.forbidden()

    followSymlinks = True
    """Unlike Twisted: False has what links lead to outside of the directory served be not found."""

    precompressed: Mapping[str, str] = {}
    """
    Unlike Twisted: extensions of compressed copies by their encoding, the best first, as in ``{"br": ".br", "gzip": ".gz"}``.
    Where a client takes the encoding and the copy is there, and no older than the file, it is sent.
    """

    maxRanges = ranges.MAX_RANGES
    """Requests for more parts than these get the whole file."""

    type: str | None = None
    encoding: str | None = None

    # Is what is known of the file of this request?
    _is_news = False
    # The directory that the outermost File serves: what links may not lead out of.
    _top: Any = None

    def __init__(
        self,
        path: str | bytes,
        defaultType: str = "text/html",
        ignoredExts: Any = (),
        registry: Registry | None = None,
        allowExt: Any = 0,
    ) -> None:
        resource.Resource.__init__(self)
        filepath.FilePath.__init__(self, path)
        self.defaultType = defaultType
        if ignoredExts in (0, 1) or allowExt:
            warnings.warn("ignoredExts should receive a list, not a boolean", stacklevel=2)
            self.ignoredExts = ["*"] if ignoredExts or allowExt else []
        else:
            self.ignoredExts = list(ignoredExts)
        self.registry = registry or Registry()

    # -- What is below

    def ignoreExt(self, ext: str) -> None:
        """Let URLs leave out this extension, too."""
        self.ignoredExts.append(ext)

    def directoryListing(self) -> resource.Resource:
        """Return what a directory without an index is shown as: a hook."""
        return DirectoryLister(self.path, self.listNames(), self.contentTypes, self.contentEncodings, self.defaultType)

    def getChild(self, path: bytes | str, request: Request) -> Any:
        """Return the resource for what is named ``path`` in this directory."""
        found = self._child_named(path) if path else self.childSearchPreauth(*self.indexNames)
        if found is None or not self._is_inside(found.path):
            # What was known of this directory may be of long ago.
            self.restat(reraise=False)
            return self.childNotFound if path or not self.isdir() or found is not None else self.directoryListing()
        return self._resource_of(found)

    def _child_named(self, segment: bytes | str) -> filepath.FilePath[Any] | None:
        """Return the path of what a URL calls so, if it is there."""
        if isinstance(segment, bytes):
            try:
                segment = segment.decode("utf-8")
            except UnicodeDecodeError:
                log.err(None, f"Could not decode path segment {segment!r}")
                return None
        if segment in _NO_NAMES or any(mark in segment for mark in _NOT_IN_NAMES):
            return None
        try:
            found = self.child(segment)
        except filepath.InsecurePath:
            return None
        if found.exists() or not self.ignoredExts:
            return found if found.exists() else None
        self.restat(reraise=False)
        return found.siblingExtensionSearch(*self.ignoredExts) if self.isdir() else None

    def _is_inside(self, path: str | bytes) -> bool:
        if self.followSymlinks:
            return True
        top = os.path.realpath(os.fsencode(self.path if self._top is None else self._top))
        real = os.path.realpath(os.fsencode(path))
        return real == top or real.startswith(os.path.join(top, b""))

    def _resource_of(self, found: Any) -> Any:
        extension = os.fsdecode(found.splitext()[1])
        processor = self.processors.get(extension) or InsensitiveDict(self.processors).get(extension)
        if processor is not None:
            return resource.IResource.adapt(processor(found.path, self.registry))
        similar = self.createSimilarFile(found.path)
        if isinstance(similar, File):
            similar._statinfo, similar._is_news = found._statinfo, True
            if not self.followSymlinks:
                similar.followSymlinks = False
                similar._top = self.path if self._top is None else self._top
        return similar

    def createSimilarFile(self, path: Any) -> Any:
        """Return a resource like this one for another path: a hook."""
        similar = self.__class__(path, self.defaultType, self.ignoredExts, self.registry)
        # These are set on instances, too: the command line does it.
        similar.processors = self.processors
        similar.indexNames = self.indexNames[:]
        similar.childNotFound = self.childNotFound
        if self.precompressed:
            similar.precompressed = self.precompressed
        return similar

    def listNames(self) -> list[Any]:
        """Return the names in this directory in order; none, if it is no directory."""
        if not self.isdir():
            return []
        names = sorted(self.listdir())
        return [name for name in names if self._is_inside(os.path.join(self.path, name))]

    def listEntities(self) -> list[Any]:
        """Return resources for what is in this directory."""
        return [self.createSimilarFile(self.child(name).path) for name in self.listNames()]

    # -- The file itself

    def openForReading(self) -> IO[bytes]:
        """Open the file: a hook."""
        return self.open()

    def getFileSize(self) -> int:
        """Return how much there is to send, in bytes: a hook."""
        return self.getsize()

    def redirect(self, request: Request) -> bytes:
        """Render what a directory is without the slash at its end."""
        return redirectTo(slash_added(request), request)

    def render_GET(self, request: Request) -> Any:
        """Send the file, or the part of it that is asked for."""
        if not self._is_news:
            self.restat(reraise=False)
        self._is_news = False
        if self.type is None:
            self.type, self.encoding = getTypeAndEncoding(
                self.basename(), self.contentTypes, self.contentEncodings, self.defaultType
            )
        if not self.exists():
            return self.childNotFound.render(request)
        if self.isdir():
            return self.redirect(request)
        if not self.isfile():
            return self.forbidden.render(request)
        if self.precompressed and self.encoding is None:
            copy = self._compressed_copy(request)
            if copy is not None:
                return copy.render_GET(request)
        try:
            opened = self.openForReading()
        except OSError as exc:
            if exc.errno in (errno.EACCES, errno.EPERM):
                return self.forbidden.render(request)
            if exc.errno in (errno.ENOENT, errno.ENOTDIR):
                return self.childNotFound.render(request)
            raise
        self._look_at(opened)
        return self._send(request, opened)

    render_HEAD = render_GET

    def _send(self, request: Request, opened: IO[bytes]) -> Any:
        request.setHeader(b"accept-ranges", b"bytes")
        try:
            if self._is_answered_by_headers(request):
                opened.close()
                return b""
            if request.method == b"HEAD":
                self._setContentHeaders(request)
                opened.close()
                return b""
            producer = self.makeProducer(request, opened)
        except BaseException:
            opened.close()
            raise
        producer.start()
        return server.NOT_DONE_YET

    def _look_at(self, opened: IO[bytes]) -> None:
        """Size and time are to be those of the file that was opened, not of one that has taken its place since."""
        if type(self).openForReading is File.openForReading:
            try:
                self._statinfo = os.fstat(opened.fileno())
            except OSError:  # it is no real file: `open` is somebody else's
                return

    def _is_answered_by_headers(self, request: Request) -> bool:
        """Set the validators. Is the client's copy as good, or not what it must be?"""
        modified, tag = self.getModificationTime(), conditions.entity_tag(self._required())
        if conditions.failed_precondition(request, tag, modified):
            request.setResponseCode(http.PRECONDITION_FAILED)
            request.setHeader(b"content-length", b"0")
            return True
        if_none_match = request.getHeader(b"if-none-match")
        if if_none_match is None:
            request.setETag(tag)
            return request.setLastModified(modified) is http.CACHED
        # It stands in the place of If-Modified-Since, which setLastModified would look at (RFC 9110 section 13.1.3).
        request.setHeader(b"last-modified", http.datetimeToString(conditions.last_modified(modified)))
        if request.setETag(tag) is http.CACHED:
            return True
        if conditions.is_none_match(if_none_match, tag):
            request.setResponseCode(http.NOT_MODIFIED)
            return True
        return False

    def _compressed_copy(self, request: Request) -> File | None:
        request.responseHeaders.addRawHeader(b"vary", b"Accept-Encoding")
        accepted = conditions.accepted_encodings(request.getHeader(b"accept-encoding") or b"")
        for encoding, extension in self.precompressed.items():
            if encoding.encode("ascii") not in accepted:
                continue
            copy: File = self.createSimilarFile(self.siblingExtension(extension).path)
            if self._is_as_new(copy) and self._is_inside(copy.path):
                copy.type, copy.encoding = self.type, encoding
                copy.precompressed = {}
                return copy
        return None

    def _is_as_new(self, copy: File) -> bool:
        return copy.isfile() and copy._required().st_mtime_ns >= self._required().st_mtime_ns

    # -- Ranges

    def makeProducer(self, request: Request, fileForReading: IO[bytes]) -> StaticProducer:
        """Set the response's code and headers, and return what sends the body: a hook."""
        asked = self._ranges_asked_for(request)
        if asked is None:
            self._setContentHeaders(request)
            request.setResponseCode(http.OK)
            producer = NoRangeStaticProducer(request, fileForReading)
            producer.size = self.getFileSize()
            return producer
        if len(asked) == 1:
            offset, size = self._doSingleRangeRequest(request, asked[0])
            return SingleRangeStaticProducer(request, fileForReading, offset, size)
        return MultipleRangeStaticProducer(request, fileForReading, self._doMultipleRangeRequest(request, asked))

    def _ranges_asked_for(self, request: Request) -> list[tuple[int | None, int | None]] | None:
        header = request.getHeader(b"range")
        if header is None:
            return None
        try:
            asked = self._parseRangeHeader(header)
        except ValueError:
            log.msg(f"Ignoring malformed Range header {header.decode('latin-1')!r}")
            return None
        if request.getHeader(b"if-range") is not None:
            status = self._required()
            if not conditions.range_is_current(request, conditions.entity_tag(status), status.st_mtime):
                return None
        size = self.getFileSize()
        # Parts that overlap are a way to be sent a file many times for one request.
        if len(asked) > 1 and sum(ranges.resolve(*one, size)[1] for one in asked) > size:
            return None
        return asked

    def _parseRangeHeader(self, range: bytes) -> list[tuple[int | None, int | None]]:
        return ranges.parse(range, self.maxRanges)

    def _doSingleRangeRequest(self, request: Request, startAndEnd: tuple[int | None, int | None]) -> tuple[int, int]:
        whole = self.getFileSize()
        offset, size = ranges.resolve(*startAndEnd, whole)
        if size:
            request.setResponseCode(http.PARTIAL_CONTENT)
            request.setHeader(b"content-range", ranges.content_range(offset, size, whole))
        else:
            self._say_unsatisfiable(request, whole)
        self._setContentHeaders(request, size)
        return offset, size

    def _doMultipleRangeRequest(
        self, request: Request, byteRanges: list[tuple[int | None, int | None]]
    ) -> list[tuple[bytes, int, int]]:
        whole = self.getFileSize()
        parts = [part for part in (ranges.resolve(*one, whole) for one in byteRanges) if part[1]]
        if not parts:
            self._say_unsatisfiable(request, whole)
            self._setContentHeaders(request, 0)
            return [(b"", 0, 0)]
        headers = [(b"Content-type", networkString(self.type or "application/octet-stream"))]
        if self.encoding:
            headers.append((b"Content-Encoding", networkString(self.encoding)))
        boundary, layout = ranges.multipart(parts, whole, headers)
        request.setResponseCode(http.PARTIAL_CONTENT)
        request.setHeader(b"content-type", b'multipart/byteranges; boundary="%s"' % boundary)
        request.setHeader(b"content-length", b"%d" % sum(len(before) + size for before, _, size in layout))
        return layout

    def _say_unsatisfiable(self, request: Request, whole: int) -> None:
        request.setResponseCode(http.REQUESTED_RANGE_NOT_SATISFIABLE)
        request.setHeader(b"content-range", b"bytes */%d" % whole)

    def _setContentHeaders(self, request: Request, size: int | None = None) -> None:
        request.setHeader(b"content-length", b"%d" % (self.getFileSize() if size is None else size))
        if self.type:
            request.setHeader(b"content-type", networkString(self.type))
        if self.encoding:
            request.setHeader(b"content-encoding", networkString(self.encoding))
