"""`reactorio serve`: services from a file, and the file changed while they run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from programs import EXAMPLES, PATIENCE, REACTORIO, ROOT, exchange, port_in, started

from operations.door import get, until
from operations.load import Clients

CODE = """
from twisted.application import service
from twisted.internet import protocol

class Answer(protocol.Protocol):
    def dataReceived(self, data):
        if data == b"stay":
            self.transport.write(self.factory.text.encode() + b"\\n")
            return
        self.transport.write(self.factory.text.encode() + b"\\n")
        self.transport.loseConnection()

def make_factory(text, checkers=()):
    factory = protocol.Factory.forProtocol(Answer)
    factory.text = text + "".join(type(checker).__name__ for checker in checkers)
    return factory

class Noted(service.Service):
    def __init__(self, word):
        self.word = word
    def startService(self):
        super().startService()
        if self.word == "broken":
            raise RuntimeError("it does not start")
        print(f"started {self.word}")
    def stopService(self):
        print(f"stopped {self.word}")
        return super().stopService()

class Reloads(service.Service):
    def reload(self):
        print("asked to reload")
"""

APP = """
[application]
grace = 20
admin = ["unix:admin"]

[services.answer]
factory = "code_of_app:make_factory"
endpoints = ["tcp:0:interface=127.0.0.1"]
options = { text = "one" }

[services.noted]
service = "code_of_app:Noted"
options.word = "first"

