"""How much of everything a server takes from a client."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """
    What a server takes from a client; give it to `HTTPFactory` or `Site`. None means no limit.

    What is over a limit is answered with the status named here, and the connection closed.

    Attributes:
        request_line: Bytes of the first line: 414.
        head_size: Bytes of first line and fields together: 431.
        header_count: Fields of one request: 431.
        body_size: Bytes of a body: 413.
        body_in_memory: Bytes of a body that are held in memory; a longer one is in a temporary file.
        form_fields: Fields of a posted form: 413.
        form_size: Bytes of a form whose fields are put into ``args``: 413.
        part_head_size: Bytes of the fields of one part of a multipart form: 400.
        head_time: Seconds for a request's head to be whole, from its first byte: 408.
        pipelined: Bytes that wait, unread, behind a request that is being answered; then no more is read.
        streams: HTTP/2 streams open at a time.
        resets: HTTP/2 streams that a client may reset in a row before it has to slow down, see ``resets_per_second``.
        resets_per_second: How many of those are forgiven each second.
        control_frames: HTTP/2 settings, pings and the like that a client may send in a row.
    """

    request_line: int | None = 8192
    head_size: int | None = 16384
    header_count: int | None = 100
    body_size: int | None = 1024**3
    body_in_memory: int = 100_000
    form_fields: int | None = 10_000
    form_size: int | None = 64 * 1024**2
    part_head_size: int = 8192
    head_time: float | None = 30.0
    pipelined: int = 16384
    streams: int = 100
    resets: int = 1000
    resets_per_second: float = 33.0
    control_frames: int = 1000


Limits.__module__ = "reactorio.web.http"
DEFAULT_LIMITS = Limits()
