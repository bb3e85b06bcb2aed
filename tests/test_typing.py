"""What type checkers know: every class is what its interfaces say, Deferreds have precise results, wrong use is found."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
TYPED = ROOT / "tests" / "typing"
IMPLEMENTERS = TYPED / "implementers.py"


def mypy(*arguments: str | Path) -> str:
    pytest.importorskip("mypy")
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def pyright(*arguments: str | Path) -> str:
    pytest.importorskip("pyright")
    result = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = result.stdout + result.stderr
    return "" if result.returncode == 0 and output.startswith("0 errors") else output


def declared() -> Iterator[tuple[str, str]]:
    """Yield each interface that a class of the package is decorated with, and the class."""
    for file in sorted((ROOT / "reactorio").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "implementer":
                        for interface in decorator.args:
                            yield ast.unparse(interface).rpartition(".")[2], node.name


def compared() -> Iterator[tuple[str, str]]:
    """Yield each interface and class that ``implementers.py`` has a type checker compare."""
    tree = ast.parse(IMPLEMENTERS.read_text("utf-8"))
    original = {
        alias.asname or alias.name: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.List):
            interface = ast.unparse(node.annotation).removeprefix("list[type[").removesuffix("]]")
            for kind in node.value.elts:
                yield interface, original[ast.unparse(kind)]


def test_every_class_is_compared_with_every_interface_that_it_implements() -> None:
    assert set(declared()) - set(compared()) == set()


# implementers.py: each class and its interfaces. program.py: an application. deferreds.py: results, and wrong use.
@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_checkers_agree_with_what_the_typed_examples_say(checker: Callable[..., str]) -> None:
    assert checker(*sorted(TYPED.glob("*.py"))) == ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", [mypy, pyright])
def test_checkers_find_wrong_use_of_interfaces(checker: Callable[..., str], tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(
        """\
from reactorio.internet.address import IPv4Address
from reactorio.internet.interfaces import IPushProducer, IReactorTime, ITransport
from reactorio.internet.protocol import Protocol

def use(transport: ITransport, clock: IReactorTime, anything: object) -> None:
    transport.write("text")
    clock.callLater("soon", print)
    producer: IPushProducer = Protocol()
    anything.write(b"")
    if ITransport.providedBy(anything):
        anything.write(b"")
    IPv4Address("SCTP", "127.0.0.1", 1)
"""
    )

    lines = {int(number) for number in re.findall(r"wrong\.py:(\d+)\S* (?:- )?error:", checker(program))}

    assert lines == {6, 7, 8, 9, 12}
