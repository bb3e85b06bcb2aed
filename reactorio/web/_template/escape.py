"""
What text becomes, so that it means itself where it stands.

    content     between tags                    & < >
    attribute   in double quotes                & < > "
    comments and CDATA sections                 what would end them
    names       of tags and attributes          refused if they would be more than a name

Bytes are taken for UTF-8, and pass as they are otherwise.
"""

from __future__ import annotations

import re
from functools import lru_cache

# What ends a name, or begins something else (HTML sections 13.1.2.1 and 13.1.2.3); controls and spaces among it.
_not_in_names = re.compile(r"[\x00-\x20\x7f\"'<>/=]")

# What ends a comment, at its beginning and later (HTML section 13.1.6).
_ends_comment = re.compile(rb"\A-?>|--!?>")


def content(text: bytes | str) -> bytes:
    """Return text as it stands between tags."""
    data = text.encode() if isinstance(text, str) else text
    return data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")


def attribute(text: bytes | str) -> bytes:
    """Return text as it stands in an attribute's value, between double quotes."""
    data = text.encode() if isinstance(text, str) else text
    return data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;").replace(b'"', b"&quot;")


def cdata(text: bytes | str) -> bytes:
    """Return text as CDATA: one section, or several where the text has the end of one."""
    data = text.encode() if isinstance(text, str) else text
    return b"<![CDATA[" + data.replace(b"]]>", b"]]]]><![CDATA[>") + b"]]>"


def comment(text: bytes | str) -> bytes:
    """
    Return text as a comment.

    A comment knows no escapes: what would end it is changed. Unlike Twisted: so are ``--!>``, and ``>`` or ``->`` at its
    beginning, which end it for a browser.
    """
    data = text.encode() if isinstance(text, str) else text
    data = _ends_comment.sub(lambda match: match[0][:-1] + b"&gt;", data)
    return b"<!--" + data + (b" -->" if data.endswith(b"-") else b"-->")


@lru_cache(maxsize=1024)
def name(text: bytes | str) -> bytes:
    """
    Return the name of a tag or an attribute.

    Unlike Twisted: what is no name is refused, as it would be markup.

    Raises:
        UnicodeEncodeError: It is not ASCII.
        ValueError: It is empty, or has a character that no name has.
    """
    if isinstance(text, bytes):
        text = text.decode("ascii")
    data = text.encode("ascii")
    if not data or _not_in_names.search(text):
        raise ValueError(f"Not a name of a tag or an attribute: {text!r}")
    return data
