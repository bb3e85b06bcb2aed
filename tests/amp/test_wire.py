"""Boxes on the wire, however it is cut, and how large they may be."""

from __future__ import annotations

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.internet.error import ConnectionDone
from reactorio.protocols import amp
from reactorio.python.failure import Failure

from .talk import CUTS, StringByString, by_any_reader, connected, cut

KEYS = st.binary(min_size=1, max_size=255)
BOXES = st.dictionaries(KEYS, st.binary(max_size=300), max_size=5).map(amp.Box)


def read(protocol, pieces):
    """Return the boxes, whether the connection is closed, and why."""
    for piece in pieces:
        protocol.dataReceived(piece)
    protocol.connectionLost(Failure(ConnectionDone()))
    receiver = protocol.boxReceiver
    return receiver.boxes, protocol.transport.disconnecting, type(receiver.reason)


@by_any_reader
@given(st.lists(BOXES, max_size=5), CUTS)
def test_cutting_the_wire_anywhere_changes_nothing(kind, boxes, places):
    wire = b"".join(box.serialize() for box in boxes)
    assert read(connected(kind), cut(wire, places)) == (boxes, False, ConnectionDone)
    assert amp.parseString(wire) == amp.parse(io.BytesIO(wire)) == boxes


@given(st.binary(max_size=60), CUTS)
def test_any_bytes_are_boxes_or_end_the_connection_whoever_reads_them(wire, places):
    whole = read(connected(), [wire])
    assert read(connected(), cut(wire, places)) == read(connected(StringByString), cut(wire, places)) == whole
    boxes, closed, reason = whole
    assert (reason is amp.TooLong) is closed
    if closed:
        with pytest.raises(amp.TooLong):
            amp.parseString(wire)
    else:
        assert amp.parseString(wire) == boxes


def test_a_box_is_sorted_on_the_wire(tw):
    amp = tw("protocols.amp")
    box = amp.Box({"b": b"2", b"c": b""}, a=b"1")
    assert box.serialize() == b"\0\1a\0\x011\0\1b\0\x012\0\1c\0\0\0\0"
    assert box == {b"a": b"1", b"b": b"2", b"c": b""}
    assert amp.Box is amp.AmpBox


def test_boxes_are_known_by_what_they_print(tw):
    amp = tw("protocols.amp")
    assert repr(amp.Box(a=b"b")) == "AmpBox({b'a': b'b'})"
    assert repr(amp.QuitBox(a=b"b")) == "QuitBox(**AmpBox({b'a': b'b'}))"


def test_a_copy_of_a_box_is_of_its_kind(tw):
    amp = tw("protocols.amp")
    box = amp.QuitBox(a=b"b")
    copy = box.copy()
    copy[b"a"] = b"c"
    assert (type(copy), box[b"a"]) == (amp.QuitBox, b"b")


def test_keys_and_values_have_their_longest(tw):
    amp = tw("protocols.amp")
    longest = amp.Box({b"k" * 255: b"v" * 65535})
    assert amp.parseString(longest.serialize()) == [longest]
    with pytest.raises(amp.TooLong) as key:
        amp.Box({b"k" * 256: b""}).serialize()
    with pytest.raises(amp.TooLong) as value:
        amp.Box(name=b"v" * 65536).serialize()
    assert repr(key.value) == "local key too long: 256"
    assert repr(value.value) == "local value b'name' too long: 65536"
    assert (value.value.isKey, value.value.isLocal, value.value.keyName) == (False, True, b"name")


def test_too_long_prints_what_is_too_long_also_when_it_did_not_arrive():
    assert repr(amp.TooLong(True, False, None)) == "remote key too long"
    assert str(pickle.loads(pickle.dumps(amp.TooLong(False, True, b"xx", b"k")))) == "local value b'k' too long: 2"


@pytest.mark.parametrize("box", [{"a": b"b"}, {b"a": "b"}])
def test_strings_are_not_sent(tw, box):
    amp = tw("protocols.amp")
    unchecked = amp.Box()
    unchecked.update(box)
    with pytest.raises(TypeError, match=r"Unicode (key|value for key b'a') not allowed: '[ab]'"):
        unchecked.serialize()


def test_an_empty_key_would_be_the_end_of_its_box_and_is_not_sent():
    with pytest.raises(amp.MalformedAmpBox):
        amp.Box({b"": b"value"}).serialize()


@by_any_reader
def test_a_longer_key_ends_the_connection_and_nothing_that_follows_is_read(kind):
    protocol = connected(kind)
    box = amp.Box(a=b"b").serialize()
    assert read(protocol, [box + b"\1\0", b"k" * 256 + box, box]) == ([{b"a": b"b"}], True, amp.TooLong)
    reason = protocol.boxReceiver.reason
    assert (reason.isKey, reason.isLocal, reason.value) == (True, False, None)


@by_any_reader
def test_a_box_has_its_largest(kind):
    box = amp.Box({b"%d" % number: b"x" * 100 for number in range(100)})
    wire = box.serialize()
    size = len(wire) - 2 - 400 + 100 * 128
    assert read(connected(kind, max_box_size=size), [wire]) == ([box], False, ConnectionDone)
    # Also when there are many, and other ones between.
    assert read(connected(kind, max_box_size=size), [wire] * 5)[0] == [box] * 5
    assert read(connected(kind, max_box_size=size - 1), [wire, wire]) == ([], True, amp.MalformedAmpBox)


@by_any_reader
def test_a_box_of_many_short_keys_does_not_fill_the_memory(kind):
    protocol = connected(kind, max_box_size=10_000)
    protocol.dataReceived(b"".join(b"\0\4%04d\0\0" % number for number in range(1000)))
    assert protocol.transport.disconnecting


@by_any_reader
def test_a_paused_protocol_reads_on_when_it_is_resumed(kind):
    protocol = connected(kind)
    receiver = protocol.boxReceiver
    boxes = [amp.Box(number=b"%d" % number) for number in range(4)]
    protocol.boxReceiver.ampBoxReceived = lambda box: (receiver.boxes.append(box), protocol.pauseProducing())
    wire = b"".join(box.serialize() for box in boxes)
    protocol.dataReceived(wire[:-1])
    assert receiver.boxes == boxes[:1]
    protocol.dataReceived(wire[-1:])
    for number in range(2, 5):
        protocol.resumeProducing()
        assert receiver.boxes == boxes[:number]


def test_whoever_wants_each_string_gets_it(tw):
    amp, testing = tw("protocols.amp"), tw("internet.testing")

    class Watching(amp.AMP):
        def proto_value(self, string):
            seen.append(string)
            return super().proto_value(string)

        def ampBoxReceived(self, box):
            seen.append(box)

    seen = []
    protocol = Watching()
    protocol.makeConnection(testing.StringTransport())
    protocol.dataReceived(amp.Box(a=b"1", b=b"2").serialize())
    assert seen == [b"1", b"2", {b"a": b"1", b"b": b"2"}]
