"""The supervisor: what it starts, when, and how it ends."""

from __future__ import annotations

import pickle
import signal
import sys

import pytest
from programs import started

from reactorio.internet.defer import Deferred
from reactorio.internet.error import ProcessDone, ProcessExitedAlready
from reactorio.internet.task import Clock
from reactorio.logger import capturedLogs
from reactorio.python.failure import Failure
from reactorio.python.usage import UsageError
from reactorio.runner import procmontap
from reactorio.runner.procmon import ProcessMonitor


class Processes(Clock):
    """A reactor whose processes live until they are told to end."""

    def __init__(self):
        super().__init__()
        self.spawned = []

    def spawnProcess(self, protocol, executable, args, **how):
        process = Process(protocol, args, how)
        self.spawned.append(process)
        protocol.makeConnection(process)
        return process


class Process:
    def __init__(self, protocol, args, how):
        self.protocol, self.args, self.how = protocol, args, how
        self.signals = []
        self.ended = False

    def signalProcess(self, name):
        if self.ended:
            raise ProcessExitedAlready
        self.signals.append(name)

    def end(self):
        self.ended = True
        self.protocol.processEnded(Failure(ProcessDone(0)))


@pytest.fixture
def monitor():
    made = ProcessMonitor(Processes())
    made.addProcess("one", ["prog", "arg"], uid=1, gid=2, env={"A": "b"}, cwd="/x")
    return made


def latest(monitor):
    return monitor._reactor.spawned[-1]


def test_a_process_is_run_as_it_is_asked_for(monitor):
    assert monitor._reactor.spawned == []
    monitor.startService()
    process = latest(monitor)
    assert (process.args, process.how) == (
        ["prog", "arg"],
        {"uid": 1, "gid": 2, "env": {"A": "b"}, "path": "/x"},
    )
    assert repr(monitor) == "<ProcessMonitor 'one'(1:2): ['prog', 'arg']>"


def test_short_lives_are_followed_by_longer_and_longer_waits(monitor):
    monitor.maxRestartDelay = 3
    monitor.startService()
    for wait in (1, 2, 3, 3):
        count = len(monitor._reactor.spawned)
        latest(monitor).end()
        monitor._reactor.advance(wait - 0.1)
        assert len(monitor._reactor.spawned) == count
        monitor._reactor.advance(0.1)
        assert len(monitor._reactor.spawned) == count + 1
    monitor._reactor.advance(1)  # a long life
    latest(monitor).end()
    monitor._reactor.advance(0)
    assert (len(monitor._reactor.spawned), monitor.delay) == (6, {"one": 1})


def test_what_does_not_stop_is_killed(monitor):
    monitor.startService()
    monitor.stopProcess("one")
    monitor._reactor.advance(4)
    assert latest(monitor).signals == ["TERM"]
    monitor._reactor.advance(1)
    assert latest(monitor).signals == ["TERM", "KILL"]


def test_stopping_waits_for_the_last_process(monitor):
    monitor.addProcess("two", ["prog"])
    monitor.startService()
    stopped = []
    monitor.stopService().addCallback(stopped.append)
    one, two = monitor._reactor.spawned
    one.end()
    assert stopped == []
    two.end()
    assert stopped == [None]
    assert monitor._reactor.getDelayedCalls() == []


def test_stopping_forgets_what_was_to_be_started(monitor):
    monitor.startService()
    latest(monitor).end()
    stopped = []
    monitor.stopService().addCallback(stopped.append)
    assert (stopped, monitor._reactor.getDelayedCalls()) == ([None], [])


def test_what_is_removed_does_not_come_back(monitor):
    monitor.startService()
    latest(monitor).end()
    monitor.removeProcess("one")
    monitor._reactor.advance(100)
    assert len(monitor._reactor.spawned) == 1


def test_unknown_and_known_names_are_errors(monitor):
    with pytest.raises(KeyError, match="Unrecognized process name: nobody"):
        monitor.removeProcess("nobody")
    with pytest.raises(KeyError, match="remove one first"):
        monitor.addProcess("one", ["x"])


def test_its_output_is_logged_line_by_line(monitor):
    monitor.startService()
    protocol = latest(monitor).protocol
    with capturedLogs() as events:
        protocol.outReceived(b"one\ntw")
        protocol.errReceived(b"\xff\n")
        protocol.outReceived(b"o\npart")
        protocol.processEnded(Failure(ProcessDone(0)))
    said = [(event["tag"], event["stream"], event["line"]) for event in events]
    assert said == [
        ("one", "stdout", "one"),
        ("one", "stderr", repr(b"\xff")),
        ("one", "stdout", "two"),
        ("one", "stdout", "part"),
    ]


def test_endless_lines_are_cut(monitor):
    monitor.startService()
    protocol = latest(monitor).protocol
    with capturedLogs() as events:
        for _ in range(5):
            protocol.outReceived(b"x" * 10000)
        protocol.outReceived(b"y" * 20000 + b"\nz\n")
    lines = [event["line"] for event in events]
    assert max(map(len, lines)) == 16384
    assert "".join(lines) == "x" * 50000 + "y" * 20000 + "z"


def test_what_cannot_be_started_is_logged_and_tried_again(monitor, logged_errors):
    def fail(*args, **kwargs):
        raise OSError("no")

    monitor._reactor.spawnProcess = fail
    monitor.startService()
    assert [type(error) for error in logged_errors.flush()] == [OSError]
    del monitor._reactor.spawnProcess
    monitor._reactor.advance(1)
    assert len(monitor._reactor.spawned) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_its_processes_are_pickled_and_not_their_runs(monitor):
    monitor.startService()
    again = pickle.loads(pickle.dumps(monitor))
    assert (again.processes, again.protocols, again.running) == ({"one": (["prog", "arg"], 1, 2, {"A": "b"})}, {}, 0)


def test_the_command_makes_a_monitor():
    options = procmontap.Options()
    options.parseOptions(["-t", "7.5", "-k", "2", "-m", "3", "-M", "4", "prog", "-x"])
    made = procmontap.makeService(options)
    assert (made.threshold, made.killTime, made.minRestartDelay, made.maxRestartDelay) == (7.5, 2, 3, 4)
    assert list(made._processes) == ["prog -x"]
    with pytest.raises(UsageError, match="Please specify a process commandline"):
        procmontap.Options().parseOptions([])


def test_the_launcher_ends_when_its_processes_have(tmp_path, loop_kind):
    code = (
        "import signal, sys, time\n"
        "def end(*args): time.sleep(0.2); print('cleaned up', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    with started("-n", "procmon", sys.executable, "-c", code, cwd=tmp_path) as server:
        server.wait_for("] ready")
        server.signal(signal.SIGTERM)
        assert server.end() == -signal.SIGTERM
    order = [line for line in server.lines if "cleaned up" in line or "Main loop terminated" in line]
    assert ["cleaned up" in line for line in order][-2:] == [True, False]


def test_nobody_waits_for_nothing():
    assert isinstance(ProcessMonitor(Processes()).stopService(), Deferred)
