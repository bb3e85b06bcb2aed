"""
HTTP, the server's side: connections, requests, status codes, dates. The work is in ``reactorio.web._http``.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING



from reactorio.python.deprecate import deprecatedModuleAttribute
from reactorio.python.versions import Version
from reactorio.web import _responses
from reactorio.web._abnf import _hexint as _hexint
from reactorio.web._abnf import _istoken as _istoken
from reactorio.web._http.answering import CACHED, NO_BODY_CODES
from reactorio.web._http.bodies import (
    PotentialDataLoss,
    _ChunkedTransferDecoder,
    _DataLoss,
    _IdentityTransferDecoder,
    _MalformedChunkedDataError,
    maxChunkSizeLineLength,
)
from reactorio.web._http.channel import HTTPChannel, _NoPushProducer
from reactorio.web._http.client import HTTPClient
from reactorio.web._http.dates import (
    datetimeToLogString,
    datetimeToString,
    monthname,
    monthname_lower,
    stringToDatetime,
    timegm,
    weekdayname,
    weekdayname_lower,
)
from reactorio.web._http.factory import HTTPFactory
from reactorio.web._http.forms import _getMultiPartArgs, _MultiPartParseException, _parseContentType
from reactorio.web._http.generic import (
    H2_ENABLED,
    _genericHTTPChannelProtocolFactory,
    _GenericHTTPChannelProtocol,
)
from reactorio.web._http.interfaces import _IDeprecatedHTTPChannelToRequestInterface
from reactorio.web._http.limits import Limits
from reactorio.web._http.logs import (
    _escape,
    _XForwardedForAddress,
    _XForwardedForRequest,
    combinedLogFormatter,
    proxiedLogFormatter,
)
from reactorio.web._http.queries import fromChunk, parse_qs, parseContentRange, toChunk, unquote, urlparse
from reactorio.web._http.request import Request, _getContentFile
from reactorio.web._responses import *
from reactorio.web._responses import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CACHED",
    "H2_ENABLED",
    "NO_BODY_CODES",
    "HTTPChannel",
    "HTTPClient",
    "HTTPFactory",
    "Limits",
    "PotentialDataLoss",
    "Request",
    "StringTransport",
    "combinedLogFormatter",
    "datetimeToLogString",
    "datetimeToString",
    "fromChunk",
    "maxChunkSizeLineLength",
    "monthname",
    "monthname_lower",
    "parseContentRange",
    "parse_qs",
    "protocol_version",
    "proxiedLogFormatter",
    "responses",
    "stringToDatetime",
    "timegm",
    "toChunk",
    "unquote",
    "urlparse",
    "weekdayname",
    "weekdayname_lower",
]
__all__ += [name for name in vars(_responses) if name.isupper() and not name.startswith("_")]

protocol_version = "HTTP/1.1"
responses = RESPONSES


class StringTransport:
    """A file of bytes that can be written to as to a transport."""

    def __init__(self) -> None:
        self.s = BytesIO()

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write the concatenation of ``seq``."""
        self.s.write(b"".join(seq))

    def __getattr__(self, attr: str) -> object:
        return getattr(self.__dict__["s"], attr)


deprecatedModuleAttribute(
    Version("Twisted", 24, 7, 0), "Use twisted.web.client.Agent instead.", __name__, "HTTPClient"
)
