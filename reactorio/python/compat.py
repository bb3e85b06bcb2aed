"""What is left of the bridge between Pythons: strings, bytes, and small things that applications still import."""

from __future__ import annotations

import codecs
import functools
import importlib
import io
import os
import sys
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from io import StringIO as NativeStringIO
from io import TextIOBase
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    import http.cookiejar as cookielib
    import urllib.parse as urllib_parse
    from html import escape
    from types import CodeType, FrameType, TracebackType
    from urllib.parse import quote as urlquote
    from urllib.parse import unquote as urlunquote

__all__ = [
    "FileType",
    "NativeStringIO",
    "Sequence",
    "StringType",
    "bytesEnviron",
    "cmp",
    "comparable",
    "cookielib",
    "currentframe",
    "escape",
    "execfile",
    "frozenset",
    "intToBytes",
    "intern",
    "ioType",
    "items",
    "iterbytes",
    "iteritems",
    "itervalues",
    "lazyByteSlice",
    "long",
    "nativeString",
    "networkString",
    "range",
    "raw_input",
    "reduce",
    "reraise",
    "set",
    "unichr",
    "unicode",
    "urllib_parse",
    "urlquote",
    "urlunquote",
    "xrange",
]

_K = TypeVar("_K")
_V = TypeVar("_V")
_Class = TypeVar("_Class", bound=type)

_PYPY = sys.implementation.name == "pypy"

# Python 2's names, and Python 3's builtins by their old addresses.
FileType = TextIOBase
StringType = unicode = str
long = int
xrange = range
set = set
frozenset = frozenset
range = range
unichr = chr
raw_input = input
intern = sys.intern
reduce = functools.reduce

# Imported when they are asked for: everything imports this module, few want these, and cookiejar alone takes 25 ms.
_LAZY = {
    "cookielib": ("http.cookiejar", None),
    "escape": ("html", "escape"),
    "urllib_parse": ("urllib.parse", None),
    "urlquote": ("urllib.parse", "quote"),
    "urlunquote": ("urllib.parse", "unquote"),
}


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _LAZY[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    found: Any = importlib.import_module(module)
    if attribute is not None:
        found = getattr(found, attribute)
    globals()[name] = found
    return found


def currentframe(n: int = 0) -> FrameType:
    """Return the caller's frame, or the one ``n`` calls further out."""
    return sys._getframe(n + 1)


def execfile(filename: str | bytes, globals: dict[str, Any], locals: Mapping[str, Any] | None = None) -> None:
    """Run a file of Python source in the given namespaces."""
    with io.open_code(os.fspath(os.fsdecode(filename))) as source:
        code: CodeType = compile(source.read(), filename, "exec", dont_inherit=True)
    exec(code, globals, globals if locals is None else locals)


def cmp(a: object, b: object) -> int:
    """Return -1, 0 or 1 as ``a`` is less than, equal to or greater than ``b``."""
    if a == b:
        return 0
    return -1 if a < b else 1  # type: ignore[operator]  # what has no order raises TypeError, as it should


def comparable(klass: _Class) -> _Class:
    """Give a class that has ``__cmp__`` the six comparisons."""

    def comparison(holds: Callable[[int], bool]) -> Callable[[Any, Any], Any]:
        def compare(self: Any, other: Any) -> Any:
            result = self.__cmp__(other)
            return result if result is NotImplemented else holds(result)

        return compare

    for name, holds in _COMPARISONS.items():
        method = comparison(holds)
        method.__name__ = name
        method.__qualname__ = f"{klass.__qualname__}.{name}"
        setattr(klass, name, method)
    return klass


_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "__eq__": lambda order: order == 0,
    "__ne__": lambda order: order != 0,
    "__lt__": lambda order: order < 0,
    "__le__": lambda order: order <= 0,
    "__gt__": lambda order: order > 0,
    "__ge__": lambda order: order >= 0,
}


def ioType(fileIshObject: object, default: type = str) -> type:
    """
    Tell what a file reads and writes: ``str`` or ``bytes``.

    Returns:
        ``default`` for an object that does not show it.
    """
    if isinstance(fileIshObject, io.TextIOBase):
        return str
    if isinstance(fileIshObject, io.IOBase):
        return bytes
    if isinstance(fileIshObject, (codecs.StreamReaderWriter, codecs.StreamReader, codecs.StreamWriter)):
        # codecs.open() without an encoding is no codec at all: it hands out the binary file (see above).
        return str
    return default


def nativeString(s: str | bytes) -> str:
    """
    Return ``s`` as text.

    Raises:
        UnicodeError: It is not ASCII.
        TypeError: It is neither text nor bytes.
    """
    if isinstance(s, bytes):
        return s.decode("ascii")
    if isinstance(s, str):
        s.encode("ascii")
        return s
    raise TypeError(f"{s!r} is neither bytes nor str")


def networkString(s: str) -> bytes:
    """
    Return the text as it goes over a wire.

    Raises:
        UnicodeError: It is not ASCII.
        TypeError: It is not text.
    """
    if not isinstance(s, str):
        raise TypeError(f"Can only convert strings to bytes, not {s!r}")
    return s.encode("ascii")


def reraise(exception: BaseException, traceback: TracebackType | None) -> NoReturn:
    """Raise an exception again, from here or, if a traceback is given, from there."""
    raise exception.with_traceback(traceback)


def iterbytes(originalBytes: bytes) -> Iterator[bytes]:
    """Go through bytes one by one, each as bytes."""
    return (originalBytes[i : i + 1] for i in range(len(originalBytes)))


def intToBytes(i: int) -> bytes:
    """Return a number in ASCII digits."""
    return b"%d" % i


def lazyByteSlice(object: bytes, offset: int = 0, size: int | None = None) -> memoryview:
    """Look at a part of ``object``, without a copy: ``size`` bytes, or all from ``offset`` on."""
    view = memoryview(object)
    return view[offset:] if size is None else view[offset : offset + size]


def bytesEnviron() -> dict[bytes, bytes]:
    """Return the process's environment in bytes."""
    return {os.fsencode(key): os.fsencode(value) for key, value in os.environ.items()}


def items(d: Mapping[_K, _V]) -> list[tuple[_K, _V]]:
    return list(d.items())


def iteritems(d: Mapping[_K, _V]) -> ItemsView[_K, _V]:
    return d.items()


def itervalues(d: Mapping[_K, _V]) -> ValuesView[_V]:
    return d.values()
