"""
Objects as Python source, which people can read and change: the format of ``.tas`` files.

    jellyToAOT      an object -> a tree of nodes
    jellyToSource   an object -> the text of a program that leaves that tree in ``app``
    unjellyFromAOT, unjellyFromSource       the way back

Numbers, strings, None, Ellipsis, slices, tuples, lists and dictionaries stand for themselves. Whatever else there is has
a node: `Class`, `Function`, `Module`, `InstanceMethod`, `Instance` for an object and its state, `Copyreg` for one that
says itself how it is made. An object that is used in several places is a `Ref` with a number in one of them, and a
`Deref` of the number in the others.

Reading a file runs it: whoever wrote it can make this process do anything.
"""

from __future__ import annotations

import copyreg
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import IO, TYPE_CHECKING, Any

from reactorio.persisted._aotnodes import (
    Class,
    Copyreg,
    Deref,
    Function,
    Instance,
    InstanceMethod,
    Module,
    Named,
    Ref,
    getSource,
)
from reactorio.python._names import canonical
from reactorio.python.reflect import ObjectNotFound, namedAny, qual

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Class",
    "Copyreg",
    "Deref",
    "Function",
    "Instance",
    "InstanceMethod",
    "Module",
    "Ref",
    "getSource",
    "jellyToAOT",
    "jellyToSource",
    "unjellyFromAOT",
    "unjellyFromSource",
]

_SIMPLE = (type(None), bool, int, float, complex, str, bytes, slice, type(Ellipsis))


def jellyToAOT(obj: object) -> Any:
    """
    Return ``obj`` as a tree of nodes.

    Raises:
        TypeError: There is something in it that does not say what it is made of.
    """
    return _Jellier().node(obj)


def jellyToSource(obj: object, file: IO[bytes] | None = None) -> str | None:
    """Return ``obj`` as the text of a program, or write that to ``file``, as UTF-8."""
    source = f"app={getSource(jellyToAOT(obj))}"
    if file is None:
        return source
    file.write(source.encode("utf-8"))
    return None


