"""
HTTP, the server's side: connections, requests, status codes, dates. The work is in ``reactorio.web._http``.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from reactorio.python.deprecate import deprecatedModuleAttribute
from reactorio.python.versions import Version
from reactorio.web._abnf import _hexint as _hexint
from reactorio.web._abnf import _istoken as _istoken
from reactorio.web._http.answering import CACHED, NO_BODY_CODES
from reactorio.web._http.bodies import (
    PotentialDataLoss,
    maxChunkSizeLineLength,
)
from reactorio.web._http.bodies import (
    _ChunkedTransferDecoder as _ChunkedTransferDecoder,
)
from reactorio.web._http.bodies import (
    _DataLoss as _DataLoss,
)
from reactorio.web._http.bodies import (
    _IdentityTransferDecoder as _IdentityTransferDecoder,
)
from reactorio.web._http.bodies import (
    _MalformedChunkedDataError as _MalformedChunkedDataError,
)
from reactorio.web._http.channel import HTTPChannel
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
from reactorio.web._http.forms import (
    _getMultiPartArgs as _getMultiPartArgs,
)
from reactorio.web._http.forms import (
    _MultiPartParseException as _MultiPartParseException,
)
from reactorio.web._http.forms import (
    _parseContentType as _parseContentType,
)
from reactorio.web._http.generic import (
    H2_ENABLED,
)
from reactorio.web._http.generic import (
    _GenericHTTPChannelProtocol as _GenericHTTPChannelProtocol,
)
from reactorio.web._http.generic import (
    _genericHTTPChannelProtocolFactory as _genericHTTPChannelProtocolFactory,
)
from reactorio.web._http.interfaces import (
    _IDeprecatedHTTPChannelToRequestInterface as _IDeprecatedHTTPChannelToRequestInterface,
)
from reactorio.web._http.limits import Limits
from reactorio.web._http.logs import (
    _escape as _escape,
)
from reactorio.web._http.logs import (
    _XForwardedForAddress as _XForwardedForAddress,
)
from reactorio.web._http.logs import (
    _XForwardedForRequest as _XForwardedForRequest,
)
from reactorio.web._http.logs import (
    combinedLogFormatter,
    proxiedLogFormatter,
)
from reactorio.web._http.queries import fromChunk, parse_qs, parseContentRange, toChunk, unquote, urlparse
from reactorio.web._http.request import Request
from reactorio.web._http.request import _getContentFile as _getContentFile
from reactorio.web._responses import (
    ACCEPTED,
    BAD_GATEWAY,
    BAD_REQUEST,
    CONFLICT,
    CREATED,
    EXPECTATION_FAILED,
    FORBIDDEN,
    FOUND,
    GATEWAY_TIMEOUT,
    GONE,
    HTTP_VERSION_NOT_SUPPORTED,
    IM_A_TEAPOT,
    INSUFFICIENT_STORAGE_SPACE,
    INTERNAL_SERVER_ERROR,
    LENGTH_REQUIRED,
    MISDIRECTED_REQUEST,
    MOVED_PERMANENTLY,
    MULTI_STATUS,
    MULTIPLE_CHOICE,
    NO_CONTENT,
    NON_AUTHORITATIVE_INFORMATION,
    NOT_ACCEPTABLE,
    NOT_ALLOWED,
    NOT_EXTENDED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    NOT_MODIFIED,
    OK,
    PARTIAL_CONTENT,
    PAYMENT_REQUIRED,
    PERMANENT_REDIRECT,
    PRECONDITION_FAILED,
    PROXY_AUTH_REQUIRED,
    REQUEST_ENTITY_TOO_LARGE,
    REQUEST_HEADER_FIELDS_TOO_LARGE,
    REQUEST_TIMEOUT,
    REQUEST_URI_TOO_LONG,
    REQUESTED_RANGE_NOT_SATISFIABLE,
    RESET_CONTENT,
    RESPONSES,
    SEE_OTHER,
    SERVICE_UNAVAILABLE,
    SWITCHING,
    TEMPORARY_REDIRECT,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA_TYPE,
    USE_PROXY,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ACCEPTED",
    "BAD_GATEWAY",
    "BAD_REQUEST",
    "CACHED",
    "CONFLICT",
    "CREATED",
    "EXPECTATION_FAILED",
    "FORBIDDEN",
    "FOUND",
    "GATEWAY_TIMEOUT",
    "GONE",
    "H2_ENABLED",
    "HTTP_VERSION_NOT_SUPPORTED",
    "IM_A_TEAPOT",
    "INSUFFICIENT_STORAGE_SPACE",
    "INTERNAL_SERVER_ERROR",
    "LENGTH_REQUIRED",
    "MISDIRECTED_REQUEST",
    "MOVED_PERMANENTLY",
    "MULTIPLE_CHOICE",
    "MULTI_STATUS",
    "NON_AUTHORITATIVE_INFORMATION",
    "NOT_ACCEPTABLE",
    "NOT_ALLOWED",
    "NOT_EXTENDED",
    "NOT_FOUND",
    "NOT_IMPLEMENTED",
    "NOT_MODIFIED",
    "NO_BODY_CODES",
    "NO_CONTENT",
    "OK",
    "PARTIAL_CONTENT",
    "PAYMENT_REQUIRED",
    "PERMANENT_REDIRECT",
    "PRECONDITION_FAILED",
    "PROXY_AUTH_REQUIRED",
    "REQUESTED_RANGE_NOT_SATISFIABLE",
    "REQUEST_ENTITY_TOO_LARGE",
    "REQUEST_HEADER_FIELDS_TOO_LARGE",
    "REQUEST_TIMEOUT",
    "REQUEST_URI_TOO_LONG",
    "RESET_CONTENT",
    "RESPONSES",
    "SEE_OTHER",
    "SERVICE_UNAVAILABLE",
    "SWITCHING",
    "TEMPORARY_REDIRECT",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "USE_PROXY",
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


deprecatedModuleAttribute(Version("Twisted", 24, 7, 0), "Use twisted.web.client.Agent instead.", __name__, "HTTPClient")
