"""Watching files and directories for changes."""

from __future__ import annotations

import os
import sys

import pytest

from reactorio.python.filepath import FilePath

if not sys.platform.startswith("linux"):
    pytest.skip("the kernel's calls are Linux's", allow_module_level=True)

from reactorio.internet import inotify


@pytest.fixture
def directory(tmp_path):
    return FilePath(str(tmp_path))


@pytest.fixture
def watcher(reactor):
    watcher = inotify.INotify(reactor)
    watcher.startReading()
    yield watcher
    watcher.loseConnection()


def names(mask):
    return frozenset(inotify.humanReadableMask(mask))


class Seen(list):
    """The paths and flags that a callback was called with; the reactor stops after as many as are expected."""

    def __init__(self, reactor, expected):
        self.reactor, self.expected = reactor, expected

    def __call__(self, ignored, path, mask):
        self.append((path.path, names(mask)))
        if len(self) == self.expected:
            self.reactor.stop()


def test_changes_in_a_directory_are_told_in_order(reactor, watcher, directory):
    seen = Seen(reactor, 4)
    watcher.watch(directory, inotify.IN_CREATE | inotify.IN_MOVED | inotify.IN_DELETE, callbacks=[seen])
    directory.child("file").touch()
    directory.child("file").moveTo(directory.child("moved"))
    directory.child("moved").remove()

    reactor.run()
    assert [(os.path.basename(path), *flags) for path, flags in seen] == [
        (b"file", "create"),
        (b"file", "moved_from"),
        (b"moved", "moved_to"),
        (b"moved", "delete"),
    ]


def test_a_new_directory_is_watched_and_what_is_in_it_told(reactor, watcher, directory):
    seen = Seen(reactor, 3)
    watcher.watch(directory, inotify.IN_CREATE, autoAdd=True, callbacks=[seen])
    below = directory.child("one").child("two")
    below.makedirs()
    below.child("file").touch()

    reactor.run()
    created = [below.parent(), below, below.child("file")]
    assert [path for path, _ in seen] == [path.asBytesMode().path for path in created]
    assert [flags for _, flags in seen] == [{"create", "is_dir"}, {"create", "is_dir"}, {"create"}]


def test_a_tree_is_watched(watcher, directory):
    below = directory.child("one").child("two")
    below.makedirs()
    directory.child("file").touch()

    number = watcher.watch(directory, recursive=True)
    assert watcher.watch(directory) == number
    assert [watcher._isWatched(path) is not None for path in (directory, below, directory.child("file"))] == [
        True,
        True,
        False,
    ]


def test_it_closes_when_the_last_of_what_is_watched_is_deleted(reactor, watcher, directory):
    def deleted(ignored, path, mask):
        told.append(path.basename())
        if path == first.asBytesMode():
            reactor.callLater(0, last.remove)
        else:
            reactor.callLater(0, lambda: told.append(watcher.fileno()))
            reactor.callLater(0, reactor.stop)

    first, last = directory.child("first"), directory.child("last")
    for path in (first, last):
        path.touch()
        watcher.watch(path, 0, callbacks=[deleted])
    told = []
    reactor.callWhenRunning(first.remove)

    reactor.run()
    assert told == [b"first", b"last", -1]


def test_an_exception_in_a_callback_is_logged_and_the_others_are_called(reactor, watcher, directory, logged_errors):
    def broken(ignored, path, mask):
        raise ZeroDivisionError

    seen = Seen(reactor, 2)
    watcher.watch(directory, inotify.IN_CREATE, callbacks=[broken, seen])
    directory.child("file").touch()
    directory.child("other").touch()

    reactor.run()
    assert len(seen) == 2
    assert len(logged_errors.flush(ZeroDivisionError)) == 2


def test_what_is_not_there_cannot_be_watched_nor_what_is_not_watched_ignored(watcher, directory):
    with pytest.raises(inotify.INotifyError, match="No such file"):
        watcher.watch(directory.child("nowhere"))
    with pytest.raises(KeyError):
        watcher.ignore(directory)


def test_ignored_files_are_not_told(reactor, watcher, directory):
    ignored, seen = Seen(reactor, 1), Seen(reactor, 1)
    one, other = directory.child("one"), directory.child("other")
    one.touch()
    other.touch()
    watcher.watch(one, inotify.IN_MODIFY, callbacks=[ignored])
    watcher.watch(other, inotify.IN_MODIFY, callbacks=[seen])
    watcher.ignore(one)
    for path in (one, other):
        with open(path.path, "wb") as file:
            file.write(b"x")

    reactor.run()
    assert (ignored, len(seen)) == ([], 1)
