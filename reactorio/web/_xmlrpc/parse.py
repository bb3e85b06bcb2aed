"""
XML-RPC as it comes from others: parsed by expat into the unmarshaller of the standard library, within limits.

A message that declares a document type is refused: XML-RPC has none, and entities could expand to gigabytes (the "billion
laughs") or name files. So is one that is nested too deep.
"""

from __future__ import annotations

import xmlrpc.client as xmlrpclib
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_DEPTH", "MAX_SIZE", "loads"]

# Bytes of a message.
MAX_SIZE = 64 * 1024**2

# Elements within elements; an array in an array is four. What is deeper, Python could not write again without recursing
# beyond its limit.
MAX_DEPTH = 500


def _refuse(*args: Any) -> None:
    raise xmlrpclib.ResponseError("a document type is not allowed")


def loads(
    content: bytes | str, use_datetime: bool = False, max_size: int = MAX_SIZE
) -> tuple[tuple[Any, ...], str | None]:
    """
    Return a message's parameters, and the name of the method if it is a call.

    Args:
        use_datetime: Dates become `datetime.datetime`, and not `xmlrpc.client.DateTime`.

    Raises:
        xmlrpc.client.Fault: That is what it says.
        xmlrpc.client.ResponseError: It is no message, or beyond the limits.
        xml.parsers.expat.ExpatError: It is not XML.
        Exception: What the unmarshaller raises for a value that is none.
    """
    if len(content) > max_size:
        raise xmlrpclib.ResponseError(f"more than {max_size} bytes")
    unmarshaller: Any = xmlrpclib.Unmarshaller(use_datetime=use_datetime)
    parser = expat.ParserCreate("utf-8" if isinstance(content, str) else None)
    start: Callable[[str, dict[str, str]], Any] = unmarshaller.start
    end: Callable[[str], Any] = unmarshaller.end
    depth = 0

    def starting(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise xmlrpclib.ResponseError(f"nested deeper than {MAX_DEPTH} elements")
        start(name, attributes)

    def ending(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name)

    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = starting
    parser.EndElementHandler = ending
    parser.CharacterDataHandler = unmarshaller.data
    # Text comes decoded.
    unmarshaller.xml(None, None)
    feed: Callable[[bytes | str, bool], Any] = parser.Parse
    feed(content, True)
    return unmarshaller.close(), unmarshaller.getmethodname()
