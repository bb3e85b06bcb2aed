"""The interfaces, to type checkers: every class that says it implements one does, and wrong use is found."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
IMPLEMENTERS = ROOT / "tests" / "typing" / "implementers.py"


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


@pytest.mark.timeout(300)
def test_every_class_is_what_its_interfaces_say() -> None:
    assert mypy(IMPLEMENTERS) == ""


@pytest.mark.timeout(300)
def test_a_usual_program_passes() -> None:
    assert mypy(IMPLEMENTERS.with_name("program.py")) == ""


@pytest.mark.timeout(300)
def test_a_checker_finds_wrong_use_of_interfaces(tmp_path: Path) -> None:
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

    lines = [line.split(": ")[0].rpartition(":")[2] for line in mypy(program).splitlines() if ": error:" in line]

    assert lines == ["6", "7", "8", "9", "12"]
