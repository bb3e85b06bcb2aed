"""What the operating system says, in the words of `reactorio.internet.error`: the one table."""

from __future__ import annotations

import errno

from reactorio.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from reactorio.python.failure import Failure

__all__ = ["CONNECTION_DONE", "CONNECTION_LOST", "reason_for"]

CONNECTION_DONE = ConnectionDone("Connection done")
CONNECTION_LOST = ConnectionLost("Connection lost")

# A write to a peer that has gone: for Twisted an end like any other.
_QUIET_ENDS = frozenset({errno.EBADF, errno.ENOTCONN})


def reason_for(error: BaseException | None, aborted: bool = False) -> Failure:
    """
    Return why a connection ended, as protocols are told.

    Args:
        error: What the loop gave to ``connection_lost``.
        aborted: Did our side abort the connection?
    """
    if aborted:
        return Failure(ConnectionAborted())
    if error is None:
        return Failure(ConnectionDone())
    if isinstance(error, OSError):
        if error.errno in _QUIET_ENDS:
            return Failure(ConnectionDone())
        lost = ConnectionLost()
        lost.__cause__ = error
        return Failure(lost)
    return Failure(error)
