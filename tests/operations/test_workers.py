"""Several processes that serve the same ports, supervised."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from programs import EXAMPLES, PATIENCE, REACTORIO, ROOT, Program, exchange, port_in, started

from operations.door import get, samples, until
from operations.load import Clients
from reactorio.application._operations.fleet import labelled
from reactorio.application._operations.sockets import SharedSockets
from reactorio.application._operations.supervisor import Supervisor, WorkerProcess
from reactorio.internet.defer import Deferred
from reactorio.internet.task import Clock

TAC = """
import os, time
from twisted.application import internet, service, strports
from twisted.internet import defer, protocol, reactor
class Asked(protocol.Protocol):
    def dataReceived(self, data):
        if data == b"crash":
            os._exit(3)
        elif data == b"hang":
            os.read(os.pipe()[0], 1)
        self.transport.write(b"%s %d\\n" % (VERSION, os.getpid()))
        self.transport.loseConnection()
VERSION = b"first"
application = service.Application("workers")
strports.service("tcp:0:interface=127.0.0.1", protocol.Factory.forProtocol(Asked)).setServiceParent(application)
strports.service("unix:socket:lockfile=0", protocol.Factory.forProtocol(Asked)).setServiceParent(application)
"""

READY = "Admin at unix:admin."


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Fleet:
    """A supervisor that runs, with its workers."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.door = str(folder / "admin")
        until(self.door, "/readyz", 200)
        self.port = next(port_in(line) for line in server.so_far() if "starting on" in line and "socket" not in line)

    def ask(self, question=b"x"):
        """Return the version and the process that answer."""
        version, pid = exchange(self.port, question, 1000).decode().split()
        return version, int(pid)

    def pids(self):
        """Return the processes of the workers, as the supervisor knows them."""
        return [worker["pid"] for worker in json.loads(get(self.door, "/status")[1])["workers"]]

    def ctl(self, action):
        return subprocess.run(
            [*REACTORIO, "ctl", "--admin", self.door, action],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(autouse=True)
def runtime_directory(monkeypatch):
    """Where supervisors put sockets: those that are killed leave them. Their paths have to be short."""
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("RUNTIME_DIRECTORY", folder)
        yield


@pytest.fixture
def fleet(tmp_path, loop_kind):
    """Start workers of the program in ``workers.tac``; in the end, none of them may be left."""
    (tmp_path / "workers.tac").write_text(TAC)
    fleets = []
    with ExitStack() as stack:

        def start(*options, number=2, **environ):
            command = (f"--workers={number}", "--admin=unix:admin", *options, "-n", "--pidfile=", "-y", "workers.tac")
            server = stack.enter_context(started(*command, cwd=tmp_path, **environ))
            server.wait_for(READY)
            fleets.append(Fleet(server, tmp_path))
            return fleets[-1]

        yield start
        lines = [line for one in fleets for line in one.server.so_far()]
        pids = [int(pid) for line in lines for pid in re.findall(r"Started.* process (\d+)", line)]
    for pid in pids:
        while is_alive(pid):
            os.sched_yield()


def test_workers_share_ports_also_those_that_the_system_chooses(fleet, tmp_path):
    one = fleet()
    pids = one.pids()
    answered = set()
    while answered != set(pids):
        answered.add(one.ask()[1])
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(tmp_path / "socket"))
        peer.sendall(b"x")
        assert int(peer.recv(100).split()[1]) in pids
    one.server.signal(signal.SIGTERM)
    assert one.server.end() == -signal.SIGTERM
    assert not (tmp_path / "socket").exists()
    assert any("[worker 1: " in line for line in one.server.lines)


def test_a_rolling_reload_under_load_refuses_nothing_and_loses_nothing(fleet, tmp_path):
    one = fleet("--grace=20")
    before = set(one.pids())
    with Clients(("127.0.0.1", one.port), b"x", 8) as tcp, Clients(str(tmp_path / "socket"), b"x", 2) as unix:
        tcp.wait_for(100)
        (tmp_path / "workers.tac").write_text(TAC.replace("first", "second"))
        for _ in range(2):
            assert one.ctl("reload").stdout == "reloaded\n"
        tcp.wait_for(100)
    assert set(tcp.outcomes) == set(unix.outcomes) == {"answered"}
    assert one.ask()[0] == "second"
    assert not before & set(one.pids())