class _Jellier:
    def __init__(self) -> None:
        # By id, with the object: nothing else shall get its id meanwhile.
        self._refs: dict[int, tuple[Ref, object]] = {}
        self._count = 0

    def node(self, obj: Any) -> Any:
        if type(obj) in _SIMPLE:
            return obj
        named = _named(obj)
        if named is not None:
            return named
        if id(obj) in self._refs:
            ref, _ = self._refs[id(obj)]
            if not ref.refnum:
                self._count += 1
                ref.refnum = self._count
            return Deref(ref.refnum)
        ref = Ref()
        self._refs[id(obj)] = ref, obj
        ref.obj = self._structure(obj)
        return ref

    def _structure(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is list:
            return [self.node(item) for item in obj]
        if kind is tuple:
            return tuple(self.node(item) for item in obj)
        if kind is dict:
            return {self.node(key): self.node(value) for key, value in obj.items()}
        if kind is MethodType:
            owner = obj.__self__
            return InstanceMethod(obj.__name__, qual(type(owner)), self.node(owner))
        reduced = _reduced(obj)
        if reduced is None:
            return Instance(qual(kind), self.node(_state_of(obj)))
        function, arguments = reduced
        return Copyreg(qual(function), self.node(arguments))


def _named(obj: Any) -> Named | None:
    if isinstance(obj, type):
        return Class(qual(obj))
    if isinstance(obj, ModuleType):
        return Module(obj.__name__)
    if isinstance(obj, FunctionType) or (
        isinstance(obj, BuiltinFunctionType) and isinstance(obj.__self__, (ModuleType, type(None)))
    ):
        return Function(f"{obj.__module__}.{obj.__qualname__}")
    return None


def _reduced(obj: Any) -> tuple[Any, Any] | None:
    """Return the function that makes ``obj``, and its arguments, if the object's class names one as it does to pickle."""
    kind: Any = type(obj)
    if kind in copyreg.dispatch_table:
        reduced: Any = copyreg.dispatch_table[kind](obj)
    elif kind.__reduce__ is not object.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        reduced = obj.__reduce_ex__(2)
    elif isinstance(obj, (list, dict, tuple, *_SIMPLE)):
        # Its state would leave out all that matters.
        raise _unwritable(obj)
    else:
        return None
    if not isinstance(reduced, tuple) or any(more is not None for more in reduced[2:]):
        raise _unwritable(obj)
    return reduced[0], reduced[1]


def _state_of(obj: Any) -> Any:
    # From Python 3.11 on, every object has the method.
    has_own = getattr(type(obj), "__getstate__", None) is not getattr(object, "__getstate__", None)
    try:
        return obj.__getstate__() if has_own else obj.__dict__
    except AttributeError:
        raise _unwritable(obj) from None


def _unwritable(obj: object) -> TypeError:
    return TypeError(f"objects of {qual(type(obj))} cannot be written as source")


def unjellyFromSource(stringOrFile: str | bytes | IO[Any]) -> Any:
    """Run the text, or what is in the file, and return the object that it leaves in ``app``."""
    source = stringOrFile if isinstance(stringOrFile, (str, bytes)) else stringOrFile.read()
    namespace: dict[str, Any] = {
        node.__name__: node for node in (Class, Copyreg, Deref, Function, Instance, InstanceMethod, Module, Ref)
    }
    exec(source, namespace)
    return unjellyFromAOT(namespace["app"])


def unjellyFromAOT(aot: Any) -> Any:
    """
    Return the object that a tree of nodes is.

    Raises:
        TypeError: A class has no such method (any more), or there is an unknown node.
        ValueError: There is a Deref without a Ref.
    """
    return _Unjellier().unjelly(aot)


class _Unjellier:
    """
    Makes objects from nodes. References may be circular, so an object may be needed before it can be made: each is
    handed on by a call, at once or when what it waits for is there.
    """

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}
        self._waiting: dict[int, list[Callable[[Any], None]]] = {}

    def unjelly(self, node: Any) -> Any:
        results: list[Any] = []
        self._make(node, results.append)
        if self._waiting:
            raise ValueError(f"no object has the numbers {sorted(self._waiting)}")
        return results[0]

    def _make(self, node: Any, then: Callable[[Any], None], early: Callable[[Any], None] = lambda made: None) -> None:
        """
        Make the object of ``node``.

        Args:
            then: Gets it, complete but for circular references.
            early: Gets it before, when nothing is in it yet, if that is possible.
        """
        kind = type(node)
        if kind is Ref:
            self._make_referred(node, then)
        elif kind is Deref:
            if node.refnum in self._known:
                then(self._known[node.refnum])
            else:
                self._waiting.setdefault(node.refnum, []).append(then)
        elif isinstance(node, Named):
            then(_object_named(node.name))
        elif kind is tuple:
            self._make_tuple(node, then)
        elif kind in (list, dict):
            made: Any = kind()
            early(made)
            self._fill(made, node)
            then(made)
        elif kind is Instance:
            self._make_instance(node, then, early)
        elif kind is InstanceMethod:
            self._make(node.instance, lambda instance: then(_bound(instance, node)))
        elif kind is Copyreg:
            self._make(node.state, lambda arguments: then(_object_named(node.loadfunc)(*arguments)))
        elif kind in _SIMPLE:
            then(node)
        else:
            raise TypeError(f"not a node: {node!r}")

    def _make_referred(self, ref: Ref, then: Callable[[Any], None]) -> None:
        def found(made: Any) -> None:
            if ref.refnum and ref.refnum not in self._known:
                self._known[ref.refnum] = made
                for waiting in self._waiting.pop(ref.refnum, ()):
                    waiting(made)

        def complete(made: Any) -> None:
            found(made)
            then(made)

        self._make(ref.obj, complete, early=found)

    def _make_tuple(self, nodes: tuple[Any, ...], then: Callable[[Any], None]) -> None:
        items: dict[int, Any] = {}

        def put(position: int, item: Any) -> None:
            items[position] = item
            if len(items) == len(nodes):
                then(tuple(items[position] for position in range(len(nodes))))

        if not nodes:
            then(())
        for position, node in enumerate(nodes):
            self._make(node, lambda item, position=position: put(position, item))  # type: ignore[misc]  # a default binds it

    def _fill(self, made: Any, nodes: Any) -> None:
        """Put the objects of a list or a dictionary of nodes into ``made``."""
        if type(nodes) is list:
            made.extend([None] * len(nodes))
            for position, node in enumerate(nodes):
                self._make(node, lambda item, position=position: made.__setitem__(position, item))  # type: ignore[misc]  # as above
        else:
            for pair in nodes.items():
                self._make(pair, lambda item: made.__setitem__(*item))

    def _make_instance(self, node: Instance, then: Callable[[Any], None], early: Callable[[Any], None]) -> None:
        kind = _object_named(node.klass)
        made = kind.__new__(kind)
        early(made)
        state = node.state
        while type(state) is Ref and not state.refnum:
            state = state.obj
        if type(state) is dict and not hasattr(made, "__setstate__"):
            self._fill(made.__dict__, state)
            then(made)
            return

        def restore(restored: Any) -> None:
            if hasattr(made, "__setstate__"):
                made.__setstate__(restored)
            elif restored is not None:
                made.__dict__.update(restored)
            then(made)

        self._make(state, restore)


def _object_named(name: str) -> Any:
    try:
        return namedAny(canonical(name))
    except (ImportError, AttributeError, ObjectNotFound):
        if canonical(name) == name:
            raise
        # Something that applications keep below the name `twisted`, which the alias serves.
        return namedAny(name)


def _bound(instance: Any, node: InstanceMethod) -> Any:
    kind = _object_named(node.klass)
    if not hasattr(kind, node.name):
        raise TypeError(f"{node.klass} has no method {node.name!r}")
    return getattr(kind, node.name).__get__(instance)
