"""Standard input and output as a transport: a program of its own at the end of pipes, and plain files."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reactorio.internet.defer import Deferred
from reactorio.internet.error import ConnectionDone
from reactorio.internet.protocol import Protocol
from reactorio.internet.stdio import StandardIO

SHOUT = """
from reactorio.internet import reactor, stdio
from reactorio.protocols.basic import LineReceiver

class Shout(LineReceiver):
    delimiter = b"\\n"
    def lineReceived(self, line):
        self.sendLine(line.upper())
    def connectionLost(self, reason):
        reactor.stop()

stdio.StandardIO(Shout())
reactor.run()
"""


class Recorder(Protocol):
    def __init__(self):
        self.received = b""
        self.lost = Deferred()

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost.callback(reason.value)


@pytest.mark.usefixtures("loop_kind")
def test_a_program_talks_over_its_standard_input_and_output():
    done = subprocess.run(
        [sys.executable, "-c", SHOUT], input=b"hello\nworld\n", capture_output=True, check=True, timeout=30
    )
    assert (done.stdout, done.stderr) == (b"HELLO\nWORLD\n", b"")


def test_plain_files_are_read_to_the_end_and_written(reactor, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 200_000)
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as sink:
        recorder = Recorder()
        transport = StandardIO(recorder, source.fileno(), sink.fileno(), reactor)
        transport.write(b"written")
        reasons = []
        recorder.lost.addCallback(reasons.append).addBoth(lambda _: reactor.stop())
        reactor.run()
    assert len(recorder.received) == 200_000
    assert isinstance(reasons[0], ConnectionDone)
    assert (tmp_path / "out").read_bytes() == b"written"


def test_when_nobody_reads_any_more_input_is_still_read_to_its_end(reactor):
    reading, writing = os.pipe()
    source, feed = os.pipe()
    recorder = Recorder()
    transport = StandardIO(recorder, source, writing, reactor)
    os.close(reading)
    reasons = []
    recorder.lost.addCallback(reasons.append).addBoth(lambda _: reactor.stop())
    # After the loop has seen that nobody reads.
    reactor.callLater(0.02, transport.write, b"dropped")
    reactor.callLater(0.02, os.write, feed, b"input")
    reactor.callLater(0.02, os.close, feed)
    reactor.run()
    assert recorder.received == b"input"
    assert isinstance(reasons[0], ConnectionDone)
    transport.write(b"dropped")
    for number in (writing, source):
        os.close(number)


def test_a_descriptor_that_the_application_has_closed_is_no_hindrance_to_the_end(reactor):
    source, feed = os.pipe()
    reading, writing = os.pipe()
    recorder = Recorder()
    transport = StandardIO(recorder, source, writing, reactor)
    reasons = []
    recorder.lost.addCallback(reasons.append).addBoth(lambda _: reactor.stop())

    def close():
        os.close(source)
        transport.loseConnection()

    # Not before the loop has looked at it once: libuv ends the program that gives it a closed descriptor.
    reactor.callLater(0.02, close)
    reactor.run()
    assert isinstance(reasons[0], ConnectionDone)
    for number in (feed, reading, writing):
        os.close(number)
