"""ASGI applications, Starlette's and FastAPI's among them, as resources of a `Site`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.aio.tasks import run_task
from reactorio.internet.interfaces import IReactorCore
from reactorio.web._asgi.exchange import Exchange
from reactorio.web._asgi.lifespan import Lifespan
from reactorio.web._asgi.scope import scope_of
from reactorio.web.resource import Resource
from reactorio.web.server import NOT_DONE_YET

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.web.server import Request

__all__ = ["ASGIResource"]


class ASGIResource(Resource):
    """
    Has an application of ASGI 3.0 answer all requests at and below a place, WebSocket's included (extra ``websocket``).

    Each request is a task of asyncio. The application's lifespan begins with the reactor, requests wait for its
    startup, and the reactor for its shutdown. A client that goes away is told to the application (``http.disconnect``,
    and an OSError from ``send``); its task is not cancelled.

    Args:
        application: The application.
        reactor: That it runs in; the global one by default.
        webSocketOptions: As `WebSocketResource` takes them: ``origins``, ``compression``, ``maxMessageSize``,
            ``closeTimeout``, ``pingInterval``.
    """

    isLeaf = True

    def __init__(self, application: Callable[..., Any], reactor: Any = None, **webSocketOptions: Any) -> None:
        super().__init__()
        if reactor is None:
            from reactorio.internet import reactor as the_reactor  # nobody's choice before it is used

            reactor = the_reactor
        self._application = application
        self._lifespan = Lifespan(application, IReactorCore.adapt(reactor))
        self._webSocketOptions = webSocketOptions

    def render(self, request: Request) -> int:
        """Start the application's task."""
        if (request.getHeader(b"upgrade") or b"").strip().lower() == b"websocket":
            from reactorio.web._asgi.socket import Socket
            from reactorio.web._websocket.opening import Opening  # an extra

            opening = Opening(request, **self._webSocketOptions)
            if not opening.is_good:
                opening.refuse()
                return NOT_DONE_YET
            self._start(request, Socket(opening), "websocket")
        else:
            self._start(request, Exchange(request), "http")
        return NOT_DONE_YET

    def _start(self, request: Request, side: Any, kind: str) -> None:
        run_task(self._serve(request, side, kind)).addCallbacks(lambda _: side.returned(), side.failed)

    async def _serve(self, request: Request, side: Any, kind: str) -> None:
        lifespan = self._lifespan
        await lifespan.started()
        if lifespan.failure is not None:
            raise RuntimeError(lifespan.failure)
        await self._application(scope_of(request, kind, lifespan.state), side.receive, side.send)
