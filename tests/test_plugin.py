"""Plugins: found, cached, loaded when wanted, and never fatal."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
import textwrap

import pytest
from programs import PATIENCE, REACTORIO, ROOT
from zope.interface import Interface

from reactorio import plugin
from reactorio.application.service import IServiceMaker, Service
from reactorio.cred.strcred import ICheckerFactory
from reactorio.internet.endpoints import clientFromString, serverFromString
from reactorio.logger import capturedLogs, formatEvent


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


NEEDY = """
    plugin_needs = ("orchard_tool",)
    try:
        import orchard_tool
    except ImportError:
        pass
    else:
""" + textwrap.indent(GOOD, "    ")


def test_a_module_is_looked_at_again_when_what_it_needs_comes_or_goes(package, tmp_path):
    tool = tmp_path / "orchard_tool.py"
    package.write("pear", NEEDY)
    for is_there in (False, True, False):
        tool.write_text("") if is_there else tool.unlink(missing_ok=True)
        importlib.invalidate_caches()
        for _ in range(2):
            package.forget()
            sys.modules.pop("orchard_tool", None)
            assert package.names() == ["pear"] * is_there
    sys.modules.pop("orchard_tool", None)


def test_nobody_believes_a_process_that_imported_a_module_earlier(package, tmp_path):
    package.write("pear", NEEDY)
    assert package.names() == []
    (tmp_path / "orchard_tool.py").write_text("")
    importlib.invalidate_caches()
    assert package.names() == []  # it is imported already
    package.forget()

    assert package.names() == ["pear"]
    sys.modules.pop("orchard_tool", None)


BROKEN = {
    "\n1/0": r"ZeroDivisionError: .* \(.*bad.py, line 2\)",
    "import no_such_module": r"ModuleNotFoundError: No module named 'no_such_module' \(.*bad.py, line 1\)",
    "def (": r"SyntaxError: .*",
    "raise SystemError('bad\\nnews')": r"SystemError: bad \(.*bad.py, line 1\)",
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_module_that_cannot_be_imported_is_one_line_in_the_log(package, logged_errors, code):
    package.write("bad", code)
    package.write("pear")

    assert package.names() == ["pear"]
    assert package.names() == ["pear"]
    event = logged_errors.pop()
    line = formatEvent(event)
    assert re.fullmatch(f"Cannot import the plugin module orchard.bad: {BROKEN[code]}", line), line
    assert "log_failure" not in event


def test_a_module_that_was_mended_is_found_at_the_next_look(package, logged_errors):
    package.write("bad", "1/0")
    assert package.names() == []
    logged_errors.clear()
    package.write("bad")
    assert package.names() == ["bad"]


def test_a_plugin_that_cannot_be_loaded_any_more_is_logged_and_left_out(package, logged_errors):
    package.write("pear")
    package.write("plum")
    package.names()
    package.forget()
    status = (package.folder / "pear.py").stat()
    (package.folder / "pear.py").write_text("1/0".ljust(status.st_size))
    os.utime(package.folder / "pear.py", ns=(status.st_atime_ns, status.st_mtime_ns))

    assert package.names() == ["plum"]
    assert formatEvent(logged_errors.pop()).partition(" (")[0] == (
        "Cannot load the plugin fruit of orchard.pear: ZeroDivisionError: division by zero"
    )


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


@pytest.fixture
def cache_home(tmp_path, monkeypatch):
    """The user's cache directory, empty."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def late_folder(tmp_path, monkeypatch):
    """A folder that comes to sys.path when everything is imported."""
    folder = tmp_path / "late"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    plugins = importlib.import_module("reactorio.plugins")
    monkeypatch.setattr(plugins, "__path__", list(plugins.__path__))
    yield folder
    for name in [name for name in sys.modules if name.endswith(".plugins.late_fruit")]:
        del sys.modules[name]


@pytest.mark.parametrize("package_name", ["twisted", "reactorio"])
def test_what_comes_late_is_found_and_kept_in_the_users_cache(late_folder, cache_home, package_name):
    assert [found.name for found in plugin.getPlugins(IFruit)] == []
    drop_ins = late_folder / package_name / "plugins"
    drop_ins.mkdir(parents=True)
    (drop_ins / "late_fruit.py").write_text(textwrap.dedent(GOOD).replace("NAME", "late"))

    assert [found.name for found in plugin.getPlugins(IFruit)] == ["late"]
    assert [path.name for path in drop_ins.iterdir()] == ["late_fruit.py"]
    assert any("late_fruit" in path.read_text() for path in (cache_home / "reactorio" / "plugins").iterdir())


def test_nothing_is_written_to_site_packages(package, cache_home, tmp_path):
    installed = tmp_path / "lib" / "site-packages" / "orchard"
    installed.mkdir(parents=True)
    (installed / "plum.py").write_text(textwrap.dedent(GOOD).replace("NAME", "plum"))
    importlib.import_module("orchard").__path__[:] = [str(installed)]

    assert package.names() == ["plum"]
    assert [path.name for path in installed.iterdir()] == ["plum.py"]
    package.forget()
    assert package.names(INobody) == []
    assert "orchard.plum" not in sys.modules  # it was in the cache


