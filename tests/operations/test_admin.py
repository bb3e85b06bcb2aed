"""The operator's door: health, readiness, metrics and control, also when the loop hangs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
from contextlib import ExitStack

import pytest
from programs import EXAMPLES, PATIENCE, REACTORIO, ROOT, exchange, port_in, started

from operations.door import ask, get, samples, until
from reactorio.application._operations import admin as admin_module
from reactorio.application._operations.admin import Admin, Answer, Where
from reactorio.application._operations.exposition import Exposition

QUOTES = ("-n", "--pidfile=", "-y", str(EXAMPLES / "quotes.tac"))


# ---- the server


@pytest.fixture
def door(tmp_path):
    """A door that says what was asked of it, by both kinds of socket."""
    made = Admin(lambda request: Answer(200, f"{request.method} {request.path} {request.query} {request.is_private}"))
    made.bind(Where.parse(f"unix:{tmp_path}/admin"))
    made.bind(Where.parse("tcp:0"))
    made.start()
    made.tcp = ("127.0.0.1", int(made.addresses()[1].rpartition(":")[2]))
    made.unix = str(tmp_path / "admin")
    yield made
    made.stop()


def test_a_request_comes_with_what_it_came_by(door):
    assert get(door.unix, "/a?b=c") == (200, "GET /a b=c True")
    assert get(door.tcp, "/a") == (200, "GET /a  False")
    assert ask(door.tcp, "HEAD", "/a") == (200, "")


def test_a_unix_socket_is_its_owners_and_goes_with_the_door(door):
    assert stat.S_IMODE(os.stat(door.unix).st_mode) == 0o600
    door.stop()
    assert not os.path.exists(door.unix)


@pytest.mark.parametrize("wire", [b"nonsense\r\n\r\n", b"\r\n\r\n", b"GET /\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n"])
def test_what_is_no_request_is_said_to_be_none(door, wire):
    with socket.create_connection(door.tcp, timeout=PATIENCE) as peer:
        peer.sendall(wire)
        assert peer.recv(1000).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_requests_are_limited_in_size_and_time(door, monkeypatch):
    with socket.create_connection(door.tcp, timeout=PATIENCE) as peer:
        peer.sendall(b"GET /" + b"x" * 20_000)
        try:
            assert peer.recv(1000) == b""
        except ConnectionResetError:
            pass  # it has not even been read to its end

    monkeypatch.setattr(admin_module, "_PATIENCE", 0.2)
    with socket.create_connection(door.tcp, timeout=PATIENCE) as peer:
        peer.sendall(b"GET /")
        assert peer.recv(1000) == b""


def test_those_who_say_nothing_hold_up_a_few_only_until_their_time_is_over(door, monkeypatch):
    monkeypatch.setattr(admin_module, "_PATIENCE", 0.2)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(socket.create_connection(door.tcp, timeout=PATIENCE))
        assert get(door.tcp, "/a")[0] == 200
        assert get(door.unix, "/a")[0] == 200


def test_an_answer_that_fails_is_logged_and_harms_no_other(tmp_path, logged_errors):
    door = Admin(lambda request: Answer(200, f"{1 / len(request.query)}"))
    door.bind(Where.parse(f"unix:{tmp_path}/admin"))
    door.start()
    with pytest.raises(IndexError):
        get(f"{tmp_path}/admin", "/")
    assert get(f"{tmp_path}/admin", "/?x")[0] == 200
    door.stop()
    assert len(logged_errors.flush(ZeroDivisionError)) == 1


def test_a_socket_that_was_left_behind_is_replaced_and_one_that_is_used_is_not(tmp_path):
    where = Where.parse(f"unix:{tmp_path}/admin")
    where.listen().close()
    with where.listen(), pytest.raises(FileExistsError):
        where.listen()
    os.unlink(where.path)
    (tmp_path / "admin").write_text("precious")
    with pytest.raises(OSError, match="in use"):
        where.listen()
    assert (tmp_path / "admin").read_text() == "precious"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("tcp:9100", "127.0.0.1", 9100), ("tcp:0.0.0.0:1", "0.0.0.0", 1), ("tcp:[::1]:65535", "::1", 65535)],
)
def test_addresses(text, host, port):
    where = Where.parse(text)
    assert (where.host, where.port, where.path) == (host, port, None)


@pytest.mark.parametrize("text", ["", "unix:", "unix:@abstract", "tcp:", "tcp:x", "tcp:1:65536", "http:80", "/path"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is neither unix:PATH nor tcp:HOST:PORT"):
        Where.parse(text)


# ---- a service's


@pytest.fixture
def service(tmp_path, loop_kind):
    """Start the quotes' server with a door of each kind; return it, its port, and its doors."""
    with ExitStack() as stack:

        def start(*options, tac=QUOTES, **environ):
            doors = ("--admin=unix:admin", "--admin=tcp:0")
            environ = {"QUOTES_PORT": "0", **environ}
            server = stack.enter_context(started(*options, *doors, *tac, cwd=tmp_path, **environ))
            line = server.wait_for("Admin at unix:admin, tcp:127.0.0.1:")
            port = next(port_in(line) for line in server.lines if "starting on" in line)
            unix, tcp = str(tmp_path / "admin"), ("127.0.0.1", int(line.rstrip(".").rpartition(":")[2]))
            until(tcp, "/readyz", 200)
            return server, port, unix, tcp

        yield start


