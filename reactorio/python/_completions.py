"""What a shell may offer for an option: the data that :class:`reactorio.python.usage.Options` declares for completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__name__ = "reactorio.python.usage"  # the public path

_ZSH = "zsh"
_BASH = "bash"


class Completions:
    """
    Completion data of an Options class, in its ``compData``.

    Args:
        descriptions: Shorter descriptions, by option.
        multiUse: Options that may be given more than once.
        mutuallyExclusive: Groups of options of which one may be given.
        optActions: A :class:`Completer` for an option's value, by option; or what makes one when it is needed.
        extraActions: A :class:`Completer` for each of the arguments that are not options.
    """

    def __init__(
        self,
        descriptions: Mapping[str, str] | None = None,
        multiUse: Iterable[str] = (),
        mutuallyExclusive: Iterable[Sequence[str]] = (),
        optActions: Mapping[str, Completer | Callable[[], Completer]] | None = None,
        extraActions: Iterable[Completer] = (),
    ) -> None:
        self.descriptions = descriptions if descriptions is not None else {}
        self.multiUse = multiUse
        self.mutuallyExclusive = mutuallyExclusive
        self.optActions = optActions if optActions is not None else {}
        self.extraActions = extraActions


class Completer:
    """
    Offers nothing, but tells what is asked for.

    Args:
        descr: What the value is; by default the option's name.
        repeat: The argument may be given again and again.
    """

    _descr: str | None = None

    # What follows the description in a zsh specification.
    _zsh_action = ""

    def __init__(self, descr: str | None = None, repeat: bool = False) -> None:
        if descr is not None:
            self._descr = descr
        self._repeat = repeat

    @property
    def _repeatFlag(self) -> str:
        return "*" if self._repeat else ""

    def _description(self, optName: str) -> str:
        return optName if self._descr is None else self._descr

    def _action(self, optName: str) -> str:
        return self._zsh_action

    def _shellCode(self, optName: str, shellType: str) -> str:
        """
        Return the part of a zsh specification for this.

        Raises:
            NotImplementedError: It is another shell.
        """
        if shellType != _ZSH:
            raise NotImplementedError(f"Unknown shellType {shellType!r}")
        return f"{self._repeatFlag}:{self._description(optName)}:{self._action(optName)}"


class CompleteFiles(Completer):
    """Offers files whose names match a pattern."""

    def __init__(self, globPattern: str = "*", **kw: Any) -> None:
        super().__init__(**kw)
        self._globPattern = globPattern

    def _description(self, optName: str) -> str:
        return f"{super()._description(optName)} ({self._globPattern})"

    def _action(self, optName: str) -> str:
        return f'_files -g "{self._globPattern}"'


class CompleteDirs(Completer):
    """Offers directories."""

    _zsh_action = "_directories"


class CompleteList(Completer):
    """Offers one of some words."""

    def __init__(self, items: Iterable[str], **kw: Any) -> None:
        super().__init__(**kw)
        self._items = items

    def _action(self, optName: str) -> str:
        return f"({' '.join(self._items)})"


class CompleteMultiList(CompleteList):
    """Offers several of some words, with commas between."""

    def _action(self, optName: str) -> str:
        return f"_values -s , '{self._description(optName)}' {' '.join(self._items)}"


class CompleteUsernames(Completer):
    """Offers the names of users."""

    _zsh_action = "_users"


class CompleteGroups(Completer):
    """Offers the names of groups."""

    _descr = "group"
    _zsh_action = "_groups"


class CompleteHostnames(Completer):
    """Offers the names of hosts."""

    _zsh_action = "_hosts"


class CompleteUserAtHost(Completer):
    """Offers ``host`` and ``user@host``."""

    _descr = "host | user@host"
    _zsh_action = "_user_at_host"


class CompleteNetInterfaces(Completer):
    """Offers the names of network interfaces."""

    _zsh_action = "_net_interfaces"
