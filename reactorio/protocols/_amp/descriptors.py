"""File descriptors beside the boxes: each is known by its place among all that went the same way."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IFileDescriptorReceiver
from reactorio.protocols._amp.errors import MalformedAmpBox

if TYPE_CHECKING:
    from collections.abc import Iterator

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring


@implementer(IFileDescriptorReceiver)
class _DescriptorExchanger:
    """
    Counts the file descriptors that are sent, and keeps those that arrive until a box asks for them.

    Attributes:
        max_descriptors: How many may wait for their box. One more, and the connection is closed.
    """

    max_descriptors = 256

    if TYPE_CHECKING:
        transport: Any

        def _break(self, error: Exception) -> None: ...

    _sent: Iterator[int]
    _received: Iterator[int]
    _descriptors: dict[int, int]

    def __init__(self) -> None:
        self._sent = count()
        self._received = count()
        self._descriptors = {}

    def _sendFileDescriptor(self, descriptor: int) -> int:
        """Send ``descriptor`` with the next bytes written; return its place."""
        self.transport.sendFileDescriptor(descriptor)
        return next(self._sent)

    def _getDescriptor(self, place: int) -> int:
        """Return the descriptor that arrived at that place, which is the caller's from now on; raises KeyError."""
        return self._descriptors.pop(place)

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """
        Keep ``descriptor`` for the box that comes with it.

        Unlike Twisted, which keeps any number, and those without a box when the connection is over, too.
        """
        self._descriptors[next(self._received)] = descriptor
        if len(self._descriptors) > self.max_descriptors:
            self._close_descriptors()
            self._break(MalformedAmpBox(f"more than {self.max_descriptors} descriptors, and no box that has them"))

    def _close_descriptors(self) -> None:
        descriptors, self._descriptors = self._descriptors, {}
        for descriptor in descriptors.values():
            os.close(descriptor)
