"""Plain calls on file descriptors: each test holds of Twisted's and of ours."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def fdesc(tw):
    return tw("internet.fdesc")


@pytest.fixture
def pipe(fdesc):
    """The two ends of a non-blocking pipe; the test may close them."""
    ends = os.pipe()
    for end in ends:
        fdesc.setNonBlocking(end)
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


def test_what_is_written_is_read(fdesc, pipe):
    reading, writing = pipe
    read = []

    assert fdesc.writeToFD(writing, b"hello") == 5
    assert fdesc.readFromFD(reading, read.append) is None
    assert read == [b"hello"]


def test_nothing_to_read_and_no_room_to_write_are_no_errors(fdesc, pipe):
    reading, writing = pipe
    assert fdesc.readFromFD(reading, pytest.fail) is None
    while fdesc.writeToFD(writing, b"x" * 65536):
        pass
    assert fdesc.writeToFD(writing, b"x" * 65536) == 0


def test_the_end_is_told_from_an_error(fdesc, pipe):
    reading, writing = pipe
    os.close(writing)
    assert fdesc.readFromFD(reading, pytest.fail) is fdesc.CONNECTION_DONE
    os.close(reading)
    assert fdesc.readFromFD(reading, pytest.fail) is fdesc.CONNECTION_LOST
    assert fdesc.writeToFD(writing, b"x") is fdesc.CONNECTION_LOST


def test_flags_are_set_and_taken_back(fdesc, pipe):
    reading, _ = pipe
    assert not os.get_blocking(reading)
    fdesc.setBlocking(reading)
    assert os.get_blocking(reading)
    fdesc._unsetCloseOnExec(reading)
    assert os.get_inheritable(reading)
    fdesc._setCloseOnExec(reading)
    assert not os.get_inheritable(reading)
