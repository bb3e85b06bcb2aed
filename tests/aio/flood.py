"""
A program: sends much to a reader that is slower, both in this process, and prints what memory that took, in bytes.

    python -m aio.flood KIND MEGABYTES
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from aio.kinds import KINDS, Pair
from aio.parties import Party
from aio.producers import Push
from reactorio.internet import reactor
from reactorio.internet.defer import ensureDeferred

PIECE = bytes(range(256)) * 256
PAGE = os.sysconf("SC_PAGE_SIZE")
A_WHILE = 4 << 20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Slow(Party):
    """Rests for a moment after some megabytes, and looks at the memory then."""

    size = 0
    peak = 0

    def __init__(self) -> None:
        super().__init__()
        self.digest = blake2b()

    def dataReceived(self, data: bytes) -> None:
        before = self.size // A_WHILE
        self.size += len(data)
        self.digest.update(data)
        if self.size // A_WHILE > before:
            self.transport.pauseProducing()
            reactor.callLater(0.002, self.go_on)

    def go_on(self) -> None:
        self.peak = max(self.peak, resident())
        self.transport.resumeProducing()


async def main(kind: str, megabytes: int) -> dict[str, Any]:
    server, client = Slow(), Party()
    pair = Pair(server, client)
    await KINDS[kind].connect(reactor, pair)
    client.transport.write(b"")
    idle = resident()
    number = (megabytes << 20) // len(PIECE)
    producer = Push(client.transport, PIECE, number)
    producer.start()
    client.transport.loseConnection()
    await server.lost()
    await client.lost()
    await pair.close()
    expected = blake2b()
    for _ in range(number):
        expected.update(PIECE)
    return {
        "arrived": server.digest.digest() == expected.digest(),
        "more": max(server.peak, resident()) - idle,
        "paused": producer.events.count("pauseProducing"),
    }


def run() -> None:
    running = ensureDeferred(main(sys.argv[1], int(sys.argv[2])))
    running.addCallback(lambda result: print(json.dumps(result)))
    running.addErrback(lambda failure: failure.printTraceback())
    running.addBoth(lambda _: reactor.stop())


if __name__ == "__main__":
    reactor.callWhenRunning(run)
    reactor.run()
