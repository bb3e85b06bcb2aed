"""
Uploads that are counted while they come.

    reactorio run examples/web_upload.py [PORT]

    curl -T FILE http://127.0.0.1:8080/NAME        sends a file
    curl http://127.0.0.1:8080/                    says how far those are that come

A request's body is in a temporary file when its resource is asked to render; before that, the request is told of every piece.
"""

import hashlib
import json
import sys

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

# How much of each body has come, and how much is to come, by the request.
coming: dict[Request, list] = {}


class CountedRequest(Request):
    """A request that notes how much of its body has come."""

    def gotLength(self, length) -> None:
        super().gotLength(length)
        if length != 0:  # None is a body in chunks
            coming[self] = [0, length]

    def handleContentChunk(self, data: bytes) -> None:
        super().handleContentChunk(data)
        if self in coming:
            coming[self][0] += len(data)

    def connectionLost(self, reason) -> None:
        coming.pop(self, None)
        super().connectionLost(reason)


class Uploads(Resource):
    isLeaf = True

    def render_GET(self, request) -> bytes:
        request.setHeader(b"content-type", b"application/json")
        uploads = [{"received": received, "length": length} for received, length in coming.values()]
        return json.dumps(uploads).encode() + b"\n"

    def render_PUT(self, request) -> bytes:
        coming.pop(request, None)
        digest, size = hashlib.sha256(), 0
        while piece := request.content.read(65536):
            digest.update(piece)
            size += len(piece)
        request.setResponseCode(201)
        return f"{request.path.decode()}: {size} bytes, {digest.hexdigest()}\n".encode()


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    site = Site(Uploads())
    site.requestFactory = CountedRequest
    listening = reactor.listenTCP(port, site, interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
