"""Listening where a description says: ``tcp:8000``, ``tcp:8000:interface=127.0.0.1`` and what plugins add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.application.internet import StreamServerEndpointService, _maybeGlobalReactor
from reactorio.internet.endpoints import serverFromString
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from reactorio.internet.interfaces import IListeningPort, IProtocolFactory

__all__ = ["listen", "service"]


def service(description: str, factory: IProtocolFactory, reactor: Any = None) -> StreamServerEndpointService:
    """
    Return a service that listens where ``description`` says.

    If listening fails at once, so does the service's start.

    Args:
        reactor: The reactor to listen with, if not the global one.
    """
    made = StreamServerEndpointService(serverFromString(_maybeGlobalReactor(reactor), description), factory)
    made._raiseSynchronously = True
    return made


def listen(description: str, factory: IProtocolFactory) -> IListeningPort:
    """
    Listen where ``description`` says, with the global reactor, and return the port.

    Raises:
        ValueError: That kind of endpoint does not listen at once; use `service`.
    """
    results: list[Any] = []
    serverFromString(_maybeGlobalReactor(None), description).listen(factory).addBoth(results.append)
    if not results:
        raise ValueError(f"{description!r} does not listen at once")
    if isinstance(results[0], Failure):
        results[0].raiseException()
    port: IListeningPort = results[0]
    return port
