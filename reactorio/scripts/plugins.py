"""``reactorio plugins``: what plugins there are, where they are from, and whether they work."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from reactorio import _alias, _entrypoints, plugin
from reactorio.logger import globalLogBeginner
from reactorio.python import usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Options", "main"]

# What a plugin is for, by the interfaces that say so, and the attributes that hold what users call it.
_KINDS = {
    "IServiceMaker": ("service", "tapname"),
    "IReactorInstaller": ("reactor", "shortName"),
    "ICheckerFactory": ("cred", "authType"),
    "IStreamServerEndpointStringParser": ("server endpoint", "prefix"),
    "IStreamClientEndpointStringParserWithReactor": ("client endpoint", "prefix"),
    "IReporter": ("trial reporter", "longOpt"),
}


class Options(usage.Options):
    """How to list them."""

    synopsis = "Usage: reactorio plugins [options]"
    longdesc = (
        "List the plugins: what they are for, what they are called, whether they work, and where they are from. "
        "Those of entry points are not imported, unless --check is given."
    )
    optFlags: ClassVar[list[list[Any]]] = [
        ["check", "c", "Import everything, and what services and checkers need, too."],
        ["json", "j", "Write JSON, an object a line."],
        ["verbose", "v", "Write the tracebacks of what is broken, too; implies --check."],
    ]


class _Line(NamedTuple):
    kind: str
    name: str
    state: str
    source: str
    traceback: str = ""


def main(arguments: list[str]) -> None:
    """List the plugins. The exit status is 1 if one is broken."""
    _alias.install()
    here = os.getcwd()
    if here not in (os.path.abspath(entry) for entry in sys.path):
        sys.path.insert(0, here)
    options = Options()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as error:
        print(f"reactorio plugins: {error}", file=sys.stderr)
        sys.exit(2)
    # What is broken is in the list, it need not be told otherwise.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    check = bool(options["check"] or options["verbose"])
    lines = sorted([*_drop_ins(check), *_entry_points(check)])
    (_print_json if options["json"] else _print_table)(lines, bool(options["verbose"]))
    sys.exit(any(line.state.startswith("broken") for line in lines))


def _drop_ins(check: bool) -> Iterator[_Line]:
    package = plugin._default_package()
    for dropin in plugin.getCache(package).values():
        source = _source(package, dropin.moduleName)
        for cached in dropin.plugins:
            kind, attribute = _kind(cached)
            yield _loaded(kind, cached.name, attribute, source, cached.load, check)
    for name, problem in plugin._broken.items():
        yield _Line("?", name.rpartition(".")[2], f"broken: {problem}", _source(package, name), _failing_import(name))


def _entry_points(check: bool) -> Iterator[_Line]:
    for entry in _entrypoints.found():
        kind = entry.group.rpartition(".")[2]
        source = f"{entry.distribution} ({entry.value})"
        if check:
            yield _loaded(kind, entry.name, "", source, entry.load, check)
        else:
            yield _Line(kind, entry.name, "not imported", source)


def _loaded(kind: str, name: str, attribute: str, source: str, load: Callable[[], Any], check: bool) -> _Line:
    """Describe a plugin; ``attribute`` has what users call it, if ``name`` is not that."""
    try:
        loaded = load()
        name = str(getattr(loaded, attribute, name)) if attribute else name
        if check:
            _use(kind, loaded)
    except Exception as error:
        return _Line(kind, name, f"broken: {plugin._in_one_line(error)}", source, traceback.format_exc())
    return _Line(kind, name, "ok", source)


def _use(kind: str, loaded: Any) -> None:
    """Import what a plugin imports when it is chosen."""
    if kind == "service":
        getattr(loaded, "options", None)
        getattr(loaded, "makeService", None)


def _kind(cached: plugin.CachedPlugin) -> tuple[str, str]:
    for identifier in sorted(cached._satisfied):
        found = _KINDS.get(identifier.rpartition(".")[2])
        if found is not None:
            return found
    return "other", ""


def _source(package: Any, module: str) -> str:
    name = module.rpartition(".")[2]
    for folder in package.__path__:
        path = os.path.join(folder, f"{name}.py")
        if os.path.exists(path):
            return path
    return module


def _failing_import(name: str) -> str:
    try:
        importlib.import_module(name)
    except Exception:
        return traceback.format_exc()
    return ""


def _print_table(lines: list[_Line], verbose: bool) -> None:
    headed = [_Line("KIND", "NAME", "STATE", "SOURCE"), *lines]
    widths = [max(len(line[column]) for line in headed) for column in range(2)]
    for line in headed:
        print(f"{line.kind:<{widths[0]}}  {line.name:<{widths[1]}}  {line.state:<12}  {line.source}".rstrip())
        if verbose and line.traceback:
            print("".join(f"    {text}\n" for text in line.traceback.splitlines()), end="")


def _print_json(lines: list[_Line], verbose: bool) -> None:
    for line in lines:
        fields = line._asdict()
        if not verbose:
            del fields["traceback"]
        print(json.dumps(fields))
