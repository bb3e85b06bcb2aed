"""
What goes wrong between a request and its response.

    RequestNotSent               the connection could not take the request
    WrongBodyLength              a body is not as long as its producer said
    ExcessWrite                  a producer writes after the end of its body
    BadHeaders                   a request's fields make no request
    ConnectionAborted            `HTTP11ClientProtocol.abort` ended it
    ParseError                   that is no HTTP
      BadResponseVersion
      ResponseTooLarge           it is, but more than a client takes (also a ConnectionDone)
    RequestGenerationFailed      the request's body could not be made    (these three have ``reasons``)
    RequestTransmissionFailed    the connection ended before the request was sent
    ResponseFailed               the connection ended before the response was whole
      ResponseNeverReceived      … before it had begun
    ResponseDone                 nothing went wrong: the body is whole
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reactorio.internet.error import ConnectionDone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reactorio.python.failure import Failure
    from reactorio.web.iweb import IResponse

__name__ = "reactorio.web._newclient"  # the public path


class BadHeaders(Exception):
    """A request's header fields make no request: there is to be one Host."""


class ExcessWrite(Exception):
    """A body's producer writes more after it said that it was done, or was told to stop."""


class ParseError(Exception):
    """
    What came is no HTTP.

    Attributes:
        data: The part that is not.
    """

    def __init__(self, reason: str, data: object) -> None:
        super().__init__(reason, data)
        self.data = data


class BadResponseVersion(ParseError):
    """A status line begins with no version."""


class ResponseTooLarge(ParseError, ConnectionDone):
    """
    There is more of a response than a client takes; see `reactorio.web.client.ResponseLimits`.

    It is a ConnectionDone as well, which is what Twisted reports in its place.
    """

    def __str__(self) -> str:
        return str(self.args[0])


class _WrapperException(Exception):
    """
    Attributes:
        reasons: The Failures that led here.
    """

    def __init__(self, reasons: Sequence[Failure]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


class RequestGenerationFailed(_WrapperException):
    """The request could not be made: its body's producer failed, say."""


class RequestTransmissionFailed(_WrapperException):
    """The connection ended before the request was sent."""


class ConnectionAborted(Exception):
    """The application ended the connection."""


class WrongBodyLength(Exception):
    """A request's body is not as long as its producer said it would be."""


class ResponseDone(Exception):
    """The body of a response is whole; what its protocol's connectionLost is given."""


class ResponseFailed(_WrapperException):
    """
    The response is not whole.

    Attributes:
        response: As much as there is of it, None if its header was not whole.
    """

    def __init__(self, reasons: Sequence[Failure], response: IResponse | None = None) -> None:
        super().__init__(reasons)
        self.response = response


class ResponseNeverReceived(ResponseFailed):
    """Nothing came: the server may not have taken the request."""


class RequestNotSent(Exception):
    """The connection is busy, or closed: nothing of the request was sent."""
