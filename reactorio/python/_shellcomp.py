"""
What a shell offers at the Tab key, from what `usage.Options` declares.

A command line that ends with ``--_shell-completion SHELL:N`` asks for that; N is the number of the word at the cursor,
and the command itself is number 1. The answer for ``zsh`` is a program to evaluate; for ``bash`` the words that may
stand there, a line each; for ``fish`` likewise, with a tab and a description. `SCRIPTS` are the programs for shells
that ask.
"""

from __future__ import annotations

import getopt
from typing import IO, TYPE_CHECKING, Any

from reactorio.python import _shellwords
from reactorio.python._completions import _ZSH, Completer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reactorio.python._completions import Completions
    from reactorio.python.usage import Options

__all__ = ["SCRIPTS", "shellComplete"]

# What is asked for: the command line's last words are this, and "SHELL:N".
QUESTION = "--_shell-completion"

SCRIPTS = {
    "zsh": """\
#compdef @COMMAND@
eval "$("${words[1]}" "${(@)words[2,-1]}" @QUESTION@ zsh:$CURRENT 2>/dev/null)"
""",
    "bash": """\
_@NAME@_words() {
    local IFS=$'\\n'
    COMPREPLY=( $("$1" "${COMP_WORDS[@]:1:COMP_CWORD}" @QUESTION@ bash:$((COMP_CWORD + 1)) 2>/dev/null) )
}
complete -o default -F _@NAME@_words @COMMAND@
""",
    "fish": """\
function __@NAME@_words
    set -l before (commandline -opc)
    set -l all $before[2..-1] (commandline -ct)
    $before[1] $all @QUESTION@ fish:(math (count $all) + 1) 2>/dev/null
end
complete -c @COMMAND@ -a '(__@NAME@_words)'
""",
}


def script(shell: str, command: str) -> str:
    """
    Return the program that has a shell ask ``command``.

    Raises:
        KeyError: The shell is not known.
    """
    name = "".join(letter if letter.isalnum() else "_" for letter in command)
    return SCRIPTS[shell].replace("@COMMAND@", command).replace("@NAME@", name).replace("@QUESTION@", QUESTION)


def asks(words: Sequence[str]) -> bool:
    """Is this the command line of a shell that asks?"""
    return len(words) >= 2 and words[-2] == QUESTION


def shellComplete(config: Options, cmdName: str, words: Sequence[str], shellCompFile: IO[bytes]) -> None:
    """
    Write what may stand at the cursor.

    Args:
        words: The command line without the command, with the question at its end.

    Raises:
        ValueError: What the options say for completion is wrong, or the question is.
    """
    shell, _, position = words[-1].partition(":")
    before = list(words[: int(position) - 2])
    current = next(iter(words[int(position) - 2 : -2]), "")
    if shell == _ZSH:
        options, consumed = _options_at(config, before)
        text = _Zsh(options, cmdName, consumed).text()
    else:
        before, current = _shellwords.without_equals(before, current)
        options, _ = _options_at(config, before)
        found = _shellwords.candidates(options, _Declared(options).completer, before, current)
        text = _shellwords.lines(found, with_descriptions=shell == "fish")
    shellCompFile.write(text.encode("utf-8"))


def _options_at(config: Options, before: list[str]) -> tuple[Options, int]:
    """
    Return the options of the subcommand that the words before the cursor are for, or ``config`` itself, and how many
    words there are up to its name.
    """
    subcommands = getattr(config, "subCommands", None)
    if not subcommands:
        return config, 0
    try:
        _, rest = getopt.getopt(before, config.shortOpt, config.longOpt)
    except getopt.error:
        return config, 0  # the user is not done, or wrong: what could be there is still of use
    for long, short, parser, _ in subcommands if rest else ():
        if rest[0] in (long, short):
            options: Options = parser()
            options.parent, config.subCommand = config, long
            found, consumed = _options_at(options, rest[1:])
            return found, len(before) - len(rest) + 1 + consumed
    return config, 0


