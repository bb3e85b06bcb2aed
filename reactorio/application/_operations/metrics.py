"""What a run is measured by. Everything here is read by another thread than the loop's, as it is just then."""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import time
from collections import Counter
from platform import python_version
from typing import TYPE_CHECKING, Any

from reactorio.aio import counting, serving
from reactorio.application._operations.exposition import Exposition
from reactorio.internet import _deferred

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reactorio.application._operations.lag import Heartbeat
    from reactorio.application._operations.lifecycle import Operations

__all__ = ["listeners", "metrics_of"]

_STARTED = time.time()


def metrics_of(operations: Operations, heartbeat: Heartbeat) -> str:
    """Return the metrics of a run; those of the application too, if it has some with prometheus_client."""
    made = Exposition()
    _add_run(made, operations)
    _add_loop(made, heartbeat)
    _add_listeners(made, operations.reactor)
    _add_reactor(made, operations.reactor)
    # It has figures of the process by the same names.
    client = sys.modules.get("prometheus_client")
    if client is None:
        _add_process(made)
        return made.text()
    theirs: str = client.generate_latest(client.REGISTRY).decode()
    return made.text() + theirs


def _add_run(made: Exposition, operations: Operations) -> None:
    info = {"python": python_version(), "loop": _loop_kind(operations.reactor)}
    made.add("reactorio_info", "gauge", "What runs; always 1.", [(info, 1)])
    made.add("reactorio_ready", "gauge", "Whether clients should come.", int(operations.is_ready))
    states = [({"state": state.value}, int(state is operations.state)) for state in type(operations.state)]
    made.add("reactorio_state", "gauge", "Which of these the run is at.", states)
    reloads = [({"outcome": outcome}, number) for outcome, number in operations.reloads.items()]
    made.add("reactorio_reloads_total", "counter", "Reloads, by whether they changed anything.", reloads)


def _add_loop(made: Exposition, heartbeat: Heartbeat) -> None:
    made.add_histogram(
        "reactorio_loop_lag_seconds",
        f"How late the loop was with a call that is due every {heartbeat.INTERVAL} s.",
        heartbeat.BOUNDS,
        list(heartbeat.counts),
        heartbeat.total,
    )
    made.add(
        "reactorio_loop_stalled_seconds",
        "gauge",
        "For how long the loop has not turned that should have.",
        heartbeat.stalled(),
    )


def listeners(reactor: Any) -> Iterator[tuple[str, Any, int]]:
    """Yield the ports that listen: a name, the port, and how many connections it has now."""
    now = Counter(id(serving.port_of(one)) for one in serving.connections(reactor))
    for port in serving.ports(reactor):
        yield serving.name_of(port), port, now[id(port)]


def _add_listeners(made: Exposition, reactor: Any) -> None:
    rows = [({"listener": name}, connections, counting.counted(port)) for name, port, connections in listeners(reactor)]
    connections = [(labels, now) for labels, now, _ in rows]
    made.add("reactorio_listener_connections", "gauge", "Connections that are open.", connections)
    for name, about, field in (
        ("connections", "Connections that were accepted.", "accepted"),
        ("received_bytes", "Bytes that clients have sent.", "received"),
        ("sent_bytes", "Bytes that were written to clients.", "sent"),
    ):
        samples = [(labels, getattr(traffic, field)) for labels, _, traffic in rows]
        made.add(f"reactorio_listener_{name}_total", "counter", about, samples)


def _add_reactor(made: Exposition, reactor: Any) -> None:
    pool = getattr(reactor, "threadpool", None)
    working = 0 if pool is None else len(pool.working)
    waiting = 0 if pool is None else len(pool.waiters)
    made.add(
        "reactorio_threadpool_threads",
        "gauge",
        "Threads of the reactor's pool.",
        [({"state": "working"}, working), ({"state": "waiting"}, waiting)],
    )
    queued = 0 if pool is None else pool.q.qsize()
    made.add("reactorio_threadpool_queued", "gauge", "Calls that wait for a thread.", queued)
    made.add("reactorio_threadpool_limit", "gauge", "How many threads there may be.", 0 if pool is None else pool.max)
    pending = pending_deferreds()
    if pending is not None:
        made.add("reactorio_deferreds_pending", "gauge", "Deferreds that have not fired.", pending)


def pending_deferreds() -> int | None:
    """Return how many Deferreds wait; None if nobody keeps track of them (`reactorio.debug.track`)."""
    if _deferred.on_creation is None:
        return None
    # It stands above this package: that it is on is why it is there.
    from reactorio import debug

    return sum(1 for _ in debug._pending())


def _loop_kind(reactor: Any) -> str:
    return type(getattr(reactor, "_loop", None)).__module__.partition(".")[0]


def _add_process(made: Exposition) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    made.add("process_cpu_seconds_total", "counter", "CPU time, in seconds.", usage.ru_utime + usage.ru_stime)
    made.add("process_start_time_seconds", "gauge", "When it started, in seconds since 1970.", _STARTED)
    made.add("process_threads", "gauge", "Threads that Python knows of.", threading.active_count())
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    made.add("process_max_fds", "gauge", "How many descriptors may be open.", limit)
    try:
        pages = [int(number) for number in open("/proc/self/statm").read().split()[:2]]  # noqa: SIM115  # closed at once
        descriptors = len(os.listdir("/proc/self/fd"))
    except OSError:
        pass  # no Linux, or no /proc
    else:
        size = resource.getpagesize()
        made.add("process_virtual_memory_bytes", "gauge", "Virtual memory.", pages[0] * size)
        made.add("process_resident_memory_bytes", "gauge", "Resident memory.", pages[1] * size)
        made.add("process_open_fds", "gauge", "Descriptors that are open.", descriptors)
    collections = [({"generation": n}, one["collections"]) for n, one in enumerate(gc.get_stats())]
    made.add("python_gc_collections_total", "counter", "Runs of the collector.", collections)
