"""
What goes wrong with HTTP, and with pages made of templates.

    Exception
      Error                         a status, of a response that came or is to be sent
        PageRedirect                a redirection that is not followed
        InfiniteRedirection         one more redirection than is followed
        RedirectWithNoLocation      a redirection to nowhere
      UnsupportedMethod             a resource has no such method
      SchemeNotSupported            an agent asks no such URIs
      UnsupportedSpecialHeader      HTTP/2 has no such header field
      ExcessiveBufferingError       more is kept than is allowed
      RenderError
        MissingRenderMethod         a template asks for a method that its element has not
        MissingTemplateLoader       an element has no template
      UnexposedMethodError          the method is there, but not for templates
      UnfilledSlot                  a slot has neither content nor default
      UnsupportedType               no template can hold such an object
      FlattenerError                one of those, or another, and where in the document
"""

from __future__ import annotations

import traceback as _traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reactorio.web._responses import RESPONSES
from reactorio.web._stan import Tag

if TYPE_CHECKING:
    from reactorio.web.iweb import IRenderable

__all__ = [
    "Error",
    "ExcessiveBufferingError",
    "FlattenerError",
    "InfiniteRedirection",
    "MissingRenderMethod",
    "MissingTemplateLoader",
    "PageRedirect",
    "RedirectWithNoLocation",
    "RenderError",
    "SchemeNotSupported",
    "UnexposedMethodError",
    "UnfilledSlot",
    "UnsupportedMethod",
    "UnsupportedSpecialHeader",
    "UnsupportedType",
]

# As much of a string on either side is shown where it is too long to be shown whole.
_SHOWN = 20


def _codeToMessage(code: int | bytes) -> bytes | None:
    """Return the reason phrase of a status, or None if it has none."""
    try:
        return RESPONSES.get(int(code))
    except ValueError:
        return None


class Error(Exception):
    """
    A status that says no.

    Attributes:
        status: Three digits, as bytes.
        message: The reason phrase as given, or the status's own; None if it has none.
        response: The body, if there is one.
    """

    status: bytes
    message: bytes | None
    response: bytes | None

    def __init__(self, code: int | bytes, message: bytes | None = None, response: bytes | None = None) -> None:
        """
        Raises:
            ValueError: The code is text other than three digits.
        """
        message = message or _codeToMessage(code)
        super().__init__(code, message, response)
        if isinstance(code, int):
            code = b"%d" % code
        elif len(code) != 3 or not code.isdigit():
            raise ValueError(f"Not a valid HTTP status code: {code!r}")
        self.status = code
        self.message = message
        self.response = response

    def __str__(self) -> str:
        parts = [self.status] if self.message is None else [self.status, self.message]
        # What a peer sent need not be ASCII (RFC 9112 section 4), and is to be shown all the same.
        return b" ".join(parts).decode("ascii", "backslashreplace")


def _towards(code: int | bytes, message: bytes | None, location: bytes | None) -> bytes | None:
    """Return the message of a redirection: the phrase, and where it leads."""
    message = message or _codeToMessage(code)
    return message + b" to " + location if message and location else message


class _Redirection(Error):
    location: bytes | None

    def __init__(
        self,
        code: int | bytes,
        message: bytes | None = None,
        response: bytes | None = None,
        location: bytes | None = None,
    ) -> None:
        super().__init__(code, message, response)
        self.message = _towards(code, message, location)
        self.location = location


class PageRedirect(_Redirection):
    """
    A redirection that nobody followed.

    Attributes:
        location: Where it leads, if that is known.
    """


class InfiniteRedirection(_Redirection):
    """
    A redirection after as many others as are followed.

    Attributes:
        location: Where it leads, if that is known.
    """


class RedirectWithNoLocation(Error):
    """
    A redirection that does not say where it leads.

    Attributes:
        uri: What was asked for.
    """

    uri: bytes

    def __init__(self, code: bytes | int, message: bytes, uri: bytes) -> None:
        super().__init__(code, message)
        self.message = _towards(code, message, uri)
        self.uri = uri


