"""
A reverse proxy: /app/ is answered by another server, the rest by this one.

    reactorio run examples/web_reverse_proxy.py HOST PORT_THERE [PORT]
"""

import sys

from twisted.internet import reactor
from twisted.web.proxy import ReverseProxyResource
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import Data


class Forwarded(ReverseProxyResource):
    """Tells the other server whom it answers."""

    def render(self, request):
        client = request.getClientAddress().host
        request.requestHeaders.setRawHeaders(b"x-forwarded-for", [client.encode()])
        request.requestHeaders.setRawHeaders(b"x-forwarded-host", [request.getHeader(b"host") or b""])
        return super().render(request)


def main() -> None:
    host, port_there = sys.argv[1], int(sys.argv[2])
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 8080
    root = Resource()
    root.putChild(b"", Data(b"This server's own page. See /app/\n", "text/plain"))
    root.putChild(b"app", Forwarded(host, port_there, b""))
    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