def test_readiness_is_red_before_anything_else_ends(service):
    server, port, _, tcp = service("--grace=20")
    assert get(tcp, "/healthz") == (200, "ok\n")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        peer.sendall(b"slowly 60\nquote\n")
        peer.recv(100)
        server.signal(signal.SIGTERM)
        assert until(tcp, "/readyz", 503).startswith("Draining")
        # Alive, and with a connection.
        assert get(tcp, "/healthz") == (200, "ok\n")
        assert samples(get(tcp, "/metrics")[1])['reactorio_state{state="draining"}'] == 1
    assert server.end() == -signal.SIGTERM


def test_readiness_is_red_until_all_has_started(tmp_path, loop_kind):
    (tmp_path / "slow.tac").write_text(
        "from twisted.application import service\n"
        "from twisted.internet import defer, reactor\n"
        "class Slow(service.Service):\n"
        "    def when_ready(self): return defer.Deferred()\n"
        "application = service.Application('slow')\n"
        "Slow().setServiceParent(application)\n"
    )
    with started("--admin=unix:admin", "-n", "-y", "slow.tac", cwd=tmp_path) as server:
        server.wait_for("Admin at")
        assert get(str(tmp_path / "admin"), "/readyz") == (503, "Starting\n")


def test_connections_and_bytes_are_counted_by_listener(service):
    _, port, _, tcp = service()
    before = samples(get(tcp, "/metrics")[1])
    exchange(port, b"quote\nquit\n", 1000)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        peer.sendall(b"quote\n")
        quote = peer.recv(1000)
        figures = samples(get(tcp, "/metrics")[1])
    label = f'{{listener="tcp:0.0.0.0:{port}"}}'
    assert figures[f"reactorio_listener_connections{label}"] == 1
    grown = {
        name: figures[f"reactorio_listener_{name}_total{label}"] - before[f"reactorio_listener_{name}_total{label}"]
        for name in ("connections", "received_bytes", "sent_bytes")
    }
    assert (grown["connections"], grown["received_bytes"]) == (2, 17)
    assert grown["sent_bytes"] > len(quote)


def test_prometheus_can_read_the_metrics(service):
    parser = pytest.importorskip("prometheus_client.parser")
    _, _, _, tcp = service()
    families = {family.name: family for family in parser.text_string_to_metric_families(get(tcp, "/metrics")[1])}
    assert families["reactorio_loop_lag_seconds"].type == "histogram"
    assert families["process_resident_memory_bytes"].samples[0].value > 1_000_000
    assert all(family.documentation for family in families.values())


def test_the_applications_own_metrics_are_there_too(service, tmp_path):
    pytest.importorskip("prometheus_client")
    (tmp_path / "own.tac").write_text(
        (EXAMPLES / "quotes.tac").read_text().replace('QUOTES", here', f'QUOTES", Path({str(EXAMPLES)!r})')
        + "\nimport prometheus_client\nprometheus_client.Counter('asked', 'Questions.').inc(3)\n"
    )
    _, _, _, tcp = service(tac=("-n", "--pidfile=", "-y", "own.tac"))
    text = get(tcp, "/metrics")[1]
    assert samples(text)["asked_total"] == 3
    assert text.count("# TYPE process_resident_memory_bytes") == 1


def test_by_tcp_there_is_nothing_but_what_may_be_read(service):
    server, _, _, tcp = service()
    for method, path in (("GET", "/status"), ("GET", "/tree"), ("POST", "/stop"), ("POST", "/reload")):
        assert ask(tcp, method, path)[0] == 404
    assert ask(tcp, "POST", "/healthz")[0] == 405
    assert server.process.poll() is None


HANGING = """
import os, signal
from twisted.application import service, strports
from twisted.internet import protocol, reactor
def hang_here():
    os.read(os.pipe()[0], 1)
signal.signal(signal.SIGUSR2, lambda *_: reactor.callFromThread(hang_here))
application = service.Application("hangs")
strports.service("tcp:0", protocol.Factory()).setServiceParent(application)
"""


def test_it_is_answered_also_when_the_loop_hangs_and_where_it_hangs(service, tmp_path):
    (tmp_path / "hangs.tac").write_text(HANGING)
    server, _, unix, tcp = service(tac=("-n", "-y", "hangs.tac"))
    server.signal(signal.SIGUSR2)
    assert until(tcp, "/healthz?lag=0.2", 503).startswith("the loop has not turned for 0.")
    assert get(tcp, "/healthz") == (200, "ok\n")
    assert get(tcp, "/readyz?lag=0.2")[0] == 503
    assert samples(get(tcp, "/metrics")[1])["reactorio_loop_stalled_seconds"] > 0.2
    tree = get(unix, "/tree")[1]
    assert "MainThread:\n" in tree
    assert "in hang_here" in tree
    assert ask(unix, "POST", "/stop") == (504, "the loop hangs\n")
    assert get(tcp, "/healthz?lag=x")[0] == 400


