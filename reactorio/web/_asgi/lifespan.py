"""An ASGI application's lifespan: what it does before its first request and after its last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.aio.tasks import run_task
from reactorio.internet.defer import Deferred
from reactorio.logger import Logger
from reactorio.web._asgi.events import Events, Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.python.failure import Failure

__all__ = ["Lifespan"]

_log = Logger(namespace="reactorio.web.asgi")


_ANSWERS = {f"lifespan.{what}.{how}" for what in ("startup", "shutdown") for how in ("complete", "failed")}


class Lifespan:
    """
    Runs with the reactor.

    Attributes:
        state: What the application leaves for its requests.
        failure: Why it cannot serve, if it cannot.
    """

    def __init__(self, application: Callable[..., Any], reactor: Any) -> None:
        self._application = application
        self._reactor = reactor
        self._events = Events({"type": "lifespan.shutdown"})
        self._started = Gate(False)
        self._over: Deferred[None] = Deferred()
        self._answered = False
        self.failure: str | None = None
        self.state: dict[str, Any] = {}
        reactor.callWhenRunning(self._run)

    async def started(self) -> None:
        """Wait until the application has said that it is ready, or that it cannot be."""
        await self._started.passed()

    def _run(self) -> None:
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop)
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._events.put({"type": "lifespan.startup"})
        run_task(self._application(scope, self._events.get, self._send)).addBoth(self._ended)

    def _stop(self) -> Deferred[None]:
        self._events.end()
        return self._over

    async def _send(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind not in _ANSWERS:
            raise RuntimeError(f"{kind!r} is not what can be sent now")
        self._answered = True
        if kind == "lifespan.startup.failed":
            self.failure = event.get("message") or "The application cannot start"
            _log.error("An ASGI application cannot start: {message}", message=self.failure)
        elif kind == "lifespan.shutdown.failed":
            _log.error("An ASGI application could not shut down: {message}", message=event.get("message", ""))
        if kind.startswith("lifespan.startup."):
            self._started.open()

    def _ended(self, result: Failure | None) -> None:
        # One that raises before it says anything has no lifespan; so the specification has it.
        if result is not None and self._answered and self.failure is None:
            _log.failure("An ASGI application's lifespan failed", result)
        self._started.open()
        self._over.callback(None)
