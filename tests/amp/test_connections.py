"""Both ends on sockets of both loops: questions, descriptors, Twisted at the other end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from reactorio._interface import implementer
from reactorio.internet.error import ConnectionDone
from reactorio.internet.interfaces import IFileDescriptorReceiver
from reactorio.internet.protocol import Factory, Protocol
from reactorio.protocols import amp
from reactorio.python.failure import Failure

from .peer import Server, ask_everything
from .talk import Answers, Ask, Connected, connected


def test_both_ends_ask_at_once(reactor, run):
    async def main():
        async with Connected(reactor, Answers(), Answers()) as ends:
            questions = [end.callRemote(Ask, what=str(number)) for number in range(100) for end in ends]
            return [(await question)["answer"] for question in questions]

    assert run(main()) == [str(number) * 2 for number in range(100) for _ in range(2)]


def test_a_question_can_be_awaited_with_a_time_limit(reactor, run):
    class Never(amp.AMP):
        @Ask.responder
        def ask(self, what):
            return asyncio.get_running_loop().create_future() if what == "never" else {"answer": what}

    async def main():
        server = Never()
        async with Connected(reactor, server, amp.AMP()) as (_, client):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.callRemote(Ask, what="never"), 0.01)
            return await client.callRemote(Ask, what="still there")

    assert run(main()) == {"answer": "still there"}


@pytest.mark.parametrize(
    ("wire", "logged"),
    [
        (amp.Box(_answer=b"1").serialize(), amp.MalformedAmpBox),
        (b"\0\0", amp.NoEmptyBoxes),
        # The first two bytes say that a key of 18,245 is coming. This is no error of ours, so the log has nothing.
        (b"GET / HTTP/1.1\r\n\r\n", None),
        (amp.Box(_command=b"Ask", _ask=b"1").serialize(), KeyError),
    ],
)
def test_who_talks_nonsense_is_cut_off(reactor, run, logged_errors, wire, logged):
    async def main():
        server = Answers()
        port = reactor.listenTCP(0, Factory.forProtocol(lambda: server), interface="127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
        writer.write(wire)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        await port.stopListening()

    run(main())
    assert [type(error) for error in logged_errors.flush()] == ([] if logged is None else [logged])


class Pass(amp.Command):
    arguments = [(b"number", amp.Integer()), (b"files", amp.ListOf(amp.Descriptor()))]
    response = [(b"file", amp.Descriptor())]


class Passes(amp.AMP):
    @Pass.responder
    def take(self, number, files):
        contents = []
        for file in files:
            contents.append(os.read(file, 100))
            os.close(file)
        self.read = pipe_with(b"%d:" % number + b",".join(contents))
        return {"file": self.read}


def pipe_with(content):
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    return read


def test_descriptors_travel_both_ways(reactor, run, tmp_path):
    async def main():
        async with Connected(reactor, Passes(), amp.AMP(), str(tmp_path / "socket")) as (server, client):
            pipes = [pipe_with(b"one"), pipe_with(b"two")]
            answer = await client.callRemote(Pass, number=2, files=pipes)
            content = os.read(answer["file"], 100)
            for number in (answer["file"], *pipes, server.read):
                os.close(number)
            return content

    assert run(main()) == b"2:one,two"


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def test_descriptors_that_no_box_asks_for_are_closed_with_the_connection():
    protocol = connected()
    numbers = [pipe_with(b"") for _ in range(3)]
    for number in numbers:
        protocol.fileDescriptorReceived(number)
    assert amp.Descriptor().fromStringProto(b"1", protocol) == numbers[1]
    protocol.connectionLost(Failure(ConnectionDone()))
    assert [is_open(number) for number in numbers] == [False, True, False]
    os.close(numbers[1])


def test_no_more_descriptors_wait_than_may():
    protocol = connected(max_descriptors=2)
    numbers = [pipe_with(b"") for _ in range(3)]
    for number in numbers:
        protocol.fileDescriptorReceived(number)
    assert protocol.transport.disconnecting
    protocol.fileDescriptorReceived(another := pipe_with(b""))
    assert not any(is_open(number) for number in (*numbers, another))
    protocol.connectionLost(Failure(ConnectionDone()))
    assert isinstance(protocol.boxReceiver.reason, amp.MalformedAmpBox)


def test_a_descriptor_that_did_not_come_is_an_error():
    with pytest.raises(KeyError):
        amp.Descriptor().fromStringProto(b"0", connected())


def test_descriptors_behind_the_last_box_are_another_protocols():
    @implementer(IFileDescriptorReceiver)
    class Takes(Protocol):
        def fileDescriptorReceived(self, descriptor):
            self.got = descriptor

    protocol, inner = connected(), Takes()
    protocol._switchTo(inner)
    protocol.fileDescriptorReceived(77)
    assert inner.got == 77


# ---- Twisted at the other end

PEER = Path(__file__).with_name("peer.py")

# Twisted with pyOpenSSL and without service_identity cannot even be imported, for the most part.
with_twisted = pytest.mark.skipif(
    find_spec("twisted") is None or (find_spec("OpenSSL") is not None and find_spec("service_identity") is None),
    reason="needs Twisted, with the rest of twisted[tls] if there is TLS",
)


def peer(*arguments):
    return subprocess.Popen(
        [sys.executable, PEER, "twisted", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@with_twisted
def test_twisted_asks(reactor, run):
    async def main():
        server = Server("reactorio")
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        process = peer("ask", port.getHost().port)
        output, _ = await asyncio.get_running_loop().run_in_executor(None, process.communicate)
        await port.stopListening()
        await server.all_lost()
        return process.returncode, output

    assert run(main()) == (0, "")


@with_twisted
def test_twisted_answers(reactor, run):
    async def main():
        with peer("serve") as process:
            try:
                line = await asyncio.get_running_loop().run_in_executor(None, process.stdout.readline)
                await ask_everything("reactorio", int(line))
            finally:
                process.kill()

    run(main())
