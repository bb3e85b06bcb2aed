"""Time zones that are an offset from UTC and no more."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

__all__ = ["UTC", "FixedOffsetTimeZone"]


class FixedOffsetTimeZone(tzinfo):
    """
    Args:
        offset: How far local time is ahead of UTC.
        name: What `tzname` says, if not ``UTC`` and the offset.
    """

    def __init__(self, offset: timedelta, name: str | None = None) -> None:
        self.offset = offset
        self.name = name

    @classmethod
    def fromSignHoursMinutes(cls, sign: str, hours: int, minutes: int) -> FixedOffsetTimeZone:
        """
        Return the zone ``+hours:minutes`` or ``-hours:minutes``, under that name.

        Raises:
            ValueError: ``sign`` is neither ``+`` nor ``-``.
        """
        if sign not in ("+", "-"):
            raise ValueError(f"Invalid sign for timezone {sign!r}")
        distance = timedelta(hours=hours, minutes=minutes)
        return cls(-distance if sign == "-" else distance, f"{sign}{hours:02}:{minutes:02}")

    @classmethod
    def fromLocalTimeStamp(cls, timeStamp: float) -> FixedOffsetTimeZone:
        """Return the offset that this machine's time zone had, or will have, at ``timeStamp``."""
        there = datetime.fromtimestamp(timeStamp)
        return cls(there - datetime.fromtimestamp(timeStamp, timezone.utc).replace(tzinfo=None))

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return self.offset

    def dst(self, dt: datetime | None) -> timedelta:
        """Return zero: summer time is part of the offset."""
        return timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        if self.name is not None:
            return self.name
        minutes = round(self.offset.total_seconds() / 60)
        hours, minutes = divmod(abs(minutes), 60)
        return f"UTC{'-' if self.offset < timedelta(0) else '+'}{hours:02}{minutes:02}"

    def __reduce__(self) -> tuple[type[FixedOffsetTimeZone], tuple[timedelta, str | None]]:
        # tzinfo's own would call it without arguments.
        return type(self), (self.offset, self.name)


UTC = FixedOffsetTimeZone.fromSignHoursMinutes("+", 0, 0)
