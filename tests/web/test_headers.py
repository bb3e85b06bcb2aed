"""Header fields: what both packages agree on, and what ours adds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactorio.web import http_headers
from reactorio.web.http_headers import Headers, InvalidHeaderName

NAMES = {
    b"etag": b"ETag",
    b"CONTENT-MD5": b"Content-MD5",
    b"www-authenticate": b"WWW-Authenticate",
    b"x-xss-protection": b"X-XSS-Protection",
    b"sec-websocket-key": b"Sec-Websocket-Key",
    b"a_b.c": b"A_b.c",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_written_in_its_usual_case(tw, name):
    headers = tw("web.http_headers").Headers({name: [b"x"]})
    assert list(headers.getAllRawHeaders()) == [(NAMES[name], [b"x"])]


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", "\xe9", b"a\0"])
@pytest.mark.parametrize("method", ["hasHeader", "removeHeader", "getRawHeaders"])
def test_a_name_that_is_no_token_is_refused_wherever_it_is_given(tw, method, name):
    module = tw("web.http_headers")
    with pytest.raises(module.InvalidHeaderName):
        getattr(module.Headers(), method)(name)


def test_a_field_without_values_is_there_and_has_nothing(tw):
    headers = tw("web.http_headers").Headers({b"a": []})
    assert headers.hasHeader("a")
    assert headers.getRawHeaders("a") is None
    assert list(headers.getAllRawHeaders()) == [(b"A", [])]


def test_text_is_latin_1_in_names_and_utf_8_in_values(tw):
    headers = tw("web.http_headers").Headers({"X-Name": ["sn\u00f6"]})
    assert headers.getRawHeaders(b"x-name") == ["sn\u00f6".encode()]
    assert headers.getRawHeaders("x-name") == ["sn\u00f6"]


def test_the_list_that_was_given_stays_the_callers(tw):
    values = [b"x"]
    headers = tw("web.http_headers").Headers({b"a": values})
    values.append(b"y")
    assert headers.getRawHeaders(b"a") == [b"x"]


def test_a_copy_is_of_the_same_class_and_stands_alone(tw):
    class Mine(tw("web.http_headers").Headers):
        pass

    mine = Mine({b"a": [b"x"]})
    copy = mine.copy()
    copy.addRawHeader("a", "y")
    assert type(copy) is Mine
    assert mine.getRawHeaders("a") == ["x"]
    assert mine != copy


def test_headers_are_hashed_by_identity(tw):
    headers = tw("web.http_headers").Headers
    assert len({headers(), headers()}) == 2


@pytest.mark.parametrize("value", [1, None, [b"x"]])
def test_a_value_is_bytes_or_text(value):
    with pytest.raises(TypeError, match="bytes or str"):
        Headers().addRawHeader("a", value)


@pytest.mark.parametrize("values", [b"abc", "abc"])
def test_one_value_in_the_place_of_a_list_is_refused(values):
    with pytest.raises(TypeError, match="are a list"):
        Headers().setRawHeaders("a", values)


@given(st.one_of(st.binary(), st.text(st.characters(exclude_categories=["Cs"]))))
def test_no_value_can_begin_another_line(value):
    headers = Headers({b"a": [value]})  # type: ignore[dict-item]
    headers.addRawHeader(b"a", value)
    for kept in headers.getRawHeaders(b"a"):
        assert not {b"\r", b"\n"} & {kept[i : i + 1] for i in range(len(kept))}


def test_invented_names_do_not_displace_the_common_ones():
    encoder = http_headers._NameEncoder()
    for number in range(encoder._MAX_CACHED_HEADERS + 10):
        encoder.encode(b"x-%d" % number)
    assert len(encoder._canonicalHeaderCache) == encoder._MAX_CACHED_HEADERS
    assert b"content-type" in encoder._canonicalHeaderCache


def test_long_names_are_not_remembered():
    encoder = http_headers._NameEncoder()
    assert encoder.encode(b"x" * 200) == b"X" + b"x" * 199
    assert b"x" * 200 not in encoder._canonicalHeaderCache


def test_what_a_parser_found_keeps_its_order():
    headers = Headers._from_pairs([(b"b", b"1"), (b"A", b"2"), (b"B", b"3")])
    assert list(headers.getAllRawHeaders()) == [(b"B", [b"1", b"3"]), (b"A", [b"2"])]
    with pytest.raises(InvalidHeaderName):
        Headers._from_pairs([(b"a b", b"")])
