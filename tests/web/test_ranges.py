"""Which bytes a Range header asks for, and what comes of it."""

from __future__ import annotations

import email
import os
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reactorio.web import static
from reactorio.web._static import ranges

from .hosting import visit

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def file(tmp_path):
    """A file that has been left alone for a while, so that its entity tag is strong."""
    path = tmp_path / "file.bin"
    path.write_bytes(CONTENT)
    before = time.time() - 60
    os.utime(path, (before, before))
    return leaf(path)


def leaf(path):
    file = static.File(str(path))
    file.isLeaf = True
    return file


@given(st.binary(max_size=60))
def test_any_header_is_parsed_or_refused(header):
    for prefix in (b"", b"bytes="):
        try:
            asked = ranges.parse(prefix + header)
        except ValueError:
            continue
        assert 1 <= len(asked) <= ranges.MAX_RANGES
        assert all(first is not None or last is not None for first, last in asked)


numbers = st.none() | st.integers(0, 40)


@given(numbers, numbers, st.integers(0, 30))
def test_a_range_is_what_slicing_says_it_is(first, last, size):
    assume(first is None or last is None or first <= last)
    content = bytes(range(size))
    if first is None:
        expected = content[-last:] if last else b""
    else:
        expected = content[first:] if last is None else content[first : last + 1]
    offset, length = ranges.resolve(first, last, size)
    assert content[offset : offset + length] == expected
    assert length == len(expected)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted), min_size=1, max_size=64))
@example([(0, 0)] * 64)
def test_what_is_written_as_the_standard_says_is_read(pairs):
    header = b"bytes=" + b", ".join(b"%d-%d" % tuple(pair) for pair in pairs)
    assert ranges.parse(header) == [tuple(pair) for pair in pairs]


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"bytes",
        b"bytes=",
        b"bytes=,,,",
        b"bytes=-",
        b"bytes=+1-2",
        b"bytes=1_0-20",
        b"bytes=2-1",
        b"bytes=--1",
        b"bytes=0x1-2",
        b"bytes=1-2;3-4",
        b"bytes=\xb2-",  # a digit to int(), and to nobody else
        b"lines=1-2",
        b"bytes=" + b"9" * 5000 + b"-",
        b"bytes=" + b"0-0," * 65,
        b"bytes=" + b"," * 100_000,
    ],
)
def test_what_is_no_list_of_ranges_is_refused(header):
    with pytest.raises(ValueError, match=r"."):
        ranges.parse(header)


def ask(run, file, header, **more):
    return visit(run, file, lambda site: site.ask("/", headers={"Range": header, **more}))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=2000-", slice(2000, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=-999999", slice(None)),
        ("bytes=2000-999999", slice(2000, None)),
    ],
)
def test_a_part_comes_alone(run, file, header, expected):
    status, headers, body = ask(run, file, header)
    assert (status, body) == (206, CONTENT[expected])
    first, _, size = range(len(CONTENT))[expected].start, None, len(CONTENT)
    assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{size}"
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize("header", ["bytes=2048-", "bytes=-0", "bytes=5000-6000", "bytes=5000-,6000-"])
def test_what_is_not_there_is_416_with_the_size(run, file, header):
    status, headers, body = ask(run, file, header)
    assert (status, body, headers["content-range"]) == (416, b"", "bytes */2048")


@pytest.mark.parametrize(
    "header",
    [
        "bytes=oops",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(65)),
        "bytes=0-,0-,0-",
        "bytes=0-1000,900-2040,1-2",
    ],
)
def test_absurd_requests_get_the_whole_file(run, file, header):
    status, headers, body = ask(run, file, header)
    assert (status, body) == (200, CONTENT)
    assert "content-range" not in headers


def parts(answer):
    message = email.message_from_bytes(
        b"Content-Type: " + answer.headers["content-type"].encode() + b"\r\n\r\n" + answer.body
    )
    return [(part["content-range"], part.get_payload(decode=True)) for part in message.get_payload()]


def test_several_parts_are_read_by_a_mime_parser(run, tmp_path):
    (tmp_path / "text.txt").write_bytes(b"0123456789" * 10)
    answer = ask(run, leaf(tmp_path / "text.txt"), "bytes=0-1, 50-54, -3")
    assert answer.status == 206
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert parts(answer) == [("bytes 0-1/100", b"01"), ("bytes 50-54/100", b"01234"), ("bytes 97-99/100", b"789")]


def test_head_has_no_ranges(run, file):
    answer = visit(run, file, lambda site: site.ask("/", "HEAD", headers={"Range": "bytes=0-1"}))
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "2048", b"")


def test_if_range_holds_for_the_same_file_alone(run, file):
    def work(site):
        whole = site.ask("/")
        tag, date = whole.headers["etag"], whole.headers["last-modified"]
        return [
            site.ask("/", headers={"Range": "bytes=0-1", "If-Range": value}).status
            for value in (tag, date, '"another"', "W/" + tag, "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense")
        ]

    assert visit(run, file, work) == [206, 206, 200, 200, 200, 200]


def test_if_range_does_not_hold_for_a_file_that_has_just_changed(run, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    def work(site):
        now = time.time()
        os.utime(path, (now, now))
        date = site.ask("/").headers["last-modified"]
        return site.ask("/", headers={"Range": "bytes=0-1", "If-Range": date}).status

    assert visit(run, leaf(path), work) == 200


def test_curl_resumes(run, file, tmp_path):
    there = tmp_path / "there"
    there.write_bytes(CONTENT[:1000])
    visit(run, file, lambda site: site.curl("/", "-C", "-", "-o", str(there)))
    assert there.read_bytes() == CONTENT


def test_a_large_part_comes_in_order(run, tmp_path):
    content = os.urandom(3 << 20)
    (tmp_path / "large").write_bytes(content)
    answer = ask(run, leaf(tmp_path / "large"), "bytes=1000001-3000000")
    assert answer.body == content[1000001:3000001]