def test_a_reload_whose_first_worker_cannot_start_touches_none(fleet, tmp_path):
    one = fleet("--grace=20")
    before = one.pids()
    with Clients(("127.0.0.1", one.port), b"x") as clients:
        clients.wait_for(20)
        (tmp_path / "workers.tac").write_text("1 / 0")
        done = one.ctl("reload")
        clients.wait_for(20)
    assert done.returncode == 1
    assert "not reloaded: worker 0 ended with status 1 before it was ready" in done.stderr
    assert one.pids() == before
    assert one.ask()[0] == "first"
    assert set(clients.outcomes) == {"answered"}


@pytest.mark.parametrize("how", ["signal", "ctl"])
def test_a_stop_loses_no_request(fleet, how):
    one = fleet("--grace=20")
    with Clients(("127.0.0.1", one.port), b"x") as clients:
        clients.wait_for(100)
        if how == "signal":
            one.server.signal(signal.SIGTERM)
        else:
            one.ctl("stop")
        outcomes = clients.join()
    assert one.server.end() == (-signal.SIGTERM if how == "signal" else 0)
    assert (outcomes["lost"], outcomes["refused"]) == (0, 4)


def test_a_worker_that_crashes_is_started_again_and_its_port_never_closed(fleet):
    one = fleet()
    first = one.pids()
    with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as peer:
        peer.sendall(b"crash")
        assert peer.recv(100) == b""
    one.server.wait_for("ended with status 3")
    one.server.wait_for("is started again in 0.5 s.")
    assert one.ask()[0] == "first"
    while samples(get(one.door, "/metrics")[1]).get('reactorio_worker_up{worker="0"}') != 1 or set(one.pids()) == set(
        first
    ):
        os.sched_yield()
    assert len(set(first) & set(one.pids())) == 1
    figures = samples(get(one.door, "/metrics")[1])
    assert sum(figures[f'reactorio_worker_restarts_total{{worker="{number}"}}'] for number in (0, 1)) == 1


def test_a_worker_whose_loop_hangs_is_killed_and_replaced(fleet):
    one = fleet("--worker-timeout=2")
    with socket.create_connection(("127.0.0.1", one.port), timeout=PATIENCE) as peer:
        peer.sendall(b"hang")
        one.server.wait_for("has given no sign of life for")
        assert peer.recv(100) == b""
    one.server.wait_for("was ended by signal 9")
    one.server.wait_for("is started again")


def test_workers_end_when_their_supervisor_is_gone(fleet):
    one = fleet("--grace=20", number=1)
    (pid,) = one.pids()
    one.server.signal(signal.SIGKILL)
    while is_alive(pid):
        os.sched_yield()


def test_a_terminals_interrupt_drains_all_and_forces_none(tmp_path):
    (tmp_path / "quotes").mkdir()
    command = [*REACTORIO, "--workers=2", "--grace=20", "-n", "--pidfile=", "--admin=unix:admin"]
    with Program([*command, "-y", str(EXAMPLES / "quotes.tac")], tmp_path, session=True, QUOTES_PORT="0") as server:
        server.wait_for(READY)
        until(str(tmp_path / "admin"), "/readyz", 200)
        port = next(port_in(line) for line in server.so_far() if "starting on" in line)
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
            peer.sendall(b"slowly 1\nquote\n")
            peer.recv(100)
            os.killpg(server.process.pid, signal.SIGINT)
            server.wait_for("Received SIGINT, draining")
            assert peer.recv(100).endswith(b"\n")
        assert server.end() == -signal.SIGINT
    assert not any("not waiting any longer" in line for line in server.lines)


def test_without_a_first_worker_there_is_no_service(tmp_path):
    (tmp_path / "bad.tac").write_text("1 / 0")
    with started("--workers=2", "-n", "--pidfile=", "-y", "bad.tac", cwd=tmp_path) as server:
        assert server.end() == 1
    (line,) = [line for line in server.lines if line.startswith("reactorio: WorkerFailed")]
    assert "ended with status 1 before it was ready" in line


