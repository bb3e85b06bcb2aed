"""
A tree of resources that makes its branches as they are asked for: a calendar.

    reactorio run examples/web_tree.py [PORT]

/2026/2/ is a month, /2026/2/28 a day. The page of a month comes at once; a day's is made by a coroutine.
"""

import calendar
import sys
from html import escape

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.web.pages import notFound
from twisted.web.resource import Resource
from twisted.web.server import Site


class Years(Resource):
    """The root: every year is below it."""

    def getChild(self, path: bytes, request) -> Resource:
        if path == b"":
            return self
        return Year(int(path)) if path.isdigit() and 1 <= int(path) <= 9999 else notFound()

    def render_GET(self, request) -> bytes:
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return b"Ask for a month, like /2026/2/\n"


class Year(Resource):
    def __init__(self, year: int) -> None:
        super().__init__()
        self.year = year

    def getChild(self, path: bytes, request) -> Resource:
        return Month(self.year, int(path)) if path.isdigit() and 1 <= int(path) <= 12 else notFound()


class Month(Resource):
    def __init__(self, year: int, month: int) -> None:
        super().__init__()
        self.year, self.month = year, month

    def getChild(self, path: bytes, request) -> Resource:
        if path == b"":
            return self
        _, days = calendar.monthrange(self.year, self.month)
        return Day(self.year, self.month, int(path)) if path.isdigit() and 1 <= int(path) <= days else notFound()

    def render_GET(self, request) -> bytes:
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        return f"<!DOCTYPE html><pre>{escape(calendar.month(self.year, self.month))}</pre>\n".encode()


class Day(Resource):
    isLeaf = True

    def __init__(self, *date: int) -> None:
        super().__init__()
        self.date = date

    async def render_GET(self, request) -> bytes:
        name = await deferLater(reactor, 0.01, lambda: calendar.day_name[calendar.weekday(*self.date)])
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        return f"{name}\n".encode()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    listening = reactor.listenTCP(port, Site(Years()), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
