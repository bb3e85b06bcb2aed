"""Lines, strings and netstrings, however the wire cuts them; files down a transport."""

from __future__ import annotations

import io
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.testing import StringTransport
from reactorio.protocols import basic

CUTS = st.lists(st.integers(min_value=0, max_value=400), max_size=12)


class Recording:
    """A mixin that keeps what is delivered."""

    def __init__(self):
        self.got = []

    def lineReceived(self, line):
        self.got.append(line)

    def rawDataReceived(self, data):
        self.got.append(("raw", data))

    def stringReceived(self, string):
        self.got.append(string)


class Lines(Recording, basic.LineReceiver):
    pass


class LinesOnly(Recording, basic.LineOnlyReceiver):
    pass


class Netstrings(Recording, basic.NetstringReceiver):
    pass


class Int8(Recording, basic.Int8StringReceiver):
    pass


class Int16(Recording, basic.Int16StringReceiver):
    pass


class Int32(Recording, basic.Int32StringReceiver):
    pass


def connected(kind, **settings):
    protocol = kind()
    for name, value in settings.items():
        setattr(protocol, name, value)
    protocol.makeConnection(StringTransport())
    return protocol


def cut(wire, places):
    edges = [0, *sorted(place % (len(wire) + 1) for place in places), len(wire)]
    return [wire[start:end] for start, end in pairwise(edges)]


def outcome(kind, pieces, **settings):
    protocol = connected(kind, **settings)
    for piece in pieces:
        # No transport reads on when it closes the connection.
        if not protocol.transport.disconnecting:
            protocol.dataReceived(piece)
    return protocol.got, protocol.transport.disconnecting


def assert_cuts_change_nothing(kind, wire, places, **settings):
    whole = outcome(kind, [wire], **settings)
    assert outcome(kind, cut(wire, places), **settings) == whole
    assert outcome(kind, [wire[i : i + 1] for i in range(len(wire))], **settings) == whole


# Cuts


@pytest.mark.parametrize("kind", [Lines, LinesOnly])
@given(lines=st.lists(st.binary(max_size=10).filter(lambda line: b"\r" not in line)), places=CUTS)
def test_lines_arrive_as_sent_however_they_are_cut(kind, lines, places):
    wire = b"".join(line + b"\r\n" for line in lines)

    assert_cuts_change_nothing(kind, wire, places)
    assert outcome(kind, [wire]) == (lines, False)


@pytest.mark.parametrize("kind", [Lines, LinesOnly])
@pytest.mark.parametrize("length", range(7, 14))
@given(places=CUTS)
def test_where_a_line_is_cut_does_not_decide_whether_it_is_too_long(kind, length, places):
    assert_cuts_change_nothing(kind, b"ok\r\n" + b"x" * length + b"\r\n", places, MAX_LENGTH=10)


@pytest.mark.parametrize("kind", [Netstrings, Int8, Int16, Int32])
@given(strings=st.lists(st.binary(max_size=40), max_size=8), places=CUTS)
def test_strings_arrive_as_sent_however_they_are_cut(kind, strings, places):
    sender = connected(kind)
    for string in strings:
        sender.sendString(string)
    wire = sender.transport.value()

    assert_cuts_change_nothing(kind, wire, places)
    assert outcome(kind, [wire]) == (strings, False)


@given(wire=st.binary(max_size=60) | st.text("0123456789:,a", max_size=60).map(str.encode), places=CUTS)
def test_nonsense_ends_a_netstring_connection_however_it_is_cut(wire, places):
    assert_cuts_change_nothing(Netstrings, wire, places, MAX_LENGTH=20)


@pytest.mark.parametrize("wire", [b"a", b":", b"01:a,", b"+1:a,", b" 1:a,", b"1:ab", b"21:", b"99999999", b"-1:,"])
def test_what_is_no_netstring_is_refused(wire):
    assert outcome(Netstrings, [wire, b"1:a,"], MAX_LENGTH=20) == ([], True)


# Lines


def test_after_setRawMode_all_is_raw_until_setLineMode():
    class Message(Lines):
        def lineReceived(self, line):
            super().lineReceived(line)
            if line.startswith(b"len "):
                self.left = int(line[4:])
                self.setRawMode()

        def rawDataReceived(self, data):
            body, rest = data[: self.left], data[self.left :]
            self.left -= len(body)
            self.got.append(("raw", body))
            if not self.left:
                self.setLineMode(rest)

    message = connected(Message)
    message.dataReceived(b"one\r\nlen 5\r\nabcdetwo\r\nlen 2\r\nx")
    message.dataReceived(b"ythree\r\n")

    assert message.got == [
        b"one",
        b"len 5",
        ("raw", b"abcde"),
        b"two",
        b"len 2",
        ("raw", b"x"),
        ("raw", b"y"),
        b"three",
    ]


