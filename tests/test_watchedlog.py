"""A log file that other programs move away."""

from __future__ import annotations

import os
import pickle

import pytest

from reactorio.application import _watchedlog
from reactorio.application._watchedlog import WatchedLogFile


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "logs"
    made.mkdir()
    return made


@pytest.fixture
def log(folder):
    opened = WatchedLogFile.fromFullPath(str(folder / "a.log"))
    yield opened
    opened.close()


def test_after_a_move_a_new_file_is_written(log, folder):
    log.write("one\n")
    (folder / "a.log").rename(folder / "b.log")
    log.write("two\n")

    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.log": "two\n", "b.log": "one\n"}
    assert log.size == 4


def test_what_was_put_into_its_place_is_appended_to(log, folder):
    log.write("one\n")
    (folder / "a.log").unlink()
    (folder / "a.log").write_text("other\n")
    log.write("two\n")

    assert (folder / "a.log").read_text() == "other\ntwo\n"


def test_where_there_can_be_no_new_file_the_old_one_goes_on(log, folder):
    moved = folder.with_name("moved")
    folder.rename(moved)
    log.write("one\n")
    log.write("two\n")
    assert (moved / "a.log").read_text() == "one\ntwo\n"

    folder.mkdir()
    log._retry_at = 0
    log.write("three\n")
    assert (folder / "a.log").read_text() == "three\n"
    (moved / "a.log").unlink()


def test_under_another_root_nothing_is_opened(log, folder, monkeypatch):
    identity = _watchedlog._identity
    monkeypatch.setattr(_watchedlog, "_identity", lambda path: (0, 0) if path == "/" else identity(path))
    (folder / "a.log").rename(folder / "b.log")
    log.write("one\n")

    assert [path.name for path in folder.iterdir()] == ["b.log"]


def test_it_turns_over_by_size_as_ever(folder):
    log = WatchedLogFile.fromFullPath(str(folder / "a.log"), rotateLength=4)
    for text in ("one\n", "two\n", "three\n"):
        log.write(text)
    log.close()
    assert sorted(os.listdir(folder)) == ["a.log", "a.log.1", "a.log.2"]


def test_it_can_be_pickled(log):
    again = pickle.loads(pickle.dumps(log))
    again.write("again\n")
    assert again.size == 6
    again.close()
