"""URLs whose parts are bytes and can be set: what a request has for its own address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["URLPath"]

# What RFC 3986 lets stand in a URL; the percent sign, since what is quoted stays as it is.
_KEPT = "%:/?#[]@!$&'()*+,;=-._~"
_KEPT_IN_SEGMENT = _KEPT.translate({ord(separator): None for separator in "/?#[]"})

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def _quoted(text: str | bytes, kept: str = _KEPT) -> bytes:
    """Return ``text`` with all quoted that must not stand in a URL as it is; text is UTF-8."""
    return quote(text, safe=kept).encode("ascii")


class _Part:
    """A part of the URL: bytes when read, bytes or text when set."""

    def __init__(self, ends_at: str = "") -> None:
        # What would begin the next part does not stand in this one.
        self._kept = _KEPT.translate({ord(character): None for character in ends_at})

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> bytes:
        part: bytes = getattr(instance, self._name)
        return part

    def __set__(self, instance: Any, value: str | bytes) -> None:
        setattr(instance, self._name, _quoted(value, self._kept))


class URLPath:
    """
    A URL.

    Args:
        scheme: By default ``http``.
        path: By default ``/``.
    """

    scheme = _Part(":/?#")
    netloc = _Part("/?#")
    path = _Part("?#")
    query = _Part("#")
    fragment = _Part()

    def __init__(
        self,
        scheme: str | bytes = b"",
        netloc: str | bytes = b"localhost",
        path: str | bytes = b"",
        query: str | bytes = b"",
        fragment: str | bytes = b"",
    ) -> None:
        self.scheme = scheme or b"http"
        self.netloc = netloc
        self.path = path or b"/"
        self.query = query
        self.fragment = fragment

    @classmethod
    def _parse(cls, url: str) -> Self:
        parts = urlsplit(url)
        return cls(
            parts.scheme,
            parts.netloc.removesuffix(_DEFAULT_PORTS.get(parts.scheme, "")),
            parts.path,
            parts.query,
            parts.fragment,
        )

    @classmethod
    def fromString(cls, url: str) -> Self:
        """Parse a URL; ValueError if it is not text."""
        if not isinstance(url, str):
            raise ValueError("'url' must be a str")
        return cls._parse(_quoted(url).decode("ascii"))

    @classmethod
    def fromBytes(cls, url: bytes) -> Self:
        """Parse a URL; ValueError if it is not bytes."""
        if not isinstance(url, bytes):
            raise ValueError("'url' must be bytes")
        return cls._parse(_quoted(url).decode("ascii"))

    @classmethod
    def fromRequest(cls, request: Any) -> Self:
        """Return the URL of a web request, up to what it has been traversed to."""
        return cls.fromBytes(request.prePathURL())

    def __str__(self) -> str:
        parts = (self.scheme, self.netloc, self.path, self.query, self.fragment)
        scheme, netloc, path, query, fragment = (part.decode("ascii") for part in parts)
        return urlunsplit((scheme, netloc, path, query, fragment))

    def __repr__(self) -> str:
        names = ("scheme", "netloc", "path", "query", "fragment")
        return f"URLPath({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    def pathList(self, unquote: bool = False, copy: bool = True) -> list[bytes]:
        """
        Return the names in the path; the first is empty.

        Args:
            unquote: Give them as they are meant.
            copy: Kept for programs that say so; the list is always the caller's.
        """
        names = self.path.split(b"/")
        return [unquote_to_bytes(name) for name in names] if unquote else names

    def _with_path(self, path: bytes, keepQuery: bool) -> Self:
        return type(self)(self.scheme, self.netloc, path, self.query if keepQuery else b"")

    def sibling(self, path: str | bytes, keepQuery: bool = False) -> Self:
        """Return the URL of something beside this."""
        start, _, _ = self.path.rpartition(b"/")
        return self._with_path(start + b"/" + _quoted(path, _KEPT_IN_SEGMENT), keepQuery)

    def child(self, path: str | bytes, keepQuery: bool = False) -> Self:
        """Return the URL of something below this."""
        start = self.path.removesuffix(b"/")
        return self._with_path(start + b"/" + _quoted(path, _KEPT_IN_SEGMENT), keepQuery)

    def parent(self, keepQuery: bool = False) -> Self:
        """Return the URL of the directory above the one that this is in: what ``..`` leads to."""
        return self._with_path(self.click("..").path, keepQuery)

    def here(self, keepQuery: bool = False) -> Self:
        """Return the URL of the directory that this is in: what ``.`` leads to."""
        return self._with_path(self.click(".").path, keepQuery)

    def click(self, st: str | bytes) -> Self:
        """Return where a link with this address leads from here."""
        return self._parse(urljoin(str(self), _quoted(st).decode("ascii")))
