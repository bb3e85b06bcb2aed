"""The name twisted. Each test is a process of its own: the alias, once on, stays on."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def python(*arguments: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run Python with reactorio importable."""
    path = os.pathsep.join(filter(None, [environ.pop("PYTHONPATH", None), str(ROOT)]))
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, **environ},
        check=False,
    )


def say(code: str, cwd: Path | None = None, **environ: str) -> str:
    """Return what ``code`` prints with the alias on."""
    done = python("-c", "import reactorio.as_twisted\n" + textwrap.dedent(code), cwd=cwd, **environ)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("first", ["twisted", "reactorio"])
def test_both_names_are_one_module_whichever_comes_first(first):
    second = {"twisted": "reactorio", "reactorio": "twisted"}[first]
    code = f"""
        import sys
        import {first}.python.reflect, {first}.internet.error
        import {second}.python.reflect, {second}.internet.error
        assert twisted.python.reflect is reactorio.python.reflect
        assert twisted.internet is reactorio.internet
        assert sys.modules["twisted.internet.error"] is sys.modules["reactorio.internet.error"]
        print(twisted.internet.error.__spec__.name)
    """
    assert say(code) == "reactorio.internet.error"


def test_a_module_loaded_before_the_alias_is_the_one_it_serves():
    code = """
        import reactorio.python.compat as before
        import reactorio.as_twisted
        from twisted.python import compat
        assert compat is before
    """
    assert python("-c", textwrap.dedent(code)).returncode == 0


def test_from_twisted_internet_import_reactor_is_the_reactor_object():
    code = """
        import sys
        from twisted.internet import reactor
        import reactorio.internet
        assert reactor is reactorio.internet.reactor
        assert sys.modules["twisted.internet.reactor"] is reactor
        assert sys.modules["reactorio.internet.reactor"] is reactor
        import twisted.internet.reactor
        assert twisted.internet.reactor is reactor
        print(type(reactor).__name__)
    """
    assert say(code) == "AsyncioSelectorReactor"


def test_import_twisted_internet_reactor_comes_first_as_well():
    code = """
        import twisted.internet.reactor
        import reactorio.internet.reactor
        assert twisted.internet.reactor is reactorio.internet.reactor
        print(callable(twisted.internet.reactor.callLater))
    """
    assert say(code) == "True"


def test_what_is_patched_by_one_name_is_patched_by_the_other():
    code = """
        from unittest import mock
        with mock.patch("twisted.internet.reactor.callLater") as patched:
            from reactorio.internet import reactor
            assert reactor.callLater is patched
        assert reactor.callLater is not patched
        with mock.patch("twisted.internet.reactor", 5):
            from reactorio.internet import reactor
            print(reactor)
    """
    assert say(code) == "5"


def test_the_version_is_that_of_the_twisted_served():
    code = """
        import twisted, twisted.copyright
        from twisted import version
        print(twisted.__version__, twisted.copyright.version, version.package, version.short())
    """
    assert say(code) == "26.10.0 26.10.0 Twisted 26.10.0"


def test_a_module_that_reactorio_lacks_is_named_with_the_reason():
    code = """
        try:
            import twisted.nonsense.deep
        except ModuleNotFoundError as error:
            print(error.name, "|", error)
    """
    assert say(code) == "twisted.nonsense | No module named 'twisted.nonsense': reactorio does not have it"


def test_a_name_that_a_module_lacks_is_an_ordinary_import_error():
    code = """
        try:
            from twisted import Deferred
        except ImportError as error:
            print(error)
    """
    assert "cannot import name 'Deferred' from 'twisted'" in say(code)


def test_python_dash_m_runs_an_aliased_module(tmp_path):
    # `python -m twisted` is twist.
    code = """
        import runpy, sys
        sys.argv = ["twist", "--version"]
        try:
            runpy.run_module("twisted.__main__", run_name="__main__", alter_sys=True)
        except SystemExit:
            pass
    """
    assert say(code).strip() == "26.10.0"


def test_pickles_by_the_old_name_load():
    pickled = pickle.dumps(ValueError, 0).replace(b"builtins", b"twisted.internet.error").replace(
        b"ValueError", b"ConnectionDone"
    ).replace(b"exceptions", b"twisted.internet.error")  # fmt: skip
    code = f"""
        import pickle
        from reactorio.internet.error import ConnectionDone
        assert pickle.loads({pickled!r}) is ConnectionDone
    """
    say(code)


def test_it_wins_over_an_installed_twisted(tmp_path):
    (tmp_path / "twisted").mkdir()
    (tmp_path / "twisted" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    assert say("import twisted; print(twisted.__version__)", PYTHONPATH=str(tmp_path)) == "26.10.0"


def test_it_refuses_to_come_after_an_installed_twisted(tmp_path):
    (tmp_path / "twisted").mkdir()
    (tmp_path / "twisted" / "__init__.py").write_text("")
    done = python("-c", "import twisted\nimport reactorio.as_twisted", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "Twisted is already imported" in done.stderr


def test_turning_it_on_twice_is_turning_it_on_once():
    code = """
        import sys
        from reactorio import _alias
        before = list(sys.meta_path)
        _alias.install()
        assert sys.meta_path == before
    """
    say(code)


def test_it_leaves_another_alias_for_reactorio_alone():
    # As a harness has it, which serves tests of Twisted's too.
    code = """
        import sys, reactorio
        sys.modules["twisted"] = reactorio
        import reactorio.as_twisted
        assert not any(type(finder).__module__ == "reactorio._alias" for finder in sys.meta_path)
    """
    done = python("-c", textwrap.dedent(code))
    assert done.returncode == 0, done.stderr


def test_plugins_are_gathered_from_every_twisted_plugins_folder(tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name / "twisted" / "plugins"
        folder.mkdir(parents=True)
        (folder / f"plugin_{name}.py").write_text(f"here = {name!r}")
    code = """
        import twisted.plugins.plugin_one, twisted.plugins.plugin_two
        import reactorio.plugins.plugin_one
        assert twisted.plugins.plugin_one is reactorio.plugins.plugin_one
        print(twisted.plugins.plugin_one.here, twisted.plugins.plugin_two.here)
    """
    path = os.pathsep.join(str(tmp_path / name) for name in ("one", "two"))
    assert say(code, PYTHONPATH=path) == "one two"


def test_tools_find_source_and_data_by_the_alias():
    code = """
        import importlib.resources, importlib.util, inspect, pkgutil
        import twisted.internet.error
        spec = importlib.util.find_spec("twisted.python.reflect")
        assert "def namedAny" in spec.loader.get_source("twisted.python.reflect")
        assert "class ConnectionDone" in inspect.getsource(twisted.internet.error)
        assert pkgutil.get_data("twisted.internet", "error.py")
        assert importlib.resources.files("twisted").joinpath("py.typed").is_file()
        assert "internet" in {module.name for module in pkgutil.iter_modules(twisted.__path__)}
    """
    say(code)


def test_it_imports_little():
    code = """
        import sys
        print(sorted({"typing", "zope", "asyncio", "re", "subprocess", "importlib.abc"} & set(sys.modules)))
    """
    assert say(code) == "[]"