def test_a_user_without_a_cache_directory_does_without(late_folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    with capturedLogs() as events:
        assert [found.name for found in plugin.getPlugins(IFruit)] == []
    assert events == []


def install(folder, name="fruit", version="1.0", **groups):
    """Install a distribution with entry points."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Fruit for all\n")
    lines = [f"[reactorio.{group}]\n" + "\n".join(entries) + "\n" for group, entries in groups.items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
    os.utime(folder, ns=(0, folder.stat().st_mtime_ns + 1))


def test_entry_points_are_listed_without_an_import(late_folder):
    install(late_folder, service=["fruit = no_such_module_of_fruit"])
    [found] = [found for found in plugin.getPlugins(IServiceMaker) if found.tapname == "fruit"]

    assert (found.tapname, found.description) == ("fruit", "Fruit for all")
    assert plugin.IPlugin.providedBy(found)
    assert repr(found) == "<plugin fruit of fruit 1.0>"
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_fruit"):
        found.options()


def test_what_is_installed_later_is_found_at_the_next_look(late_folder):
    install(late_folder, "one", service=["one = x"])
    before = {found.tapname for found in plugin.getPlugins(IServiceMaker)}
    install(late_folder, "two", service=["two = x", "one = hidden"])
    after = [found.tapname for found in plugin.getPlugins(IServiceMaker)]

    assert ("one" in before, "two" in before) == (True, False)
    assert (after.count("one"), after.count("two")) == (1, 1)


def test_an_entry_point_is_a_module_or_a_plugin(late_folder, monkeypatch):
    (late_folder / "late_service.py").write_text(
        "from reactorio.application.service import Service, ServiceMaker\n"
        "from reactorio.python import usage\n"
        "class Options(usage.Options): pass\n"
        "def makeService(options): return Service()\n"
        "maker = ServiceMaker('n', 'late_service', 'd', 'other')\n"
        "nothing = 5\n"
    )
    monkeypatch.delitem(sys.modules, "late_service", raising=False)
    install(late_folder, service=["a = late_service", "b = late_service:maker", "c = late_service:nothing"])
    found = {found.tapname: found for found in plugin.getPlugins(IServiceMaker)}

    for name in "ab":
        assert isinstance(found[name].options(), sys.modules["late_service"].Options)
        assert isinstance(found[name].makeService(None), Service)
    with pytest.raises(TypeError, match=r"late_service:nothing, the plugin c of fruit 1\.0, is no IServiceMaker"):
        found["c"].options()


def test_an_entry_point_can_be_a_kind_of_endpoint(late_folder, monkeypatch):
    (late_folder / "late_endpoints.py").write_text(
        "from reactorio.internet.interfaces import *\n"
        "from reactorio.internet.interfaces import IStreamServerEndpointStringParser as S\n"
        "from reactorio.internet.interfaces import IStreamClientEndpointStringParserWithReactor as C\n"
        "from zope.interface import implementer\n"
        "@implementer(S)\n"
        "class Server:\n"
        "    prefix = 'pip'\n"
        "    def parseStreamServer(self, reactor, *args, **kwargs): return 'server', args, kwargs\n"
        "@implementer(C)\n"
        "class Client:\n"
        "    prefix = 'pip'\n"
        "    def parseStreamClient(self, reactor, *args, **kwargs): return 'client', args, kwargs\n"
        "server, client = Server(), Client()\n"
    )
    monkeypatch.delitem(sys.modules, "late_endpoints", raising=False)
    install(late_folder, endpoint=["pip = late_endpoints"])

    assert serverFromString(None, "pip:1:a=2") == ("server", ("1",), {"a": "2"})
    assert clientFromString(None, "pip:1:a=2") == ("client", ("1",), {"a": "2"})


def test_an_entry_point_can_be_a_checker(late_folder):
    install(late_folder, cred=["seeds = no_such_module_of_seeds:factory"])
    assert "seeds" in {found.authType for found in plugin.getPlugins(ICheckerFactory)}


@pytest.fixture
def listed(late_folder, tmp_path):
    """Run ``reactorio plugins`` where some are broken."""
    install(late_folder, service=["good = late_good", "bad = no_such_module_of_fruit"])
    (late_folder / "late_good.py").write_text("from reactorio.runner.procmontap import Options, makeService\n")
    drop_ins = late_folder / "twisted" / "plugins"
    drop_ins.mkdir(parents=True)
    (drop_ins / "broken_fruit.py").write_text("1/0\n")
    (drop_ins / "empty_service.py").write_text(
        "from reactorio.application.service import ServiceMaker\n"
        "maker = ServiceMaker('n', 'no_such_module_of_maker', 'd', 'hollow')\n"
    )

    def run(*options):
        environ = {
            **os.environ,
            "PYTHONPATH": f"{late_folder}{os.pathsep}{ROOT}",
            "XDG_CACHE_HOME": str(tmp_path / "c"),
        }
        return subprocess.run(
            [*REACTORIO, "plugins", *options],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    return run


def test_the_command_lists_plugins_with_state_and_source(listed):
    done = listed()
    table = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    states = {(kind, name): rest for kind, name, rest in table}

    assert (done.returncode, done.stderr) == (1, "")
    assert states["KIND", "NAME"].split() == ["STATE", "SOURCE"]
    assert states["service", "good"] == "not imported  fruit 1.0 (late_good)"
    assert states["service", "bad"] == "not imported  fruit 1.0 (no_such_module_of_fruit)"
    assert states["service", "hollow"].startswith("ok ")
    assert "ZeroDivisionError: division by zero" in states["?", "broken_fruit"]
    assert states["?", "broken_fruit"].endswith("broken_fruit.py")


def test_the_command_can_import_everything(listed):
    done = listed("--check", "--json")
    states = {line["name"]: line["state"] for line in map(json.loads, done.stdout.splitlines())}

    assert (states["good"], states["procmon"]) == ("ok", "ok")
    assert "no_such_module_of_fruit" in states["bad"]
    assert "no_such_module_of_maker" in states["hollow"]


def test_the_command_shows_tracebacks_if_asked(listed):
    assert "    Traceback (most recent call last):" in listed("-v").stdout
    assert listed("--nonsense").returncode == 2