class UnsupportedMethod(Exception):
    """
    A resource is asked with a method that it does not have. Raised by its ``render``, it becomes the status 405 or 501.

    Attributes:
        allowedMethods: The methods that it has.
    """

    allowedMethods: Sequence[bytes]

    def __init__(self, allowedMethods: Sequence[bytes], *args: Any) -> None:
        """
        Raises:
            TypeError: It is no sequence.
        """
        super().__init__(allowedMethods, *args)
        if not isinstance(allowedMethods, Sequence):
            raise TypeError(
                "First argument must be a sequence of supported methods, but my first argument is not a sequence."
            )
        self.allowedMethods = allowedMethods

    def __str__(self) -> str:
        return f"Expected one of {self.allowedMethods!r}"


class SchemeNotSupported(Exception):
    """An agent is asked for a URI of a scheme that it does not know."""


class UnsupportedSpecialHeader(Exception):
    """A request over HTTP/2 has a field with a colon that no request has (RFC 9113 section 8.3.1)."""


class ExcessiveBufferingError(Exception):
    """A peer asks for more to be kept than there is room for: over HTTP/2, answers that it does not take."""


class RenderError(Exception):
    """An element cannot be rendered."""


class MissingRenderMethod(RenderError):
    """
    A template asks for a method that its element does not show (`reactorio.web.template.renderer`).

    Attributes:
        element: The element.
        renderName: The method's name.
    """

    def __init__(self, element: IRenderable, renderName: str) -> None:
        super().__init__(element, renderName)
        self.element = element
        self.renderName = renderName

    def __repr__(self) -> str:
        return f"{type(self).__name__!r}: {self.element!r} had no render method named {self.renderName!r}"


class MissingTemplateLoader(RenderError):
    """
    An element has no template.

    Attributes:
        element: The element.
    """

    def __init__(self, element: IRenderable) -> None:
        super().__init__(element)
        self.element = element

    def __repr__(self) -> str:
        return f"{type(self).__name__!r}: {self.element!r} had no loader"


class UnexposedMethodError(Exception):
    """There is no such method, or it is not exposed."""


class UnfilledSlot(Exception):
    """A slot has nothing to be filled with."""


class UnsupportedType(Exception):
    """An object is of no type that a document can hold."""


class FlattenerError(Exception):
    """
    A document cannot be written.

    ``args`` are the exception, the objects within which it was raised (the outermost first) and the traceback, a list as
    `traceback.extract_tb` gives it. `str` shows them: where in the template, then where in the program.
    """

    def __init__(self, exception: Exception, roots: Sequence[Any], traceback: Any) -> None:
        self._exception = exception
        self._roots = roots
        self._traceback = traceback
        super().__init__(exception, roots, traceback)

    def _formatRoot(self, obj: Any) -> str:
        """Return a line that says which object it is, without its content where that is long."""
        if isinstance(obj, (bytes, str)):
            return self._formatString(obj)
        if not isinstance(obj, Tag):
            return repr(obj)
        if obj.filename is None:
            return f"Tag <{obj.tagName!s}>"
        return f'File "{obj.filename}", line {obj.lineNumber}, column {obj.columnNumber}, in "{obj.tagName!s}"'

    def _formatString(self, text: bytes | str) -> str:
        if len(text) > 2 * _SHOWN:
            if isinstance(text, str):
                text = f"{text[:_SHOWN]}<...>{text[-_SHOWN:]}"
            else:
                text = text[:_SHOWN] + b"<...>" + text[-_SHOWN:]
        return ascii(text)

    def __repr__(self) -> str:
        roots = [f"  {self._formatRoot(root)}\n" for root in self._roots or ()]
        frames = _traceback.format_list(self._traceback or [])
        last = _traceback.format_exception_only(type(self._exception), self._exception)
        return "".join(["Exception while flattening:\n", *roots, *frames, *last])

    def __str__(self) -> str:
        return repr(self)
