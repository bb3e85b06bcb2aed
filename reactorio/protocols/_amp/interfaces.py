"""Who does what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import Interface, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.internet.defer import Deferred
    from reactorio.protocols._amp.boxes import AmpBox
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring


class IArgumentType(Interface, Protocol):
    """
    A kind of argument: it moves one object between a command's objects and its box.

    ``proto`` is who has the command: an `AMP`, or whatever else finds responders and sends commands.
    """

    def fromBox(self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any) -> None:
        """Take what is under ``name`` out of ``strings``, and put the object that it stands for into ``objects``."""

    def toBox(self, name: bytes, strings: dict[bytes, bytes], objects: dict[str, Any], proto: Any) -> None:
        """Take the argument ``name`` out of ``objects``, and put the bytes that stand for it into ``strings``."""


class IBoxSender(Interface, Protocol):
    """Sends boxes to the peer."""

    def sendBox(self, box: AmpBox) -> None:
        """
        Send ``box``.

        Raises:
            ProtocolSwitched: Another protocol has the connection.
            ConnectionLost: The connection is over.
        """

    def unhandledError(self, failure: Failure) -> None:
        """Nobody has dealt with an error: log it, and close the connection."""


class IBoxReceiver(Interface, Protocol):
    """Takes the boxes that arrive."""

    def startReceivingBoxes(self, boxSender: IBoxSender) -> None:
        """Boxes are about to arrive; others may be sent with ``boxSender`` from now on."""

    def ampBoxReceived(self, box: AmpBox) -> None:
        """A box arrived."""

    def stopReceivingBoxes(self, reason: Failure) -> None:
        """No more boxes arrive, for this reason."""


class IResponderLocator(Interface, Protocol):
    """Knows who answers which command."""

    def locateResponder(self, name: bytes) -> Callable[[AmpBox], AmpBox | Deferred[AmpBox]] | None:
        """Return what answers the command ``name``: it takes the question's box. None if nothing does."""
