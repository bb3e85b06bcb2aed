"""The client against servers of others: aiohttp, nginx."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from io import BytesIO

import pytest

pytest.importorskip("cryptography")

from typing import TYPE_CHECKING

from certificates import AUTHORITY, SERVER

from reactorio.internet import reactor
from reactorio.web.client import (
    Agent,
    BrowserLikePolicyForHTTPS,
    ContentDecoderAgent,
    FileBodyProducer,
    HTTPConnectionPool,
    knownDecoders,
    readBody,
)
from reactorio.web.http_headers import Headers
from reactorio.web.iweb import UNKNOWN_LENGTH

from .answering import pooled

if TYPE_CHECKING:
    from pathlib import Path

NGINX = shutil.which("nginx")
TEXT = b"a text that is said again and again, " * 3000


@asynccontextmanager
async def aiohttp_server(*handlers):
    web = pytest.importorskip("aiohttp.web")
    app = web.Application()
    for method, path, handler in handlers:
        app.router.add_route(method, path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield b"http://127.0.0.1:%d" % runner.addresses[0][1]
    finally:
        await runner.cleanup()


def test_aiohttp(run):
    web = pytest.importorskip("aiohttp.web")

    async def echo(request):
        return web.Response(body=await request.read(), headers={"X-Method": request.method})

    async def stream(request):
        response = web.StreamResponse()
        response.enable_compression()
        await response.prepare(request)
        for _ in range(10):
            await response.write(TEXT)
        return response

    async def main():
        async with aiohttp_server(("*", "/echo", echo), ("GET", "/stream", stream)) as base, pooled() as (agent, _):
            for length in (10, 1_000_000, UNKNOWN_LENGTH):
                size = 500_000 if length is UNKNOWN_LENGTH else length
                producer = FileBodyProducer(BytesIO(b"x" * size))
                producer.length = length
                headers = Headers({"Expect": ["100-continue"]}) if size == 10 else None
                response = await agent.request(b"PUT", base + b"/echo", headers, producer)
                assert len(await readBody(response)) == size
            response = await ContentDecoderAgent(agent, knownDecoders()).request(b"GET", base + b"/stream")
            assert await readBody(response) == TEXT * 10

    run(main())


CONFIGURATION = """
daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {home}/b; proxy_temp_path {home}/p; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s; gzip on; gzip_types *; gzip_min_length 1;
    server {{
        listen unix:{home}/plain; listen unix:{home}/tls ssl http2;
        ssl_certificate {home}/pem; ssl_certificate_key {home}/pem; root {home}/www;
    }}
}}
"""


class ByUnix:
    """The way to nginx, over TLS for https: sockets in a directory need no free port."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def endpointForURI(self, uri):
        from reactorio.internet.endpoints import UNIXClientEndpoint, wrapClientTLS

        endpoint = UNIXClientEndpoint(reactor, str(self.home / ("tls" if uri.scheme == b"https" else "plain")))
        if uri.scheme == b"http":
            return endpoint
        policy = BrowserLikePolicyForHTTPS(AUTHORITY.certificate)
        return wrapClientTLS(policy.creatorForNetloc(uri.host, uri.port), endpoint)


def start_nginx(home: Path) -> subprocess.Popen[bytes]:
    (home / "www").mkdir()
    (home / "www" / "text.txt").write_bytes(TEXT)
    (home / "pem").write_bytes(SERVER.dumpPEM() + SERVER.privateKey.dump(1))
    # As root, its workers would be somebody who may not look in here.
    user = "user root;" if os.getuid() == 0 else ""
    (home / "conf").write_text(user + CONFIGURATION.format(home=home))
    assert NGINX is not None
    return subprocess.Popen([NGINX, "-c", home / "conf", "-e", home / "error.log"], stderr=subprocess.DEVNULL)


async def is_there(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


@asynccontextmanager
async def nginx(home: Path, **options):
    process = start_nginx(home)
    pool = HTTPConnectionPool(reactor, **options)
    try:
        while not await is_there(home / "tls"):
            assert process.poll() is None, (home / "error.log").read_text()
            await asyncio.sleep(0.01)
        yield Agent.usingEndpointFactory(reactor, ByUnix(home), pool)
        await pool.closeCachedConnections()
    finally:
        process.terminate()
        process.wait()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize(
    ("scheme", "http2", "version"), [(b"http", False, 1), (b"https", False, 1), (b"https", True, 2)]
)
def test_nginx(run, tmp_path, scheme, http2, version):
    if http2:
        pytest.importorskip("h2")

    async def main():
        async with nginx(tmp_path, http2=http2) as agent:
            url = scheme + b"://server.example/text.txt"
            decoding = ContentDecoderAgent(agent, knownDecoders())

            async def get(agent, headers=None):
                response = await agent.request(b"GET", url, headers)
                return response, await readBody(response)

            response, body = await get(agent)
            assert (response.version[1], response.length, body) == (version, len(TEXT), TEXT)
            assert (await get(decoding))[1] == TEXT
            response, body = await get(agent, Headers({"Range": ["bytes=0-3"]}))
            assert (response.code, body) == (206, TEXT[:4])
            response = await agent.request(b"HEAD", url)
            assert (response.code, await readBody(response)) == (200, b"")
            etag = response.headers.getRawHeaders("etag")[0]
            response, body = await get(agent, Headers({"If-None-Match": [etag]}))
            assert (response.code, body) == (304, b"")
            response = await agent.request(b"GET", url[:-4])
            assert response.code == 404
            await readBody(response)
            bodies = await asyncio.gather(*(get(agent) for _ in range(20)))
            assert all(body == TEXT for _, body in bodies)

    run(main())
