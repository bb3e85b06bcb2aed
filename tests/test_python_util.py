"""python.util, python.compat, python.runtime: small tools."""

from __future__ import annotations

import errno
import io
import os
import sys
import warnings

import pytest

from reactorio.python import compat, util
from reactorio.python.runtime import Platform, platform, platformType


def test_objects_are_equal_by_the_attributes_they_name(tw):
    class Point(tw("python.util").FancyEqMixin, tw("python.util").FancyStrMixin):
        compareAttributes = ("x", "y")
        showAttributes = ("x", ("y", lambda y: f"<{y}>"), ("x", "again", "%03d"))

        def __init__(self, x, y):
            self.x, self.y = x, y

    class Other(Point):
        pass

    assert Point(1, 2) == Other(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2)
    assert str(Point(1, 2)) == repr(Point(1, 2)) == "<Point x=1 y=<2> again=001>"


def test_a_dictionary_finds_keys_in_any_case(tw):
    found = tw("python.util").InsensitiveDict({"Foo": 1, b"Bar": 2, 3: 3})

    assert (found["fOO"], found[b"BAR"], found[3]) == (1, 2, 3)
    assert list(found.keys()) == ["Foo", b"Bar", 3]
    assert found.pop("FOO") == 1
    assert "foo" not in found


def test_a_function_goes_by_anothers_name():
    def f():
        """Doc."""

    f.mark = 1

    def g(a, *, b=2):
        return a, b

    merged = util.mergeFunctionMetadata(f, g)

    assert (merged(1), merged.__name__, merged.__doc__, merged.mark) == ((1, 2), "f", "Doc.", 1)
    assert g.__name__ == "g"


def test_an_interrupted_call_is_made_again(tw):
    outcomes = [OSError(errno.EINTR, "interrupted"), None, OSError(errno.EIO, "broken")]

    def call():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return "done"

    assert tw("python.util").untilConcludes(call) == "done"
    with pytest.raises(OSError, match="broken"):
        tw("python.util").untilConcludes(call)


def test_warnings_are_suppressed_for_one_call(tw):
    def warn():
        warnings.warn("about foo", stacklevel=1)
        return 7

    suppressed = [(("ignore", ".*foo.*"), {})]
    assert tw("python.util").runWithWarningsSuppressed(suppressed, warn) == 7
    with pytest.warns(UserWarning, match="foo"):
        warn()


def test_clocks_tick_at_their_intervals(tw):
    ticks = iter(tw("python.util").IntervalDifferential([5, 7], 10))

    assert [next(ticks) for _ in range(5)] == [(5, 0), (2, 1), (3, 0), (4, 1), (1, 0)]
    ticks.removeInterval(5)
    assert next(ticks) == (6, 0)


@pytest.mark.parametrize(("name", "label"), [("fooBar", "Foo Bar"), ("f", "F"), ("fooBarBaz", "Foo Bar Baz"), ("", "")])
def test_a_name_becomes_a_label(tw, name, label):
    assert tw("python.util").nameToLabel(name) == label


def test_a_bar_shows_where_one_is():
    draw = util.makeStatBar(10, 4)

    assert [draw(position) for position in (0, 2, 4)] == ["[>-------]", "[===>----]", "[=======>]"]


def test_users_and_groups_are_named_or_numbered(tw):
    util = tw("python.util")

    assert util.uidFromString("7") == util.gidFromString("7") == 7
    assert util.uidFromString("root") == 0
    with pytest.raises(KeyError):
        util.uidFromString("nobody by that name")


def test_acting_as_another_goes_through_root_and_back(monkeypatch):
    calls = []
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    monkeypatch.setattr(os, "getegid", lambda: 1)
    monkeypatch.setattr(os, "seteuid", lambda uid: calls.append(("uid", uid)))
    monkeypatch.setattr(os, "setegid", lambda gid: calls.append(("gid", gid)))

    assert util.runAsEffectiveUser(2, 3, lambda: calls.append("call")) is None

    there = [("uid", 0), ("gid", 3), ("uid", 2)]
    back = [("uid", 0), ("gid", 1), ("uid", 1)]
    assert calls == [*there, "call", *back]


def test_a_password_is_a_line_if_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret \nmore\n"))

    assert util.getPassword() == "secret "


def test_the_nearest_directory_with_a_file_is_found_upwards(tw, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "marker").touch()

    search = tw("python.util").searchupwards
    assert search(str(tmp_path / "a" / "b"), files=["marker"]) == f"{tmp_path}{os.sep}"
    assert search(str(tmp_path), files=["no such file anywhere"]) is None


def test_a_file_beside_another(tw):
    assert tw("python.util").sibpath("/a/b.py", "c.txt") == "/a/c.txt"


# -- compat


def test_strings_are_native_and_bytes_for_the_network(tw):
    compat = tw("python.compat")

    assert compat.nativeString(b"a") == compat.nativeString("a") == "a"
    assert compat.networkString("a") == b"a"
    for call, argument in ((compat.nativeString, "é"), (compat.nativeString, b"\xff"), (compat.networkString, "é")):
        with pytest.raises(UnicodeError):
            call(argument)
    with pytest.raises(TypeError):
        compat.networkString(b"a")


def test_bytes_come_one_by_one_and_in_slices():
    assert list(compat.iterbytes(b"ab")) == [b"a", b"b"]
    assert bytes(compat.lazyByteSlice(b"abcd", 1, 2)) == b"bc"
    assert compat.intToBytes(12) == b"12"


def test_a_file_is_run_in_a_namespace(tw, tmp_path):
    (tmp_path / "code.py").write_text("b = a + 1\r\n")
    namespace = {"a": 1}

    tw("python.compat").execfile(str(tmp_path / "code.py"), namespace)

    assert namespace["b"] == 2


def test_a_class_with_cmp_compares():
    @compat.comparable
    class Number:
        def __init__(self, value):
            self.value = value

        def __cmp__(self, other):
            return compat.cmp(self.value, other.value) if isinstance(other, Number) else NotImplemented

    assert Number(1) == Number(1) < Number(2) != Number(1)
    assert Number(1) != 1
    with pytest.raises(TypeError):
        assert Number(1) < 1


def test_the_platform_knows_itself_and_others(tw):
    assert platformType == "posix"
    assert platform.isLinux() == sys.platform.startswith("linux")
    assert tw("python.runtime").Platform("nt").getType() == "win32"
    assert tw("python.runtime").Platform(None, "darwin").isMacOSX()
    assert not Platform("nt").isVista()