def test_the_manager_hears_of_the_supervisor_alone_and_when_all_are_ready(tmp_path, manager):
    (tmp_path / "workers.tac").write_text(TAC)
    with started("--workers=2", "-n", "--pidfile=", "-y", "workers.tac", cwd=tmp_path, **manager.environ) as server:
        assert manager.hear() == {"READY": "1", "STATUS": "Running, 2 workers", "MAINPID": str(server.process.pid)}
        server.signal(signal.SIGHUP)
        assert manager.hear()["RELOADING"] == "1"
        assert manager.hear()["READY"] == "1"
        server.signal(signal.SIGTERM)
        assert manager.hear()["STOPPING"] == "1"
        assert server.end() == -signal.SIGTERM
    assert {key for message in manager.rest() for key in message} == {"EXTEND_TIMEOUT_USEC", "STATUS"}


def test_datagrams_come_to_one_of_them_and_a_port_for_answers_is_a_process_own(tmp_path):
    (tmp_path / "udp.tac").write_text(
        """
from twisted.application import internet, service
from twisted.internet import protocol, reactor
class Echo(protocol.DatagramProtocol):
    def datagramReceived(self, data, address):
        self.transport.write(data, address)
application = service.Application("udp")
with open("port") as file:
    internet.UDPServer(int(file.read()), Echo(), interface="127.0.0.1").setServiceParent(application)
reactor.listenUDP(0, protocol.DatagramProtocol(), interface="127.0.0.1")
"""
    )
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "port").write_text(str(port))
    with started("--workers=2", "--admin=unix:admin", "-n", "--pidfile=", "-y", "udp.tac", cwd=tmp_path) as server:
        server.wait_for(READY)
        until(str(tmp_path / "admin"), "/readyz", 200)
        own = {port_in(line) for line in server.so_far() if "DatagramProtocol starting on" in line}
        assert len(own) == 2
        with socket.socket(type=socket.SOCK_DGRAM) as peer:
            peer.settimeout(PATIENCE)
            for number in range(20):
                peer.sendto(b"%d" % number, ("127.0.0.1", port))
                assert peer.recv(100) == b"%d" % number


def test_sockets_of_a_manager_come_to_the_workers(tmp_path, manager):
    (tmp_path / "activated.tac").write_text(TAC.replace("tcp:0:interface=127.0.0.1", "systemd:domain=INET:name=web"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        (tmp_path / "activate.py").write_text(
            "import os, sys\n"
            f"os.dup2({listening.fileno()}, 3)\n"
            "os.set_inheritable(3, True)\n"
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='web')\n"
            "sys.argv[1:] = ['--workers=2', '-n', '--pidfile=', '-y', 'activated.tac']\n"
            "from reactorio.__main__ import main\n"
            "main()\n"
        )
        command = [REACTORIO[0], "activate.py"]
        with Program(command, tmp_path, inherits=(listening.fileno(),), **manager.environ) as server:
            assert manager.hear()["READY"] == "1"
            for _ in range(2):
                assert exchange(port, b"x", 100).startswith(b"first ")
                server.signal(signal.SIGHUP)
                assert manager.hear()["RELOADING"] == "1"
                assert manager.hear()["READY"] == "1"
            server.signal(signal.SIGTERM)
            assert server.end() == -signal.SIGTERM


def test_a_daemons_pid_is_the_supervisors_and_its_log_that_of_all(tmp_path):
    (tmp_path / "workers.tac").write_text(TAC)
    command = [*REACTORIO, "--workers=2", "--admin=unix:admin", "-y", "workers.tac"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=tmp_path, env=environ, check=True, timeout=PATIENCE)
    log = tmp_path / "twistd.log"
    pid = int((tmp_path / "twistd.pid").read_text())
    try:
        while not (tmp_path / "admin").exists():
            os.sched_yield()
        until(str(tmp_path / "admin"), "/readyz", 200)
        assert "[worker 0: " in log.read_text()
        assert "[worker 1: " in log.read_text()
        log.rename(tmp_path / "aside")
        os.kill(pid, signal.SIGTERM)
    finally:
        while is_alive(pid):
            os.sched_yield()
    assert "[worker 0: " in log.read_text()
    assert "Server Shut Down." in log.read_text().splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can bind a privileged port, and give privileges up")
def test_workers_have_a_privileged_port_and_no_privileges_also_those_that_come_later(tmp_path):
    (tmp_path / "low.tac").write_text(
        TAC.replace("tcp:0:interface=127.0.0.1", "tcp:80:interface=127.8.7.6")
        .replace("unix:socket:lockfile=0", "tcp:81:interface=127.8.7.6")
        .replace("os.getpid()", "os.getuid()")
    )
    options = ("--workers=2", "--admin=unix:admin", "--uid=65534", "--grace=5", "-n", "--pidfile=", "-y", "low.tac")
    with started(*options, cwd=tmp_path) as server:
        server.wait_for(READY)
        until(str(tmp_path / "admin"), "/readyz", 200)
        for _ in range(2):
            with socket.create_connection(("127.8.7.6", 80), timeout=PATIENCE) as peer:
                peer.sendall(b"x")
                assert peer.recv(100) == b"first 65534\n"
            server.signal(signal.SIGHUP)
            server.wait_for("Reloaded.")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM


@pytest.mark.parametrize("number", ["x", "-1", "1025"])
def test_what_is_no_number_of_workers_is_refused(tmp_path, number):
    with started(f"--workers={number}", "-n", "-y", "x.tac", cwd=tmp_path) as server:
        assert server.end() == 1
    assert any("is no number of workers" in line for line in server.lines)


# ---- parts


class NoProcess(WorkerProcess):
    """A worker that is no process."""

    def start(self, reactor, command, seconds):
        self._reactor = reactor

    def ends(self):
        class Reason:
            class value:
                exitCode, signal = 1, None

        self.processEnded(Reason)


@pytest.fixture
def supervisor(monkeypatch):
    monkeypatch.setattr("reactorio.application._operations.supervisor.WorkerProcess", NoProcess)
    clock = Clock()
    made = Supervisor(clock, ["x"], 1, 0.0, False)
    made.clock = clock
    made.startService()
    made.when_ready()
    made.places[0].worker._hear_ready("Running")
    return made


def test_pauses_double_while_a_worker_does_not_stay(supervisor, monkeypatch):
    place = supervisor.places[0]
    pauses = []
    for _ in range(8):
        place.worker.ends()
        (call,) = supervisor.clock.getDelayedCalls()
        pauses.append(call.getTime() - supervisor.clock.seconds())
        supervisor.clock.advance(pauses[-1])
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]

    place.worker._hear_ready("Running")
    monkeypatch.setattr("time.monotonic", lambda: place.worker.ready_since + 11)
    place.worker.ends()
    (call,) = supervisor.clock.getDelayedCalls()
    assert call.getTime() == supervisor.clock.seconds()


