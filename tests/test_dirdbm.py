"""Mappings whose values are files."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def dirdbm(tw):
    return tw("persisted.dirdbm")


def test_a_value_is_kept_in_a_file_of_its_own(dirdbm, tmp_path):
    kept = dirdbm.open(str(tmp_path / "d"))
    kept[b"/\x00\xff"] = b"1"
    kept[b"/\x00\xff"] = b"2"
    assert os.listdir(tmp_path / "d") == ["LwD-_"]
    assert dict(dirdbm.open(str(tmp_path / "d")).items()) == {b"/\x00\xff": b"2"}


def test_what_a_crash_interrupted_is_finished(dirdbm, tmp_path):
    kept = dirdbm.open(str(tmp_path))
    kept[b"old"] = b"1"
    name = os.listdir(tmp_path)[0]
    (tmp_path / (name + ".rpl")).write_bytes(b"2")
    (tmp_path / "YQ==_.rpl").write_bytes(b"3")
    (tmp_path / "Yg==_.new").write_bytes(b"4")
    assert dict(dirdbm.open(str(tmp_path)).items()) == {b"old": b"1", b"a": b"3"}


def test_a_failed_write_leaves_the_old_value(dirdbm, tmp_path, monkeypatch):
    kept = dirdbm.open(str(tmp_path))
    kept[b"k"] = b"old"

    def fail(path, data):
        path.setContent(data[:1])
        raise OSError("disk full")

    monkeypatch.setattr(kept, "_writeFile", fail)
    with pytest.raises(OSError, match="disk full"):
        kept[b"k"] = b"new"
    assert kept[b"k"] == b"old"
    assert len(kept) == 1


def test_keys_are_bytes_and_missing_ones_are_key_errors(dirdbm, tmp_path):
    kept = dirdbm.open(str(tmp_path))
    with pytest.raises(TypeError, match="bytes"):
        kept["text"]
    for action in (kept.__getitem__, kept.__delitem__, kept.getModificationTime):
        with pytest.raises(KeyError):
            action(b"none")
    assert kept.get(b"none", 1) == 1


def test_a_shelf_holds_objects_and_is_copied(dirdbm, tmp_path):
    shelf = dirdbm.Shelf(str(tmp_path / "a"))
    shelf[b"k"] = [1, None]
    copy = shelf.copyTo(str(tmp_path / "b"))
    assert (copy[b"k"], type(copy)) == ([1, None], dirdbm.Shelf)
    copy.clear()
    assert (len(copy), len(shelf)) == (0, 1)
