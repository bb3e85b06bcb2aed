"""Applications of Klein, Flask and FastAPI as they are, started as programs: Klein finds reactorio under Twisted's names."""

from __future__ import annotations

import http.client
import json
from contextlib import ExitStack
from importlib.util import find_spec

import pytest
from programs import started

pytestmark = pytest.mark.usefixtures("loop_kind")

START = """
import sys
from twisted.internet import reactor
from twisted.web.server import Site

def serve(resource):
    port = reactor.listenTCP(0, Site(resource), interface="127.0.0.1")
    print("web server on port", port.getHost().port, flush=True)
    reactor.run()
"""

KLEIN = """
from klein import Klein, Form, Field, Plating, Requirer, SessionProcurer
from klein.storage.memory import MemorySessionStore
from klein.interfaces import ISession
from twisted.internet import defer, reactor, task
from twisted.web.static import File
from twisted.web.template import tags, slot, Element, XMLString, renderer
from start import serve

app = Klein()
requirer = Requirer()
sessions = MemorySessionStore()

@requirer.prerequisite([ISession])
def session(request):
    return SessionProcurer(sessions, secureCookie=b"S", insecureCookie=b"I").procureSession(request)

style = Plating(tags=tags.html(tags.body(tags.h1(slot("title")), slot(Plating.CONTENT))), defaults={"title": "none"})

@style.routed(app.route("/plated/<name>"), tags.p("hello, ", slot("name")))
def plated(request, name):
    return {"name": name, "title": "A page"}

@app.route("/deferred")
def deferred(request):
    return task.deferLater(reactor, 0.01, lambda: "deferred\\n")

@app.route("/generator")
@defer.inlineCallbacks
def generator(request):
    yield task.deferLater(reactor, 0.01)
    return "generator\\n"

@app.route("/coroutine")
async def coroutine(request):
    import asyncio
    await asyncio.sleep(0.01)
    return "coroutine\\n"

@app.route("/body", methods=["PUT"])
def body(request):
    request.setResponseCode(201)
    return request.content.read()[::-1]

@app.route("/files/", branch=True)
def files(request):
    return File(".")

with app.subroute("/sub") as below:
    @below.route("/<int:number>")
    def number(request, number):
        return str(number + 1)

class Greeting(Element):
    loader = XMLString('<p xmlns:t="http://twistedmatrix.com/ns/twisted.web.template/0.1" t:render="who" />')
    @renderer
    def who(self, request, tag):
        return tag("<who>")

@app.route("/element")
def element(request):
    return Greeting()


@requirer.require(app.route("/form", methods=["POST"]), count=Field.number(minimum=1), name=Field.text())
def posted(count, name):
    return name * int(count)

@requirer.require(app.route("/form", methods=["GET"]), form=Form.rendererFor(posted, action="/form"))
def form(form):
    return form

class Missing(Exception):
    pass

@app.route("/missing")
def missing(request):
    raise Missing("it is not there")

@app.handle_errors(Missing)
def told(request, failure):
    request.setResponseCode(410)
    return failure.getErrorMessage()

serve(app.resource())
"""

FLASK = """
from flask import Flask, Response, request, session
from twisted.internet import reactor
from twisted.web.wsgi import WSGIResource
from start import serve

app = Flask(__name__)
app.secret_key = "secret"

@app.route("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return {"count": session["count"], "from": request.remote_addr, "url": request.url}

@app.post("/upload")
def upload():
    return {name: len(file.read()) for name, file in request.files.items()}

@app.get("/stream")
def stream():
    return Response((f"{number}\\n" for number in range(3)), mimetype="text/plain")

serve(WSGIResource(reactor, reactor.getThreadPool(), app))
"""

FASTAPI = """
from fastapi import Depends, FastAPI, WebSocket
from pydantic import BaseModel
from reactorio.web.asgi import ASGIResource
from start import serve

app = FastAPI()

class Item(BaseModel):
    name: str
    price: float

async def page(skip: int = 0):
    return skip

@app.post("/items")
async def items(item: Item, skip: int = Depends(page)):
    return {"name": item.name, "skip": skip}

@app.get("/in-thread")
def in_thread():
    import threading
    return threading.current_thread() is threading.main_thread()

serve(ASGIResource(app))
"""


