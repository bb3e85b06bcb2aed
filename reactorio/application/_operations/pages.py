"""
What the operator's door answers.

    GET  /healthz   does the loop turn? It may be late by ?lag=SECONDS, or ten
    GET  /readyz    should clients come?
    GET  /metrics   figures, for Prometheus

and, by the UNIX socket only::

    GET  /status    how things stand, as JSON
    GET  /tree      what the program waits for; or, if its loop hangs, where each thread is
    POST /track     keep track of Deferreds from now on, for /tree
    POST /reload    as SIGHUP; the answer is whether it was good
    POST /stop      as SIGTERM
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from reactorio.application._operations import exposition
from reactorio.application._operations.admin import Answer, Request
from reactorio.application._operations.metrics import listeners, metrics_of, pending_deferreds
from reactorio.application.service import IServiceCollection
from reactorio.internet.defer import maybeDeferred
from reactorio.python.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from reactorio.application._operations.lag import Heartbeat
    from reactorio.application._operations.lifecycle import Operations

__all__ = ["Pages"]

# Seconds that a loop may be late before it is said to hang.
_HANGS = 10.0

# What is asked of the loop has to be answered within this, or the loop hangs, too.
_LOOP_PATIENCE = 2.0
_RELOAD_PATIENCE = 60.0


class Pages:
    """Answers requests; called from the admin server's threads."""

    def __init__(self, operations: Operations, heartbeat: Heartbeat) -> None:
        self._operations = operations
        self._heartbeat = heartbeat
        self._started = time.monotonic()
        self._public = {"/healthz": self._health, "/readyz": self._readiness, "/metrics": self._metrics}
        self._private: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", "/status"): self._status,
            ("GET", "/tree"): self._tree,
            ("POST", "/track"): self._track,
            ("POST", "/reload"): self._reload,
            ("POST", "/stop"): self._stop,
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request."""
        method = "GET" if request.method == "HEAD" else request.method
        page = self._public.get(request.path)
        if page is not None:
            return page(request.query) if method == "GET" else Answer(405, "GET is all there is\n")
        if request.is_private:
            action = self._private.get((method, request.path))
            if action is not None:
                return action()
            if any(path == request.path for _, path in self._private):
                return Answer(405, "not by this method\n")
        return Answer(404, "there is no such page here\n")

    # ---- for everybody

    def _health(self, query: str) -> Answer:
        try:
            may_be_late = float(parse_qs(query).get("lag", [_HANGS])[-1])
        except ValueError:
            return Answer(400, "lag is a number of seconds\n")
        stalled = self._heartbeat.stalled()
        if stalled > may_be_late:
            return Answer(503, f"the loop has not turned for {stalled:.1f} s\n")
        return Answer(200, "ok\n")

    def _readiness(self, query: str) -> Answer:
        health = self._health(query)
        if health.status != 200 or self._operations.is_ready:
            return health if health.status != 200 else Answer(200, "ready\n")
        return Answer(503, f"{self._operations.status}\n")

    def _metrics(self, query: str) -> Answer:
        return Answer(200, metrics_of(self._operations, self._heartbeat), exposition.CONTENT_TYPE)

    # ---- for the operator

    def _status(self) -> Answer:
        return Answer(200, json.dumps(self._described()) + "\n", "application/json")

    def _described(self) -> dict[str, Any]:
        operations = self._operations
        return {
            "pid": os.getpid(),
            "state": operations.state.value,
            "ready": operations.is_ready,
            "status": operations.status,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "loop_stalled_seconds": round(self._heartbeat.stalled(), 3),
            "listeners": [
                {"listener": name, "connections": connections} for name, _, connections in listeners(operations.reactor)
            ],
            "deferreds_pending": pending_deferreds(),
            "services": _described(operations.service),
        }

    def _tree(self) -> Answer:
        try:
            tree = self._in_loop(_tree_of_waiting, _LOOP_PATIENCE)
        except TimeoutError:
            return Answer(200, f"The loop hangs. The threads are at:\n\n{_stacks()}")
        return Answer(200, tree + "\n")

    def _track(self) -> Answer:
        return self._done_in_loop(_track, _LOOP_PATIENCE, "Deferreds are kept track of\n")

    def _reload(self) -> Answer:
        if not self._operations.is_ready:
            return Answer(409, f"{self._operations.status}\n")
        try:
            good = self._in_loop(self._operations.reload, _RELOAD_PATIENCE)
        except TimeoutError:
            return Answer(504, "the reload has not ended yet\n")
        return Answer(200, "reloaded\n") if good else Answer(409, f"{self._operations.status}\n")

    def _stop(self) -> Answer:
        return self._done_in_loop(self._operations.stop, _LOOP_PATIENCE, "stopping\n")

    def _done_in_loop(self, call: Callable[[], object], patience: float, text: str) -> Answer:
        try:
            self._in_loop(call, patience)
        except TimeoutError:
            return Answer(504, "the loop hangs\n")
        return Answer(200, text)

    def _in_loop(self, call: Callable[[], Any], patience: float) -> Any:
        """
        Have ``call`` called by the loop, and return what it, or its Deferred, comes to.

        Raises:
            TimeoutError: Not within ``patience`` seconds.
        """
        over = threading.Event()
        results: list[Any] = []

        def note(result: Any) -> None:
            results.append(result)
            over.set()

        self._operations.reactor.callFromThread(lambda: maybeDeferred(call).addBoth(note))
        if not over.wait(patience):
            raise TimeoutError
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]


def _described(service: Any) -> dict[str, Any]:
    """Return a service, and those in it, for JSON."""
    described = {"name": service.name, "kind": type(service).__qualname__, "running": bool(service.running)}
    if IServiceCollection.providedBy(service):
        described["services"] = [_described(one) for one in list(service)]
    return described


def _tree_of_waiting() -> str:
    # It stands above this package, and is for those who ask for it.
    from reactorio import debug

    return (
        debug.format_tree() if pending_deferreds() is not None else "Nothing is tracked: `reactorio ctl track` begins."
    )


def _track() -> None:
    # It stands above this package, and is for those who ask for it.
    from reactorio import debug

    debug.track()


def _stacks() -> str:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    me = threading.get_ident()
    stacks = [
        f"{names.get(number, number)}:\n{''.join(traceback.format_stack(frame))}"
        for number, frame in sys._current_frames().items()
        if number != me
    ]
    return "\n".join(stacks)
