"""The layers of docs/design.md: who may import whom, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "reactorio"

# The longest prefix counts.
LAYERS = {
    "reactorio": 8,  # the front door; its imports are lazy
    "reactorio.__main__": 8,
    "reactorio._alias": 0,
    "reactorio._interface": 0,
    "reactorio._metadata": 0,
    "reactorio._mypyc": 0,
    "reactorio._threads": 1,
    "reactorio._inherit": 0,
    "reactorio.as_twisted": 8,
    "reactorio.python": 1,
    "reactorio.logger": 1,
    "reactorio.plugin": 1,
    "reactorio._entrypoints": 1,
    "reactorio._plugincache": 1,
    "reactorio.copyright": 1,
    "reactorio.persisted": 1,
    "reactorio.aio.futures": 1,
    "reactorio.aio.standin": 1,
    "reactorio.internet": 2,
    "reactorio.aio": 3,
    "reactorio.internet._baseprocess": 3,
    "reactorio.internet._idna": 3,
    "reactorio.internet._processpipes": 3,
    "reactorio.internet._resolver": 3,
    "reactorio.internet.abstract": 3,
    "reactorio.internet.asyncioreactor": 3,
    "reactorio.internet.base": 3,
    "reactorio.internet.default": 3,
    "reactorio.internet.epollreactor": 3,
    "reactorio.internet.fdesc": 3,
    "reactorio.internet.inotify": 3,
    "reactorio.internet.kqreactor": 3,
    "reactorio.internet.main": 3,
    "reactorio.internet.pollreactor": 3,
    "reactorio.internet.posixbase": 3,
    "reactorio.internet.process": 3,
    "reactorio.internet.reactor": 3,
    "reactorio.internet.selectreactor": 3,
    "reactorio.internet.stdio": 3,
    "reactorio.internet.tcp": 3,
    "reactorio.internet.threads": 3,
    "reactorio.internet.udp": 3,
    "reactorio.internet.unix": 3,
    "reactorio.internet._endpoints": 4,
    "reactorio.internet._testing": 4,
    "reactorio.internet.endpoints": 4,
    "reactorio.internet.ssl": 4,
    "reactorio.internet._ssl": 4,
    "reactorio.internet._sslverify": 4,
    "reactorio.internet.testing": 4,
    "reactorio.internet.utils": 4,
    "reactorio.protocols": 4,
    "reactorio.protocols.ftp": 5,  # its users log in, and its realms are cred's, so it stands beside that
    "reactorio.protocols._ftp": 5,
    "reactorio.application": 5,
    "reactorio.cred": 5,
    "reactorio.enterprise": 5,
    "reactorio.conch": 6,
    "reactorio.runner": 6,
    "reactorio.tap": 6,
    "reactorio.web": 6,
    "reactorio.plugins": 7,
    "reactorio._pytest_run": 7,
    "reactorio.pytest_plugin": 7,
    "reactorio.scripts": 7,
    "reactorio.test": 7,
    "reactorio.trial": 7,
    "reactorio.debug": 7,
}


def layer_of(module: str) -> int:
    while module not in LAYERS:
        module = module.rpartition(".")[0]
    return LAYERS[module]


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class TopLevelImports(ast.NodeVisitor):
    """Collects imports that run when the module is imported."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_FunctionDef(self, node: ast.AST) -> None: ...

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        only_for_checkers = getattr(node.test, "id", None) == "TYPE_CHECKING"
        for statement in [*(() if only_for_checkers else node.body), *node.orelse]:
            self.visit(statement)

    def visit_Import(self, node: ast.Import) -> None:
        self.found.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert not node.level, "relative import"
        assert node.module
        self.found.update(f"{node.module}.{alias.name}" for alias in node.names)


def imports(path: Path) -> set[str]:
    visitor = TopLevelImports()
    visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
    return visitor.found


def test_imports_run_downward_only():
    upward = [
        f"{name_of(path)} imports {imported}"
        for path in PACKAGE.rglob("*.py")
        for imported in imports(path)
        if imported.startswith("reactorio.") and layer_of(imported) > layer_of(name_of(path))
    ]
    assert upward == []


def test_an_import_within_a_function_that_reaches_up_says_why():
    silent = []
    for path in PACKAGE.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        importer = name_of(path)
        for function in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for node in ast.walk(function):
                if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("reactorio"):
                    continue
                imported = [f"{node.module}.{alias.name}" for alias in node.names]
                reaches_up = any(layer_of(name) > layer_of(importer) for name in imported)
                near = lines[node.lineno - 2 : node.end_lineno]
                if reaches_up and not any("#" in line for line in near):
                    silent.append(f"{importer}, line {node.lineno}")
    assert silent == []


def test_the_bridge_is_imported_in_the_order_that_its_docstring_gives():
    package = PACKAGE / "aio"
    documented = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
    assert documented is not None
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    words = [line.split()[0] for line in documented.splitlines() if line.startswith("    ")]
    order = [word for word in words if word in modules]
    assert modules == set(order)
    upward = [
        f"{path.stem} imports {imported}"
        for path in package.glob("*.py")
        for imported in (name.split(".")[2] for name in imports(path) if name.startswith("reactorio.aio."))
        if path.stem != "__init__" and order.index(imported) <= order.index(path.stem)
    ]
    assert upward == []


def test_asyncio_and_uvloop_are_imported_in_aio_only():
    importers = {
        name_of(path)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for imported in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if imported.partition(".")[0] in ("asyncio", "uvloop")
    }
    assert {name for name in importers if not name.startswith("reactorio.aio")} == set()


@pytest.mark.timeout(300)  # a process for each of some hundred modules
def test_every_module_can_be_imported_first():
    modules = sorted(
        {name_of(path) for path in PACKAGE.rglob("*.py")} - {"reactorio.__main__", "reactorio.trial.__main__"}
    )
    modules = [name for name in modules if "._inherit" not in name]
    # A fork for each, so that none finds what another has imported; the pytest and OpenSSL of some are extras. What is
    # not ours is imported once, before.
    code = (
        "import os, sys, importlib\n"
        "for name in ('asyncio', 'ssl', 'typing_extensions', 'zope.interface', 'pytest', 'uvloop', 'OpenSSL.SSL',\n"
        "             'cryptography.x509', 'bcrypt', 'unittest.mock', 'http.server', 'urllib.request', 'json', 'sqlite3'):\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ImportError:\n"
        "        pass\n"
        "running = {}\n"
        "def wait():\n"
        "    child, status = os.wait()\n"
        "    name = running.pop(child)\n"
        "    if status:\n"
        "        print(name)\n"
        "for name in sys.argv[1:]:\n"
        "    if len(running) >= (os.cpu_count() or 1):\n"
        "        wait()\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "        except ModuleNotFoundError as error:\n"
        "            missing = (error.name or '').partition('.')[0]\n"
        "            os._exit(0 if missing in ('OpenSSL', 'pytest', 'uvloop', 'cryptography', 'bcrypt') else 1)\n"
        "        except BaseException:\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    running[child] = name\n"
        "while running:\n"
        "    wait()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *modules], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
