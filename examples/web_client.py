"""
Asks for pages, several at a time, over connections that are kept.

    reactorio run examples/web_client.py URL...

For each: status, protocol, size, and the time that it took. Redirects are followed, compressed answers decompressed.
"""

import sys
import time

from twisted.internet import defer, reactor, task
from twisted.web.client import Agent, ContentDecoderAgent, GzipDecoder, HTTPConnectionPool, RedirectAgent, readBody
from twisted.web.http_headers import Headers


async def ask(agent: RedirectAgent, url: str) -> str:
    began = time.monotonic()
    try:
        response = await agent.request(b"GET", url.encode(), Headers({"User-Agent": ["web_client"]}))
        # An answer has no end that anybody promises: after ten seconds it is given up.
        body = await readBody(response).addTimeout(10, reactor)
    except Exception as error:
        return f"{url}: {type(error).__name__}: {error}"
    name, major, minor = response.version
    took = time.monotonic() - began
    return f"{url}: {response.code} {name.decode()}/{major}.{minor}, {len(body)} bytes, {took * 1000:.0f} ms"


async def main(reactor, *urls: str) -> None:
    pool = HTTPConnectionPool(reactor)
    agent = RedirectAgent(ContentDecoderAgent(Agent(reactor, connectTimeout=5, pool=pool), [(b"gzip", GzipDecoder)]))
    asked = [defer.ensureDeferred(ask(agent, url)) for url in urls]
    for line in await defer.gatherResults(asked):
        print(line, flush=True)
    await pool.closeCachedConnections()


if __name__ == "__main__":
    task.react(lambda reactor, *urls: defer.ensureDeferred(main(reactor, *urls)), sys.argv[1:])
