"""`reactorio run`, as a user starts it. What it promises is plain Python, so plain Python is what it is compared with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

RUN = [sys.executable, "-m", "reactorio", "run"]
PYTHON = [sys.executable]


def start(command: list[str], cwd: Path, **environ: str | None) -> subprocess.Popen[str]:
    merged = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={name: value for name, value in merged.items() if value is not None},
    )


def outcome(command: list[str], cwd: Path, stdin: str = "", **environ: str | None) -> tuple[str, str, int]:
    """Return output, errors and exit status."""
    with start(command, cwd, **environ) as process:
        out, err = process.communicate(stdin, timeout=30)
    return out, err, process.returncode


@pytest.fixture
def program(tmp_path):
    """Write a program, and return the folder it is in."""

    def write(code: str, name: str = "program.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(code))
        return tmp_path

    return write


SELF_PORTRAIT = """
    import os, pickle, sys
    class Local: pass
    print(sys.argv, sys.path, sys.flags)
    print(__name__, __file__, __package__, sorted(globals()))
    print(__spec__ and (__spec__.name, __spec__.origin, type(__spec__.loader)))
    print(pickle.loads(pickle.dumps(Local)), sys.modules["__main__"].__dict__ is globals())
    print("stdin:", sys.stdin.read())
    print("to stderr", file=sys.stderr)
