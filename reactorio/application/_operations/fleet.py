"""What the operator's door answers where there are workers: for all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reactorio.application._operations.admin import Answer
from reactorio.application._operations.asking import ask
from reactorio.application._operations.exposition import CONTENT_TYPE, Exposition
from reactorio.application._operations.metrics import metrics_of
from reactorio.application._operations.pages import Pages
from reactorio.application._operations.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reactorio.application._operations.lag import Heartbeat
    from reactorio.application._operations.lifecycle import Operations

__all__ = ["FleetPages", "labelled"]

# Seconds for a worker to answer us: less than whoever asks us will wait.
_PATIENCE = 4.0


class FleetPages(Pages):
    """Answers for a supervisor and its workers. What is asked of workers, they answer in threads, too."""

    def __init__(self, operations: Operations, heartbeat: Heartbeat) -> None:
        super().__init__(operations, heartbeat)
        self._supervisor = next(one for one in operations.service if isinstance(one, Supervisor))

    def _answers(self, method: str, page: str) -> Iterator[tuple[int, str | None]]:
        """Yield what each worker answers; None if it does not."""
        for place in self._supervisor.places:
            worker = place.worker
            try:
                if worker is None or worker.admin is None or not worker.is_ready:
                    raise ConnectionError
                yield place.number, ask(worker.admin, method, page, _PATIENCE)[1]
            except OSError:
                yield place.number, None

    def _readiness(self, query: str) -> Answer:
        answer = super()._readiness(query)
        if answer.status == 200 and not self._supervisor.is_serving():
            return Answer(503, "no worker is ready\n")
        return answer

    def _metrics(self, query: str) -> Answer:
        texts = {"supervisor": metrics_of(self._operations, self._heartbeat)}
        answers = dict(self._answers("GET", "/metrics"))
        texts.update({str(number): text for number, text in answers.items() if text is not None})
        made = Exposition()
        up = [({"worker": number}, int(text is not None)) for number, text in answers.items()]
        made.add("reactorio_worker_up", "gauge", "Whether the worker serves, and answers.", up)
        restarts = [({"worker": place.number}, place.restarts) for place in self._supervisor.places]
        made.add("reactorio_worker_restarts_total", "counter", "How often it had to be started again.", restarts)
        return Answer(200, made.text() + labelled(texts), CONTENT_TYPE)

    def _described(self) -> dict[str, Any]:
        answers = dict(self._answers("GET", "/status"))
        workers = [
            {
                "worker": place.number,
                "pid": None if place.worker is None else place.worker.pid,
                "restarts": place.restarts,
                "status": "waits to be started" if place.worker is None else place.worker.status,
                "answer": None if answers[place.number] is None else json.loads(answers[place.number] or ""),
            }
            for place in self._supervisor.places
        ]
        return {**super()._described(), "workers": workers}

    def _tree(self) -> Answer:
        trees = [f"Worker {number}:\n{text or 'It does not answer.'}" for number, text in self._answers("GET", "/tree")]
        return Answer(200, "\n".join(trees))

    def _track(self) -> Answer:
        missing = [number for number, text in self._answers("POST", "/track") if text is None]
        return Answer(504, f"no answer of {missing}\n") if missing else Answer(200, "Deferreds are kept track of\n")


def labelled(texts: dict[str, str]) -> str:
    """Return metrics of several processes as one text, each sample with a label ``worker`` that says whose it is."""
    families: dict[str, list[str]] = {}
    for worker, text in texts.items():
        family: list[str] = []
        head: list[str] = []
        for line in text.splitlines():
            if line.startswith("# HELP "):
                head = [line]
            elif line.startswith("# TYPE "):
                family = families.setdefault(line.split()[2], [*head, line])
            elif line and not line.startswith("#"):
                family.append(_with_label(line, worker))
    return "".join(f"{line}\n" for family in families.values() for line in family)


def _with_label(sample: str, worker: str) -> str:
    name, space, value = sample.partition(" ")
    if "{" in name:
        # Values of labels may have spaces in them.
        name, _, rest = sample.partition("{")
        return f'{name}{{worker="{worker}",{rest}'
    return f'{name}{{worker="{worker}"}}{space}{value}'
