"""Dates as HTTP writes them (RFC 9110 section 5.6.7), and as logs do."""

from __future__ import annotations

import re
from calendar import timegm as _timegm
from time import gmtime, time

__all__ = ["current_date", "datetimeToLogString", "datetimeToString", "stringToDatetime", "timegm"]

__name__ = "reactorio.web.http"  # the public path

weekdayname = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
monthname = [None, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
weekdayname_lower = [name.lower() for name in weekdayname]
monthname_lower = [name and name.lower() for name in monthname]

_CLOCK = rb"(?P<hour>\d\d?):(?P<minute>\d\d?):(?P<second>\d\d?)"
_DAY_FIRST = re.compile(rb"(?:[A-Za-z]+, *)?(?P<day>\d\d?)[ -](?P<month>\w+)[ -](?P<year>\w+) +" + _CLOCK + rb" +\S+")
_YEAR_LAST = re.compile(rb"(?:[A-Za-z]+ +)?(?P<month>[A-Za-z]+) +(?P<day>\d\d?) +" + _CLOCK + rb" +(?P<year>\w+)")


def datetimeToString(msSinceEpoch: float | None = None) -> bytes:
    """Write a time in seconds since the epoch, now by default, as ``Date`` and its like have it."""
    year, month, day, hour, minute, second, weekday, _, _ = gmtime(time() if msSinceEpoch is None else msSinceEpoch)
    return b"%s, %02d %s %4d %02d:%02d:%02d GMT" % (
        weekdayname[weekday].encode(),
        day,
        str(monthname[month]).encode(),
        year,
        hour,
        minute,
        second,
    )


def datetimeToLogString(msSinceEpoch: float | None = None) -> str:
    """Write a time in seconds since the epoch, now by default, as access logs have it."""
    year, month, day, hour, minute, second, _, _, _ = gmtime(time() if msSinceEpoch is None else msSinceEpoch)
    return f"[{day:02}/{monthname[month]}/{year:4}:{hour:02}:{minute:02}:{second:02} +0000]"


def timegm(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """
    Return a moment of UTC in seconds since the epoch.

    Raises:
        ValueError: It is before 1970, or there is no such month.
    """
    if year < 1970:
        raise ValueError("Years prior to 1970 not supported")
    if not 1 <= month <= 12:
        raise ValueError("Month must be in 1..12")
    return _timegm((year, month, day, hour, minute, second))


def stringToDatetime(dateString: bytes) -> int:
    """
    Read a date in any of the three forms that HTTP has (RFC 9110 section 5.6.7).

    Returns:
        Seconds since the epoch.

    Raises:
        ValueError: It is no such date.
    """
    match = _DAY_FIRST.fullmatch(dateString.strip()) or _YEAR_LAST.fullmatch(dateString.strip())
    if match is None:
        raise ValueError(f"Unknown datetime format {dateString!r}")
    month = match["month"].decode().lower()
    if month not in monthname_lower:
        raise ValueError(f"Unknown month in {dateString!r}")
    year = int(match["year"])
    if len(match["year"]) == 2:
        # RFC 9110 has a two-digit year mean the nearest one that is not over 50 years ahead.
        this_year = gmtime().tm_year
        year += this_year - this_year % 100
        if year > this_year + 50:
            year -= 100
    return timegm(
        year,
        monthname_lower.index(month),
        int(match["day"]),
        int(match["hour"]),
        int(match["minute"]),
        int(match["second"]),
    )


_known: tuple[int, bytes] = (0, b"")


def current_date() -> bytes:
    """Return what ``Date`` says now; it is written once a second."""
    global _known
    now = int(time())
    second, text = _known
    if second != now:
        text = datetimeToString(now)
        _known = (now, text)
    return text
