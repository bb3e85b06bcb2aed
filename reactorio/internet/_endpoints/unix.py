"""Endpoints of UNIX sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet._endpoints.wrapping import _WrappingFactory
from reactorio.internet.defer import Deferred, execute, fail
from reactorio.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IProtocolFactory

__name__ = "reactorio.internet.endpoints"  # the public path: see the package's docstring


@implementer(IStreamServerEndpoint)
class UNIXServerEndpoint:
    """
    A UNIX socket. The arguments are those of `IReactorUNIX.listenUNIX`.
    """

    def __init__(
        self,
        reactor: Any,
        address: str | bytes,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: bool | int = 0,
    ) -> None:
        self._reactor = reactor
        self._address = address
        self._backlog = backlog
        self._mode = mode
        self._wantPID = wantPID

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Listen; returns a Deferred of the port, which fails with `CannotListenError`."""
        return execute(
            self._reactor.listenUNIX,
            self._address,
            protocolFactory,
            backlog=self._backlog,
            mode=self._mode,
            wantPID=self._wantPID,
        )


@implementer(IStreamClientEndpoint)
class UNIXClientEndpoint:
    """
    A UNIX socket somebody listens at. The arguments are those of `IReactorUNIX.connectUNIX`.
    """

    def __init__(self, reactor: Any, path: str | bytes, timeout: float = 30, checkPID: bool | int = 0) -> None:
        self._reactor = reactor
        self._path = path
        self._timeout = timeout
        self._checkPID = checkPID

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; see `IStreamClientEndpoint.connect`."""
        try:
            wrapping = _WrappingFactory(protocolFactory)
            self._reactor.connectUNIX(self._path, wrapping, timeout=self._timeout, checkPID=self._checkPID)
        except Exception:
            return fail()
        return wrapping._onConnection
