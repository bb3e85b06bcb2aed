"""python.modules, zippath, urlpath, systemd, sendmsg, randbytes, syslog, fakepwd."""

from __future__ import annotations

import os
import socket
import struct
import sys
import zipfile

import pytest

from reactorio.python import syslog
from reactorio.python.modules import PythonPath, getModule
from reactorio.python.sendmsg import SCM_RIGHTS, getSocketFamily, recvmsg, sendmsg
from reactorio.python.systemd import ListenFDs
from reactorio.python.urlpath import URLPath
from reactorio.python.zippath import ZipArchive


@pytest.fixture(params=["directory", "archive"])
def path(request, tmp_path):
    """A path with two modules and a package in it, not imported."""
    files = {
        "alone.py": "x = 1",
        "pack/__init__.py": "",
        "pack/inner.py": "y = 2",
        "not-a-module.py": "",
        "data/file": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    where = str(tmp_path)
    if request.param == "archive":
        where = str(tmp_path / "modules.zip")
        with zipfile.ZipFile(where, "w") as archive:
            for name in files:
                archive.write(tmp_path / name, name)
    return PythonPath(sysPath=[where], moduleDict={}, importerCache={})


def test_modules_are_found_without_being_imported(path):
    assert sorted(module.name for module in path.iterModules()) == ["alone", "pack"]
    assert sorted(module.name for module in path.walkModules()) == ["alone", "pack", "pack.inner"]
    assert path["pack.inner"].filePath.getContent() == b"y = 2"
    assert (path["pack"].isPackage(), path["alone"].isPackage(), path["alone"].isLoaded()) == (True, False, False)


def test_a_module_that_is_not_there_is_a_key_error(path):
    for name in ("nosuch", "pack.nosuch", "alone.nosuch", "data"):
        assert name not in path
        with pytest.raises(KeyError, match=name):
            path[name]


def test_an_imported_module_has_its_attributes():
    module = getModule("reactorio.python.runtime")

    assert module.load() is sys.modules["reactorio.python.runtime"]
    values = {attribute.name: attribute.load() for attribute in module.iterAttributes()}
    assert values["reactorio.python.runtime.platformType"] == "posix"
    assert module.load(default="not this") is module.load()


def test_a_module_that_cannot_be_imported_may_have_a_default(path):
    assert path["alone"].load(default="none") == "none"


def test_an_archive_is_walked_like_a_directory(tw, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("dir/file", b"content")
    root = tw("python.zippath").ZipArchive(str(tmp_path / "a.zip"))

    file = root.child("dir").child("file")

    assert [path.basename() for path in root.walk()][1:] == ["dir", "file"]
    assert (file.getContent(), file.getsize(), file.isfile(), file.parent().isdir()) == (b"content", 7, True, True)
    assert file.segmentsFrom(root) == ["dir", "file"]
    assert list(file.parents()) == [root.child("dir"), root]


def test_an_archive_is_for_reading_only(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("file", b"content")

    with pytest.raises(OSError, match="reading only"):
        ZipArchive(str(tmp_path / "a.zip")).child("file").open("w")


# -- The system


def environment(**changes: str) -> dict[str, str]:
    return {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "web:mail", "OTHER": "x"} | changes


def test_systemds_sockets_are_taken_once():
    variables = environment()

    first, second = ListenFDs.fromEnvironment(variables), ListenFDs.fromEnvironment(variables)

    assert first.inheritedDescriptors() == [3, 4]
    assert first.inheritedNamedDescriptors() == {"web": 3, "mail": 4}
    assert second.inheritedDescriptors() == []
    assert variables == {"OTHER": "x"}


def test_systemds_sockets_need_no_names():
    variables = environment()
    del variables["LISTEN_FDNAMES"]

    sockets = ListenFDs.fromEnvironment(variables, start=5)

    assert (sockets.inheritedDescriptors(), sockets.inheritedNamedDescriptors()) == ([5, 6], {})


@pytest.mark.parametrize("changes", [{"LISTEN_PID": "1"}, {"LISTEN_PID": "x"}, {"LISTEN_FDS": "x"}])
def test_systemds_sockets_of_another_process_are_left_alone(changes):
    variables = environment(**changes)

    assert ListenFDs.fromEnvironment(variables).inheritedDescriptors() == []
    assert variables == environment(**changes)


def test_a_descriptor_goes_over_a_socket():
    here, there = socket.socketpair()
    reading, writing = os.pipe()
    with here, there:
        sendmsg(here, b"take it", [(socket.SOL_SOCKET, SCM_RIGHTS, struct.pack("i", writing))])
        os.close(writing)
        message = recvmsg(there)
        (passed,) = struct.unpack("i", message.ancillary[0][2])
        os.write(passed, b"through")
        os.close(passed)

        assert message.data == b"take it"
        assert os.read(reading, 100) == b"through"
        assert getSocketFamily(here) == socket.AF_UNIX
    os.close(reading)


def test_random_bytes_are_as_many_as_asked_for(tw):
    randbytes = tw("python.randbytes")

    for size in (1, 20):
        assert len(randbytes.secureRandom(size)) == len(randbytes.insecureRandom(size)) == size
    assert randbytes.secureRandom(20) != randbytes.secureRandom(20)


def test_the_systems_log_gets_a_line_each_with_its_priority(monkeypatch):
    written = []
    monkeypatch.setattr(syslog.SyslogObserver, "openlog", lambda *args: written.append(args[1:]))
    monkeypatch.setattr(syslog.SyslogObserver, "syslog", lambda self, *args: written.append(args))

    observer = syslog.SyslogObserver("name")
    observer.emit({"message": ("two\nlines",), "isError": 0, "system": "-"})
    observer.emit({"message": ("bad",), "isError": 1, "system": "x"})

    opened, *lines = written
    assert opened == ("name", 0, 8)
    assert lines == [(6, "[-] two"), (6, "[-] \tlines"), (1, "[x] bad")]


def test_fake_users_are_found_by_name_and_number(tw):
    users = tw("python.fakepwd").UserDatabase()
    users.addUser("ann")
    users.addUser("bob", uid=7)

    assert users.getpwuid(7).pw_name == "bob"
    assert list(users.getpwnam("ann")) == ["ann", "password", 10101, 20202, "", "", "/bin/sh"]
    for find, wrong, error in ((users.getpwnam, "eve", KeyError), (users.getpwnam, b"ann", TypeError)):
        with pytest.raises(error):
            find(wrong)


# -- URLs


@pytest.mark.parametrize(
    ("step", "url"),
    [
        (lambda url: url.child(b"e"), "http://h/a/b%20c/d/e"),
        (lambda url: url.sibling(b"e", keepQuery=True), "http://h/a/b%20c/e?q=1"),
        (lambda url: url.parent(), "http://h/a/"),
        (lambda url: url.here(), "http://h/a/b%20c/"),
        (lambda url: url.click(b"../e?x#y"), "http://h/a/e?x#y"),
        (lambda url: url.click(b"//other/e"), "http://other/e"),
    ],
)
def test_a_url_leads_to_others(tw, step, url):
    start = tw("python.urlpath").URLPath.fromString("http://h:80/a/b c/d?q=1#f")

    assert str(step(start)) == url


def test_the_parts_of_a_url_are_bytes_and_stay_apart():
    url = URLPath.fromString("http://h/é?q#f")
    assert (url.path, url.query, url.fragment) == (b"/%C3%A9", b"q", b"f")

    url.path = "/a?b#c"

    assert str(url) == "http://h/a%3Fb%23c?q#f"
    assert str(url.child("x/y")) == "http://h/a%3Fb%23c/x%2Fy"
    assert url.pathList(unquote=True) == [b"", b"a?b#c"]
