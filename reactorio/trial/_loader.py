"""Finding tests, by name, by file and in modules."""

from __future__ import annotations

import doctest
import inspect
import os
import sys
import unittest as pyunit
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from reactorio.python import reflect
from reactorio.python.failure import Failure
from reactorio.python.modules import PythonAttribute, PythonModule, getModule
from reactorio.trial._asyncrunner import TestSuite
from reactorio.trial._suites import ErrorHolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeGuard

__name__ = "reactorio.trial.runner"  # the public path, for the class made here


def isPackage(module: object) -> bool:
    """Is it a package, imported?"""
    return isinstance(module, ModuleType) and os.path.basename(module.__file__ or "").startswith("__init__.py")


def isPackageDirectory(dirname: str) -> str | bool:
    """Return the name of the file that makes the directory a package; False if there is none."""
    return "__init__.py" if os.path.exists(os.path.join(dirname, "__init__.py")) else False


def isTestCase(obj: object) -> TypeGuard[type[pyunit.TestCase]]:
    """Is it a class of test cases, of this package or of the standard library?"""
    return isinstance(obj, type) and issubclass(obj, pyunit.TestCase)


def name(thing: Any) -> str:
    """Return the dotted name of a module, class, function or test: what tests are sorted by."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, (PythonModule, PythonAttribute)):
        return thing.name
    if isTestCase(thing):
        return reflect.qual(thing)
    return str(thing.id() if hasattr(thing, "id") else thing.__name__)


# -- modules by file


def filenameToModule(fn: str) -> ModuleType:
    """
    Import the module, or the package, that a file or directory is.

    It need not be on ``sys.path``; nor need the packages that it is in.

    Raises:
        ValueError: There is nothing of that name, or it is a directory but no package.
    """
    if not os.path.exists(fn):
        raise ValueError(f"{fn!r} doesn't exist")
    file = os.path.abspath(fn)
    if os.path.isdir(file):
        initial = isPackageDirectory(file)
        if not initial:
            raise ValueError(f"{fn!r} is not a package directory")
        file = os.path.join(file, str(initial))
    module_name = reflect.filenameToModuleName(file)
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if not _is_about(error, module_name):
            raise
    else:
        if os.path.realpath(module.__file__ or "") == os.path.realpath(file):
            return module
    return _import_from_file(module_name, file)


def _import_from_file(module_name: str, file: str) -> ModuleType:
    """Import a file by its own, with the packages around it, so that relative imports work."""
    directory, filename = os.path.split(file)
    in_package = os.path.splitext(filename)[0] == "__init__"
    package = module_name.rpartition(".")[0]
    if package and package not in sys.modules:
        outer = os.path.dirname(directory) if in_package else directory
        _import_from_file(package, os.path.join(outer, "__init__.py"))
    spec = spec_from_file_location(
        module_name,
        file,
        # Given, because the name of the file need not say that it is source.
        loader=None if file.endswith((".py", ".pyc")) else SourceFileLoader(module_name, file),
        submodule_search_locations=[directory] if in_package else None,
    )
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    before = sys.modules.get(module_name)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[module_name]
        else:
            sys.modules[module_name] = before
        raise
    return module


def _is_about(error: ModuleNotFoundError, module_name: str) -> bool:
    """Is it the module that is missing, or one of its packages, and not another one that it imports?"""
    return error.name is not None and f"{module_name}.".startswith(f"{error.name}.")


def _qualNameWalker(qualName: str) -> Iterator[tuple[str, list[str]]]:
    """Go through the names that lead to an object, the longest first, each with what is left."""
    parts = qualName.split(".")
    for count in range(len(parts), 0, -1):
        yield ".".join(parts[:count]), parts[count:]


# -- tests


class TestLoader:
    """
    Makes suites of tests.

    Args:
        suiteFactory: Makes the suites, of a list of tests.
        sorter: The key by which modules, classes and tests are put in order.

    Attributes:
        methodPrefix: How the names of test methods begin.
        modulePrefix: How the names of test modules begin, in packages.
    """

    __test__ = False  # for pytest: this is no test class

    methodPrefix = "test"
    modulePrefix = "test_"

    def __init__(self, suiteFactory: Callable[..., Any] = TestSuite, sorter: Callable[[Any], Any] = name) -> None:
        self.suiteFactory = suiteFactory
        self.sorter = sorter

    def sort(self, xs: Iterable[Any]) -> list[Any]:
        """Put modules, classes or tests in order."""
        return sorted(xs, key=self.sorter)

    # -- by name

    def findByName(self, _name: str, recurse: bool = False) -> Any:
        """
        Load what has a name: a file or directory, or a module, class or method.

        Args:
            recurse: Of a package, load the packages in it, too.

        Raises:
            ValueError: There is no such file.
            AttributeError: A module or class does not have such a thing.
            reactorio.python.reflect.ModuleNotFound, reactorio.python.reflect.ObjectNotFound: There is no such module.
        """
        obj, parent, path = self._find(_name)
        return self.loadAnything(obj, recurse=recurse, parent=parent, qualName=path)

    def _find(self, dotted: str) -> tuple[Any, Any, list[str]]:
        """Return what has the name, the class it is in, and its name in its module."""
        if os.sep in dotted or (dotted.endswith(".py") and os.path.exists(dotted)):
            return self._module_of(dotted), None, []
        obj, path = self._split(dotted)
        parent = None
        for part in path:
            parent = obj
            try:
                obj = getattr(parent, part)
            except AttributeError:
                raise AttributeError(f"{dotted} does not exist.") from None
        return obj, parent, path

    def _split(self, dotted: str) -> tuple[Any, list[str]]:
        """Import as much of the name as is a module; return that, and what is left of the name."""
        for module_name, rest in _qualNameWalker(dotted):
            try:
                return import_module(module_name), rest
            except ModuleNotFoundError as error:
                if not _is_about(error, module_name):
                    raise
        return reflect.namedAny(dotted), []  # which knows what there is to say

    def _module_of(self, fileName: str) -> ModuleType:
        if not os.path.exists(fileName):
            raise ValueError(f"{fileName} is not a Python file.")
        return filenameToModule(fileName)

    def loadByName(self, name: str, recurse: bool = False) -> Any:
        """Make a suite of what `findByName` finds, or of the error that it is not found."""
        return self.loadByNames([name], recurse)

    loadTestsFromName = loadByName

    def loadByNames(self, names: Iterable[str], recurse: bool = False) -> Any:
        """Make a suite of what all these names are, in their order; what two of them are is in it once."""
        tests = []
        seen = set()
        for each in names:
            try:
                found = self._find(each)
                # Two classes may have inherited the same function.
                key = (id(found[0]), id(found[1]))
                if key not in seen:
                    seen.add(key)
                    obj, parent, path = found
                    tests.append(self.loadAnything(obj, recurse=recurse, parent=parent, qualName=path))
            except KeyboardInterrupt:
                raise
            except BaseException:
                tests.append(ErrorHolder(each, Failure()))
        return self.suiteFactory(tests)

    def loadFile(self, fileName: str, recurse: bool = False) -> Any:
        """Make a suite of the tests in a file, or in a directory that is a package; ValueError if there is none."""
        return self.loadAnything(self._module_of(fileName), recurse=recurse)

    # -- by object

    def loadAnything(
        self, obj: Any, recurse: bool = False, parent: Any = None, qualName: Sequence[str] | None = None
    ) -> Any:
        """
        Load the tests that something is or has.

        Args:
            obj: A package, module, class of test cases, test method, test or suite.
            recurse: Of a package, load the packages in it, too.
            parent: Of a method, the class.
            qualName: Of a method, its name as a list, of which the last counts.

        Raises:
            TypeError: It is none of these.
        """
        if isinstance(obj, ModuleType):
            return self.loadPackage(obj, recurse=recurse) if isPackage(obj) else self.loadModule(obj)
        if isTestCase(obj):
            return self.loadClass(obj)
        if isinstance(obj, (pyunit.TestCase, pyunit.TestSuite)):
            return obj
        if callable(obj) and isTestCase(parent):
            return self._makeCase(parent, qualName[-1] if qualName else obj.__name__)
        raise TypeError(f"{obj!r} is neither a module nor a test case, and has no tests to load")

    def loadPackage(self, package: ModuleType, recurse: bool = False) -> Any:
        """
        Make a suite of the test modules in a package.

        One that cannot be imported is in it as the error. Raises TypeError if it is no package.
        """
        if not isPackage(package):
            raise TypeError(f"{package!r} is not a package")
        inside = getModule(package.__name__)
        modules = inside.walkModules() if recurse else inside.iterModules()
        tests = [
            self._load_found(module)
            for module in self.sort(
                module for module in modules if module.name.rpartition(".")[2].startswith(self.modulePrefix)
            )
        ]
        return self.suiteFactory(tests)

    def _load_found(self, found: PythonModule) -> Any:
        try:
            module = found.load()
        except KeyboardInterrupt:
            raise
        except BaseException:
            return ErrorHolder(found.name, Failure())
        return self.loadModule(module)

    def loadModule(self, module: ModuleType) -> Any:
        """
        Make a suite of the test cases in a module, and of the doctests in the modules that it lists as ``__doctests__``.

        Or let the module make it: by a function ``testSuite`` or ``test_suite``. Raises TypeError if it is no module.
        """
        if not isinstance(module, ModuleType):
            raise TypeError(f"{module!r} is not a module")
        for maker in ("testSuite", "test_suite"):
            if hasattr(module, maker):
                return getattr(module, maker)()
        suite = self.suiteFactory([self.loadClass(klass) for klass in self.findTestClasses(module)])
        for source in getattr(module, "__doctests__", ()):
            suite.addTest(self.loadDoctests(source))
        return suite

    loadTestsFromModule = loadModule

    def findTestClasses(self, module: ModuleType) -> list[type[pyunit.TestCase]]:
        """Return the classes of test cases in a module, those that it imports included."""
        found = dict.fromkeys(value for value in vars(module).values() if isTestCase(value))
        return self.sort(found)

    def loadClass(self, klass: type) -> Any:
        """
        Make a suite of the test methods of a class.

        Raises:
            TypeError: It is no class.
            ValueError: It is no class of test cases.
        """
        if not isinstance(klass, type):
            raise TypeError(f"{klass!r} is not a class")
        if not isTestCase(klass):
            raise ValueError(f"{klass!r} is not a test case")
        tests = self.sort(self._makeCase(klass, method) for method in self.getTestCaseNames(klass))
        return self.suiteFactory(tests)

    loadTestsFromTestCase = loadClass

    def getTestCaseNames(self, klass: type) -> list[str]:
        """Return the names of the test methods of a class, those of its base classes included."""
        names = []
        for attribute in dir(klass):
            if attribute.startswith(self.methodPrefix):
                value = getattr(klass, attribute)
                if callable(value) and not isinstance(value, type):
                    names.append(attribute)
        return names

    def _makeCase(self, klass: type[pyunit.TestCase], methodName: str) -> pyunit.TestCase:
        return klass(methodName)

    def loadDoctests(self, module: Any) -> Any:
        """Make a suite of the doctests in a module, which may be given by its name."""
        if isinstance(module, str):
            module = reflect.namedAny(module)
        return self.suiteFactory(list(doctest.DocTestSuite(module)))


# -- another order


def source_line(thing: Any) -> tuple[int, str]:
    """A sorter: by the place in the source; modules, which have none, by name."""
    return (_line_of(thing), name(thing))


def _line_of(thing: Any) -> int:
    if isinstance(thing, pyunit.TestCase):
        thing = inspect.unwrap(getattr(type(thing), thing._testMethodName, None))  # type: ignore[arg-type]  # None is not unwrapped
        # Works without the source, which may not be there.
        return thing.__code__.co_firstlineno if isinstance(thing, FunctionType) else 0
    if isinstance(thing, type):
        try:
            return inspect.getsourcelines(thing)[1]
        except (OSError, TypeError):
            return 0
    return 0
