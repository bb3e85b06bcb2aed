"""
A Flask application in threads, beside resources of the reactor's.

    reactorio run examples/web_wsgi.py [PORT]

It needs Flask. /flask/hello/NAME is the application's, /static/ a folder's files.
"""

import sys
from pathlib import Path

from flask import Flask, request
from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File
from twisted.web.wsgi import WSGIResource

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> str:
    return f"hello, {name}!\n"


@app.post("/sum")
def add() -> dict:
    return {"sum": sum(request.get_json())}


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    root = Resource()
    root.putChild(b"flask", WSGIResource(reactor, reactor.getThreadPool(), app))
    root.putChild(b"static", File(str(Path(__file__).parent)))
    listening = reactor.listenTCP(port, Site(root), interface="127.0.0.1")
    print(f"web server on port {listening.getHost().port}", flush=True)
    reactor.run()


if __name__ == "__main__":
    main()