"""

WAYS = [
    ["program.py", "a", "--b", "-c"],
    ["sub/../program.py"],
    ["-m", "program", "-m", "x"],
    ["-m", "package", "y"],
    ["-m", "package.inner"],
    ["-c", textwrap.dedent("import sys; print(sys.argv, sys.path, __name__)"), "z"],
    ["-u", "-X", "dev", "-W", "error", "program.py"],
    ["package"],
    ["missing.py"],
    ["-m", "missing"],
]


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_a_program_sees_what_it_sees_under_plain_python(program, way):
    folder = program(SELF_PORTRAIT)
    program(SELF_PORTRAIT, "package/__main__.py")
    program(SELF_PORTRAIT, "package/inner.py")
    program("", "package/__init__.py")
    program("", "sub/empty.py")

    assert outcome([*RUN, *way], folder, "input") == outcome([*PYTHON, *way], folder, "input")


@pytest.mark.parametrize("code", [SELF_PORTRAIT.replace("sys.stdin.read()", "0"), "import sys; sys.exit(3)"])
def test_a_program_from_stdin_does_too(program, code):
    folder = program("")
    code = textwrap.dedent(code)

    assert outcome([*RUN, "-", "a"], folder, code) == outcome([*PYTHON, "-", "a"], folder, code)


ENDS = [
    "",
    "raise SystemExit",
    "import sys; sys.exit(7)",
    "import sys; sys.exit('a reason')",
    "1 / 0",
    "def f():\n    raise ValueError('deep')\nf()",
    "raise KeyboardInterrupt",
    "import os; os._exit(9)",
    "import os; os.abort()",
    "import atexit; atexit.register(print, 'last words'); raise LookupError",
    "def broken(:",
]


@pytest.mark.parametrize("code", ENDS)
def test_a_program_ends_as_under_plain_python(program, code):
    folder = program(code)

    assert outcome([*RUN, "program.py"], folder) == outcome([*PYTHON, "program.py"], folder)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_it_ends_plain_python(program, stop):
    folder = program("import signal\nprint('ready', flush=True)\nsignal.pause()\n")

    with start([*RUN, "program.py"], folder) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(stop)
        out, err = process.communicate(timeout=30)

    assert (out, process.returncode) == ("", -stop)
    if stop == signal.SIGINT:
        # The line is that of the print or of the pause.
        first, where, *_, last = err.splitlines()
        assert first == "Traceback (most recent call last):"
        assert "program.py" in where
        assert last == "KeyboardInterrupt"
        assert "reactorio" not in err
    else:
        assert err == ""


IS_SERVED = "import twisted; print('served' if 'reactorio' in twisted.__file__ else 'not')"


def test_the_alias_is_on(program):
    assert outcome([*RUN, "program.py"], program(IS_SERVED)) == ("served\n", "", 0)


CHILDREN = {
    "subprocess": "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)",
    "its grandchild": """
        import subprocess, sys
        code = "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)"
        subprocess.run([sys.executable, "-c", code], check=True)
    """,
    "in another folder": """
        import os, subprocess, sys
        child = os.path.abspath("child.py")
        os.chdir("/")
        subprocess.run([sys.executable, child], check=True)
    """,
    "multiprocessing spawn": """
        import child, multiprocessing
        if __name__ == "__main__":
            process = multiprocessing.get_context("spawn").Process(target=child.report)
            process.start()
            process.join()
    """,
    "multiprocessing forkserver": """
        import child, multiprocessing
        if __name__ == "__main__":
            process = multiprocessing.get_context("forkserver").Process(target=child.report)
            process.start()
            process.join()
    """,
}


@pytest.mark.parametrize("code", CHILDREN.values(), ids=CHILDREN)
def test_child_pythons_have_the_alias(program, code):
    program(
        f"""
        def report():
            {IS_SERVED}
        if __name__ == "__main__":
            report()
        """,
        "child.py",
    )

    assert outcome([*RUN, "program.py"], program(code)) == ("served\n", "", 0)


def test_a_reactorio_that_children_could_not_import_is_inherited_all_the_same(program):
    # `python -m reactorio` in a checkout finds it in the current directory only.
    folder = program("import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], cwd='/', check=True)")
    command = [*RUN, str(folder / "program.py"), IS_SERVED]

    assert outcome(command, ROOT, PYTHONPATH=None) == ("served\n", "", 0)


def test_the_environment_gets_two_variables_and_keeps_its_path(program):
    folder = program(
        """
        import os
        print(os.environ["PYTHONPATH"].split(os.pathsep)[1:], sorted(set(os.environ) - {"REACTORIO_AS_TWISTED"}))
        """
    )
    out, _, _ = outcome([*RUN, "program.py"], folder)

    assert out.startswith(str([str(ROOT)]))
    assert "REACTORIO" not in out


def test_a_sitecustomize_that_is_there_runs_as_well(program):
    folder = program("print('then', 'sitecustomize' in __import__('sys').modules)")
    program("print('first')", "customized/sitecustomize.py")

    out = outcome([*RUN, "program.py"], folder, PYTHONPATH=os.pathsep.join([str(folder / "customized"), str(ROOT)]))[0]

    # Once in the Python that becomes the program's, once in that.
    assert out == "first\nfirst\nthen True\n"


@pytest.mark.parametrize("spelling", [["--reactor", "asyncio"], ["--reactor=asyncio"], ["-r", "asyncio"]])
def test_reactor_chooses_the_loop(program, spelling):
    folder = program("import os; print(os.environ['REACTORIO_LOOP'])")

    assert outcome([*RUN, *spelling, "program.py"], folder) == ("asyncio\n", "", 0)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--reactor", "nonsense", "program.py"], "no event loop 'nonsense': there are asyncio and uvloop"),
        (["--reactor"], "--reactor needs the name of an event loop"),
        (["-I", "program.py"], "python -I cannot be used here"),
        (["-X", "dev", "-uE", "program.py"], "python -E cannot be used here"),
        (["-S", "program.py"], "python -S cannot be used here"),
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(program, arguments, complaint):
    out, err, status = outcome([*RUN, *arguments], program(""))

    assert (out, status) == ("", 2)
    assert err.startswith(f"reactorio run: {complaint}")
    assert err.count("\n") == 1


def test_without_a_program_it_says_how_it_is_used(program):
    out, err, status = outcome(RUN, program(""))
    assert (out, status) == ("", 2)
    assert err.startswith("Usage: reactorio run")

    out, err, status = outcome([*RUN, "--help"], program(""))
    assert (err, status) == ("", 0)
    assert out.startswith("Usage: reactorio run")


def test_options_of_its_own_python_are_kept(program):
    folder = program("import sys; print(sys.flags.dev_mode, sys.flags.utf8_mode)")

    command = [sys.executable, "-X", "dev", "-X", "utf8", "-m", "reactorio", "run", "program.py"]

    assert outcome(command, folder)[0] == outcome([sys.executable, "-X", "dev", "-X", "utf8", "program.py"], folder)[0]
