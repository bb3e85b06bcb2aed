"""Requests and responses, and their parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio.protocols._sip.errors import statusCodes
from reactorio.protocols._sip.uris import URL, parseURL
from reactorio.protocols.basic import LineReceiver

if TYPE_CHECKING:
    from collections.abc import Callable

__name__ = "reactorio.protocols.sip"  # the public path: see the package's docstring

# Section 7.3.3.
longHeaders = {
    "i": "call-id",
    "m": "contact",
    "e": "content-encoding",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "s": "subject",
    "t": "to",
    "v": "via",
}
shortHeaders = {name: short for short, name in longHeaders.items()}
specialCases = {"cseq": "CSeq", "call-id": "Call-ID", "www-authenticate": "WWW-Authenticate"}

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_NUMBER = re.compile(r"[0-9]{1,9}")


def dashCapitalize(s: str) -> str:
    """Return ``s`` with each of its words between dashes capitalized."""
    return "-".join(word.capitalize() for word in s.split("-"))


class Message:
    """
    A request or a response.

    Text stands for bytes in UTF-8; bytes that are something else are in it as lone surrogates, and become bytes again.

    Attributes:
        headers: The values of each header, by its long name in lower case.
        body: The body.
        finished: 1 once all of it is there.
        length: How many bytes the body has to have; None if the headers do not say.
    """

    length: int | None = None

    def __init__(self) -> None:
        self.headers: dict[str, list[str]] = {}
        self.body = ""
        self.finished = 0

    def addHeader(self, name: str, value: str) -> None:
        """Add a header; the short names stand for the long ones."""
        name = longHeaders.get(name.lower(), name.lower())
        if name == "content-length":
            self.length = int(value)
        self.headers.setdefault(name, []).append(value)

    def bodyDataReceived(self, data: str) -> None:
        """Add to the body."""
        self.body += data

    def creationFinished(self) -> None:
        """
        All of it is there.

        Raises:
            ValueError: The body has another length than the headers say.
        """
        if self.length is not None and self.length != len(to_bytes(self.body)):
            raise ValueError("wrong body length")
        self.finished = 1

    def toString(self) -> str:
        """Return it as it goes onto the wire."""
        lines = [self._first_line()]
        for name, values in self.headers.items():
            written = specialCases.get(name) or dashCapitalize(name)
            lines += [f"{written}: {value}" for value in values]
        return "\r\n".join([*lines, "", self.body])

    def _first_line(self) -> str:
        raise NotImplementedError


class Request(Message):
    """
    A request.

    Args:
        method: What is asked for.
        uri: Of whom: a `URL`, or the text of one.
        version: The protocol's.

    Raises:
        ValueError: ``uri`` is none.
    """

    def __init__(self, method: str, uri: str | URL, version: str = "SIP/2.0") -> None:
        super().__init__()
        self.method = method
        self.uri = uri if isinstance(uri, URL) else parseURL(uri)
        self.version = version

    def _first_line(self) -> str:
        return f"{self.method} {self.uri.toString()} {self.version}"


class Response(Message):
    """
    A response.

    Args:
        code: How it went.
        phrase: The same in words; by default what `statusCodes` says.
        version: The protocol's.
    """

    def __init__(self, code: int, phrase: str | None = None, version: str = "SIP/2.0") -> None:
        super().__init__()
        self.code = code
        self.phrase = statusCodes[code] if phrase is None else phrase
        self.version = version

    def _first_line(self) -> str:
        return f"{self.version} {self.code} {self.phrase}"


def to_bytes(text: str) -> bytes:
    """Return what ``text`` stands for on the wire."""
    return text.encode("utf-8", "surrogateescape")


def _to_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class MessagesParser(LineReceiver):
    """
    Takes bytes, or text, and calls a function with each message.

    What is malformed is dropped with all that follows it, until `dataDone`: in UDP, with its datagram.

    Args:
        messageReceivedCallback: The function.

    Attributes:
        acceptRequests, acceptResponses: What is taken; the other is malformed.
        MAX_MESSAGE: How long a message may be, in bytes.
    """

    version = "SIP/2.0"
    acceptResponses: int | bool = 1
    acceptRequests: int | bool = 1
    MAX_MESSAGE = 65536

    def __init__(self, messageReceivedCallback: Callable[[Message], Any]) -> None:
        self.messageReceived = messageReceivedCallback
        self.reset()

    def reset(self) -> None:
        """Expect a new message."""
        # The first line, the headers or the body of a message is expected; or it is malformed.
        self.state = "firstline"
        self.message: Any = None
        self._header: str | None = None
        self._body: list[bytes] = []
        self._missing: int | None = None
        self._size = 0

    def dataReceived(self, data: bytes | str) -> Any:
        """Take what arrived."""
        return super().dataReceived(to_bytes(data) if isinstance(data, str) else data)

    def dataDone(self) -> None:
        """There is no more: a message whose length is not known is complete, and what is incomplete is dropped."""
        self.clearLineBuffer()
        if self.state == "body" and self._missing is None:
            self._finish()
        self.reset()
        self.setLineMode()

    def invalidMessage(self) -> None:
        """It is malformed."""
        self.state = "invalid"
        self.setRawMode()

    def lineLengthExceeded(self, line: bytes) -> None:
        self.invalidMessage()

    def lineReceived(self, line: bytes) -> None:
        """Take a line."""
        self._size += len(line)
        if self._size > self.MAX_MESSAGE:
            self.invalidMessage()
        elif self.state == "firstline":
            # Blank lines, and halves of them, may come before a message (section 7.5).
            text = _to_text(line).lstrip("\r\n")
            if text:
                self._take_first_line(text)
        else:
            self._take_header(_to_text(line))

    def _take_first_line(self, line: str) -> None:
        words = line.split(" ", 2)
        if len(words) != 3 or re.search("[\r\n\0]", line):
            self.invalidMessage()
        elif words[0] == self.version:
            _, code, phrase = words
            if self.acceptResponses and re.fullmatch("[1-6][0-9]{2}", code):
                self.message = Response(int(code), phrase)
        elif words[2] == self.version and self.acceptRequests and _TOKEN.fullmatch(words[0]):
            try:
                self.message = Request(words[0], words[1])
            except ValueError:
                pass  # no URI: there is no message, and it is invalid
        if self.message is None:
            self.invalidMessage()
        else:
            self.state = "headers"

    def _take_header(self, line: str) -> None:
        # Half an end of line would be a whole one to somebody we pass it on to.
        if re.search("[\r\n\0]", line) or (line[:1] in " \t" and line and self._header is None):
            self.invalidMessage()
        elif line[:1] in (" ", "\t"):
            # A header goes on (section 7.3.1).
            self._header = f"{self._header}{line.lstrip()}"
        elif self._end_header() and line:
            self._header = line
        elif self.state == "headers":
            self._begin_body()

    def _end_header(self) -> bool:
        """Add the header that is complete now, if there is one; return whether all is well."""
        header, self._header = self._header, None
        if header is None:
            return True
        name, colon, value = header.partition(":")
        name, value = name.strip(), value.strip()
        of_length = name.lower() in ("content-length", "l")
        if not colon or not _TOKEN.fullmatch(name) or (of_length and not self._is_length(value)):
            self.invalidMessage()
            return False
        self.message.addHeader(name, value)
        return True

    def _is_length(self, value: str) -> bool:
        # One that is given twice could be read in two ways.
        known = self.message.length
        return _NUMBER.fullmatch(value) is not None and int(value) <= self.MAX_MESSAGE and known in (None, int(value))

    def _begin_body(self) -> None:
        self.state = "body"
        self._missing = self.message.length
        if self._missing == 0:
            self._finish()
            self.reset()
        else:
            self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        """Take a part of the body."""
        if self.state != "body":
            return
        piece = data if self._missing is None else data[: self._missing]
        self._size += len(piece)
        if self._size > self.MAX_MESSAGE:
            self.invalidMessage()
            return
        self._body.append(piece)
        if self._missing is None:
            return
        self._missing -= len(piece)
        if not self._missing:
            self._finish()
            self.reset()
            self.setLineMode(data[len(piece) :])

    def _finish(self) -> None:
        message = self.message
        message.bodyDataReceived(_to_text(b"".join(self._body)))
        message.creationFinished()
        self.messageReceived(message)
