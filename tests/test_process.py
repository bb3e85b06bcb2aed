"""Children: their pipes, their end, and the descriptors that they get."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet import error, process, utils
from reactorio.internet._fileactions import file_actions
from reactorio.internet.defer import Deferred, gatherResults
from reactorio.internet.protocol import ProcessProtocol

PYTHON = sys.executable


class Recorder(ProcessProtocol):
    """Remembers what it hears, in order."""

    def __init__(self):
        self.heard = []
        self.output = {}
        self.ended = Deferred()

    def connectionMade(self):
        self.heard.append("made")

    def childDataReceived(self, childFD, data):
        self.output[childFD] = self.output.get(childFD, b"") + data

    def childConnectionLost(self, childFD):
        self.heard.append(f"lost {childFD}")

    def processExited(self, reason):
        self.heard.append("exited")

    def processEnded(self, reason):
        self.heard.append("ended")
        self.ended.callback(reason.value)


def spawn(reactor, code, *, env=None, **options):
    child = Recorder()
    reactor.spawnProcess(child, PYTHON, [PYTHON, "-c", code], env, **options)
    return child


def ended(reactor, *children):
    """Run until the children have ended; return how they did."""
    results = []
    gatherResults([child.ended for child in children]).addCallback(results.extend).addBoth(lambda _: reactor.stop())
    reactor.run()
    return results


def test_input_output_errors_and_exit_code(reactor):
    child = spawn(reactor, "import sys; sys.stderr.write('oops'); print(sys.stdin.read()[::-1], end=''); sys.exit(3)")
    assert child.transport.pid > 0
    assert child.heard == ["made"]
    child.transport.write(b"abc")
    child.transport.closeStdin()

    (reason,) = ended(reactor, child)
    assert child.output == {1: b"cba", 2: b"oops"}
    assert isinstance(reason, error.ProcessTerminated)
    assert (reason.exitCode, reason.signal) == (3, None)
    assert set(child.heard[1:-1]) == {"lost 0", "lost 1", "lost 2", "exited"}
    assert child.heard[-1] == "ended"
    assert child.transport.pid is None
    with pytest.raises(error.ProcessExitedAlready):
        child.transport.signalProcess("TERM")


def test_a_child_that_ends_well_is_done(reactor):
    child = spawn(reactor, "")
    (reason,) = ended(reactor, child)
    assert isinstance(reason, error.ProcessDone)
    assert (reason.exitCode, reason.status) == (0, 0)


def test_a_signal_ends_it(reactor):
    child = spawn(reactor, "print('up', flush=True); import time; time.sleep(60)")
    child.childDataReceived = lambda number, data: child.transport.signalProcess("KILL")
    (reason,) = ended(reactor, child)
    assert (reason.exitCode, reason.signal) == (None, signal.SIGKILL)
    with pytest.raises(error.ProcessExitedAlready):
        child.transport.signalProcess("NOSUCH")


def test_the_environment_is_empty_inherited_or_given(reactor, monkeypatch):
    monkeypatch.setenv("OURS", "yes")
    code = "import os; print(os.environ.get('OURS'), os.environ.get('GIVEN'))"
    inherited, given = spawn(reactor, code), spawn(reactor, code, env={"GIVEN": "this"})
    empty = Recorder()
    reactor.spawnProcess(empty, PYTHON, [PYTHON, "-c", code])
    ended(reactor, inherited, given, empty)
    assert [child.output[1] for child in (inherited, given, empty)] == [b"yes None\n", b"None this\n", b"None None\n"]


def test_it_starts_in_a_directory(reactor, tmp_path):
    child = spawn(reactor, "import os; print(os.getcwd())", path=str(tmp_path))
    ended(reactor, child)
    assert child.output[1].decode().strip() == str(tmp_path)


ELSEWHERE = pytest.mark.parametrize(
    "options", [{}, {"path": "/"}], ids=["by posix_spawn", "by Python in the child, as its directory is another"]
)


@ELSEWHERE
def test_any_map_of_descriptors(reactor, options):
    reading, writing = os.pipe()
    code = (
        "import os\n"
        "os.write(7, b'from seven')\n"
        "os.write(9, os.read(5, 100).upper())\n"
        "for number in (0, 1):\n"
        "    try: os.fstat(number); os.write(2, b'%d is open' % number)\n"
        "    except OSError: pass\n"
    )
    child = spawn(reactor, code, childFDs={2: "r", 5: "w", 7: writing, 9: "r"}, **options)
    os.close(writing)
    child.transport.writeToChild(5, b"to five")
    ended(reactor, child)
    assert child.output == {9: b"TO FIVE"}
    assert os.read(reading, 100) == b"from seven"
    os.close(reading)


numbers = st.integers(0, 6)


@given(
    ours=st.dictionaries(numbers, st.booleans(), min_size=1),
    wanted=st.dictionaries(numbers, st.integers(0, 100), max_size=6),
)
def test_descriptors_end_up_where_they_are_wanted_and_no_others_are_left(ours, wanted):
    wanted = {number: sorted(ours)[choice % len(ours)] for number, choice in wanted.items()}
    # What a kernel would do: by number, which descriptor of the parent it is, and whether it closes by itself.
    table = {number: (number, closes) for number, closes in ours.items()}
    for name, *arguments in file_actions(ours.items(), wanted, "close", "dup2"):
        if name == "close":
            del table[arguments[0]]
        else:
            source, target = arguments
            assert source != target
            table[target] = (table[source][0], False)

    assert {number: origin for number, (origin, closes) in table.items() if not closes} == wanted


@ELSEWHERE
def test_what_we_ignore_the_child_does_not(reactor, options):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        child = spawn(reactor, "import signal; print(signal.getsignal(signal.SIGHUP).name)", **options)
    finally:
        signal.signal(signal.SIGHUP, before)
    ended(reactor, child)
    assert child.output == {1: b"SIG_DFL\n"}


def test_it_inherits_no_other_descriptors(reactor):
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    child = spawn(reactor, f"import os\ntry: os.write({writing}, b'x')\nexcept OSError: print('closed')")
    os.close(writing)
    ended(reactor, child)
    assert child.output[1] == b"closed\n"
    assert os.read(reading, 1) == b""
    os.close(reading)


@ELSEWHERE
def test_a_terminal(reactor, options):
    child = spawn(
        reactor,
        "import os; print(os.isatty(0), os.isatty(1), os.getsid(0) == os.getpid(), open('/dev/tty').isatty())",
        usePTY=True,
        **options,
    )
    (reason,) = ended(reactor, child)
    assert isinstance(reason, error.ProcessDone)
    assert child.output == {1: b"True True True True\r\n"}
    with pytest.raises(ValueError, match="childFDs"):
        spawn(reactor, "", usePTY=True, childFDs={})


def test_a_terminal_that_is_open_already(reactor):
    ours, theirs = os.openpty()
    child = spawn(reactor, "print(input())", usePTY=(ours, theirs, os.ttyname(theirs)))
    os.close(theirs)
    child.transport.write(b"typed\n")
    ended(reactor, child)
    assert child.output == {1: b"typed\r\ntyped\r\n"}


def test_it_is_found_on_its_path_or_on_ours(reactor, tmp_path, monkeypatch):
    for directory in ("ours", "its"):
        (tmp_path / directory).mkdir()
        program = tmp_path / directory / "tell-where"
        program.write_text(f"#!/bin/sh\necho {directory}")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "ours"), prepend=os.pathsep)
    children = []
    for env in ({"PATH": str(tmp_path / "its")}, {"PATH": "/nowhere"}, {}, None):
        children.append(Recorder())
        reactor.spawnProcess(children[-1], "tell-where", ["tell-where"], env)
    ended(reactor, *children)
    assert [child.output for child in children] == [{1: b"its\n"}, {1: b"ours\n"}, {1: b"ours\n"}, {1: b"ours\n"}]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a child to another user")
def test_another_user(reactor):
    children = []
    for options in ({"uid": 1}, {"gid": 2}, {"uid": 1, "gid": 2}):
        child = Recorder()
        reactor.spawnProcess(child, "/bin/sh", ["sh", "-c", "id -u; id -g"], None, **options)
        children.append(child)
    ended(reactor, *children)
    assert [child.output[1].split() for child in children] == [[b"1", b"0"], [b"0", b"2"], [b"1", b"2"]]


def test_without_pidfds_a_thread_waits(reactor, monkeypatch):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    child = spawn(reactor, "raise SystemExit(4)")
    (reason,) = ended(reactor, child)
    assert reason.exitCode == 4


def test_a_child_that_outlives_the_reactor_is_told_of_in_its_next_run(reactor):
    child = spawn(reactor, "import signal; signal.pause()")
    reactor.callLater(0, reactor.stop)
    reactor.run()
    assert child.heard[-1] != "ended"
    assert child.transport.pid in process.reapProcessHandlers

    child.transport.signalProcess("KILL")
    (reason,) = ended(reactor, child)
    assert reason.signal == signal.SIGKILL
    assert child.heard[-2:] == ["exited", "ended"]
    assert process.reapProcessHandlers == {}


def test_a_child_without_pipes_is_no_selectable_and_is_reaped_all_the_same(reactor):
    child = spawn(reactor, "import time; time.sleep(60)", childFDs={})
    assert reactor.removeAll() == []
    child.transport.signalProcess("KILL")
    (reason,) = ended(reactor, child)
    assert reason.signal == signal.SIGKILL


def test_closing_one_descriptor_leaves_the_others(reactor):
    child = spawn(reactor, "import os, sys; sys.stdin.read(); os.write(2, b'still here')")
    child.transport.closeStdout()
    reactor.callLater(0.05, child.transport.closeStdin)
    (reason,) = ended(reactor, child)
    assert isinstance(reason, error.ProcessDone)
    assert child.heard[1] == "lost 1"
    assert child.output == {2: b"still here"}


def test_a_producer_writes_at_the_pace_of_the_child(reactor):
    child = spawn(reactor, "import sys, hashlib; print(len(sys.stdin.buffer.read()))")

    class Producer:
        left, resumed = 100, 0

        def resumeProducing(self):
            self.resumed += 1
            child.transport.write(b"x" * 10_000)
            self.left -= 1
            if not self.left:
                child.transport.unregisterProducer()
                child.transport.closeStdin()

        def stopProducing(self):
            raise AssertionError

    producer = Producer()
    child.transport.registerProducer(producer, False)
    ended(reactor, child)
    assert child.output == {1: b"1000000\n"}
    assert producer.resumed == 100


def test_a_program_that_cannot_be_started_ends_with_a_line(reactor):
    child = Recorder()
    reactor.spawnProcess(child, "/no/such/program", ["program"])
    (reason,) = ended(reactor, child)
    assert reason.exitCode == 1
    assert child.output[2].startswith(b"Upon execvpe /no/such/program: ")
    assert b"No such file" in child.output[2]


@pytest.mark.parametrize("arguments", [["a\0b"], [3], ["\ud800"]])
def test_bad_arguments_are_a_type_error(reactor, arguments):
    with pytest.raises(TypeError):
        reactor.spawnProcess(Recorder(), PYTHON, arguments)


def test_what_it_writes_is_held_back_while_paused(reactor):
    child = spawn(reactor, "import sys; sys.stdout.write('x' * 1_000_000)")
    child.transport.pauseProducing()
    reactor.callLater(0.05, child.transport.resumeProducing)
    reactor.callLater(0.04, lambda: child.heard.append(len(child.output)))
    ended(reactor, child)
    assert 0 in child.heard
    assert len(child.output[1]) == 1_000_000


def test_an_exception_in_a_hook_is_logged_and_the_rest_is_told(reactor, logged_errors):
    class Broken(Recorder):
        def connectionMade(self):
            raise ZeroDivisionError("made")

        def processExited(self, reason):
            raise ZeroDivisionError("exited")

    child = Broken()
    reactor.spawnProcess(child, PYTHON, [PYTHON, "-c", "print(1)"])
    ended(reactor, child)
    assert child.heard[-1] == "ended"
    assert sorted(map(str, logged_errors.flush(ZeroDivisionError))) == ["exited", "made"]


def test_hundreds_of_children_leave_no_descriptor(reactor):
    before = len(os.listdir("/proc/self/fd"))
    children = []
    for _ in range(500):
        child = Recorder()
        reactor.spawnProcess(child, "/bin/sh", ["sh", "-c", "echo hello"])
        children.append(child)
    ended(reactor, *children)
    assert all(child.output == {1: b"hello\n"} for child in children)
    assert len(os.listdir("/proc/self/fd")) == before


def test_utils_tell_output_value_or_all(reactor):
    say = "import sys; print('out'); sys.stdout.flush(); sys.stderr.write('err'); sys.exit(int(sys.argv[1] or sys.stdin.read()))"
    results = []
    gatherResults(
        [
            utils.getProcessOutput(PYTHON, ["-c", "print('only')"], env=None),
            utils.getProcessOutput(PYTHON, ["-c", say, "2"], env=None, errortoo=True),
            utils.getProcessValue(PYTHON, ["-c", "raise SystemExit(5)"], env=None),
            utils.getProcessOutputAndValue(PYTHON, ["-c", say, ""], env=None, stdinBytes=b"7"),
        ]
    ).addCallback(results.extend).addBoth(lambda _: reactor.stop())
    reactor.run()
    assert results == [b"only\n", b"out\nerr", 5, (b"out\n", b"err", 7)]
