"""The nodes of `reactorio.persisted.aot`, and their text."""

from __future__ import annotations

import cmath
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__name__ = "reactorio.persisted.aot"  # the public path

_INDENT = "  "


class Named:
    """Something that can be imported."""

    def __init__(self, name: str) -> None:
        self.name = name


class Class(Named):
    """A class, by its dotted name."""


class Function(Named):
    """A function, by its dotted name."""


class Module(Named):
    """A module, by its dotted name."""


class InstanceMethod:
    """
    A method of an instance.

    Args:
        name: Of the method.
        klass: The dotted name of the class.
        inst: The instance, as a node.
    """

    def __init__(self, name: str, klass: str, inst: Any) -> None:
        self.name = name
        self.klass = klass
        self.instance = inst


class _NoState:
    """No state was given as a whole: the keywords are it."""


class Instance:
    """An object: the dotted name of its class, and its attributes as keywords, or its state as one object."""

    def __init__(self, className: str, __stateObj__: Any = _NoState, **state: Any) -> None:
        self.klass = className
        self.state = state if __stateObj__ is _NoState else __stateObj__


class Ref:
    """An object that may be used in several places; a `Deref` of the number is it, too. 0: there is none."""

    def __init__(self, refnum: int = 0, obj: Any = None) -> None:
        self.refnum = refnum
        self.obj = obj


class Deref:
    """The object of the `Ref` with this number."""

    def __init__(self, refnum: int) -> None:
        self.refnum = refnum


class Copyreg:
    """An object that a function, given by its dotted name, makes from a tuple of arguments."""

    def __init__(self, loadfunc: str, state: Any) -> None:
        self.loadfunc = loadfunc
        self.state = state


def getSource(ao: Any) -> str:
    """Return the Python expression for a node."""
    return _source(ao, "")


def _source(node: Any, indent: str) -> str:
    inner = indent + _INDENT
    kind = type(node)
    if kind is Ref and not node.refnum:
        return _source(node.obj, indent)
    if kind is Ref:
        return f"Ref({node.refnum},\n{inner}{_source(node.obj, inner)})"
    if kind is Deref:
        return f"Deref({node.refnum})"
    if isinstance(node, Named):
        return f"{kind.__name__}({node.name!r})"
    if kind is InstanceMethod:
        return f"InstanceMethod({node.name!r},{node.klass!r},\n{inner}{_source(node.instance, inner)})"
    if kind is Copyreg:
        return f"Copyreg({node.loadfunc!r},{_source(node.state, indent)})"
    if kind is Instance:
        return _instance_source(node, indent)
    if kind is dict:
        pairs = (f"{_source(key, inner)}:{_source(value, inner)}" for key, value in node.items())
        return _lines("{", pairs, "}", inner)
    if kind is list:
        return _lines("[", (_source(item, inner) for item in node), "]", inner)
    if kind is tuple:
        return _lines("(", (_source(item, inner) for item in node), ")", inner)
    if kind in (float, complex) and not cmath.isfinite(node):
        return f"{kind.__name__}({str(node)!r})"
    return repr(node)


def _instance_source(node: Instance, indent: str) -> str:
    inner = indent + _INDENT
    state = node.state
    while type(state) is Ref and not state.refnum:
        state = state.obj
    if type(state) is dict and all(_is_keyword(key) for key in state):
        lines = "".join(f"\n{inner}{key}={_source(state[key], inner)}," for key in sorted(state))
        return f"Instance({node.klass!r},{lines})"
    return f"Instance({node.klass!r},{_source(node.state, indent)})"


def _is_keyword(key: object) -> bool:
    """Can this be the name of an argument of `Instance`?"""
    if type(key) is not str or not key.isidentifier() or iskeyword(key):
        return False
    return key not in ("self", "className", "__stateObj__")


def _lines(opening: str, items: Iterable[str], closing: str, inner: str) -> str:
    lines = "".join(f"\n{inner}{item}," for item in items)
    return f"{opening}{lines}\n{inner}{closing}" if lines else f"{opening}{closing}"
