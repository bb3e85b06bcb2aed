"""The client of memcached: answers, whole, cut and hostile; and a small memcached in memory."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.defer import TimeoutError
from reactorio.internet.error import ConnectionAborted, ConnectionDone
from reactorio.internet.protocol import ClientCreator
from reactorio.internet.task import Clock
from reactorio.internet.testing import StringTransportWithDisconnection
from reactorio.protocols.memcache import ClientError, MemCacheProtocol, NoSuchCommand, ServerError


def connect(timeOut=60):
    client, clock, transport = MemCacheProtocol(timeOut), Clock(), StringTransportWithDisconnection()
    client.callLater = clock.callLater
    transport.protocol = client
    client.makeConnection(transport)
    return client, transport, clock


def outcome(deferred):
    results = []
    deferred.addCallbacks(results.append, lambda failure: results.append(failure.value))
    return results[0] if results else None


REQUESTS = [
    (lambda c: c.get(b"k"), b"get k", b"VALUE k 5 3\r\na\r\n\r\nEND", (5, b"a\r\n")),
    (lambda c: c.get(b"k"), b"get k", b"VALUE k 5 0\r\n\r\nEND", (5, b"")),
    (lambda c: c.get(b"k", True), b"gets k", b"VALUE k 5 1 77\r\nx\r\nEND", (5, b"77", b"x")),
    (lambda c: c.get(b"k"), b"get k", b"END", (0, None)),
    (
        lambda c: c.getMultiple(iter([b"k", b"l"]), True),
        b"gets k l",
        b"VALUE l 0 1 7\r\nx\r\nEND",
        {b"k": (0, b"", None), b"l": (0, b"7", b"x")},
    ),
    (lambda c: c.set(b"k", b"v\r\n", 1, 2), b"set k 1 2 3\r\nv\r\n", b"STORED", True),
    (lambda c: c.add(b"k", b"v"), b"add k 0 0 1\r\nv", b"NOT_STORED", False),
    (lambda c: c.replace(b"k", b"v"), b"replace k 0 0 1\r\nv", b"NOT STORED", False),
    (lambda c: c.checkAndSet(b"k", b"v", b"77"), b"cas k 0 0 1 77\r\nv", b"EXISTS", False),
    (lambda c: c.append(b"k", b"v"), b"append k 0 0 1\r\nv", b"STORED", True),
    (lambda c: c.prepend(b"k", b"v"), b"prepend k 0 0 1\r\nv", b"STORED", True),
    (lambda c: c.delete(b"k"), b"delete k", b"DELETED", True),
    (lambda c: c.delete(b"k"), b"delete k", b"NOT_FOUND", False),
    (lambda c: c.increment(b"k", 3), b"incr k 3", b"18446744073709551615", 2**64 - 1),
    (lambda c: c.decrement(b"k"), b"decr k 1", b"9 ", 9),
    (lambda c: c.decrement(b"k"), b"decr k 1", b"NOT_FOUND", False),
    (lambda c: c.version(), b"version", b"VERSION 1.6.21", b"1.6.21"),
    (lambda c: c.flushAll(), b"flush_all", b"OK", True),
    (
        lambda c: c.stats(),
        b"stats",
        b"STAT pid 7\r\nSTAT words two words\r\nEND",
        {b"pid": b"7", b"words": b"two words"},
    ),
    (lambda c: c.stats(b"detail on"), b"stats detail on", b"OK", {}),
    (lambda c: c.stats(b"reset"), b"stats reset", b"RESET", {}),
]


@pytest.mark.parametrize(("ask", "sent", "answer", "result"), REQUESTS)
def test_requests_and_their_answers(ask, sent, answer, result):
    client, transport, clock = connect()

    asked = ask(client)
    client.dataReceived(answer + b"\r\n")

    assert transport.value() == sent + b"\r\n"
    assert outcome(asked) == result
    assert clock.getDelayedCalls() == []


@given(st.lists(st.sampled_from(REQUESTS), max_size=6), st.integers(1, 40))
def test_cutting_the_wire_anywhere_changes_nothing(requests, size):
    client, _, _ = connect()
    asked = [ask(client) for ask, _, _, _ in requests]
    wire = b"".join(answer + b"\r\n" for _, _, answer, _ in requests)

    for start in range(0, len(wire), size):
        client.dataReceived(wire[start : start + size])

    assert [outcome(one) for one in asked] == [result for _, _, _, result in requests]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b"ERROR", NoSuchCommand, ""),
        (b"ERROR why", NoSuchCommand, "b'why'"),
        (b"CLIENT_ERROR bad data chunk", ClientError, "b'bad data chunk'"),
        (b"SERVER_ERROR out of memory", ServerError, "b'out of memory'"),
    ],
)
def test_errors_are_the_oldest_request_s(answer, error, text):
    client, _, _ = connect()
    failing, other = client.set(b"k", b"v"), client.get(b"k")

    client.dataReceived(answer + b"\r\nEND\r\n")

    assert type(outcome(failing)) is error
    failing, other = client.set(b"k", b"v"), other
    client.dataReceived(answer + b"\r\n")
    assert str(outcome(failing)) == text
    assert outcome(other) == (0, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.get("text"),
        lambda c: c.get(b"k" * 251),
        lambda c: c.get(b""),
        lambda c: c.get(b"two words"),
        lambda c: c.get(b"k\r\nflush_all"),
        lambda c: c.get(b"k\x00"),
        lambda c: c.getMultiple([b"k", b"l m"]),
        lambda c: c.delete(b"k\nl"),
        lambda c: c.increment(b"k l"),
        lambda c: c.set(b"k", "text"),
        lambda c: c.set(b"k\n", b"v"),
        lambda c: c.checkAndSet(b"k", b"v", b"7\r\nflush_all"),
        lambda c: c.stats(b"items\r\nflush_all"),
    ],
)
def test_what_would_be_another_request_is_not_sent(ask):
    client, transport, clock = connect()

    assert type(outcome(ask(client))) is ClientError
    assert transport.value() == b""
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (None, b"END"),
        (lambda c: c.get(b"k"), b"STORED"),
        (lambda c: c.set(b"k", b"v"), b"END"),
        (lambda c: c.set(b"k", b"v"), b"STORED twice"),
        (lambda c: c.increment(b"k"), b"many"),
        (lambda c: c.increment(b"k"), b"9" * 21),
        (lambda c: c.version(), b"VERSION"),
        (lambda c: c.stats(), b"VALUE k 0 1"),
        (lambda c: c.get(b"k"), b"VALUE other 0 1"),
        (lambda c: c.get(b"k"), b"VALUE k 0"),
        (lambda c: c.get(b"k"), b"VALUE k 0 1 2 3"),
        (lambda c: c.get(b"k"), b"VALUE k 0 -1"),
        (lambda c: c.get(b"k"), b"VALUE k x 1"),
        (lambda c: c.get(b"k"), b"VALUE k 0 134217729"),
        (lambda c: c.get(b"k"), b"VALUE k 0 2\r\nlong"),
    ],
)
def test_an_answer_that_is_none_is_an_error(ask, answer):
    client, _, _ = connect()
    if ask is not None:
        ask(client)

    with pytest.raises(RuntimeError):
        client.dataReceived(answer + b"\r\n")
    client.setTimeout(None)


def test_a_line_without_end_closes_the_connection():
    client, transport, _ = connect()
    asked = client.stats()

    client.dataReceived(b"x" * 20_000)

    assert not transport.connected
    assert type(outcome(asked)) is ConnectionDone


def test_a_server_that_does_not_answer_is_left():
    client, transport, clock = connect(timeOut=5)
    first = client.get(b"k")
    clock.advance(4)
    second = client.get(b"l")
    clock.advance(1)

    assert [type(outcome(one)) for one in (first, second)] == [TimeoutError] * 2
    assert transport.disconnected
    assert type(outcome(client.get(b"k"))) is RuntimeError


def test_each_answer_gives_the_next_one_its_time():
    client, _, clock = connect(timeOut=5)
    asked = [client.get(b"k"), client.get(b"l")]

    clock.advance(4)
    client.dataReceived(b"END\r\n")
    clock.advance(4)
    client.dataReceived(b"VALUE l 0 3\r\nab")
    clock.advance(1)

    answered, late = map(outcome, asked)
    assert answered == (0, None)
    assert type(late) is TimeoutError


def test_what_waits_for_an_answer_fails_with_the_connection():
    client, transport, clock = connect()
    asked = client.get(b"k")

    transport.loseConnection()

    assert type(outcome(asked)) is ConnectionDone
    assert clock.getDelayedCalls() == []


def test_a_request_can_be_cancelled_and_its_answer_is_dropped():
    client, _, _ = connect()
    cancelled, other = client.get(b"k"), client.get(b"l")
    cancelled.addErrback(lambda failure: None)

    cancelled.cancel()
    client.dataReceived(b"VALUE k 0 1\r\nx\r\nEND\r\nVALUE l 0 1\r\ny\r\nEND\r\n")

    assert outcome(other) == (0, b"y")


# A server


class Memcached:
    """Does what memcached does with ``set`` and ``get``; answers anything else as nothing should."""

    async def __aenter__(self):
        from reactorio.internet import reactor

        self.gone = asyncio.Event()
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        return await ClientCreator(reactor, MemCacheProtocol).connectTCP("127.0.0.1", port)

    async def __aexit__(self, *exc_info):
        await asyncio.wait_for(self.gone.wait(), 10)
        self.server.close()

    async def serve(self, reader, writer):
        values = {}
        try:
            while line := await reader.readline():
                command, *words = line.split()
                if command == b"set":
                    key, flags, _, length = words
                    values[key] = flags, (await reader.readexactly(int(length) + 2))[:-2]
                    writer.write(b"STORED\r\n")
                elif command == b"get":
                    for key in words:
                        if key in values:
                            flags, value = values[key]
                            writer.write(b"VALUE %b %b %d\r\n%b\r\n" % (key, flags, len(value), value))
                    writer.write(b"END\r\n")
                else:
                    writer.write(b"NONSENSE\r\n")
        except ConnectionResetError:
            pass
        finally:
            writer.close()
            self.gone.set()


def test_values_come_back_from_a_server(run):
    async def main():
        lost = []
        async with Memcached() as client:
            asked = [client.set(b"large", large, 7), client.set(b"small", b"")]
            values = client.getMultiple([b"large", b"small", b"no"])
            results = [await one for one in [*asked, values]]
            client.transport.abortConnection()
            await client.get(b"large").addErrback(lambda failure: lost.append(failure.type))
        return *results, lost

    large = bytes(range(256)) * 4000
    values = {b"large": (7, large), b"small": (0, b""), b"no": (0, None)}
    assert run(main()) == (True, True, values, [ConnectionAborted])


def test_nonsense_from_the_server_ends_the_connection(run, logged_errors):
    async def main():
        failed = []
        async with Memcached() as client:
            await client.version().addErrback(lambda failure: failed.append(failure.value))
        return failed

    (error,) = run(main())
    assert "NONSENSE" in str(error)
    logged_errors.flush(RuntimeError)
