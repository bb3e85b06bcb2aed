"""
One client connection: `HTTP11ClientProtocol`, and what it is made of. The work is in ``reactorio.web._client``.
"""

from __future__ import annotations

from reactorio.web._client.errors import (
    BadHeaders,
    BadResponseVersion,
    ConnectionAborted,
    ExcessWrite,
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
    ResponseTooLarge,
    WrongBodyLength,
)
from reactorio.web._client.errors import (
    _WrapperException as _WrapperException,  # private, and yet caught by applications
)
from reactorio.web._client.lines import (
    BODY,
    DONE,
    HEADER,
    NO_CONTENT,
    NOT_MODIFIED,
    STATUS,
    HTTPClientParser,
    HTTPParser,
)
from reactorio.web._client.lines import (
    _contentLength as _contentLength,
)
from reactorio.web._client.protocol import HTTP11ClientProtocol
from reactorio.web._client.request import ChunkedEncoder, LengthEnforcingConsumer, Request
from reactorio.web._client.response import Response, TransportProxyProducer, makeStatefulDispatcher
from reactorio.web._client.uri import (
    _VALID_URI as _VALID_URI,
)
from reactorio.web._client.uri import (
    _ensureValidMethod as _ensureValidMethod,
)
from reactorio.web._client.uri import (
    _ensureValidURI as _ensureValidURI,
)
from reactorio.web._http.bodies import PotentialDataLoss
from reactorio.web.iweb import UNKNOWN_LENGTH

__all__ = [
    "BODY",
    "DONE",
    "HEADER",
    "NOT_MODIFIED",
    "NO_CONTENT",
    "STATUS",
    "UNKNOWN_LENGTH",
    "BadHeaders",
    "BadResponseVersion",
    "ChunkedEncoder",
    "ConnectionAborted",
    "ExcessWrite",
    "HTTP11ClientProtocol",
    "HTTPClientParser",
    "HTTPParser",
    "LengthEnforcingConsumer",
    "ParseError",
    "PotentialDataLoss",
    "Request",
    "RequestGenerationFailed",
    "RequestNotSent",
    "RequestTransmissionFailed",
    "Response",
    "ResponseDone",
    "ResponseFailed",
    "ResponseNeverReceived",
    "ResponseTooLarge",
    "TransportProxyProducer",
    "WrongBodyLength",
    "makeStatefulDispatcher",
]
