"""HTTP/2 in the client, against a server that says what a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import pytest

pytest.importorskip("h2")
pytest.importorskip("cryptography")

from certificates import AUTHORITY, SERVER
from h2.config import H2Configuration  # what is not there is skipped
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes, Settings

from reactorio.internet import reactor
from reactorio.internet.defer import CancelledError
from reactorio.internet.error import ConnectingCancelledError, TimeoutError
from reactorio.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    FileBodyProducer,
    HTTPConnectionPool,
    ResponseFailed,
    ResponseLimits,
    ResponseTooLarge,
    readBody,
)
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH

from .answering import OK, answering


class Speaking(asyncio.Protocol):
    """
    A server's connection.

    Attributes:
        requests: By stream: fields, and what came of the body.
        on_request: Called with this and a stream whose request is whole.
    """

    made: list[Speaking] = []

    def __init__(self, on_request: Any, settings: Any) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self.on_request = on_request
        self.requests: dict[int, tuple[dict[bytes, bytes], list[bytes]]] = {}
        self.reset: list[int] = []
        self.settings = settings

    def connection_made(self, transport):
        self.made.append(self)
        self.transport = transport
        self.h2.local_settings = Settings(client=False, initial_values=self.settings)
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, error):
        self.transport.close()  # which Python 3.10 wants to be told

    def flush(self):
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data):
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.requests[event.stream_id] = dict(event.headers), []
            elif isinstance(event, DataReceived):
                self.requests[event.stream_id][1].append(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.on_request(self, event.stream_id)
            elif isinstance(event, StreamReset):
                self.reset.append(event.stream_id)
        self.flush()

    def answer(self, stream, body=b"ok", status=b"200", *fields, end=True):
        self.h2.send_headers(stream, [(b":status", status), (b"x-a", b"1"), *fields])
        if body or end:
            self.h2.send_data(stream, body, end_stream=end)
        self.flush()


def answer(connection, stream):
    connection.answer(stream)


def context(*protocols: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    import tempfile

    with tempfile.NamedTemporaryFile() as pem:
        pem.write(SERVER.dumpPEM() + SERVER.privateKey.dump(1))
        pem.flush()
        made.load_cert_chain(pem.name)
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


@asynccontextmanager
async def speaking(on_request=answer, options=None, settings=None):
    """Serve HTTP/2; give the URL, an agent for it, the pool, and the server's connections."""
    Speaking.made = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Speaking(on_request, settings or {}), "127.0.0.1", 0, ssl=context("h2", "http/1.1")
    )
    url = b"https://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    agent, pool = agent_and_pool(**(options or {}))
    try:
        yield url, agent, pool, Speaking.made
    finally:
        await pool.closeCachedConnections()
        server.close()
        for connection in Speaking.made:
            connection.transport.close()
        await asyncio.sleep(0.02)


def agent_and_pool(**options):
    times = {name: options.pop(name) for name in ("total_timeout", "read_timeout") if name in options}
    pool = HTTPConnectionPool(reactor, http2=True, **options)
    return Agent(reactor, BrowserLikePolicyForHTTPS(AUTHORITY.certificate), pool=pool, **times), pool


def test_a_request_and_its_response(run):
    async def main():
        async with speaking() as (url, agent, _, made):
            response = await agent.request(b"GET", url + b"a?b", Headers({"X-B": ["2"], "Connection": ["close"]}))
            assert (response.version, response.code) == ((b"HTTP", 2, 0), 200)
            assert response.headers == Headers({"X-A": ["1"]})
            assert await readBody(response) == b"ok"
            ((fields, _),) = made[0].requests.values()
            assert fields == {
                b":method": b"GET",
                b":scheme": b"https",
                b":authority": url[8:-1],
                b":path": b"/a?b",
                b"x-b": b"2",
            }

    run(main())


