"""Connections that are used again."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pytest

from reactorio.internet import reactor
from reactorio.internet.defer import CancelledError, gatherResults
from reactorio.web.client import (
    Agent,
    FileBodyProducer,
    HTTPConnectionPool,
    PoolFull,
    ResponseNeverReceived,
    readBody,
)

from .answering import CLOSE, OK, WAIT, answering, head, pooled


async def get(agent, url, method=b"GET", **options):
    return await readBody(await agent.request(method, url, **options))


def test_one_connection_serves_many_requests(run):
    async def main():
        async with answering() as server, pooled() as (agent, _):
            for _ in range(5):
                assert await get(agent, server.url) == b"ok"
            assert server.connections == 1
        assert b"Connection:" not in server.requests[0]

    run(main())


@pytest.mark.parametrize(
    "answer",
    [
        head(b"Content-Length: 2", b"Connection: close") + b"ok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_a_connection_that_the_server_ends_is_not_kept(run, answer):
    async def main():
        async with answering([answer, WAIT], OK) as server, pooled() as (agent, _):
            assert await get(agent, server.url) == b"ok"
            assert await get(agent, server.url) == b"ok"
            assert server.connections == 2
            server.go_on.set()

    run(main())


def test_a_pool_that_is_not_persistent_says_so_to_the_server(run):
    async def main():
        async with answering() as server, pooled(persistent=False) as (agent, _):
            await get(agent, server.url)
            await get(agent, server.url)
            assert server.connections == 2
        assert b"\r\nConnection: close\r\n" in server.requests[0]

    run(main())


def test_no_more_connections_are_kept_than_may_be(run):
    async def main():
        async with answering(*[[WAIT, OK]] * 5) as server, pooled() as (agent, pool):
            every = [asyncio.ensure_future(get(agent, server.url)) for _ in range(5)]
            while len(server.requests) < 5:
                await asyncio.sleep(0)
            server.go_on.set()
            await asyncio.gather(*every)
            (kept,) = pool._connections.values()
            assert len(kept) == pool.maxPersistentPerHost == 2

    run(main())


def test_a_connection_that_nobody_uses_is_closed_after_a_while(run):
    async def main():
        async with answering() as server, pooled() as (agent, pool):
            pool.cachedConnectionTimeout = 0.01
            await get(agent, server.url)
            while server.open:
                await asyncio.sleep(0.005)
            assert not any(pool._connections.values())
            assert not pool._timeouts

    run(main())


def test_a_connection_that_the_server_closes_meanwhile_is_forgotten(run):
    async def main():
        async with answering([OK, CLOSE], OK) as server, pooled() as (agent, pool):
            await get(agent, server.url)
            while any(pool._connections.values()):
                await asyncio.sleep(0)
            assert not pool._timeouts
            await get(agent, server.url)

    run(main())


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_what_may_be_sent_twice_is_when_a_kept_connection_fails(run, method):
    async def main():
        async with answering(OK, [CLOSE], OK) as server, pooled() as (agent, _):
            await get(agent, server.url)
            if method == b"GET":
                assert await get(agent, server.url) == b"ok"
                assert (len(server.requests), server.connections) == (3, 2)
            else:
                with pytest.raises(ResponseNeverReceived):
                    await get(agent, server.url, method, bodyProducer=FileBodyProducer(BytesIO(b"x")))

    run(main())


def test_nothing_is_sent_twice_if_nobody_wants_that(run):
    async def main():
        async with answering(OK, [CLOSE]) as server, pooled() as (agent, pool):
            pool.retryAutomatically = False
            await get(agent, server.url)
            with pytest.raises(ResponseNeverReceived):
                await get(agent, server.url)

    run(main())


def test_who_asks_for_one_connection_too_many_waits(run):
    async def main():
        async with answering() as server, pooled(max_connections=2) as (agent, pool):
            every = [asyncio.ensure_future(get(agent, server.url)) for _ in range(20)]
            assert await asyncio.gather(*every) == [b"ok"] * 20
            assert server.connections == 2
            assert not pool._waiting

    run(main())


def test_who_waits_gets_a_new_connection_when_one_is_lost(run):
    async def main():
        closing = head(b"Content-Length: 2", b"Connection: close") + b"ok"
        async with answering(*[closing] * 6) as server, pooled(max_connections=1) as (agent, pool):
            every = [asyncio.ensure_future(get(agent, server.url)) for _ in range(6)]
            assert await asyncio.gather(*every) == [b"ok"] * 6
        assert server.connections == 6
        assert not pool._in_use

    run(main())


def test_only_so_many_wait(run):
    async def main():
        async with (
            answering([WAIT, OK]) as server,
            pooled(max_connections=1, max_waiting=1) as (agent, _),
        ):
            first, second, third = (agent.request(b"GET", server.url) for _ in range(3))
            with pytest.raises(PoolFull):
                await third
            second.cancel()
            with pytest.raises(CancelledError):
                await second
            fourth = agent.request(b"GET", server.url)
            server.go_on.set()
            assert [await readBody(response) for response in await gatherResults([first, fourth])] == [b"ok", b"ok"]

    run(main())


def test_closing_waits_until_they_are_closed(run):
    async def main():
        async with answering() as server:
            pool = HTTPConnectionPool(reactor)
            agent = Agent(reactor, pool=pool)
            await get(agent, server.url)
            assert await pool.closeCachedConnections() is None
            await get(agent, server.url)
            await pool.closeCachedConnections()
        assert server.connections == 2

    run(main())


def test_a_body_that_nobody_reads_keeps_its_connection(run):
    async def main():
        async with answering([head(b"Content-Length: 4") + b"ab", WAIT, b"cd"], OK) as server, pooled() as (agent, _):
            response = await agent.request(b"GET", server.url)
            assert await get(agent, server.url) == b"ok"
            server.go_on.set()
            assert await readBody(response) == b"abcd"
            assert server.connections == 2

    run(main())
