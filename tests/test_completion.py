"""Completion in shells: what is offered where, and that a real bash gets it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys

import pytest
from programs import PATIENCE, REACTORIO, ROOT

from reactorio.python import _shellcomp, usage


class Serve(usage.Options):
    optParameters = [["port", "p", 80, "The port."]]


class Options(usage.Options):
    optFlags = [["verbose", "v", "Say [much] more."], ["quiet", "q", "Say it's less."]]
    optParameters = [["colour", "c", "red", "A colour."], ["file", "f", None, "A file."]]
    subCommands = [["serve", None, Serve, "Serve it."], ["send", None, Serve, "Send  it."]]
    compData = usage.Completions(
        mutuallyExclusive=[("verbose", "quiet")],
        optActions={"colour": lambda: usage.CompleteList(["red", "green", "grey"])},
    )


def answer(*words, shell="bash", options=Options):
    """Return what is offered for the last of ``words``."""
    file = io.BytesIO()
    made = options()
    made._shellCompFile = file
    with pytest.raises(SystemExit) as ended:
        made.parseOptions([*words, "--_shell-completion", f"{shell}:{len(words) + 1}"])
    assert not ended.value.code
    return file.getvalue().decode()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([""], ["send", "serve"]),
        (["se"], ["send", "serve"]),
        (["ser"], ["serve"]),
        (["--v"], ["--verbose", "--version"]),
        (["-"], ["--colour", "--file", "--help", "--quiet", "--verbose", "--version"]),
        (["--colour", "gr"], ["green", "grey"]),
        (["-c", "gr"], ["green", "grey"]),
        (["-vc", "gr"], ["green", "grey"]),
        (["--colour=gr"], ["--colour=green", "--colour=grey"]),
        (["--colour", "=", "gr"], ["green", "grey"]),
        (["--colour", "="], ["green", "grey", "red"]),
        (["--file", ""], []),
        (["--nonsense", ""], ["send", "serve"]),
        (["-v", "serve", "--p"], ["--port"]),
        (["serve", ""], []),
    ],
)
def test_what_may_stand_there_is_offered(words, offered):
    assert answer(*words).splitlines() == offered


def test_fish_gets_descriptions():
    assert answer("", shell="fish") == "send\tSend it.\nserve\tServe it.\n"


def test_zsh_gets_a_program():
    text = answer("", shell="zsh")
    assert "'(--quiet --verbose -q)-v[Say \\[much\\] more.]'" in text
    assert '"(--quiet --verbose -v)-q[Say it\'s less.]"' in text
    assert "'(-c)--colour=[A colour.]:colour:(red green grey)'" in text
    assert '"serve:Serve it."' in text


@pytest.mark.parametrize(
    "data",
    [
        usage.Completions(descriptions={"nonsense": "x"}),
        usage.Completions(extraActions=[usage.Completer(repeat=True), usage.Completer()]),
    ],
)
def test_wrong_completion_data_is_an_error(data):
    class Wrong(usage.Options):
        compData = data

    with pytest.raises(ValueError, match=r"completion|extraActions"):
        Wrong().parseOptions(["", "--_shell-completion", "zsh:2"])


def test_users_and_groups_are_offered():
    class Who(usage.Options):
        optParameters = [["uid", "u", None, "A user."], ["gid", "g", None, "A group."]]
        compData = usage.Completions(optActions={"uid": usage.CompleteUsernames(), "gid": usage.CompleteGroups()})

    assert "root" in answer("-u", "roo", options=Who).splitlines()
    assert "root" in answer("-g", "roo", options=Who).splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [("reactorio --reactor asy", ["asyncio"]), ("reactorio --nod", ["--nodaemon"]), ("reactorio tria", ["trial"])],
)
def test_a_real_bash_completes_the_launcher(tmp_path, line, expected):
    command = tmp_path / "reactorio"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m reactorio "$@"\n')
    command.chmod(0o755)
    words = line.split()
    code = (
        f'eval "$({command} completion bash)"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1};'
        f'_reactorio_words {command} {words[-1]} {words[-2]}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "--norc", "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.stdout.split(), done.stderr) == (expected, "")


def test_unknown_shells_are_refused():
    done = subprocess.run(
        [*REACTORIO, "completion", "csh"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "csh" in done.stderr
    with pytest.raises(KeyError):
        _shellcomp.script("csh", "x")