def test_a_stop_cancels_the_restart_that_is_to_come(supervisor):
    supervisor.places[0].worker.ends()
    stopped = []
    Deferred.fromCoroutine(supervisor.stopService()).addBoth(stopped.append)
    assert (stopped, supervisor.clock.getDelayedCalls()) == ([None], [])


def test_a_port_below_1024_is_for_those_who_do_not_serve_yet(monkeypatch):
    sockets = SharedSockets()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    where = {"kind": "tcp", "host": "127.0.0.1", "port": 1023, "backlog": 1}
    with pytest.raises(PermissionError, match="cannot ask for a privileged port"):
        sockets.take(where, is_trusted=False)
    with pytest.raises(PermissionError, match="cannot ask for a privileged port"):
        sockets.take({"kind": "unix", "path": "/nonexistent", "backlog": 1, "mode": 0, "lock": False}, is_trusted=False)
    key, sock = sockets.take({**where, "port": 0}, is_trusted=False)
    assert sockets.take({**where, "port": 0}, is_trusted=False) == (key, sock)
    sockets.keep_only([key])
    assert sock.fileno() != -1
    sockets.close()
    assert sock.fileno() == -1


def test_what_the_system_refuses_is_said_as_it_said_it():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = {"kind": "tcp", "host": "127.0.0.1", "port": taken.getsockname()[1], "backlog": 1}
        with pytest.raises(OSError, match="Address already in use"):
            SharedSockets().take(where, is_trusted=True)


def test_metrics_of_several_are_one_text_with_a_label_more():
    text = '# HELP a A.\n# TYPE a gauge\na{x="1 {"} 1\na 2\n# HELP b B.\n# TYPE b counter\nb 3\n'
    assert labelled({"0": text, "1": text}).splitlines() == [
        "# HELP a A.",
        "# TYPE a gauge",
        'a{worker="0",x="1 {"} 1',
        'a{worker="0"} 2',
        'a{worker="1",x="1 {"} 1',
        'a{worker="1"} 2',
        "# HELP b B.",
        "# TYPE b counter",
        'b{worker="0"} 3',
        'b{worker="1"} 3',
    ]
