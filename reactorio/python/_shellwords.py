"""The words that may stand somewhere in a command line, for shells that take plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.python._completions import CompleteGroups, CompleteList, CompleteUsernames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reactorio.python._completions import Completer
    from reactorio.python.usage import Options


def long_names(options: Options) -> list[str]:
    """Return the options' names that are more than a letter, synonyms left out, in order."""
    return sorted(name for name in options.docs if options.synonyms[name] == name and len(name) > 1)


def short_names(options: Options) -> dict[str, str]:
    """Return the options' names of a letter, by the long ones."""
    return {name: short for short, name in options.synonyms.items() if len(short) == 1 and short != name}


def described(options: Options, name: str) -> str:
    """Return what an option is for, in one line."""
    return " ".join((options.docs[name] or "").split())


def without_equals(before: list[str], current: str) -> tuple[list[str], str]:
    """Join what bash has cut at an equals sign; it completes what stands behind that."""
    if current == "=" and before:
        return before, ""
    if before and before[-1] == "=":
        return before[:-1], current
    return before, current


def candidates(
    options: Options, completer: Callable[[str], Completer], before: list[str], current: str
) -> Iterable[tuple[str, str]]:
    """
    Yield the words that may stand at the cursor, each with a description. None: any file.

    Args:
        completer: Returns what completes the value of an option.
        current: The word so far.
    """
    waiting = _waiting_for_value(options, before[-1] if before else "")
    head, equals, value = current.partition("=")
    if waiting is not None:
        found = _values(completer(waiting), current)
    elif equals and head.startswith("--") and f"{head[2:]}=" in options.longOpt:
        found = [(f"{head}={word}", text) for word, text in _values(completer(head[2:]), value)]
    elif current.startswith("-"):
        found = [(f"--{name}", described(options, name)) for name in long_names(options)]
    else:
        found = [
            (name, " ".join((text or "").split())) for name, _, _, text in getattr(options, "subCommands", None) or ()
        ]
    return sorted((word, text) for word, text in found if word.startswith(current))


def _waiting_for_value(options: Options, last: str) -> str | None:
    """Return the option that the word before the cursor is, if it takes a value."""
    if last.startswith("--"):
        return last[2:] if f"{last[2:]}=" in options.longOpt else None
    if last.startswith("-") and len(last) > 1 and f"{last[-1]}:" in options.shortOpt:
        return options.synonyms[last[-1]]
    return None


def _values(completer: Any, current: str) -> list[tuple[str, str]]:
    if isinstance(completer, CompleteList):
        return [(word, "") for word in completer._items]
    if isinstance(completer, CompleteUsernames):
        import pwd  # where it is needed: not every platform has it

        return [(user.pw_name, user.pw_gecos) for user in pwd.getpwall()]
    if isinstance(completer, CompleteGroups):
        import grp  # likewise

        return [(group.gr_name, "") for group in grp.getgrall()]
    return []


def lines(found: Iterable[tuple[str, str]], with_descriptions: bool) -> str:
    return "".join(f"{word}\t{text}\n" if with_descriptions and text else f"{word}\n" for word, text in found)
