"""python.filepath, logfile, lockfile, procutils: files."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import time

import pytest

from reactorio.python import logfile
from reactorio.python.filepath import FilePath, InsecurePath, LinkError, UnlistableError
from reactorio.python.lockfile import FilesystemLock, isLocked
from reactorio.python.procutils import which


@pytest.fixture
def root(tmp_path):
    return FilePath(str(tmp_path))


@pytest.mark.parametrize("name", ["..", "../x", "/etc/passwd", "a/b", "a/../..", "./../x"])
def test_a_child_stays_in_its_directory(tw, tmp_path, name):
    filepath = tw("python.filepath")

    with pytest.raises(filepath.InsecurePath):
        filepath.FilePath(str(tmp_path)).child(name)


def test_a_descendant_stays_below(root):
    assert root.preauthChild("a/b/../c").segmentsFrom(root) == ["a", "c"]
    for name in ("a/../..", f"../{root.basename()}-sibling"):
        with pytest.raises(InsecurePath):
            root.preauthChild(name)


def test_the_root_has_children():
    assert FilePath("/").child("tmp").path == "/tmp"
    assert [path.path for path in FilePath("/a/b").parents()] == ["/a", "/"]


def test_the_name_decides_on_text_or_bytes(tw, tmp_path):
    path = tw("python.filepath").FilePath(str(tmp_path))

    assert path.child(b"a").path == os.fsencode(tmp_path) + b"/a"
    assert path.asBytesMode().asTextMode() == path


def test_content_is_replaced_as_a_whole(tw, tmp_path):
    path = tw("python.filepath").FilePath(str(tmp_path)).child("file")

    path.setContent(b"one")
    path.setContent(b"two")

    assert path.getContent() == b"two"
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_replacement_leaves_the_old_content_and_nothing_else(root):
    path = root.child("file")
    path.setContent(b"one")

    with pytest.raises(TypeError):
        path.setContent("text")

    assert path.getContent() == b"one"
    assert root.listdir() == ["file"]


def test_what_is_known_of_a_file_is_remembered_until_it_changes(tw, tmp_path):
    path = tw("python.filepath").FilePath(str(tmp_path)).child("file")
    assert not path.exists()
    path.setContent(b"12345")
    assert path.getsize() == 5

    (tmp_path / "file").write_bytes(b"12345678")

    assert path.getsize() == 5
    path.changed()
    assert path.getsize() == 8


def test_opening_a_file_to_be_made_fails_if_it_is_there(root):
    path = root.child("file")
    path.requireCreate()
    path.open().close()

    with pytest.raises(FileExistsError):
        path.open()


def test_a_walk_has_everything_and_refuses_to_go_round(root):
    root.child("a").child("b").makedirs()
    root.child("a").child("b").child("c").touch()
    everything = {"", "a", "a/b", "a/b/c"}

    assert {os.path.relpath(path.path, root.path).lstrip(".") for path in root.walk()} == everything

    root.linkTo(root.child("a").child("loop"))
    with pytest.raises(LinkError):
        list(root.walk())
    assert len(list(root.walk(lambda path: not path.islink()))) == len(everything) + 1


def test_what_is_no_directory_has_no_children(root):
    root.child("file").touch()

    for name, number in (("file", errno.ENOTDIR), ("absent", errno.ENOENT)):
        with pytest.raises(UnlistableError) as caught:
            root.child(name).children()
        assert caught.value.errno == number


def test_a_directory_is_copied_even_into_itself(root):
    root.child("file").setContent(b"x")

    root.copyTo(root.child("copy"))

    assert [path.basename() for path in root.child("copy").children()] == ["file"]


def test_moving_to_another_file_system_copies_and_removes(root, monkeypatch):
    rename, refused = os.rename, []

    def other_file_system(source, target):
        if not refused:
            refused.append(source)
            raise OSError(errno.EXDEV, "another file system")
        rename(source, target)

    monkeypatch.setattr(os, "rename", other_file_system)
    root.child("old").setContent(b"x")

    root.child("old").moveTo(root.child("new"))

    assert refused
    assert root.listdir() == ["new"]
    assert root.child("new").getContent() == b"x"


def test_removing_a_link_leaves_what_it_leads_to(root):
    root.child("target").child("file").parent().makedirs()
    root.child("target").child("file").touch()
    root.child("target").linkTo(root.child("link"))

    root.child("link").remove()

    assert root.child("target").child("file").exists()
    root.child("target").remove()
    assert root.listdir() == []


def test_siblings_are_searched_by_extension(tw, tmp_path):
    path = tw("python.filepath").FilePath(str(tmp_path)).child("page")
    assert path.siblingExtensionSearch(".html", "*") is None

    path.siblingExtension(".txt").touch()

    assert path.siblingExtensionSearch(".html", ".txt").basename() == "page.txt"
    assert path.siblingExtensionSearch("*").basename() == "page.txt"


def test_paths_compare_pickle_and_are_paths_to_everybody(root):
    path = root.child("file")
    path.touch()
    path.getsize()

    assert pickle.loads(pickle.dumps(path)) == path
    assert {path: 1}[root.child("file")] == 1
    assert path != path.path
    assert path.asBytesMode() != path
    assert os.path.exists(path)


def test_permissions_are_told_as_ls_does(tw, tmp_path):
    path = tw("python.filepath").FilePath(str(tmp_path)).child("file")
    path.touch()
    path.chmod(0o640)

    assert path.getPermissions().shorthand() == "rw-r-----"
    assert path.getPermissions() == tw("python.filepath").Permissions(0o640)


# -- Log files


def test_a_full_log_is_put_aside_and_the_oldest_removed(tw, tmp_path):
    log = tw("python.logfile").LogFile("log", str(tmp_path), rotateLength=3, maxRotatedFiles=2)
    for text in ("111", "222", "333", "444"):
        log.write(text)
    log.close()

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "log": "444",
        "log.1": "333",
        "log.2": "222",
    }
    assert log.listLogs() == [1, 2]


def test_a_log_goes_on_where_it_ended(tw, tmp_path):
    for text in ("a", b"b", "é"):
        log = tw("python.logfile").LogFile.fromFullPath(str(tmp_path / "log"))
        log.write(text)
        log.close()

    assert (tmp_path / "log").read_text(encoding="utf-8") == "abé"


def test_a_new_log_has_the_permissions_of_the_old_one(tw, tmp_path):
    log = tw("python.logfile").LogFile("log", str(tmp_path), defaultMode=0o600)
    log.write("x")
    log.rotate()
    log.close()

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {"log": 0o600, "log.1": 0o600}


def test_a_day_has_a_file(tmp_path):
    class Log(logfile.DailyLogFile):
        today = (2030, 1, 1)

        def toDate(self, *args):
            return self.today

    log = Log("log", str(tmp_path))
    log.write("first")
    log.today = (2030, 1, 2)
    log.write("second")
    log.close()

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"log": "second", "log.2030_1_1": "first"}


def test_yesterdays_file_is_put_aside_when_the_program_starts_again(tw, tmp_path):
    yesterday = time.time() - 86400
    (tmp_path / "log").write_text("yesterday")
    os.utime(tmp_path / "log", (yesterday, yesterday))

    log = tw("python.logfile").DailyLogFile("log", str(tmp_path))
    log.write("today")
    old, new = log.getLog(yesterday), log.getLog(time.time())
    log.close()

    assert (old.readLines(), new.readLines()) == (["yesterday"], ["today"])
    old.close()
    new.close()


def test_logs_are_read_some_lines_at_a_time(tw, tmp_path):
    log = tw("python.logfile").LogFile("log", str(tmp_path), rotateLength=None)
    log.write("1\n2\n3\n")
    log.rotate()
    reader = log.getLog(1)
    assert [reader.readLines(2), reader.readLines(2), reader.readLines(2)] == [["1\n", "2\n"], ["3\n"], []]
    reader.close()
    for wrong, error in ((2, ValueError), ("1", TypeError)):
        with pytest.raises(error):
            log.getLog(wrong)
    log.close()


def test_a_log_file_is_pickled_without_what_is_open(tmp_path):
    log = logfile.LogFile("log", str(tmp_path), rotateLength=3)
    log.write("abc")
    copy = pickle.loads(pickle.dumps(log))
    copy.write("d")
    copy.close()
    log.close()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"log": "d", "log.1": "abc"}


def test_a_log_that_was_moved_away_is_begun_anew(tmp_path):
    log = logfile.LogFile("log", str(tmp_path))
    log.write("old")
    (tmp_path / "log").rename(tmp_path / "moved")

    log.reopen()
    log.write("new")
    log.close()

    assert ((tmp_path / "moved").read_text(), (tmp_path / "log").read_text()) == ("old", "new")


# -- Locks and programs


def test_a_lock_is_held_by_one(tmp_path):
    path = str(tmp_path / "lock")
    first, second = FilesystemLock(path), FilesystemLock(path)

    assert (first.lock(), first.clean, second.lock(), isLocked(path)) == (True, True, False, True)
    first.unlock()
    assert (isLocked(path), second.lock()) == (False, True)


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    path = str(tmp_path / "lock")
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    os.symlink(str(dead.pid), path)
    lock = FilesystemLock(path)

    assert (lock.lock(), lock.clean) == (True, False)


def test_the_lock_of_another_process_cannot_be_given_back(tmp_path):
    path = str(tmp_path / "lock")
    os.symlink(str(os.getppid()), path)

    with pytest.raises(ValueError, match="not owned"):
        FilesystemLock(path).unlock()


def test_programs_are_found_on_the_path_in_its_order(tmp_path, monkeypatch):
    for directory, mode in (("a", 0o755), ("b", 0o644), ("c", 0o755)):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "tool").touch(mode)
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / directory) for directory in "abc"))

    assert which("tool") == [str(tmp_path / "a" / "tool"), str(tmp_path / "c" / "tool")]
    assert which("nothing") == []
