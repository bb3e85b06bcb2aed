"""python.reflect, python.versions, python.deprecate: names of things."""

from __future__ import annotations

import sys
import warnings

import pytest

from reactorio.python import deprecate, reflect
from reactorio.python.versions import IncomparableVersions, Version, getVersionString


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


def test_a_name_leads_to_module_class_attribute_and_method(tw):
    named = tw("python.reflect").namedAny

    assert named("os.path") is sys.modules["os.path"]
    assert named("collections.OrderedDict") is sys.modules["collections"].OrderedDict
    assert named("string.Formatter.format.__name__") == "format"


def test_a_name_of_twisted_leads_to_ours():
    from reactorio.python import util

    assert reflect.namedAny("twisted.python.util") is util
    assert reflect.namedModule("twisted.python.util") is util
    assert reflect.namedObject("twisted.python.util.sibpath") is util.sibpath
    assert reflect.namedAny("twisted.python.util.sibpath") is util.sibpath


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("", "InvalidName", "Empty module name"),
        ("a..b", "InvalidName", "name must be a string giving a '.'-separated list of Python identifiers, not 'a..b'"),
        ("nosuchmodule", "ModuleNotFound", "No module named 'nosuchmodule'"),
        ("nosuch.thing", "ObjectNotFound", "'nosuch.thing' does not name an object"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(tw, name, kind, text):
    reflect = tw("python.reflect")

    with pytest.raises(getattr(reflect, kind)) as caught:
        reflect.namedAny(name)

    assert str(caught.value) == text


def test_a_missing_attribute_is_an_attribute_error(tw):
    with pytest.raises(AttributeError):
        tw("python.reflect").namedAny("os.path.nosuch")
    with pytest.raises(AttributeError):
        reflect.namedAny("twisted.nosuch.thing")


def test_what_a_module_fails_to_import_is_not_taken_for_the_module(tmp_path, monkeypatch):
    (tmp_path / "imports_too_much.py").write_text("import nosuchmodule_at_all")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="nosuchmodule_at_all"):
        reflect.namedAny("imports_too_much")


def test_a_required_module_may_be_missing(tw):
    require = tw("python.reflect").requireModule

    assert require("string") is sys.modules["string"]
    assert require("nosuch.module", "default") == "default"


def test_things_tell_their_full_names(tw):
    name = tw("python.reflect").fullyQualifiedName

    assert name(Broken) == f"{__name__}.Broken"
    assert name(Broken().__init__) == "object.__init__"
    assert name(Broken().__repr__) == f"{__name__}.Broken.__repr__"
    assert name(sys) == "sys"


def test_a_broken_repr_is_described(tw):
    for text in (tw("python.reflect").safe_repr(Broken()), tw("python.reflect").safe_str(Broken())):
        assert text.startswith("<Broken instance at 0x")
        assert "RuntimeError: no repr" in text


def test_bytes_are_shown_as_the_text_that_they_are(tw):
    safe_str = tw("python.reflect").safe_str

    assert safe_str("é".encode()) == "é"
    assert safe_str(b"\xff") == "b'\\xff'"


def test_a_file_in_packages_has_a_dotted_name(tw, tmp_path):
    package = tmp_path / "outer" / "inner"
    package.mkdir(parents=True)
    for directory in (package, package.parent):
        (directory / "__init__.py").touch()

    assert tw("python.reflect").filenameToModuleName(str(package / "module.py")) == "outer.inner.module"
    assert tw("python.reflect").filenameToModuleName(str(package)) == "outer.inner"


def test_methods_are_found_by_prefix_in_all_bases(tw):
    class Base:
        def do_walk(self): ...

        def other(self): ...

    class Derived(Base):
        def do_run(self): ...

    reflect = tw("python.reflect")
    derived = Derived()

    assert sorted(reflect.prefixedMethodNames(Derived, "do_")) == ["run", "walk"]
    assert sorted(map(repr, reflect.prefixedMethods(derived, "do_"))) == sorted(
        map(repr, [derived.do_walk, derived.do_run])
    )


