"""All of it in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import connectionDone
from reactorio.logger import Logger
from reactorio.protocols._amp.binary import BinaryBoxProtocol
from reactorio.protocols._amp.dispatching import BoxDispatcher
from reactorio.protocols._amp.locating import CommandLocator, SimpleStringLocator
from reactorio.protocols._amp.tls import StartTLS

if TYPE_CHECKING:
    from reactorio.protocols._amp.interfaces import IBoxReceiver, IResponderLocator
    from reactorio.protocols._amp.locating import Responder
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_log = Logger()


class AMP(BinaryBoxProtocol, BoxDispatcher, CommandLocator, SimpleStringLocator):
    """
    A protocol of commands: both ends ask, with `callRemote`, and answer, with the methods that `Command.responder` marks::

        class Math(AMP):
            @Divide.responder
            def divide(self, numerator, denominator):
                return {"result": numerator / denominator}

    Args:
        boxReceiver: Who takes the boxes, if not this itself: it then neither asks nor answers.
        locator: Who knows the responders, if not this itself.
    """

    # An __init__ of a subclass need not call this one: see makeConnection.
    _ampInitialized = False

    def __init__(self, boxReceiver: IBoxReceiver | None = None, locator: IResponderLocator | None = None) -> None:
        self._ampInitialized = True
        BoxDispatcher.__init__(self, self if locator is None else locator)
        BinaryBoxProtocol.__init__(self, self if boxReceiver is None else boxReceiver)

    def locateResponder(self, name: bytes) -> Responder | None:
        """Return the method that is marked for the command ``name``, or else is named for it; or None."""
        return CommandLocator.locateResponder(self, name) or SimpleStringLocator.locateResponder(self, name)

    @StartTLS.responder
    def _agree_to_tls(self) -> dict[str, Any]:
        return {}

    def makeConnection(self, transport: Any) -> None:
        if not self._ampInitialized:
            AMP.__init__(self)
        # When the connection is over, the transport may not know them any more.
        self._ends = {"host": transport.getHost(), "peer": transport.getPeer()}
        _log.info("{cls} connection established (HOST:{host} PEER:{peer})", cls=self.__class__.__name__, **self._ends)
        super().makeConnection(transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        _log.info("{cls} connection lost (HOST:{host} PEER:{peer})", cls=self.__class__.__name__, **self._ends)
        super().connectionLost(reason)
        self.transport = None

    def __repr__(self) -> str:
        inner = "" if self.innerProtocol is None else f"inner {self.innerProtocol!r} "
        return f"<{self.__class__.__name__} {inner}at 0x{id(self):x}>"