[services.reloads]
service = "code_of_app:Reloads"
"""


def run(*arguments, cwd, **environ):
    done = subprocess.run(
        [*REACTORIO, "serve", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class Serving:
    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.door = str(folder / "admin")
        until(self.door, "/readyz", 200)
        self.port = self.ports()[0]

    def ports(self):
        """Return the ports that have been opened so far, in order."""
        return [port_in(line) for line in self.server.so_far() if "starting on" in line and "/" not in line.split()[-1]]

    def write(self, text):
        (self.folder / "app.toml").write_text(text)

    def reload(self):
        """Reload; return what there is to say of it."""
        self.server.signal(signal.SIGHUP)
        return self.server.wait_for("eloaded").partition("] ")[2]

    def ask(self, port=None):
        return exchange(port or self.port, b"x", 1000).decode().strip()


@pytest.fixture
def serving(tmp_path, loop_kind):
    """Serve a file in a folder of its own."""
    (tmp_path / "code_of_app.py").write_text(CODE)
    with ExitStack() as stack:

        def start(text=APP, *options, **environ):
            (tmp_path / "app.toml").write_text(text)
            server = stack.enter_context(started("serve", *options, "app.toml", cwd=tmp_path, **environ))
            server.wait_for("Admin at")
            return Serving(server, tmp_path)

        yield start


# ---- starting


def test_the_example_is_right_and_runs(tmp_path, loop_kind):
    folder = tmp_path / "served"
    shutil.copytree(EXAMPLES / "served", folder)
    assert run("--check", "served/app.toml", cwd=tmp_path) == (0, "served/app.toml: it is right\n", "")

    endpoint = {"REACTORIO_SERVICES__GREETER__ENDPOINTS": "tcp:0:interface=127.0.0.1"}
    with started("serve", "served/app.toml", cwd=tmp_path, **endpoint) as server:
        port = port_in(server.wait_for("starting on"))
        server.wait_for("Admin at")
        until(str(folder / "admin.sock"), "/readyz", 200)
        assert exchange(port, b"open sesame\n", 100) == b"hello\n"
        assert exchange(port, b"open barley\n", 100) == b"no\n"
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    assert any("greeting.Greeter#debug" in line for line in server.lines)


def test_variables_override_the_file(serving):
    assert serving(REACTORIO_SERVICES__ANSWER__OPTIONS__TEXT="overridden").ask() == "overridden"


def test_the_log_is_as_the_file_says(serving, tmp_path):
    log = '[log]\nformat = "json"\nfile = "log"\nlevel = "warn"\nlevels = { "twisted.application" = "info" }\n'
    (tmp_path / "code_of_app.py").write_text(CODE)
    (tmp_path / "app.toml").write_text(APP + log)
    with started("serve", "app.toml", cwd=tmp_path) as server:
        while not (tmp_path / "log").exists() or "Admin at" not in (tmp_path / "log").read_text():
            os.sched_yield()
        until(str(tmp_path / "admin"), "/readyz", 200)
        server.signal(signal.SIGTERM)
        server.end()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["logger"].rpartition(".")[0] for line in lines} == {"twisted.application"}
    assert server.lines == []


def test_limits_are_the_processes(serving):
    one = serving(APP + '[limits]\nopen-files = 200\ncore = "0"\nthreads = 3\n')
    with open(f"/proc/{one.server.process.pid}/limits") as file:
        limits = file.read()
    assert "Max open files            200" in limits
    assert "Max core file size        0 " in limits
    assert "reactorio_threadpool_limit 3" in get(one.door, "/metrics")[1]


def test_there_are_as_many_connections_as_there_may_be(serving):
    one = serving(APP.replace("options = {", "connections = 1\noptions = {", 1))
    with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as first:
        first.sendall(b"stay")
        assert first.recv(100) == b"one\n"
        with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as second:
            assert second.recv(100) == b""
        one.server.wait_for("has 1 connections: closed one from")
    while exchange(one.port, b"x", 100) != b"one\n":
        os.sched_yield()


def test_checkers_of_credentials_come_to_who_asks_for_them(serving, tmp_path):
    (tmp_path / "passwords").write_text("a:b\n")
    text = APP.replace("options = {", 'auth = ["staff", "anonymous"]\noptions = {', 1)
    one = serving(text + '[cred]\nstaff = ["file:passwords"]\n')
    assert one.ask() == "oneFilePasswordDBAllowAnonymousAccess"


def test_a_plugin_gets_its_options_as_from_its_command_line(serving, tmp_path):
    target = serving()
    text = "[application]\nadmin = ['unix:admin2']\n[services.forward]\nplugin = 'portforward'\n"
    text += f"options = {{ port = 'tcp:0', host = '127.0.0.1', dest_port = {target.port} }}\n"
    (tmp_path / "two.toml").write_text(text)
    status, _, err = run("--check", "two.toml", cwd=tmp_path)
    if "names no plugin" in err:
        pytest.skip("there is no such plugin")
    assert (status, err) == (0, "")

    (tmp_path / "two.toml").write_text(text.replace("host", "hots"))
    status, _, err = run("--check", "two.toml", cwd=tmp_path)
    assert (status, err) == (
        78,
        "two.toml:5: services.forward.options.hots does not suit portforward: option --hots not recognized\n",
    )


def test_a_service_that_cannot_start_is_the_end(tmp_path):
    (tmp_path / "code_of_app.py").write_text(CODE)
    (tmp_path / "app.toml").write_text(APP.replace("first", "broken"))
    status, _, err = run("app.toml", cwd=tmp_path)
    assert (status, err) == (1, "reactorio: RuntimeError: it does not start\n")


FACTORY = 'factory = "code_of_app:make_factory"'
ENDPOINTS = 'endpoints = ["tcp:0:interface=127.0.0.1"]'
OPTIONS = 'options = { text = "one" }'


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        (FACTORY, 'factory = "code_of_app:no"', ":7: services.answer.factory cannot be imported: AttributeError"),
        (FACTORY, 'factory = "code_of_ap:x"', ":7: services.answer.factory cannot be imported: ModuleNotFoundError"),
        (ENDPOINTS, 'endpoints = ["tpc:0"]', ":8: services.answer.endpoints.0 is no endpoint: ValueError"),
        (ENDPOINTS, 'endpoints = ["ssl:0:privateKey=x"]', ":8: services.answer.endpoints.0 is no endpoint: FileNot"),
        (OPTIONS, 'options = { text = "x", txet = "y" }', ":9: services.answer.options.txet does not suit code_of_app"),
        (OPTIONS, "options = {}", ":9: services.answer.options does not suit code_of_app:make_factory: missing a"),
        (OPTIONS, 'auth = ["none:x"]\n' + OPTIONS, ":9: services.answer.auth has no checker 'none:x'"),
    ],
)
def test_what_the_file_asks_for_is_checked_without_being_started(tmp_path, right, wrong, complaint):
    (tmp_path / "code_of_app.py").write_text(CODE)
    (tmp_path / "app.toml").write_text(APP.replace(right, wrong))
    status, out, err = run("--check", "app.toml", cwd=tmp_path)
    assert (status, out) == (78, "")
    assert err.startswith("app.toml" + complaint)
    assert len(err.splitlines()) == 1
    assert run("app.toml", cwd=tmp_path)[0] == 78


def test_the_schema_is_one(tmp_path):
    status, out, _ = run("--schema", cwd=tmp_path)
    schema = json.loads(out)
    assert (status, schema["additionalProperties"]) == (0, False)
    assert schema["properties"]["services"]["additionalProperties"]["properties"]["factory"]["description"]


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        ([], 2, "reactorio serve: which file?"),
        (["--grace=x", "a.toml"], 2, "'x' is no number of seconds"),
        (["--admin=x", "a.toml"], 2, "'x' is neither unix:PATH nor tcp:HOST:PORT"),
        (["none.toml"], 78, "none.toml: No such file or directory"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path, arguments, status, complaint):
    found, out, err = run(*arguments, cwd=tmp_path)
    assert (found, out) == (status, "")
    assert complaint in err
    assert len(err.splitlines()) == 1


# ---- reloading


def test_a_factory_has_a_successor_on_the_same_port_and_nobody_is_refused(serving):
    one = serving()
    with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as old:
        old.sendall(b"stay")
        assert old.recv(100) == b"one\n"
        with Clients(("127.0.0.1", one.port), b"x") as clients:
            clients.wait_for(20)
            for number in range(5):
                one.write(APP.replace('"one"', f'"{number}"'))
                assert one.reload() == "Reloaded."
                assert one.ask() == str(number)
                clients.wait_for(20)
        assert set(clients.outcomes) == {"answered"}
        # Who was there before stays with the old one.
        old.sendall(b"stay")
        assert old.recv(100) == b"one\n"
    assert len(one.ports()) == 1


def test_under_load_a_reload_with_a_bad_file_changes_nothing(serving):
    one = serving()
    bad = [
        APP.replace("factory =", "fatcory ="),
        APP.replace("make_factory", "make_fctory").replace('"one"', '"two"'),
        APP.replace('"one"', '"two"').replace("first", "second") + "[",
        APP.replace('"one"', '"two"').replace("grace = 20", "grace = 20\nuid = 'root'"),
    ]
    with Clients(("127.0.0.1", one.port), b"x") as clients:
        clients.wait_for(20)
        for text in bad:
            one.write(text)
            assert one.reload().startswith("Not reloaded: app.toml:")
            assert one.ask() == "one"
            clients.wait_for(20)
    assert set(clients.outcomes) == {"answered"}
    assert not any("stopped first" in line for line in one.server.lines)


def test_a_port_that_cannot_be_had_is_why_nothing_changes(serving):
    one = serving()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        more = f'"tcp:0:interface=127.0.0.1", "tcp:0:interface=127.0.0.2", "tcp:{port}:interface=127.0.0.1"'
        one.write(APP.replace('"tcp:0:interface=127.0.0.1"', more).replace('"one"', '"two"'))
        assert "in use" in one.reload()
    assert one.ask() == "one"
    # The one that could be had was given back.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", one.ports()[-1]))


def test_endpoints_and_services_come_and_go(serving):
    one = serving()
    new = APP.replace('"tcp:0:interface=127.0.0.1"', '"tcp:0:interface=127.0.0.2"').replace(
        "[services.noted]", "[services.other]"
    )
    one.write(new.replace("first", "second"))
    assert one.reload() == "Reloaded."
    said = [line.rpartition("] ")[2] for line in one.server.so_far()]
    assert "started second" in said
    assert "stopped first" in said
    with socket.create_connection(("127.0.0.2", one.ports()[-1]), timeout=PATIENCE) as peer:
        peer.sendall(b"x")
        assert peer.recv(100) == b"one\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one.port))
    one.server.signal(signal.SIGTERM)
    assert one.server.end() == -signal.SIGTERM
    assert any("stopped second" in line for line in one.server.lines)


def test_what_is_said_of_a_service_anew_makes_it_anew_and_the_others_reload(serving):
    one = serving()
    one.write(APP.replace("first", "second"))
    one.server.signal(signal.SIGHUP)
    for words in ("asked to reload", "stopped first", "started second"):
        one.server.wait_for(words)


def test_grace_and_levels_change_with_a_reload(serving):
    one = serving(APP.replace("grace = 20", "grace = 0") + '[log]\nlevel = "info"\n')
    one.write(APP + '[log]\nlevel = "info"\nlevels = { "code_of_app" = "debug" }\n')
    assert one.reload() == "Reloaded."
    one.server.signal(signal.SIGTERM)
    one.server.wait_for("Received SIGTERM, draining for up to 20 s.")
    assert one.server.end() == -signal.SIGTERM


def test_a_grace_that_was_given_counts_more_than_the_file(serving):
    one = serving(APP, "--grace=7")
    one.write(APP.replace("grace = 20", "grace = 3"))
    assert one.reload() == "Reloaded."
    one.server.signal(signal.SIGTERM)
    one.server.wait_for("Received SIGTERM, draining for up to 7 s.")


def test_a_secret_that_has_changed_is_taken_up(serving, tmp_path):
    (tmp_path / "word").write_text("old\n")
    one = serving(APP.replace('"one"', '{ secret-file = "word" }'))
    assert one.ask() == "old"
    (tmp_path / "word").write_text("new\n")
    assert one.reload() == "Reloaded."
    assert one.ask() == "new"


# ---- workers


def test_workers_serve_a_file_and_roll(serving):
    one = serving(APP.replace("grace = 20", "grace = 20\nworkers = 2"))
    assert one.ask() == "one"
    workers = json.loads(get(one.door, "/status")[1])["workers"]
    assert len(workers) == 2

    with Clients(("127.0.0.1", one.port), b"x") as clients:
        one.write(APP.replace("grace = 20", "grace = 20\nworkers = 2").replace('"one"', '"two"'))
        assert one.reload() == "Reloaded."
        assert one.ask() == "two"
        one.write(APP.replace('"one"', '"three"'))
        assert one.reload() == "Not reloaded: app.toml:2: application.workers can only change with a restart"
        one.write(APP.replace("grace = 20", "grace = 20\nworkers = 2").replace("make_factory", "make_fctory"))
        assert "worker 0 ended with status 78 before it was ready" in one.reload()
        clients.wait_for(20)
    assert set(clients.outcomes) == {"answered"}
    one.server.signal(signal.SIGTERM)
    assert one.server.end() == -signal.SIGTERM


def test_the_loop_is_the_one_that_the_file_says(serving, tmp_path, loop_kind):
    pytest.importorskip("uvloop")
    other = "uvloop" if loop_kind == "asyncio" else "asyncio"
    one = serving(APP.replace("grace = 20", f'grace = 20\nreactor = "{other}"'))
    assert f'reactorio_info{{python="{sys.version.split()[0]}",loop="{other}"}} 1' in get(one.door, "/metrics")[1]
