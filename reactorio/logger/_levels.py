"""How much an event matters."""

from __future__ import annotations

import logging

from reactorio.logger._constants import NamedConstant, Names

__all__ = ["InvalidLogLevelError", "LogLevel"]


class InvalidLogLevelError(Exception):
    """This is no :class:`LogLevel`; ``level`` is what it is."""

    def __init__(self, level: object) -> None:
        super().__init__(str(level))
        self.level = level


class LogLevel(Names):
    """
    The levels, from the least to the most; they compare in that order.

        debug       for those who look for a fault
        info        what goes on as expected
        warn        not as expected, but it goes on
        error       something could not be done
        critical    something was not provided for: an unhandled failure
    """

    debug = NamedConstant()
    info = NamedConstant()
    warn = NamedConstant()
    error = NamedConstant()
    critical = NamedConstant()

    @classmethod
    def levelWithName(cls, name: str) -> NamedConstant:
        """
        Return the level of that name.

        Raises:
            InvalidLogLevelError: There is none.
        """
        try:
            return cls.lookupByName(name)
        except ValueError:
            raise InvalidLogLevelError(name) from None


def is_level(level: object) -> bool:
    return isinstance(level, NamedConstant) and level._container is LogLevel


to_stdlib = {
    LogLevel.debug: logging.DEBUG,
    LogLevel.info: logging.INFO,
    LogLevel.warn: logging.WARNING,
    LogLevel.error: logging.ERROR,
    LogLevel.critical: logging.CRITICAL,
}

# The standard library's levels by number and by name.
from_stdlib: dict[object, NamedConstant] = {}
for _level, _number in to_stdlib.items():
    from_stdlib[_number] = from_stdlib[logging.getLevelName(_number)] = _level
