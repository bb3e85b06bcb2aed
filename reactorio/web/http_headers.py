"""
A message's header fields: names without regard to case, the values of each in the order they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AnyStr, Final, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import ClassVar

    from typing_extensions import Self

__all__ = ["Headers"]

_T = TypeVar("_T")

# RFC 9110 section 5.6.2: what a token, and so a field's name, is made of.
_TOKEN_CHARACTERS: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Made known in advance, so that no flood of invented names keeps them out of the cache.
_COMMON_NAMES: Final = (
    "accept accept-encoding accept-language accept-ranges access-control-allow-origin age allow authorization cache-control "
    "connection content-disposition content-encoding content-language content-length content-location content-range "
    "content-security-policy content-type cookie date etag expect expires forwarded from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since keep-alive last-modified link location origin pragma "
    "proxy-authenticate proxy-authorization proxy-connection range referer retry-after sec-websocket-accept "
    "sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version server set-cookie "
    "strict-transport-security te trailer transfer-encoding upgrade user-agent vary via www-authenticate "
    "x-content-type-options x-forwarded-for x-forwarded-host x-forwarded-proto x-frame-options x-requested-with"
)


class InvalidHeaderName(ValueError):
    """A field's name is no token (RFC 9110 section 5.1)."""


def _istoken(value: bytes) -> bool:
    """Is ``value`` a token?"""
    return bool(value) and not value.translate(None, _TOKEN_CHARACTERS)


def _sanitizeLinearWhitespace(value: bytes) -> bytes:
    """Return ``value`` with a space for each end of line: no value can begin another field."""
    return b" ".join(value.splitlines())


class _NameEncoder:
    """
    Knows how names are written: ``www-authenticate`` as ``WWW-Authenticate``.

    What it has answered it remembers, up to a number of names.
    """

    _MAX_CACHED_HEADERS: ClassVar[int] = 10_000
    _MAX_CACHED_LENGTH: ClassVar[int] = 100
    _caseMappings: ClassVar[dict[bytes, bytes]] = {
        name.capitalize(): name for name in (b"DNT", b"ETag", b"P3P", b"TE")
    } | {
        b"Content-Md5": b"Content-MD5",
        b"Www-Authenticate": b"WWW-Authenticate",
        b"X-Xss-Protection": b"X-XSS-Protection",
    }

    __slots__ = ("_canonicalHeaderCache",)

    def __init__(self) -> None:
        self._canonicalHeaderCache: dict[str | bytes, bytes] = {}
        for name in _COMMON_NAMES.split():
            self.encode(name)
            self.encode(name.encode())
            self.encode(self.encode(name))
            self.encode(self.encode(name).decode())

    def encode(self, name: str | bytes) -> bytes:
        """
        Return ``name`` as it is written.

        Raises:
            InvalidHeaderName: It is no token.
            UnicodeEncodeError: It is text outside of ISO-8859-1.
        """
        known = self._canonicalHeaderCache.get(name)
        return self._add(name) if known is None else known

    def _add(self, name: str | bytes) -> bytes:
        raw = name.encode("iso-8859-1") if isinstance(name, str) else bytes(name)
        if not _istoken(raw):
            raise InvalidHeaderName(raw)
        written = b"-".join([word.capitalize() for word in raw.split(b"-")])
        written = self._caseMappings.get(written, written)
        if len(raw) <= self._MAX_CACHED_LENGTH:
            cache = self._canonicalHeaderCache
            if len(cache) >= self._MAX_CACHED_HEADERS:
                cache.popitem()  # the newest: what was seen early is what is seen often
            cache[name] = written
        return written


_nameEncoder = _NameEncoder()
_known_name = _nameEncoder._canonicalHeaderCache.get
_new_name = _nameEncoder._add


def _encode_value(value: str | bytes) -> bytes:
    if isinstance(value, str):
        value = value.encode("utf-8")
    elif not isinstance(value, bytes):
        raise TypeError(f"a header field's value is bytes or str, not {value!r}")
    if b"\n" in value or b"\r" in value:
        return b" ".join(value.splitlines())
    return value


