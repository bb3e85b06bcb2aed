"""
Both worlds in one `asyncio.run`: run it with `python examples/mixed.py`, or `reactorio run examples/mixed.py`.

- a Twisted-style Factory listens, and asyncio's streams talk to it;
- Deferreds are awaited in a TaskGroup, under `asyncio.timeout`;
- an inlineCallbacks function uses `asyncio.sleep`, `asyncio.timeout`, a TaskGroup and aiohttp.

It needs Python 3.11 and aiohttp.
"""

import asyncio

import aiohttp
from aiohttp import web

from reactorio.internet import reactor
from reactorio.internet.defer import Deferred, inlineCallbacks
from reactorio.internet.protocol import Factory
from reactorio.internet.task import deferLater
from reactorio.protocols.basic import LineReceiver


class Shout(LineReceiver):
    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(line.upper())


async def ask(port: int, question: str) -> str:
    """asyncio's streams on one end, a Twisted-style protocol on the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question.encode() + b"\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.decode().strip()


async def later(seconds: float, value: str) -> str:
    """A coroutine that awaits a Deferred."""
    return await deferLater(reactor, seconds, lambda: value)


@inlineCallbacks
def all_of_it(url: str):
    """A Deferred coroutine in which asyncio's own tools work."""
    yield asyncio.sleep(0.01)
    try:
        yield from_within_a_timeout()
    except TimeoutError:
        print("inlineCallbacks: asyncio.timeout ended a Deferred")
    total = yield sum_in_a_group()
    print("inlineCallbacks: a TaskGroup added up to", total)
    page = yield fetch(url)
    return page


async def from_within_a_timeout() -> None:
    async with asyncio.timeout(0.01):
        await Deferred()  # nobody will ever fire it


async def sum_in_a_group() -> int:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(double(number)) for number in (1, 2, 3)]
    return sum(task.result() for task in tasks)


async def fetch(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def serve_page() -> tuple[web.AppRunner, str]:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="a page from aiohttp")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return runner, f"http://{host}:{port}/"


async def main() -> None:
    listening = reactor.listenTCP(0, Factory.forProtocol(Shout), interface="127.0.0.1")
    print("asyncio streams, Twisted protocol:", await ask(listening.getHost().port, "hello"))

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(later(0.01, "one"))
        second = group.create_task(later(0.0, "two"))
    print("Deferreds in a TaskGroup:", first.result(), second.result())

    runner, url = await serve_page()
    print("inlineCallbacks:", await all_of_it(url))
    await runner.cleanup()
    await listening.stopListening()
    print("done")


asyncio.run(main())