@pytest.fixture
def serving(tmp_path):
    """Start a program; return a function that asks it and returns status, headers and body."""
    (tmp_path / "start.py").write_text(START)
    stack, programs = ExitStack(), []

    def start(package, source):
        if find_spec(package) is None:
            pytest.skip(f"there is no {package}")
        (tmp_path / "program.py").write_text(source)
        program = stack.enter_context(started("run", "program.py", cwd=tmp_path))
        programs.append(program)
        port = int(program.wait_for("web server on port").split()[-1])

        def ask(path, method="GET", body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            try:
                connection.request(
                    method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
                )
                answer = connection.getresponse()
                return answer.status, answer.headers, answer.read()
            finally:
                connection.close()

        return ask

    with stack:
        yield start
        for program in programs:
            assert not any("Traceback" in line for line in program.so_far())


def test_klein_serves_whatever_a_handler_returns(serving):
    ask = serving("klein", KLEIN)
    assert [ask(f"/{path}")[2] for path in ("deferred", "generator", "coroutine")] == [
        b"deferred\n",
        b"generator\n",
        b"coroutine\n",
    ]
    assert ask("/body", "PUT", b"abc")[::2] == (201, b"cba")
    assert ask("/sub/41")[2] == b"42"
    assert ask("/sub/x")[0] == 404
    assert ask("/body")[0] == 405
    assert ask("/missing")[::2] == (410, b"it is not there")
    assert b"def serve(resource)" in ask("/files/start.py")[2]
    assert ask("/element")[2].endswith(b"<p>&lt;who&gt;</p>")


def test_kleins_pages_are_html_or_json_as_the_client_wants(serving):
    ask = serving("klein", KLEIN)
    page = ask("/plated/%3Cme%3E")[2]
    assert b"<h1>A page</h1>" in page
    assert b"<p>hello, &lt;me&gt;</p>" in page
    assert json.loads(ask("/plated/me?json=true")[2])["name"] == "me"


def test_kleins_forms_are_rendered_checked_and_kept_from_other_sites(serving):
    ask = serving("klein", KLEIN)
    status, headers, page = ask("/form")
    assert status == 200
    cookie = headers["Set-Cookie"].partition(";")[0]
    token = page.partition(b'name="__csrf_protection__"')[2].partition(b'value="')[2].partition(b'"')[0].decode()
    fields = f"name=ab&count=3&__csrf_protection__={token}"
    urlencoded = "application/x-www-form-urlencoded"
    assert ask("/form", "POST", fields, Cookie=cookie, Content_Type=urlencoded)[::2] == (200, b"ababab")
    assert ask("/form", "POST", "name=ab&count=3", Cookie=cookie, Content_Type=urlencoded)[0] != 200


def test_flask_has_sessions_uploads_and_streams(serving):
    ask = serving("flask", FLASK)
    status, headers, body = ask("/count")
    assert (status, json.loads(body)["count"], json.loads(body)["from"]) == (200, 1, "127.0.0.1")
    assert json.loads(ask("/count", Cookie=headers["Set-Cookie"].partition(";")[0])[2])["count"] == 2
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + bytes(300_000) + b"\r\n--x--\r\n"
    assert json.loads(ask("/upload", "POST", part, Content_Type="multipart/form-data; boundary=x")[2]) == {"f": 300_000}
    assert ask("/stream")[2] == b"0\n1\n2\n"


def test_fastapi_reads_models_and_has_threads(serving):
    ask = serving("fastapi", FASTAPI)
    asked = json.dumps({"name": "tea", "price": 2.5})
    assert json.loads(ask("/items?skip=3", "POST", asked, Content_Type="application/json")[2]) == {
        "name": "tea",
        "skip": 3,
    }
    assert ask("/items", "POST", "{}", Content_Type="application/json")[0] == 422
    assert json.loads(ask("/in-thread")[2]) is False
    assert json.loads(ask("/openapi.json")[2])["info"]["title"] == "FastAPI"