class Headers:
    """
    Header fields.

    Names may be bytes or str (ISO-8859-1), values too (UTF-8); an end of line in a value becomes a space. What is asked for
    with a str name comes back as str.

    Args:
        rawHeaders: The values of each field, by name.

    Raises:
        InvalidHeaderName: (by every method that takes a name) The name is no token.
    """

    __slots__ = ("_rawHeaders",)

    def __init__(self, rawHeaders: Mapping[AnyStr, Sequence[AnyStr]] | None = None) -> None:
        self._rawHeaders: dict[bytes, list[bytes]] = {}
        if rawHeaders is not None:
            for name, values in rawHeaders.items():
                self.setRawHeaders(name, values)

    @classmethod
    def _from_pairs(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Self:
        """Make one of what a parser found: values that hold no end of line."""
        made = cls.__new__(cls)
        raw: dict[bytes, list[bytes]] = {}
        made._rawHeaders = raw
        for name, value in pairs:
            written = _known_name(name) or _new_name(name)
            if written in raw:
                raw[written].append(value)
            else:
                raw[written] = [value]
        return made

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self._rawHeaders!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self._rawHeaders == other._rawHeaders
        return NotImplemented

    __hash__ = object.__hash__

    def copy(self) -> Self:
        """Return fields of its own that are equal to these."""
        cls = self.__class__
        if cls is not Headers:  # which may want its __init__
            return cls(self._rawHeaders)  # type: ignore[arg-type]  # bytes for both is one of the two
        made = cls.__new__(cls)
        made._rawHeaders = {name: values[:] for name, values in self._rawHeaders.items()}
        return made

    def hasHeader(self, name: AnyStr) -> bool:
        """Is there a field ``name``?"""
        return (_known_name(name) or _new_name(name)) in self._rawHeaders

    def removeHeader(self, name: AnyStr) -> None:
        """Take every field ``name`` away, if there is any."""
        self._rawHeaders.pop(_known_name(name) or _new_name(name), None)

    def setRawHeaders(self, name: str | bytes, values: Iterable[str | bytes]) -> None:
        """Make ``values`` what the field ``name`` has, in place of what it had."""
        if isinstance(values, (str, bytes)):
            raise TypeError(f"a header field's values are a list, not {values!r}")
        self._rawHeaders[_known_name(name) or _new_name(name)] = [_encode_value(value) for value in values]

    def addRawHeader(self, name: str | bytes, value: str | bytes) -> None:
        """Add ``value`` to what the field ``name`` has."""
        written = _known_name(name) or _new_name(name)
        value = _encode_value(value)
        values = self._rawHeaders.get(written)
        if values is None:
            self._rawHeaders[written] = [value]
        else:
            values.append(value)

    @overload
    def getRawHeaders(self, name: AnyStr) -> Sequence[AnyStr] | None: ...

    @overload
    def getRawHeaders(self, name: AnyStr, default: _T) -> Sequence[AnyStr] | _T: ...

    def getRawHeaders(self, name: Any, default: Any = None) -> Any:
        """
        Return the values of the field ``name``, or ``default`` if it has none.

        Raises:
            UnicodeDecodeError: ``name`` is str, and a value is not UTF-8.
        """
        values = self._rawHeaders.get(_known_name(name) or _new_name(name))
        if not values:
            return default
        if isinstance(name, str):
            return [value.decode("utf-8") for value in values]
        return values

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        """Return each name, as it is written, with its values."""
        return iter(self._rawHeaders.items())

    def _pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """Return each name with one value: the way back from `_from_pairs`."""
        return ((name, value) for name, values in self.getAllRawHeaders() for value in values)

    def _lines(self) -> bytes:
        """Return the fields as HTTP/1 has them, each with its end of line."""
        # Not by `_pairs`: that takes half as long again, and every request of a client pays for it.
        parts: list[bytes] = []
        for name, values in self.getAllRawHeaders():
            for value in values:
                parts += (name, b": ", value, b"\r\n")
        return b"".join(parts)
