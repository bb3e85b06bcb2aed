"""
What a question and its answer cost over AMP.

    python benchmarks/amp.py [--rounds 5]

Compared in one run, in turns, each in a process of its own: Twisted on its epoll reactor (installed from PyPI into an
environment of this script's own), and reactorio on asyncio and on uvloop. The figures are CPU time for both ends
together, in microseconds, medians over the rounds; what counts is the ratio to Twisted.

    memory      a call of one number, between two protocols without a network
    many        the same of ten arguments of several kinds
    boxes       a box of five keys that is read, from a stream of them
    one         a call of one number over TCP, the next when it is answered
    fifty       the same with fifty calls on their way
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from twisted_environment import twisted_python

ROOT = Path(__file__).resolve().parent.parent
CASES = ("memory", "many", "boxes", "one", "fifty")
CONTESTANTS = (("twisted", "epoll"), ("reactorio", "asyncio"), ("reactorio", "uvloop"))

# How many calls a measurement makes, and how many measurements a process does (the fastest counts).
CALLS = 2000
REPEATS = 5

MANY = {
    "number": 12345,
    "text": "h\xe9llo, world",
    "raw": b"x" * 40,
    "yes": True,
    "real": 1.5,
    "exact": Decimal("1.10"),
    "when": datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc),
    "numbers": [1, 2, 3, 4],
    "rows": [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}],
    "left_out": None,
}


class Wire:
    """A transport that keeps what is written."""

    disconnecting = False

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def bring(self, protocol: Any) -> None:
        """Let ``protocol`` receive what is written."""
        data = b"".join(self.written)
        self.written.clear()
        protocol.dataReceived(data)

    def getPeer(self) -> str:
        return "peer"

    getHost = getPeer


def commands(amp: Any) -> tuple[Any, Any, Any]:
    """Return a command of one number, one of many arguments, and a protocol that answers both."""

    class Double(amp.Command):
        arguments = [(b"number", amp.Integer())]
        response = [(b"number", amp.Integer())]

    class Many(amp.Command):
        arguments = response = [
            (b"number", amp.Integer()),
            (b"text", amp.Unicode()),
            (b"raw", amp.String()),
            (b"yes", amp.Boolean()),
            (b"real", amp.Float()),
            (b"exact", amp.Decimal()),
            (b"when", amp.DateTime()),
            (b"numbers", amp.ListOf(amp.Integer())),
            (b"rows", amp.AmpList([(b"x", amp.Integer()), (b"y", amp.Unicode())])),
            (b"left-out", amp.Unicode(optional=True)),
        ]

    class Answers(amp.AMP):
        @Double.responder
        def double(self, number: int) -> dict[str, int]:
            return {"number": 2 * number}

        @Many.responder
        def many(self, **arguments: Any) -> dict[str, Any]:
            return arguments

    return Double, Many, Answers


def in_memory(amp: Any, case: str) -> float:
    Double, Many, Answers = commands(amp)
    client, server = Answers(), Answers()
    there, back = Wire(), Wire()
    server.makeConnection(back)
    client.makeConnection(there)
    answers: list[Any] = []
    command, arguments, expected = (Double, {"number": 21}, {"number": 42}) if case == "memory" else (Many, MANY, MANY)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        for _ in range(CALLS):
            client.callRemote(command, **arguments).addCallback(answers.append)
            there.bring(server)
            back.bring(client)
        best = min(best, time.process_time() - start)
        assert answers == [expected] * CALLS
        answers.clear()
    return best / CALLS


def reading(amp: Any) -> float:
    class Counting:
        def startReceivingBoxes(self, sender: Any) -> None: ...

        def ampBoxReceived(self, box: Any) -> None:
            boxes.append(box)

    box = amp.Box(_command=b"double", _ask=b"1f", number=b"42", text=b"x" * 100, more=b"y" * 20)
    wire = box.serialize() * CALLS
    boxes: list[Any] = []
    best = float("inf")
    for _ in range(REPEATS):
        protocol = amp.BinaryBoxProtocol(Counting())
        protocol.makeConnection(Wire())
        start = time.process_time()
        for position in range(0, len(wire), 65536):
            protocol.dataReceived(wire[position : position + 65536])
        best = min(best, time.process_time() - start)
        assert boxes == [box] * CALLS
        boxes.clear()
    return best / CALLS


def over_tcp(amp: Any, together: int) -> float:
    reactor: Any = importlib.import_module("twisted.internet.reactor")
    protocol = importlib.import_module("twisted.internet.protocol")
    endpoints = importlib.import_module("twisted.internet.endpoints")
    Double, _, Answers = commands(amp)
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Answers), interface="127.0.0.1")
    results: list[float] = []

    def ask(client: Any, left: int) -> None:
        answered = 0
        start = time.process_time()

        def call() -> None:
            nonlocal left
            left -= 1
            client.callRemote(Double, number=21).addCallback(done)

        def done(answer: dict[str, int]) -> None:
            nonlocal answered
            assert answer == {"number": 42}
            answered += 1
            if left:
                call()
            elif answered == CALLS:
                results.append(time.process_time() - start)
                if len(results) < REPEATS:
                    reactor.callLater(0, ask, client, CALLS)
                else:
                    client.transport.loseConnection()
                    reactor.callLater(0.05, reactor.stop)

        for _ in range(together):
            call()

    endpoint = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    endpoints.connectProtocol(endpoint, amp.AMP()).addCallback(ask, CALLS)
    reactor.run()
    return min(results) / CALLS


def measure(package: str, kind: str, case: str) -> float:
    if package == "reactorio":
        os.environ["REACTORIO_LOOP"] = kind
        importlib.import_module("reactorio.as_twisted")
    amp = importlib.import_module("twisted.protocols.amp")
    if case == "boxes":
        return reading(amp)
    if case in ("memory", "many"):
        return in_memory(amp, case)
    return over_tcp(amp, 1 if case == "one" else 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    taken: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(options.rounds):
        for case in CASES:
            for package, kind in CONTESTANTS:
                python = twisted_python() if package == "twisted" else sys.executable
                command = [python, __file__, "--measure", package, kind, case]
                environment = {**os.environ, "PYTHONPATH": "" if package == "twisted" else str(ROOT)}
                output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
                taken.setdefault((case, package, kind), []).append(1e6 * json.loads(output))
    print(f"{'':8}{'Twisted':>10}{'asyncio':>10}{'ratio':>8}{'uvloop':>10}{'ratio':>8}")
    for case in CASES:
        twisted, asyncio, uvloop = (median(taken[case, package, kind]) for package, kind in CONTESTANTS)
        print(f"{case:8}{twisted:10.1f}{asyncio:10.1f}{twisted / asyncio:8.2f}{uvloop:10.1f}{twisted / uvloop:8.2f}")


if __name__ == "__main__":
    main()
