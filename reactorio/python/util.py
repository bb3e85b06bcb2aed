"""Small tools that have no better place."""

from __future__ import annotations

import errno
import getpass
import os
import re
import sys
import warnings
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any, AnyStr, ClassVar, TypeVar

from typing_extensions import ParamSpec

from reactorio.python._containers import InsensitiveDict, IntervalDifferential, LineLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

try:
    import grp
    import pwd
    from os import getgroups, setgroups
    from os import initgroups as _initgroups
except ImportError:  # not POSIX
    pwd = grp = None  # type: ignore[assignment]  # asked before each use
    getgroups = setgroups = _initgroups = None  # type: ignore[assignment]  # asked before each use

__all__ = [
    "FancyEqMixin",
    "FancyStrMixin",
    "InsensitiveDict",
    "IntervalDifferential",
    "LineLog",
    "getPassword",
    "getgroups",
    "gidFromString",
    "initgroups",
    "makeStatBar",
    "mergeFunctionMetadata",
    "nameToLabel",
    "padTo",
    "println",
    "raises",
    "runAsEffectiveUser",
    "runWithWarningsSuppressed",
    "searchupwards",
    "setgroups",
    "sibpath",
    "spewer",
    "switchUID",
    "uidFromString",
    "uniquify",
    "untilConcludes",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def __getattr__(name: str) -> Any:
    if name == "OrderedDict":
        import collections

        message = f"{__name__}.OrderedDict was deprecated in Twisted 15.5.0: Use collections.OrderedDict instead."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return collections.OrderedDict
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# -- Sequences and text


def uniquify(lst: Iterable[_T]) -> list[_T]:
    """Return each element once, where it came first."""
    return list(dict.fromkeys(lst))


def padTo(n: int, seq: Sequence[Any], default: Any = None) -> list[Any]:
    """
    Return ``seq`` as a list of ``n`` elements, the missing ones being ``default``.

    Raises:
        ValueError: It has more.
    """
    if len(seq) > n:
        raise ValueError(f"{len(seq)} elements is more than {n}.")
    return [*seq, *[default] * (n - len(seq))]


def nameToLabel(mname: str) -> str:
    """Return ``fooBar`` as ``Foo Bar``."""
    words = re.sub(r"(?<=[^A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", mname)
    return words[:1].upper() + words[1:]


def makeStatBar(
    width: int, maxPosition: float, doneChar: str = "=", undoneChar: str = "-", currentChar: str = ">"
) -> Callable[[float], str]:
    """Make a function that draws a position up to ``maxPosition`` as ``[===>----]``, ``width`` characters wide."""
    room = width - len(currentChar) - 2

    def statBar(position: float) -> str:
        done = int(position / maxPosition * room)
        return f"[{doneChar * done}{currentChar}{undoneChar * (room - done)}]"

    statBar.__doc__ = f"statBar(position) -> a bar in which {maxPosition} is the end"
    return statBar


def println(*a: object) -> None:
    sys.stdout.write(" ".join(map(str, a)) + "\n")


# -- Functions


def mergeFunctionMetadata(f: Callable[..., Any], g: Callable[_P, _T]) -> Callable[_P, _T]:
    """Return a function that does what ``g`` does, by the name, docstring, module and attributes of ``f``."""
    merged: Any
    if isinstance(g, FunctionType):
        merged = FunctionType(g.__code__, g.__globals__, f.__name__, g.__defaults__, g.__closure__)
        merged.__kwdefaults__ = g.__kwdefaults__
        merged.__dict__.update(g.__dict__)
    else:

        def merged(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            return g(*args, **kwargs)

    for attribute in ("__name__", "__qualname__", "__doc__", "__module__"):
        if hasattr(f, attribute):
            setattr(merged, attribute, getattr(f, attribute))
    merged.__dict__.update(getattr(f, "__dict__", {}))
    result: Callable[_P, _T] = merged
    return result


def raises(exception: type[BaseException], f: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> bool:
    """Does calling ``f`` raise ``exception``? Others go through."""
    try:
        f(*args, **kwargs)
    except exception:
        return True
    return False


def untilConcludes(f: Callable[_P, _T], *a: _P.args, **kw: _P.kwargs) -> _T:
    """Call ``f`` again as long as a signal interrupts it."""
    while True:
        try:
            return f(*a, **kw)
        except OSError as error:
            if errno.EINTR not in (error.errno, *error.args[:1]):  # OSError(EINTR), as tests raise it, has no errno
                raise


def runWithWarningsSuppressed(
    suppressedWarnings: Iterable[tuple[tuple[Any, ...], dict[str, Any]]],
    f: Callable[..., _T],
    *args: Any,
    **kwargs: Any,
) -> _T:
    """
    Call ``f`` with more filters for warnings.

    Args:
        suppressedWarnings: The arguments, positional and by keyword, for each :func:`warnings.filterwarnings`.
    """
    with warnings.catch_warnings():
        for positional, keyword in suppressedWarnings:
            warnings.filterwarnings(*positional, **keyword)
        return f(*args, **kwargs)


def spewer(frame: FrameType, s: str, ignored: object) -> None:
    """A trace function, for :func:`sys.settrace`: print each call."""
    code = frame.f_code
    instance = frame.f_locals.get("self")
    if instance is None:
        print(f"function {code.co_name} in {code.co_filename}, line {frame.f_lineno}")
    else:
        klass = type(instance)
        print(f"method {code.co_name} of {klass.__module__}.{klass.__qualname__} at {id(instance)}")


# -- Mixins


class FancyStrMixin:
    """
    ``<Class first=1 second='two'>`` from attributes.

    Args in ``showAttributes``: a name; ``(name, function)`` for the text of the value; or ``(name, label, format)`` with a
    format like ``"%.1f"``.
    """

    showAttributes: ClassVar[Sequence[Any]] = ()

    def __str__(self) -> str:
        parts = [getattr(self, "fancybasename", type(self).__name__)]
        for shown in self.showAttributes:
            if isinstance(shown, str):
                parts.append(f"{shown}={getattr(self, shown)!r}")
            elif len(shown) == 2:
                name, function = shown
                parts.append(f"{name}={function(getattr(self, name))}")
            else:
                name, label, format = shown
                parts.append(f"{label}={format % (getattr(self, name),)}")
        return f"<{' '.join(parts)}>"

    __repr__ = __str__


class FancyEqMixin:
    """Equality by the attributes that ``compareAttributes`` names; by identity if it names none."""

    compareAttributes: ClassVar[Sequence[str]] = ()

    def __eq__(self, other: object) -> bool:
        if not self.compareAttributes:
            return self is other
        if not isinstance(self, type(other)) and not isinstance(other, type(self)):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.compareAttributes)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal


# -- Files


def sibpath(path: os.PathLike[AnyStr] | AnyStr, sibling: os.PathLike[AnyStr] | AnyStr) -> AnyStr:
    """Return the path of a file beside ``path``: ``sibpath(__file__, "data.txt")``."""
    return os.path.join(os.path.dirname(os.path.abspath(path)), sibling)


def searchupwards(start: str, files: Sequence[str] = (), dirs: Sequence[str] = ()) -> str | None:
    """Return the nearest directory, from ``start`` up, that has all these files and directories; it ends with ``/``."""
    here = os.path.abspath(start)
    while True:
        has_files = all(os.path.isfile(os.path.join(here, name)) for name in files)
        if has_files and all(os.path.isdir(os.path.join(here, name)) for name in dirs):
            return os.path.join(here, "")
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


# -- Passwords


def getPassword(
    prompt: str = "Password: ",
    confirm: int = 0,
    forceTTY: int = 0,
    confirmPrompt: str = "Confirm password: ",
    mismatchMessage: str = "Passwords don't match.",
) -> str:
    """
    Ask for a password on the terminal, or read a line of standard input if that is no terminal.

    Args:
        confirm: Ask twice, until both answers are the same.
        forceTTY: Ask on the terminal also if standard input is something else.

    Raises:
        KeyboardInterrupt: The user typed control-C.
    """
    if not forceTTY and not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    while True:
        password = getpass.getpass(prompt)
        if not confirm or getpass.getpass(confirmPrompt) == password:
            return password
        sys.stdout.write(f"{mismatchMessage}\n")


# -- Users and groups


def uidFromString(uidString: str) -> int:
    """
    Return the user's number, from the number or the name.

    Raises:
        KeyError: There is no such user.
    """
    try:
        return int(uidString)
    except ValueError:
        if pwd is None:
            raise
        return pwd.getpwnam(uidString)[2]


def gidFromString(gidString: str) -> int:
    """
    Return the group's number, from the number or the name.

    Raises:
        KeyError: There is no such group.
    """
    try:
        return int(gidString)
    except ValueError:
        if grp is None:
            raise
        return grp.getgrnam(gidString)[2]


def initgroups(uid: int, primaryGid: int) -> None:
    """
    Put the process into all groups of a user, and into ``primaryGid``. It takes root's rights.

    Unlike Twisted: a user whom the system does not know by name, as in containers, is in ``primaryGid`` only.
    """
    if _initgroups is None:
        return
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        os.setgroups([primaryGid])
    else:
        _initgroups(name, primaryGid)


def switchUID(uid: int | None, gid: int | None, euid: bool = False) -> None:
    """
    Become another user and group, for good or, if ``euid``, with a way back. None leaves one as it is.

    Being that user already is worth a warning: somebody expected to have more rights to give up.
    """
    set_uid = os.seteuid if euid else os.setuid
    get_uid = os.geteuid if euid else os.getuid
    if gid is not None:
        (os.setegid if euid else os.setgid)(gid)
    if uid is None:
        return
    if uid == get_uid():
        kind = "euid" if euid else "uid"
        warnings.warn(
            f"tried to drop privileges and set{kind} {uid} but {kind} is already {uid}; should we be root? Continuing.",
            stacklevel=1,
        )
        return
    initgroups(uid, gid)  # type: ignore[arg-type]  # None is refused there, when it matters
    set_uid(uid)


def runAsEffectiveUser(euid: int, egid: int, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call ``function`` as another user, and be who one was again; root's rights must be reachable."""
    before = os.geteuid(), os.getegid()
    _become_effective(before, (euid, egid))
    try:
        return function(*args, **kwargs)
    finally:
        _become_effective((euid, egid), before)


def _become_effective(now: tuple[int, int], then: tuple[int, int]) -> None:
    if now == then:
        return
    uid, gid = now
    if uid != 0:
        # Only root may go where it likes.
        os.seteuid(0)
        uid = 0
    if gid != then[1]:
        os.setegid(then[1])
    if uid != then[0]:
        os.seteuid(then[0])
