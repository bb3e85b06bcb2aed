"""Plugins: found, cached, loaded when wanted, and never fatal."""

from __future__ import annotations

import importlib
import json
import os
import sys
import textwrap

import pytest
from zope.interface import Interface

from reactorio import plugin
from reactorio.logger import capturedLogs


class IFruit(Interface):
    """What the plugins of these tests provide."""


class IApple(IFruit):
    """A kind of fruit."""


class INobody(Interface):
    """What no plugin provides."""


GOOD = f"""
    '''A module of fruit.'''
    from zope.interface import implementer, provider
    from reactorio.plugin import IPlugin
    from {__name__} import IApple, IFruit

    @implementer(IPlugin, IFruit)
    class Fruit:
        '''A fruit.'''
        name = "NAME"

    fruit = Fruit()
    not_a_plugin = 5
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A plugin package in a folder of its own, and how to put modules into it."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    # Tests rewrite modules within the second by which bytecode is told to be old.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in [name for name in sys.modules if name.partition(".")[0] == "orchard"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "orchard").mkdir()
    (tmp_path / "orchard" / "__init__.py").write_text("")

    class Package:
        folder = tmp_path / "orchard"
        cache = folder / "dropin.cache"

        def write(self, name, code=GOOD):
            (self.folder / f"{name}.py").write_text(textwrap.dedent(code).replace("NAME", name))

        def forget(self):
            """Be a new process."""
            for name in [name for name in sys.modules if name.startswith("orchard.")]:
                del sys.modules[name]

        def names(self, interface=IFruit):
            module = importlib.import_module("orchard")
            return [found.name for found in plugin.getPlugins(interface, module)]

        def dropins(self):
            return plugin.getCache(importlib.import_module("orchard"))

    importlib.invalidate_caches()
    return Package()


def test_plugins_are_what_modules_leave_at_their_top_level(package):
    package.write("pear")
    package.write("plum")

    assert package.names() == ["pear", "plum"]
    assert package.names(INobody) == []


def test_a_plugin_is_found_by_what_its_interface_extends(package):
    package.write("apple", GOOD.replace("(IPlugin, IFruit)", "(IPlugin, IApple)"))

    assert package.names(IFruit) == package.names(IApple) == ["apple"]


def test_a_class_can_be_a_plugin(package):
    package.write("apple", GOOD.replace("implementer(IPlugin, IFruit)", "provider(IPlugin, IFruit)"))

    assert package.names() == ["apple"]


def test_the_second_process_imports_only_what_it_wants(package):
    package.write("pear")
    package.names()
    package.forget()

    assert package.names(INobody) == []
    assert "orchard.pear" not in sys.modules
    assert package.names() == ["pear"]
    assert "orchard.pear" in sys.modules


def test_the_cache_says_what_is_there(package):
    package.write("pear")
    package.dropins()
    package.forget()

    dropin = package.dropins()["pear"]
    [cached] = dropin.plugins
    assert (dropin.moduleName, dropin.description) == ("orchard.pear", "A module of fruit.")
    assert (cached.name, cached.description, cached.dropin) == ("fruit", "A fruit.", dropin)
    assert cached.provided == [plugin.IPlugin, IFruit]
    assert repr(cached) == "<CachedPlugin 'fruit'/'orchard.pear' (provides 'IPlugin, IFruit')>"
    assert cached.load() is sys.modules["orchard.pear"].fruit


def test_a_module_that_changed_is_looked_at_again(package):
    package.write("pear")
    package.names()
    package.forget()
    package.write("pear", GOOD + "\n    second = Fruit()\n")

    assert package.names() == ["pear", "pear"]


def test_a_module_that_is_gone_is_forgotten(package):
    package.write("pear")
    package.write("plum")
    package.names()
    (package.folder / "pear.py").unlink()

    assert package.names() == ["plum"]
    assert list(json.loads(package.cache.read_text())["modules"]) == ["plum"]


@pytest.mark.parametrize("code", ["1/0", "import no_such_module", "def (", "raise SystemError('bad')"])
def test_a_module_that_cannot_be_imported_is_logged_and_left_out(package, logged_errors, code):
    package.write("bad", code)
    package.write("pear")

    assert package.names() == ["pear"]
    assert [event["module"] for event in logged_errors] == ["orchard.bad"]
    assert "bad.py" in logged_errors[0]["log_failure"].getTraceback()
    logged_errors.flush()


def test_a_plugin_that_cannot_be_loaded_any_more_is_logged_and_left_out(package, logged_errors):
    package.write("pear")
    package.write("plum")
    package.names()
    package.forget()
    status = (package.folder / "pear.py").stat()
    (package.folder / "pear.py").write_text("1/0".ljust(status.st_size))
    os.utime(package.folder / "pear.py", ns=(status.st_atime_ns, status.st_mtime_ns))

    assert package.names() == ["plum"]
    assert [event["name"] for event in logged_errors] == ["fruit"]
    logged_errors.flush(ZeroDivisionError)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x05.", b"{}", b'{"format": "another"}', b"[1]"])
def test_a_cache_that_is_not_ours_is_made_anew(package, content):
    package.write("pear")
    package.cache.write_bytes(content)

    assert package.names() == ["pear"]
    assert list(json.loads(package.cache.read_text())["modules"]) == ["pear"]


def test_a_cache_that_cannot_be_written_is_logged_and_does_without(package, monkeypatch):
    package.write("pear")
    monkeypatch.setattr(os, "replace", lambda *paths: os.open("/nonexistent/x", os.O_RDONLY))

    with capturedLogs() as events:
        assert package.names() == ["pear"]
    assert [event["path"] for event in events] == [str(package.cache)]


def test_the_first_folder_with_a_module_has_it(package, tmp_path):
    second = tmp_path / "second"
    second.mkdir()
    (second / "pear.py").write_text(textwrap.dedent(GOOD).replace("NAME", "hidden"))
    (second / "plum.py").write_text(textwrap.dedent(GOOD).replace("NAME", "plum"))
    package.write("pear")
    importlib.import_module("orchard").__path__.append(str(second))

    assert package.names() == ["pear", "plum"]
    assert package.names() == ["pear", "plum"]
    assert list(json.loads((second / "dropin.cache").read_text())["modules"]) == ["plum"]


def test_a_folder_that_is_not_there_holds_nothing(package, tmp_path):
    package.write("pear")
    importlib.import_module("orchard").__path__.append(str(tmp_path / "nowhere"))

    assert package.names() == ["pear"]


def test_other_folders_of_a_package_are_those_that_are_no_packages(monkeypatch, tmp_path):
    (tmp_path / "a" / "orchard" / "plugins").mkdir(parents=True)
    (tmp_path / "b" / "orchard" / "plugins").mkdir(parents=True)
    (tmp_path / "b" / "orchard" / "plugins" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path / name) for name in "abc"])

    assert plugin.pluginPackagePaths("orchard.plugins") == [
        str(tmp_path / name / "orchard" / "plugins") for name in "ac"
    ]


def test_our_plugins_are_in_folders_of_both_names(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/x"])

    assert plugin.pluginPackagePaths("reactorio.plugins") == ["/x/reactorio/plugins", "/x/twisted/plugins"]


def test_our_own_plugins_are_found_without_a_cache():
    from reactorio.application.reactors import IReactorInstaller

    assert {"asyncio", "uvloop", "epoll"} <= {found.shortName for found in plugin.getPlugins(IReactorInstaller)}
