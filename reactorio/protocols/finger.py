"""
The server of finger (RFC 1288), as a base: it tells nothing about anybody.
"""

from __future__ import annotations

from reactorio.protocols.basic import LineReceiver

__all__ = ["Finger"]


class Finger(LineReceiver):
    """
    Answers one query and closes the connection. Subclasses say what there is to tell.

    Unlike Twisted: ``/W`` alone asks for everybody, and `forwardQuery` is told the host, as the RFC has them.

    In all methods, ``slash_w`` is whether the query asks for more than usual.
    """

    def lineReceived(self, line: bytes) -> None:
        """Answer a query: ``[/W] [USER] [@HOST…]``."""
        words = line.split()
        names = [word for word in words if word.lower() != b"/w"]
        slash_w = len(names) < len(words)
        if not names:
            self.getDomain(slash_w)
            return
        user, at, host = names[-1].rpartition(b"@")
        if at:
            self.forwardQuery(slash_w, user, host)
        else:
            self.getUser(slash_w, host)

    def _refuseMessage(self, message: bytes) -> None:
        self.transport.write(message + b"\n")
        self.transport.loseConnection()

    def forwardQuery(self, slash_w: bool, user: bytes, host: bytes) -> None:
        """Answer a query that is for another host; ``user`` may have further hosts in it."""
        self._refuseMessage(b"Finger forwarding service denied")

    def getDomain(self, slash_w: bool) -> None:
        """Answer a query for all users."""
        self._refuseMessage(b"Finger online list denied")

    def getUser(self, slash_w: bool, user: bytes) -> None:
        """Answer a query for a user."""
        self.transport.write(b"Login: " + user + b"\n")
        self._refuseMessage(b"No such user")