class _Declared:
    """What the classes of some options say for completion, taken together."""

    def __init__(self, options: Options) -> None:
        said: list[Completions] = [
            kind.__dict__["compData"]
            for kind in reversed(type(options).__mro__)
            if kind.__dict__.get("compData") is not None
        ]
        self.descriptions: dict[str, str] = {}
        self.actions: dict[str, Any] = {}
        self.multi_use: set[str] = set()
        self.exclusive: list[Sequence[str]] = []
        self.extra: Sequence[Completer] = ()
        for data in said:
            self.descriptions.update(data.descriptions)
            self.actions.update(data.optActions)
            self.multi_use.update(data.multiUse)
            self.exclusive.extend(data.mutuallyExclusive)
            self.extra = list(data.extraActions) or self.extra
        self._check(options)

    def _check(self, options: Options) -> None:
        named = {
            *self.descriptions,
            *self.actions,
            *self.multi_use,
            *(name for group in self.exclusive for name in group),
        }
        unknown = sorted(
            name for name in named if name.replace("_", "-") not in options.synonyms and name not in options.synonyms
        )
        if unknown:
            raise ValueError(f"completion data names options that do not exist: {', '.join(unknown)}")
        if any(completer._repeat for completer in self.extra[:-1]):
            raise ValueError("only the last of extraActions may have repeat=True")

    def completer(self, name: str) -> Completer:
        """Return what completes the value of an option."""
        action = self.actions.get(name)
        if action is None:
            return _AnyFile()
        return action if isinstance(action, Completer) else action()


class _AnyFile(Completer):
    """Offers every file: what an option that says nothing takes."""

    _zsh_action = "_files"


class SubcommandAction(Completer):
    """Leaves the rest of the line to a subcommand."""

    def _shellCode(self, optName: str, shellType: str) -> str:
        if shellType == _ZSH:
            return "*::subcmd:->subcmd"
        raise NotImplementedError(f"Unknown shellType {shellType!r}")


class _Zsh:
    """
    Writes the zsh program for some options.

    Args:
        consumed: How many words stand before those that the options are for, the command itself left out.
    """

    def __init__(self, options: Options, command: str, consumed: int) -> None:
        self._options = options
        self._command = command
        # _arguments takes the first word for the command.
        self._shift = f"shift {consumed} words\n(( CURRENT -= {consumed} ))\n" if consumed else ""
        self._declared = _Declared(options)
        self._shorts = _shellwords.short_names(options)

    def text(self) -> str:
        subcommands = list(getattr(self._options, "subCommands", None) or ())
        specifications = [SubcommandAction()._shellCode("", _ZSH)] if subcommands else []
        specifications += [completer._shellCode("", _ZSH) for completer in self._declared.extra]
        for name in _shellwords.long_names(self._options):
            specifications += self._option(name)
        lines = "".join(f"{escape(specification)} \\\n" for specification in specifications)
        return f'#compdef {self._command}\n\n{self._shift}_arguments -s -A "-*" \\\n{lines}&& return 0\n{_described(subcommands)}'

    def _option(self, name: str) -> list[str]:
        takes_value = f"{name}=" in self._options.longOpt
        description = self._description(name).replace("[", "\\[").replace("]", "\\]")
        rest = f"[{description}]"
        if takes_value:
            rest += self._declared.completer(name)._shellCode(name, _ZSH)
        long = f"--{name}"
        flags = [(long, f"{long}=" if takes_value else long)]
        if name in self._shorts:
            short = f"-{self._shorts[name]}"
            flags.insert(0, (short, short))
        if name in self._declared.multi_use:
            return [f"*{written}{rest}" for _, written in flags]
        excluded = {flag for flag, _ in flags} | self._excluded(name)
        return [f"{_parenthesised(excluded - {flag})}{written}{rest}" for flag, written in flags]

    def _excluded(self, name: str) -> set[str]:
        flags = set()
        for group in self._declared.exclusive:
            if name in group:
                for other in group:
                    flags.add(f"--{other}")
                    if other in self._shorts:
                        flags.add(f"-{self._shorts[other]}")
        return flags

    def _description(self, name: str) -> str:
        return self._declared.descriptions.get(name) or _shellwords.described(self._options, name) or name


def _parenthesised(flags: Iterable[str]) -> str:
    words = " ".join(sorted(flags))
    return f"({words})" if words else ""


def _described(subcommands: Sequence[Any]) -> str:
    if not subcommands:
        return ""
    described = sorted((name, " ".join((text or "").split())) for name, _, _, text in subcommands)
    lines = "".join(f'"{_quoted(name)}:{_quoted(text)}"\n' for name, text in described)
    return f'local _zsh_subcmds_array\n_zsh_subcmds_array=(\n{lines})\n\n_describe "sub-command" _zsh_subcmds_array\n'


def escape(text: str) -> str:
    """Quote a word for the shell: within single quotes if it has none itself."""
    return f'"{_quoted(text)}"' if "'" in text else f"'{text}'"


def _quoted(text: str) -> str:
    return "".join(f"\\{letter}" if letter in '$"\\`' else letter for letter in text)
