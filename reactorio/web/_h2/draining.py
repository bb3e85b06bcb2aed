"""
The end of an HTTP/2 connection whose server is about to end (RFC 9113 section 6.8).

A first GOAWAY says that there will be an end: requests that are on their way are still answered. A second one says which
was the last that is; the client may ask the others elsewhere. When all are answered, the connection is closed.

The first one waits until nothing is under way, as clients on h2 (httpx, Twisted) take no answer behind it. Only a client
that never stops asking is told earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hyperframe.frame import GoAwayFrame

from reactorio.internet.error import ConnectionDone
from reactorio.python.failure import Failure
from reactorio.web._http.draining import LINGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.interfaces import IDelayedCall

__all__ = ["Draining"]

# More than any stream's number.
_ALL = 2**31 - 1


class Draining:
    """The part of `H2Connection` that is told that the process is to end."""

    # No stream after this one is answered.
    _last_stream = _ALL
    _draining = False
    _has_announced = False
    # Is the next request, if others are still under way, one too many?
    _is_impatient = False
    _draining_call: IDelayedCall | None = None

    if TYPE_CHECKING:
        conn: Any
        streams: dict[int, Any]
        callLater: Callable[..., IDelayedCall]
        _stillProducing: bool

        def _write_control(self, frames: bytes) -> bool: ...
        def _terminate(self, reason: Failure) -> None: ...

    def drain(self) -> None:
        """Close the connection as soon as nothing is under way on it."""
        if self._draining or not self._stillProducing:
            return
        self._draining = True
        if self.streams:
            self._draining_call = self.callLater(LINGER, self._become_impatient)
        else:
            self._announce()

    def _become_impatient(self) -> None:
        self._draining_call = None
        self._is_impatient = True

    def _announce(self) -> None:
        self._drained()
        self._has_announced = True
        if self._go_away(_ALL):
            self._draining_call = self.callLater(LINGER, self._take_no_more)

    def _go_away(self, last: int) -> bool:
        # h2 sends one GOAWAY, after which it has no streams any more.
        frame = GoAwayFrame(0, last_stream_id=last, error_code=0)
        return self._write_control(self.conn.data_to_send() + frame.serialize())

    def _take_no_more(self) -> None:
        self._draining_call = None
        self._last_stream = self.conn.highest_inbound_stream_id
        if self._go_away(self._last_stream):
            self._stream_ended()

    def _stream_ended(self) -> None:
        if self.streams or not self._stillProducing:
            return
        if not self._has_announced:
            self._announce()
        elif self._last_stream < _ALL:
            self._terminate(Failure(ConnectionDone()))

    def _drained(self) -> None:
        """The connection is over, or there is something else to wait for."""
        call, self._draining_call = self._draining_call, None
        if call is not None:
            call.cancel()
