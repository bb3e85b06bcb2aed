"""Arguments: objects in Python, bytes on the wire."""

from __future__ import annotations

import datetime
import decimal
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.protocols import amp

UTC = datetime.timezone.utc
OFFSETS = st.integers(min_value=-1439, max_value=1439).map(
    lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
)
INTEGERS = st.integers(min_value=-(10**60), max_value=10**60)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
KINDS = [
    (amp.Integer(), INTEGERS),
    (amp.String(), st.binary()),
    (amp.Unicode(), TEXTS),
    (amp.Float(), st.floats(allow_nan=False)),
    (amp.Boolean(), st.booleans()),
    (amp.Decimal(), st.decimals(allow_nan=False)),
    (amp.DateTime(), st.datetimes(timezones=OFFSETS)),
    (amp.ListOf(amp.Integer()), st.lists(INTEGERS)),
    (amp.ListOf(amp.ListOf(amp.Unicode())), st.lists(st.lists(TEXTS))),
    (
        amp.AmpList([(b"first", amp.Integer()), (b"a-z", amp.Unicode(optional=True))]),
        st.lists(st.fixed_dictionaries({"first": INTEGERS, "a_z": st.none() | TEXTS})),
    ),
    (
        amp.ListOf(amp.AmpList([(b"x", amp.Integer())])),
        st.lists(st.lists(st.fixed_dictionaries({"x": INTEGERS}), min_size=1)),
    ),
]


@pytest.mark.parametrize(("kind", "objects"), KINDS, ids=lambda value: type(value).__name__)
@given(st.data())
def test_arguments_arrive_as_they_were_sent(kind, objects, data):
    sent = data.draw(objects)
    strings, received = amp.Box(), {}
    kind.toBox(b"name", strings, {"name": sent}, None)
    kind.fromBox(b"name", strings, received, None)
    assert received == {"name": sent}
    assert kind.fromString(kind.toString(sent)) == sent


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=lambda kind: type(kind).__name__)
@given(st.binary(max_size=40))
def test_any_bytes_are_an_argument_or_refused(kind, string):
    try:
        kind.fromString(string)
    except (ValueError, TypeError, KeyError, decimal.InvalidOperation, amp.AmpError):
        pass


@pytest.mark.parametrize(
    ("kind", "value", "string"),
    [
        ("Integer", -12, b"-12"),
        ("Integer", True, b"1"),
        ("String", b"\xff", b"\xff"),
        ("Unicode", "\N{SNOWMAN}", b"\xe2\x98\x83"),
        ("Float", 0.1, b"0.1"),
        ("Float", float("-inf"), b"-inf"),
        ("Boolean", 3, b"True"),
        ("Boolean", "", b"False"),
        ("Decimal", decimal.Decimal("-0E+3"), b"-0E+3"),
        ("DateTime", datetime.datetime(2012, 1, 23, 12, 34, 56, 54321, UTC), b"2012-01-23T12:34:56.054321-00:00"),
        (
            "DateTime",
            datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(minutes=-83))),
            b"0001-01-01T00:00:00.000000-01:23",
        ),
    ],
)
def test_arguments_go_as_the_peers_expect_them(tw, kind, value, string):
    assert getattr(tw("protocols.amp"), kind)().toString(value) == string


def test_lists_go_as_the_peers_expect_them(tw):
    amp = tw("protocols.amp")
    assert amp.ListOf(amp.Integer()).toString([1, 23]) == b"\0\x011\0\x0223"
    rows = amp.AmpList([(b"from", amp.Integer())])
    assert rows.toStringProto([{"From": 1}, {"From": 2}], None) == b"\0\4from\0\x011\0\0\0\4from\0\x012\0\0"


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("Integer", "1", TypeError),
        ("Integer", None, TypeError),
        ("Float", 1, ValueError),
        ("Decimal", 1.5, ValueError),
        ("DateTime", datetime.datetime(2012, 1, 23), ValueError),
        ("Unicode", "\ud800", UnicodeEncodeError),
    ],
)
def test_what_is_of_another_type_is_not_sent(tw, kind, value, error):
    with pytest.raises(error):
        getattr(tw("protocols.amp"), kind)().toString(value)


@pytest.mark.parametrize(
    ("kind", "string", "error"),
    [
        ("Integer", b"", ValueError),
        ("Integer", b"1.0", ValueError),
        ("Float", b"x", ValueError),
        ("Boolean", b"true", TypeError),
        ("Unicode", b"\xff", UnicodeDecodeError),
        ("Decimal", b"x", decimal.InvalidOperation),
        ("DateTime", b"2012-01-23T12:34:56.054321Z", ValueError),
        ("DateTime", b"2012-01-23T12:34:56.054321?00:00", ValueError),
        ("DateTime", b"2012-13-23T12:34:56.054321+00:00", ValueError),
    ],
)
def test_what_stands_for_nothing_is_refused(tw, kind, string, error):
    with pytest.raises(error):
        getattr(tw("protocols.amp"), kind)().fromString(string)


@pytest.mark.parametrize("string", [b"\0", b"\0\1", b"\0\2x", b"\0\1x\0"])
def test_a_list_that_is_not_complete_is_refused(string):
    with pytest.raises(amp.MalformedAmpBox):
        amp.ListOf(amp.String()).fromString(string)
    with pytest.raises(amp.MalformedAmpBox):
        amp.AmpList([(b"x", amp.String())]).fromString(b"\0\1x\0\1y\0\0" + string)


def test_an_element_of_a_list_has_its_longest():
    with pytest.raises(amp.TooLong):
        amp.ListOf(amp.String()).toString([b"x" * 65536])


def test_a_path_is_the_absolute_one_as_text(tw, tmp_path):
    amp, path = tw("protocols.amp"), tw("python.filepath").FilePath(os.fsencode(tmp_path))
    string = amp.Path().toString(path)
    assert string == os.fsencode(tmp_path)
    assert amp.Path().fromString(string) == path.asTextMode()


def test_names_become_identifiers(tw):
    amp = tw("protocols.amp")
    objects = {}
    for name in (b"plain", b"with-two-dashes", b"under_score", b"from", b"print", b"async", b"mixedCase"):
        amp.String().fromBox(name, {name: b""}, objects, None)
    assert list(objects) == ["plain", "with_two_dashes", "under_score", "From", "Print", "async", "mixedCase"]


def test_an_optional_argument_may_be_left_out_or_none(tw):
    amp = tw("protocols.amp")
    strings, objects = amp.Box(), {}
    amp.Integer(optional=True).toBox(b"a", strings, {"a": None}, None)
    amp.Integer(optional=True).toBox(b"b", strings, {}, None)
    amp.Integer(optional=True).fromBox(b"a", strings, objects, None)
    assert (strings, objects) == ({}, {"a": None})
    with pytest.raises(KeyError):
        amp.Integer().toBox(b"b", strings, {}, None)
    with pytest.raises(KeyError):
        amp.Integer().fromBox(b"b", strings, {}, None)


def test_an_argument_is_taken_out_of_what_it_is_in(tw):
    objects = {"a": 1}
    assert tw("protocols.amp").Argument().retrieve(objects, "a", None) == 1
    assert objects == {}


def test_a_list_of_boxes_has_names_in_bytes(tw):
    amp = tw("protocols.amp")
    with pytest.raises(AssertionError, match="byte string"):
        amp.AmpList([("x", amp.Integer())])