def test_a_paused_receiver_delivers_nothing_until_resumed():
    class Pausing(Lines):
        def lineReceived(self, line):
            super().lineReceived(line)
            self.pauseProducing()

    pausing = connected(Pausing)
    pausing.dataReceived(b"one\r\ntwo\r\nthr")
    assert (pausing.got, pausing.transport.producerState) == ([b"one"], "paused")

    pausing.resumeProducing()
    assert (pausing.got, pausing.transport.producerState) == ([b"one", b"two"], "paused")

    pausing.dataReceived(b"ee\r\n")
    pausing.resumeProducing()
    assert pausing.got == [b"one", b"two", b"three"]


@pytest.mark.parametrize("kind", [Lines, LinesOnly])
def test_no_line_follows_one_that_closes_the_connection(kind):
    class Closing(kind):
        def lineReceived(self, line):
            super().lineReceived(line)
            self.transport.loseConnection()

    closing = connected(Closing)
    closing.dataReceived(b"one\r\ntwo\r\n")

    assert closing.got == [b"one"]


def test_an_exception_costs_one_line_only():
    class Failing(Lines):
        def lineReceived(self, line):
            if line == b"two":
                raise ValueError
            super().lineReceived(line)

    failing = connected(Failing)
    with pytest.raises(ValueError):  # noqa: PT011  # the test's own
        failing.dataReceived(b"one\r\ntwo\r\nthree\r\nfo")
    failing.dataReceived(b"ur\r\n")

    assert failing.got == [b"one", b"three", b"four"]


def test_what_a_line_returns_is_returned_and_ends_the_delivery():
    class Returning(Lines):
        def lineReceived(self, line):
            super().lineReceived(line)
            return line == b"two"

    returning = connected(Returning)

    assert returning.dataReceived(b"one\r\ntwo\r\nthree\r\n") is True
    assert returning.got == [b"one", b"two"]
    assert returning.clearLineBuffer() == b"three\r\n"


def test_applications_may_look_at_the_buffer_and_set_it():
    class Stealing(Lines):
        def lineReceived(self, line):
            super().lineReceived((line, self._buffer))
            self._buffer = self._buffer[1:]

    stealing = connected(Stealing)
    stealing.dataReceived(b"a\r\nxb\r\nxc\r\n")

    assert stealing.got == [(b"a", b"xb\r\nxc\r\n"), (b"b", b"xc\r\n"), (b"c", b"")]


def test_what_a_line_changes_holds_for_the_next_in_the_same_read():
    class Changing(Lines):
        def lineReceived(self, line):
            super().lineReceived(line)
            if line == b"semicolons":
                self.delimiter = b";"
            elif line == b"short":
                self.MAX_LENGTH = 5

    changing = connected(Changing)
    changing.dataReceived(b"semicolons\r\nlong ones;short;12345;123456;7")

    assert changing.got == [b"semicolons", b"long ones", b"short", b"12345"]
    assert changing.transport.disconnecting


@pytest.mark.parametrize("length", [0, 1, 62, 8190, 8191, 8192, 10_000])
def test_a_large_read_of_lines_arrives_whole(length):
    lines = [bytes([number % 256]) * length for number in range(10, 300)]
    lines = [line.replace(b"\r", b"r").replace(b"\n", b"n") for line in lines]

    assert outcome(Lines, [b"".join(line + b"\r\n" for line in lines)]) == (lines, False)


@pytest.mark.parametrize("kind", [Lines, LinesOnly])
def test_lines_are_sent_with_their_delimiter(kind):
    sender = connected(kind, delimiter=b"\n")

    sender.sendLine(b"hello")

    assert sender.transport.value() == b"hello\n"


def test_an_idle_receiver_holds_no_data():
    lines = connected(Lines)

    lines.dataReceived(b"x" * 1000 + b"\r\n")

    assert lines._data == b""


def seconds(call, *arguments):
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


@pytest.mark.parametrize(("kind", "message"), [(Lines, b"x\r\n"), (Int8, b"\1x")])
def test_the_time_for_a_large_read_grows_with_its_length(kind, message):
    class Pausing(kind):
        def lineReceived(self, line):
            self.pauseProducing()

        stringReceived = lineReceived

    def deliver(count):
        pausing = connected(Pausing)
        pausing.dataReceived(message * count)
        for _ in range(count):
            pausing.resumeProducing()

    seconds(deliver, 1000)

    # Quadratic, the second takes 64 times the first.
    assert seconds(deliver, 64_000) < 30 * seconds(deliver, 8000)