def test_many_requests_share_one_connection_from_the_first_on(run):
    async def main():
        async with speaking() as (url, agent, _, made):
            responses = await asyncio.gather(*(get(agent, url) for _ in range(50)))
            assert responses == [b"ok"] * 50
            assert await get(agent, url) == b"ok"
            assert len(made) == 1

    run(main())


async def get(agent, url, *args):
    return await readBody(await agent.request(b"GET", url, *args))


def test_a_server_that_speaks_the_old_protocol_is_spoken_to_in_that(run):
    async def main():
        async with answering(OK, OK, tls=context("http/1.1")) as server:
            agent, pool = agent_and_pool()
            url = b"https" + server.url[4:]
            assert await get(agent, url) == b"ok"
            assert await get(agent, url) == b"ok"
            assert server.connections == 1
            await asyncio.gather(*(get(agent, url) for _ in range(5)))
            await pool.closeCachedConnections()


def test_cancelling_in_the_handshake_closes_the_connection_and_lets_the_next_try(run):
    async def main():
        async with speaking() as (url, agent, pool, _made):
            first, second = agent.request(b"GET", url), agent.request(b"GET", url)
            first.cancel()
            with pytest.raises((CancelledError, ConnectingCancelledError)):
                await first
            assert await readBody(await second) == b"ok"
            assert not pool._negotiating

    run(main())


def test_without_being_asked_the_client_speaks_the_old_protocol(run):
    async def main():
        async with answering(OK, tls=context("h2", "http/1.1")) as server:
            agent = Agent(reactor, BrowserLikePolicyForHTTPS(AUTHORITY.certificate))
            assert await get(agent, b"https" + server.url[4:]) == b"ok"

    run(main())


def test_no_more_streams_than_the_server_takes(run):
    most = 0

    def watch(connection, stream):
        nonlocal most
        most = max(most, connection.h2.open_inbound_streams)
        asyncio.get_running_loop().call_later(0.005, connection.answer, stream)

    async def main():
        async with speaking(watch, settings={SettingCodes.MAX_CONCURRENT_STREAMS: 2}) as (url, agent, _, _made):
            await get(agent, url)  # the server's settings are known by then
            assert await asyncio.gather(*(get(agent, url) for _ in range(7))) == [b"ok"] * 7
            assert most == 2

    run(main())


@pytest.mark.parametrize("known", [True, False])
def test_a_body_is_sent_as_the_server_takes_it(run, known):
    async def main():
        body = b"x" * 300_000
        producer = FileBodyProducer(BytesIO(body))
        if not known:
            producer.length = UNKNOWN_LENGTH
        async with speaking() as (url, agent, _, made):
            response = await agent.request(b"PUT", url, None, producer)
            assert await readBody(response) == b"ok"
            ((fields, parts),) = made[0].requests.values()
            assert b"".join(parts) == body
            assert fields.get(b"content-length") == (b"300000" if known else None)

    run(main())


def send_much(connection, stream):
    """Send 8 MiB as the client takes it, and note how much that was."""
    connection.h2.send_headers(stream, [(b":status", b"200")])
    connection.sent = 0

    def more():
        try:
            size = min(connection.h2.local_flow_control_window(stream), 16384, (8 << 20) - connection.sent)
        except StreamClosedError:
            return
        if size > 0:
            connection.h2.send_data(stream, b"x" * size, end_stream=connection.sent + size == 8 << 20)
            connection.sent += size
            connection.flush()
        if connection.sent < 8 << 20:
            asyncio.get_running_loop().call_later(0 if size else 0.001, more)

    more()


def test_a_body_that_nobody_reads_stops_at_its_window_and_holds_up_nobody(run):
    calls = iter([send_much, answer])

    async def main():
        async with speaking(lambda *args: next(calls)(*args)) as (url, agent, _, made):
            response = await agent.request(b"GET", url)
            while made[0].sent < 1 << 20:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            assert made[0].sent == 1 << 20
            assert await get(agent, url) == b"ok"
            assert len(await readBody(response)) == 8 << 20

    run(main())


