"""
A server to be attacked, as a program of its own: ``python -m tests.web.victim PEM [LIMIT=VALUE ...]``.

It says which ports it listens on, then answers until it is killed. Errors that it logs end up in its output. Limits are
those of `reactorio.web.http.Limits`; ``timeout`` is the site's, ``abort`` the channel's ``abortTimeout``.
"""

from __future__ import annotations

import gc
import json
import os
import resource as files
import sys
import tempfile
from pathlib import Path
from typing import Any

from reactorio.internet import reactor as _reactor
from reactorio.internet import ssl, task
from reactorio.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)
from reactorio.web import http, resource, server, static

reactor: Any = _reactor
LOOPBACK = "127.0.0.1"


def rss() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024


class Root(resource.Resource):
    """Says what was asked; what begins with "/smuggled" is what nobody sent as a request."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.asked = self.lost = 0
        self.file = tempfile.NamedTemporaryFile()  # noqa: SIM115  # it is there as long as the process
        self.file.truncate(20_000_000)

    def render(self, request: Any) -> Any:
        self.asked += 1
        if b"smuggled" in request.uri:
            self.seen.append(request.uri.decode("latin-1"))
        work = getattr(self, "do_" + request.path.strip(b"/").decode("latin-1"), self.do_echo)
        return work(request)

    def do_echo(self, request: Any) -> bytes:
        return json.dumps(
            {
                "method": request.method.decode("latin-1"),
                "uri": request.uri.decode("latin-1"),
                "headers": [
                    [name.decode("latin-1").lower(), value.decode("latin-1")]
                    for name, values in request.requestHeaders.getAllRawHeaders()
                    for value in values
                ],
                "body": request.content.read().decode("latin-1"),
            }
        ).encode()

    def do_stats(self, request: Any) -> bytes:
        if b"gc" in request.args:
            gc.collect()
        return json.dumps(
            {
                "rss": rss(),
                "seen": self.seen,
                "asked": self.asked,
                "lost": self.lost,
                "connections": len(reactor._open),
                "cpu": sum(os.times()[:2]),
            }
        ).encode()

    def do_big(self, request: Any) -> bytes:
        """A megabyte at once."""
        return b"x" * int(request.args.get(b"n", [b"1000000"])[0])

    def do_file(self, request: Any) -> Any:
        """Twenty megabytes of a file, the system's way if there is one."""
        return static.File(self.file.name).render_GET(request)

    def do_pieces(self, request: Any) -> int:
        """Many small writes, with nobody who produces them."""
        for _ in range(int(request.args[b"n"][0])):
            request.write(b"0123456789")
        request.finish()
        return server.NOT_DONE_YET

    def do_stream(self, request: Any) -> int:
        """Pieces for as long as they are taken."""
        Endless(request)
        request.notifyFinish().addBoth(self._lost)
        return server.NOT_DONE_YET

    def do_never(self, request: Any) -> int:
        request.notifyFinish().addBoth(self._lost)
        return server.NOT_DONE_YET

    def do_later(self, request: Any) -> Any:
        return task.deferLater(reactor, 0, self.do_echo, request)

    def _lost(self, result: object) -> None:
        self.lost += 1


class Endless:
    """Writes whenever it may."""

    def __init__(self, request: Any) -> None:
        self.request = request
        self.paused = False
        request.registerProducer(self, True)
        self.resumeProducing()

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False
        reactor.callLater(0, self.go_on)

    def go_on(self) -> None:
        while not self.paused:
            self.request.write(b"y" * 16384)

    def stopProducing(self) -> None:
        self.paused = True


def main(arguments: list[str]) -> None:
    """Serve."""
    globalLogBeginner.beginLoggingTo(
        [FilteringLogObserver(textFileLogObserver(sys.stdout), [LogLevelFilterPredicate(LogLevel.error)])],
        redirectStandardIO=False,
    )
    limits: dict[str, Any] = {name: json.loads(value) for name, value in (each.split("=") for each in arguments[1:])}
    _, most = files.getrlimit(files.RLIMIT_NOFILE)
    files.setrlimit(files.RLIMIT_NOFILE, (most, most))
    timeout = limits.pop("timeout", 60)
    http.HTTPChannel.abortTimeout = limits.pop("abort", 15)
    site = server.Site(Root(), timeout=timeout, limits=http.Limits(**limits))
    plain = reactor.listenTCP(0, site, interface=LOOPBACK, backlog=1000)
    options = ssl.PrivateCertificate.loadPEM(Path(arguments[0]).read_bytes()).options()
    secure = reactor.listenSSL(0, site, options, interface=LOOPBACK)
    print("ports", plain.getHost().port, secure.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1:])