@pytest.mark.parametrize("kind", [Int32, Netstrings])
def test_the_time_for_a_long_string_grows_with_its_length(kind):
    def receive(pieces):
        receiver = connected(kind, MAX_LENGTH=2**30)
        sender = connected(kind)
        sender.sendString(bytes(pieces * 4096))
        wire = sender.transport.value()
        for start in range(0, len(wire), 4096):
            receiver.dataReceived(wire[start : start + 4096])
        assert len(receiver.got) == 1

    seconds(receive, 100)

    assert seconds(receive, 4000) < 30 * max(seconds(receive, 500), 0.002)


# Strings


def test_the_rest_of_the_data_can_be_taken_over():
    class Switching(Int8):
        def stringReceived(self, string):
            super().stringReceived((string, self.recvd))
            self.recvd = b"\x01z"[: 2 * (string == b"a")]

    switching = connected(Switching)
    switching.dataReceived(b"\x01a\x01b\x01c")

    assert switching.got == [(b"a", b"\x01b\x01c"), (b"z", b"")]


def test_what_a_string_brings_in_comes_after_what_is_there():
    class Feeding(Int8):
        def stringReceived(self, string):
            super().stringReceived(string)
            if string in (b"a", b"d"):
                self.dataReceived(b"\x01" + string.upper())

    feeding = connected(Feeding)
    feeding.dataReceived(b"\x01a\x01b")
    feeding.dataReceived(b"\x01c\x01d")

    assert feeding.got == [b"a", b"b", b"A", b"c", b"d", b"D"]


def test_a_receiver_of_strings_holds_no_more_than_what_is_not_delivered():
    strings = connected(Int8)

    strings.dataReceived(b"\x01a" * 1000 + b"\x02b")

    assert strings._data == b"\x02b"


def test_a_string_that_raises_is_not_delivered_again():
    class Failing(Int8):
        def stringReceived(self, string):
            super().stringReceived(string)
            if string == b"a":
                raise ValueError

    failing = connected(Failing)
    with pytest.raises(ValueError):  # noqa: PT011  # the test's own
        failing.dataReceived(b"\x01a\x01b")
    failing.dataReceived(b"\x01c")

    assert failing.got == [b"a", b"b", b"c"]


@pytest.mark.parametrize(("kind", "head"), [(Int8, b"\x0b"), (Int16, b"\0\x0b"), (Int32, b"\0\0\0\x0b")])
def test_a_string_over_the_limit_closes_the_connection(kind, head):
    assert outcome(kind, [head], MAX_LENGTH=10) == ([], True)


def test_a_string_too_long_for_its_length_cannot_be_sent():
    with pytest.raises(basic.StringTooLongError, match="Try to send 256 bytes whereas maximum is 255"):
        connected(Int8).sendString(bytes(256))


def test_a_stateful_protocol_goes_from_state_to_state():
    class Login(basic.StatefulStringProtocol, Int8):
        stringReceived = basic.StatefulStringProtocol.stringReceived

        def proto_init(self, user):
            self.got.append(("user", user))
            return "password"

        def proto_password(self, password):
            self.got.append(("password", password))
            return "done"

    login = connected(Login)
    login.dataReceived(b"\x02me\x06secret")

    assert login.got == [("user", b"me"), ("password", b"secret")]
    assert login.transport.disconnecting


# Files


def test_a_file_is_sent_in_pieces_when_asked():
    transport = StringTransport()
    sender = basic.FileSender()
    sender.CHUNK_SIZE = 4
    results = []
    sender.beginFileTransfer(io.BytesIO(b"some content"), transport, bytes.upper).addCallback(results.append)

    for expected in (b"SOME", b"SOME CON", b"SOME CONTENT"):
        sender.resumeProducing()
        assert transport.value() == expected
    sender.resumeProducing()

    assert results == [b"T"]
    assert transport.producer is None


def test_a_file_that_cannot_be_read_fails_the_transfer():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise OSError("broken")

    transport = StringTransport()
    sender = basic.FileSender()
    reasons = []
    sender.beginFileTransfer(Broken(), transport).addErrback(reasons.append)

    sender.resumeProducing()

    assert reasons[0].check(OSError)
    assert transport.producer is None


def test_a_consumer_that_goes_away_fails_the_transfer():
    sender = basic.FileSender()
    reasons = []
    sender.beginFileTransfer(io.BytesIO(b"x"), StringTransport()).addErrback(reasons.append)

    sender.stopProducing()

    assert "Consumer asked us to stop producing" in str(reasons[0].value)
