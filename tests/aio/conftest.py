"""Every kind of stream, on every kind of loop, and nothing left open."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

from aio.kinds import KINDS, LISTENING
from aio.running import Connect
from reactorio.aio.spare import ListeningSocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aio.kinds import Kind, Listening

# What is opened once and kept counts for no test: the descriptor in reserve, and what libuv has of its own.
ListeningSocket().close()
try:
    from uvloop import new_event_loop
except ImportError:
    pass
else:
    new_event_loop().close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def connect(kind: Kind) -> Connect:
    return Connect(kind)


@pytest.fixture(params=LISTENING)
def listening(request: pytest.FixtureRequest) -> Listening:
    return LISTENING[request.param]


@pytest.fixture(params=["client", "server"])
def side(request: pytest.FixtureRequest) -> str:
    """The end that acts."""
    side: str = request.param
    return side


@pytest.fixture(autouse=True)
def no_descriptor_left_open(loop_kind: str) -> Iterator[None]:
    before = open_descriptors()
    yield
    if open_descriptors() != before:
        gc.collect()
    assert open_descriptors() == before


def open_descriptors() -> dict[str, str]:
    """What this process has open, by number."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue  # the directory itself
    return found