def test_cancelling_ends_one_request_and_not_the_connection(run):
    calls = iter([lambda *args: None, answer])

    async def main():
        async with speaking(lambda *args: next(calls)(*args)) as (url, agent, _, made):
            waiting = agent.request(b"GET", url)
            while not made or not made[0].requests:
                await asyncio.sleep(0.001)
            waiting.cancel()
            with pytest.raises(ResponseFailed):
                await waiting
            assert await get(agent, url) == b"ok"
            assert (made[0].reset, len(made)) == ([1], 1)

    run(main())


def test_time_is_up(run):
    async def main():
        options = {"total_timeout": 0.1}
        async with speaking(lambda *args: None, options) as (url, agent, _, _made):
            with pytest.raises(ResponseFailed) as caught:
                await agent.request(b"GET", url)
            assert caught.value.reasons[0].check(TimeoutError)

    run(main())


def test_a_stream_that_is_reset_fails_alone(run):
    def reset(connection, stream):
        connection.answer(stream, b"half", end=False)
        connection.h2.reset_stream(stream, 2)

    calls = iter([reset, answer])

    async def main():
        async with speaking(lambda *args: next(calls)(*args)) as (url, agent, _, _made):
            with pytest.raises(ResponseFailed, match="reset"):
                await get(agent, url)
            assert await get(agent, url) == b"ok"

    run(main())


def test_what_a_server_going_away_has_not_seen_is_sent_again(run):
    def go(connection, stream):
        connection.h2.close_connection(last_stream_id=stream - 2)
        connection.flush()

    calls = iter([answer, go, answer])

    async def main():
        async with speaking(lambda *args: next(calls)(*args)) as (url, agent, _, made):
            assert await get(agent, url) == b"ok"
            assert await get(agent, url) == b"ok"
            assert len(made) == 2

    run(main())


def test_trailers(run):
    def trail(connection, stream):
        connection.answer(stream, end=False)
        connection.h2.send_headers(stream, [(b"x-sum", b"1")], end_stream=True)

    async def main():
        async with speaking(trail) as (url, agent, _, _made):
            response = await agent.request(b"GET", url)
            await readBody(response)
            assert response.trailers == Headers({"X-Sum": ["1"]})

    run(main())


def test_a_head_is_bounded(run):
    def much(connection, stream):
        connection.answer(stream, b"", b"200", *[(b"x-%d" % number, b"") for number in range(20)])

    async def main():
        options = {"limits": ResponseLimits(fields=10)}
        async with speaking(much, options) as (url, agent, _, _made):
            with pytest.raises(ResponseFailed) as caught:
                await agent.request(b"GET", url)
            assert caught.value.reasons[0].check(ResponseTooLarge)

    run(main())


def test_frames_that_bring_nothing_end_the_connection(run):
    def ping(connection, stream):
        for number in range(2000):
            connection.h2.ping(b"%08d" % number)

    async def main():
        async with speaking(ping) as (url, agent, _, _made):
            with pytest.raises(ResponseFailed, match="control frames"):
                await agent.request(b"POST", url)

    run(main())


def test_a_connection_lost_fails_every_request(run):
    async def main():
        async with speaking(lambda connection, stream: connection.transport.abort()) as (url, agent, _, _made):
            for result in await asyncio.gather(*(get2(agent, url) for _ in range(3)), return_exceptions=True):
                assert isinstance(result, ResponseFailed)

    async def get2(agent, url):
        return await agent.request(b"POST", url)

    run(main())


def test_a_shared_connection_with_nothing_to_do_is_closed_after_a_while(run):
    async def main():
        async with speaking() as (url, agent, pool, made):
            pool.cachedConnectionTimeout = 0.01
            await get(agent, url)
            while pool._shared:
                await asyncio.sleep(0.005)
            assert not pool._timeouts
            assert await get(agent, url) == b"ok"
            assert len(made) == 2

    run(main())