# ---- reactorio ctl


def ctl(*arguments, cwd, **environ):
    done = subprocess.run(
        [*REACTORIO, "ctl", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_ctl_tells_how_things_stand(service, tmp_path):
    server, port, _, _ = service()
    status, out, err = ctl("--admin=unix:admin", "status", cwd=tmp_path)
    assert (status, err) == (0, "")
    assert re.sub(r"up \d+ s", "up 0 s", out).splitlines() == [
        "ready: Running, 1 port",
        f"pid {server.process.pid}, up 0 s",
        f"tcp:0.0.0.0:{port}  0 connections",
        "quotes (MultiService)",
        "  Collection",
        "  StreamServerEndpointService",
    ]
    facts = json.loads(ctl("--json", "status", cwd=tmp_path, REACTORIO_ADMIN="admin")[1])
    assert (facts["state"], facts["pid"]) == ("ready", server.process.pid)


def test_ctl_reloads_and_its_status_is_whether_that_was_good(service, tmp_path):
    quotes = tmp_path / "quotes.txt"
    quotes.write_text("one\n")
    _, port, _, tcp = service(QUOTES=str(quotes))
    quotes.write_text("two\n")
    assert ctl("-a", "unix:admin", "reload", cwd=tmp_path) == (0, "reloaded\n", "")
    assert exchange(port, b"quote\nquit\n", 100) == b"two\n"

    quotes.write_text("")
    status, out, err = ctl("-a", "unix:admin", "reload", cwd=tmp_path)
    assert (status, out) == (1, "")
    assert err == f"Running, 1 port; not reloaded: there are no quotes in {quotes}\n"
    figures = samples(get(tcp, "/metrics")[1])
    assert [figures[f'reactorio_reloads_total{{outcome="{outcome}"}}'] for outcome in ("good", "bad")] == [1, 1]


def test_ctl_shows_what_the_program_waits_for(service, tmp_path):
    _, port, _, _ = service()
    assert "Nothing is tracked" in ctl("-a", "admin", "tree", cwd=tmp_path)[1]
    assert ctl("-a", "admin", "track", cwd=tmp_path)[0] == 0
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        peer.sendall(b"slowly 60\nquote\n")
        peer.recv(100)
        tree = ctl("-a", "admin", "tree", cwd=tmp_path)[1]
        assert "deferLater" in tree
        assert "in lineReceived" in tree
        assert samples(ctl("-a", "admin", "metrics", cwd=tmp_path)[1])["reactorio_deferreds_pending"] >= 1


@pytest.mark.parametrize("options", [[], ["--grace=20"]])
def test_ctl_stops_it(service, tmp_path, options):
    server, _, unix, _ = service(*options)
    assert ctl("-a", "unix:admin", "stop", cwd=tmp_path) == (0, "stopping\n", "")
    assert server.end() == 0
    assert not os.path.exists(unix)
    status, _, err = ctl("-a", "unix:admin", "status", cwd=tmp_path)
    assert (status, err) == (69, f"reactorio ctl: {unix}: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["status"], "where is it? --admin unix:PATH, or REACTORIO_ADMIN"),
        (["-a", "unix:x", "dance"], "the action is one of status,"),
        (["-a", "unix:@x", "stop"], "'unix:@x' is neither"),
    ],
)
def test_ctl_says_what_is_wrong_in_a_line(tmp_path, arguments, complaint):
    status, out, err = ctl(*arguments, cwd=tmp_path)
    assert (status, out) == (2, "")
    assert complaint in err
    assert len(err.splitlines()) == 1


def test_an_address_in_use_is_a_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(f"--admin=tcp:{port}", *QUOTES, cwd=tmp_path, QUOTES_PORT="0") as server:
            assert server.end() == 1
    assert any(line.startswith("reactorio: OSError: ") and "in use" in line for line in server.lines)


# ---- the text


def test_text_of_metrics():
    made = Exposition()
    made.add("a", "gauge", 'One\nand "two" \\', [({"x": 'q"\\\n'}, 1.5), ({}, 2)])
    made.add_histogram("h", "Times.", (0.1, 1.0), [1, 2, 3], 4.5)
    assert made.text().splitlines() == [
        '# HELP a One\\nand "two" \\\\',
        "# TYPE a gauge",
        'a{x="q\\"\\\\\\n"} 1.5',
        "a 2",
        "# HELP h Times.",
        "# TYPE h histogram",
        'h_bucket{le="0.1"} 1',
        'h_bucket{le="1.0"} 3',
        'h_bucket{le="+Inf"} 6',
        "h_sum 4.5",
        "h_count 6",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_door_belongs_to_whom_the_service_runs_as(tmp_path):
    options = ("--uid=65534", "--gid=65534", "--admin=unix:admin", "-n", "--pidfile=")
    with started(*options, "-y", str(EXAMPLES / "echo.tac"), cwd=tmp_path, ECHO_PORT="0") as server:
        server.wait_for("Admin at")
        status = os.stat(tmp_path / "admin")
        assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, 0o600)
        until(str(tmp_path / "admin"), "/readyz", 200)
