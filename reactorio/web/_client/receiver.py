"""
Responses as httptools (llhttp) reads them: strictly, and no more than the limits allow.

The parser's callbacks only gather; what was gathered is looked at once what arrived is read. So nothing of the application
runs inside of the parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

try:
    from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
except ImportError as exc:
    raise ImportError("reactorio.web needs httptools: pip install reactorio[web]") from exc

from reactorio.web._client.errors import ParseError, ResponseTooLarge
from reactorio.web._client.limits import DEFAULT_LIMITS
from reactorio.web._client.response import Response
from reactorio.web.http_headers import Headers

if TYPE_CHECKING:
    from reactorio.logger import Logger
    from reactorio.web._client.limits import ResponseLimits

# Fields that are about the connection or the body's way over it, and not the response's own.
CONNECTION_FIELDS = frozenset(
    {
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)
# As most servers write them: no need to lower those first.
_SPELLINGS = {spelling: name for name in CONNECTION_FIELDS for spelling in (name, name.title(), name.upper())}
_SHORTEST, _LONGEST = min(map(len, CONNECTION_FIELDS)), max(map(len, CONNECTION_FIELDS))

_VERSIONS = {version: (b"HTTP", int(version[0]), int(version[2])) for version in ("1.1", "1.0", "0.9", "2.0")}


def _lower_if_of_connection(name: bytes) -> bytes | None:
    known = _SPELLINGS.get(name)
    if known is None and _SHORTEST <= len(name) <= _LONGEST:
        lowered = name.lower()
        if lowered in CONNECTION_FIELDS:
            return lowered
    return known


class ResponseReceiver:
    """
    Reads the responses of one connection, one at a time.

    `begin` before each; then `feed` what arrives, and look at `response` (there, once its head is whole), at `chunks` (what has
    come of the body) and at `complete`.

    Attributes:
        persistent: Whether the connection may be used again: as version and fields say, and nothing came behind the response.
        upgraded: Whether the connection speaks another protocol now; the body is what comes, then.
        rest: What came behind the head of a response that upgrades.
        until_close: Whether only the connection's end ends the body.
        started: Whether anything came at all.
    """

    __slots__ = (
        "_body_size",
        "_code",
        "_feed",
        "_framing",
        "_head_done",
        "_head_size",
        "_ignore_body",
        "_interim_count",
        "_limits",
        "_pairs",
        "_parser",
        "_phrase",
        "_request",
        "_trailers",
        "_upgrade_asked",
        "chunked",
        "chunks",
        "complete",
        "connection_pairs",
        "interim",
        "on_body",
        "persistent",
        "response",
        "rest",
        "started",
        "transport",
        "until_close",
        "upgraded",
    )

    def __init__(self, limits: ResponseLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._parser: Any = None
        self._feed: Any = None

    def begin(self, request: Any, transport: Any) -> None:
        """
        Expect the response to ``request``.

        Args:
            transport: What the response is to pause and resume.
        """
        self._request = request
        self.transport = transport
        self._pairs: list[tuple[bytes, bytes]] = []
        self.connection_pairs: list[tuple[bytes, bytes]] = []
        self._trailers: list[tuple[bytes, bytes]] | None = None
        self._phrase = b""
        self._code = 0
        self._head_size = 0
        self._framing = 0
        self._body_size = 0
        self._interim_count = 0
        self._head_done = False
        self.chunks: list[bytes] = []
        self.on_body = self.chunks.append  # as the parser calls it: straight into the list
        self.response: Response | None = None
        self.complete = False
        self.persistent = False
        self.chunked = False
        self.until_close = False
        self.upgraded = False
        self.started = False
        self.rest = b""
        self.interim: list[int] = []
        self._ignore_body = getattr(request, "method", None) == b"HEAD"
        headers = getattr(request, "headers", None)
        self._upgrade_asked = headers is not None and headers.hasHeader(b"Upgrade")
        self._parser = HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def feed(self, data: bytes) -> None:
        """
        Take what arrived.

        Raises:
            ParseError: It is no HTTP, or more than the limits allow. What came before may be there all the same.
        """
        self.started = True
        try:
            self._feed(data)
        except HttpParserUpgrade as exc:
            if not self.upgraded:
                raise ParseError("the connection changes to another protocol, and nobody asked for that", data) from exc
            self.rest = data[exc.args[0] :]
            return
        except HttpParserError as exc:
            if self.complete:
                self.persistent = False  # what came behind the response is not the next one: nobody asked for that
                return
            told = exc.__context__
            if isinstance(told, ParseError):
                raise told from None
            raise ParseError(str(exc), data.split(b"\n", 1)[0].rstrip(b"\r")[:1024]) from exc
        if not self._head_done or not self._head_size:
            self._watch_head(len(data))
        if self.chunked and not self.complete:
            self._watch_framing(len(data))
        elif self._ignore_body and self.chunks:
            self.chunks.clear()
            self.persistent = False

    def _watch_head(self, arrived: int) -> None:
        self._head_size += arrived
        if self._head_size > self._limits.head:
            size = (
                self._head_size if not self._head_done else sum(len(name) + len(value) for name, value in self._pairs)
            )
            if size > self._limits.head:
                raise ResponseTooLarge("the head of a response is too long", b"")

    def _watch_framing(self, arrived: int) -> None:
        """Chunks of nothing but extensions, or of a byte each, would keep us busy for ever."""
        content = sum(map(len, self.chunks))
        self._body_size += content
        self._framing += arrived - content
        if self._framing > self._limits.framing + 16 * self._body_size:
            raise ResponseTooLarge("the chunks of a response are more than their content", b"")

    def end(self) -> bool:
        """The connection ended: is the body whole, as far as anybody can tell?"""
        return self.complete or self.until_close

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.complete:
            raise ParseError("something came behind the response", b"")

    def on_status(self, status: bytes) -> None:
        self._phrase += status
        if len(self._phrase) > self._limits.field:
            raise ResponseTooLarge("the reason phrase of a response is too long", status[:1024])

    def on_header(self, name: bytes, value: bytes) -> None:
        pairs = self._pairs if not self._head_done else self._trailer_pairs()
        if len(name) + len(value) >= self._limits.field:
            raise ResponseTooLarge("a field of a response is too long", name[:1024])
        pairs.append((name, value))

    def _trailer_pairs(self) -> list[tuple[bytes, bytes]]:
        if self._trailers is None:
            self._trailers = []
        elif len(self._trailers) >= self._limits.fields:
            raise ResponseTooLarge("a response has too many trailer fields", b"")
        return self._trailers

    def on_headers_complete(self) -> None:
        parser = self._parser
        self._code = code = parser.get_status_code()
        if len(self._pairs) > self._limits.fields:
            raise ResponseTooLarge("a response has too many fields", b"")
        if 100 <= code < 200 and not (code == 101 and self._upgrade_asked and parser.should_upgrade()):
            return
        self._head_done = True
        self._make_response(parser.get_http_version())

    def _make_response(self, version: str) -> None:
        pairs, own = self._pairs, []
        length: int | None = None
        is_head, code = self._ignore_body, self._code
        for pair in pairs:
            name, value = pair
            if value[-1:] in (b" ", b"\t"):  # which the parser leaves there
                value = value.rstrip(b" \t")
                pair = (name, value)
            kind = _lower_if_of_connection(name)
            if kind is None or (is_head and kind == b"content-length"):
                own.append(pair)
                continue
            self.connection_pairs.append(pair)
            if kind == b"content-length":
                length = int(value)
            elif kind == b"transfer-encoding":
                if value.lower() != b"chunked" or self.chunked:
                    raise ParseError("a response has a transfer coding that nobody asked for", value)
                self.chunked = True
        response = Response._construct(
            _VERSIONS.get(version, (b"HTTP", 1, 1)), code, self._phrase, None, self.transport, self._request
        )
        response._pairs = own
        if code == 101:
            self.upgraded = True
        elif is_head or code in (204, 304):
            response.length = 0
            self._ignore_body = True
        elif self.chunked:
            pass
        elif length is not None:
            response.length = length
        else:
            self.until_close = True
        self.response = response
        if self._ignore_body or self.upgraded:
            # The parser does not know what was asked: it would wait for the body that there is not.
            self._finish()

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if not self._head_done:
            self._interim()
        else:
            self._finish()

    def _interim(self) -> None:
        """Forget a response that only says that another is to come."""
        self._interim_count += 1
        if self._interim_count > self._limits.interim:
            raise ResponseTooLarge("too many interim responses", b"")
        self.interim.append(self._code)
        self._pairs = []
        self._phrase = b""

    def _finish(self) -> None:
        self.complete = True
        self.persistent = not self.upgraded and self._keeps_alive()
        if self._trailers:
            self.response.trailers = Headers._from_pairs(self._trailers)  # type: ignore[union-attr]  # there is one

    def _keeps_alive(self) -> bool:
        if self._parser.should_keep_alive():
            return True
        # The parser takes a response to HEAD for one that ends with the connection if it says nothing of its length.
        if not self._ignore_body or self._parser.get_http_version() != "1.1":
            return False
        options = [value.lower() for name, value in self.connection_pairs if name.lower() == b"connection"]
        return not any(b"close" in option for option in options)


def log_interim(log: Logger, codes: list[int]) -> None:
    """Tell of the interim responses that nobody waited for."""
    for code in codes:
        if code != 100:
            log.info("Ignoring unexpected {code} response", code=code)