# -- Versions


def test_versions_are_ordered_by_number_candidate_and_the_rest(tw):
    Version = tw("python.versions").Version

    ordered = [
        Version("a", 1, 2, 3, release_candidate=1),
        Version("a", 1, 2, 3, dev=1),
        Version("a", 1, 2, 3),
        Version("a", 1, 2, 3, post=1),
        Version("a", 1, 10, 0),
        Version("a", "NEXT", 0, 0),
    ]

    assert sorted(ordered) == ordered


def test_a_version_tells_itself(tw):
    versions = tw("python.versions")
    version = versions.Version("thing", 1, 2, 3, release_candidate=4)

    assert repr(version) == "Version('thing', 1, 2, 3, release_candidate=4)"
    assert str(version) == "[thing, version 1.2.3rc4]"
    assert versions.getVersionString(version) == "thing 1.2.3rc4"


def test_versions_of_two_packages_do_not_compare():
    with pytest.raises(IncomparableVersions):
        assert Version("a", 1, 0, 0) < Version("b", 1, 0, 0)


# -- Deprecation


VERSION = Version("Thing", 1, 2, 3)


def test_a_deprecated_function_warns_its_caller(tw):
    @tw("python.deprecate").deprecated(VERSION, "other")
    def old(a: int) -> int:
        """Do it."""
        return a + 1

    with pytest.warns(
        DeprecationWarning, match="old was deprecated in Thing 1.2.3; please use other instead"
    ) as warned:
        assert old(1) == 2

    assert warned[0].filename == __file__
    assert old.__doc__ == "Do it.\n\nDeprecated in Thing 1.2.3; please use other instead.\n"


def test_a_deprecated_property_warns_when_read_and_when_set(tw):
    class Thing:
        @tw("python.deprecate").deprecatedProperty(VERSION)
        def old(self):
            return self._old

        @old.setter
        def old(self, value):
            self._old = value

    thing = Thing()
    with pytest.warns(DeprecationWarning, match="Thing.old was deprecated"):
        thing.old = 3
    with pytest.warns(DeprecationWarning, match="Thing.old was deprecated"):
        assert thing.old == 3


def test_a_deprecated_parameter_warns_only_who_gives_it(tw):
    @tw("python.deprecate").deprecatedKeywordParameter(VERSION, "old", "new")
    def function(a, new=1, old=2):
        return a, new, old

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert function(0, 1) == (0, 1, 2)
    for call in (lambda: function(0, old=3), lambda: function(0, 1, 3)):
        with pytest.warns(DeprecationWarning, match="'old' parameter"):
            assert call() == (0, 1, 3)


def test_a_deprecated_name_in_a_module_warns_at_each_import(tmp_path, monkeypatch):
    (tmp_path / "with_old_name.py").write_text(
        "from reactorio.python.deprecate import deprecatedModuleAttribute\n"
        "from reactorio.python.versions import Version\n"
        "old = new = 7\n"
        "deprecatedModuleAttribute(Version('Thing', 1, 2, 3), 'Use new.', __name__, 'old')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import with_old_name

    assert with_old_name.new == 7
    for _ in range(2):
        with pytest.warns(
            DeprecationWarning, match="with_old_name.old was deprecated in Thing 1.2.3: Use new."
        ) as warned:
            from with_old_name import old
        assert (old, len(warned)) == (7, 1)


def test_a_warning_about_a_function_is_blamed_on_its_last_line():
    def blamed(a=1):
        if a:
            print(end="")

    with pytest.warns(DeprecationWarning, match="old style") as warned:
        deprecate.warnAboutFunction(blamed, "old style")

    assert (warned[0].filename, warned[0].lineno) == (__file__, blamed.__code__.co_firstlineno + 2)


def test_incrementals_versions_are_as_good():
    incremental = pytest.importorskip("incremental")

    assert getVersionString(incremental.Version("Thing", 1, 2, 3)) == "Thing 1.2.3"
