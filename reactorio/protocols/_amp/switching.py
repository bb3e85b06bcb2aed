"""Handing the connection over to another protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from reactorio.internet.error import ConnectionLost
from reactorio.protocols._amp.boxes import AmpBox
from reactorio.protocols._amp.commands import Command
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

_T = TypeVar("_T")


class ProtocolSwitchCommand(Command):
    """
    A command that ends with both sides speaking another protocol on the connection.

    Its responder returns the protocol of its side, or a Deferred of it. Meanwhile nothing can be sent. When the command
    fails, boxes can be sent again.

    Args:
        _protoToSwitchToFactory: Makes the protocol of this side, once the peer has agreed. It is told by
            ``clientConnectionLost`` when that loses the connection, and by ``clientConnectionFailed`` when the peer has
            not agreed; the connector is None.
        kw: The command's arguments.
    """

    def __init__(self, _protoToSwitchToFactory: Any, **kw: Any) -> None:
        self.protoToSwitchToFactory = _protoToSwitchToFactory
        super().__init__(**kw)

    @classmethod
    def makeResponse(cls, objects: Any, proto: Any) -> _SwitchBox:  # noqa: ARG003  # Command's signature
        """Return the box that tells the peer; ``objects`` is the protocol that the responder has returned."""
        return _SwitchBox(objects)

    def _doCommand(self, proto: Any) -> Deferred[dict[str, Any]] | None:
        answer = super()._doCommand(proto)
        proto._lockForSwitch()
        if answer is None:
            return None
        return answer.addCallbacks(self._switch, self._stay, (proto,), errbackArgs=(proto,))

    def _switch(self, response: _T, proto: Any) -> _T:
        protocol = self.protoToSwitchToFactory.buildProtocol(proto.transport.getPeer())
        proto._switchTo(protocol, self.protoToSwitchToFactory)
        return response

    def _stay(self, failure: Failure, proto: Any) -> Failure:
        proto._unlockFromSwitch()
        self.protoToSwitchToFactory.clientConnectionFailed(None, Failure(ConnectionLost("Connection lost")))
        return failure


class _SwitchBox(AmpBox):
    """
    The box after which ``innerProto`` has the connection.
    """

    __slots__ = ("innerProto",)

    def __init__(self, innerProto: Any, **kw: Any) -> None:
        super().__init__(**kw)
        self.innerProto = innerProto

    def _sendTo(self, proto: Any) -> None:
        super()._sendTo(proto)
        proto._lockForSwitch()
        proto._switchTo(self.innerProto)

    def __repr__(self) -> str:
        return f"_SwitchBox({self.innerProto!r}, **{dict.__repr__(self)})"
