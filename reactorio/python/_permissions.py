"""What may be done with a file, and by whom."""

from __future__ import annotations

import stat

from reactorio.python.util import FancyEqMixin

__name__ = "reactorio.python.filepath"  # the public path

__all__ = ["RWX", "Permissions"]


class RWX(FancyEqMixin):
    """What somebody may do."""

    compareAttributes = ("read", "write", "execute")

    def __init__(self, readable: bool, writable: bool, executable: bool) -> None:
        self.read = readable
        self.write = writable
        self.execute = executable

    def __repr__(self) -> str:
        return f"RWX(read={self.read}, write={self.write}, execute={self.execute})"

    def __hash__(self) -> int:
        return hash((self.read, self.write, self.execute))

    def shorthand(self) -> str:
        """Return ``rwx`` with a dash for what is not allowed."""
        allowed = (("r", self.read), ("w", self.write), ("x", self.execute))
        return "".join(letter if yes else "-" for letter, yes in allowed)


class Permissions(FancyEqMixin):
    """What the owner, the owner's group, and all others may do with a file: the bits of its mode."""

    compareAttributes = ("user", "group", "other")

    def __init__(self, statModeInt: int) -> None:
        def rwx(read: int, write: int, execute: int) -> RWX:
            return RWX(bool(statModeInt & read), bool(statModeInt & write), bool(statModeInt & execute))

        self.user = rwx(stat.S_IRUSR, stat.S_IWUSR, stat.S_IXUSR)
        self.group = rwx(stat.S_IRGRP, stat.S_IWGRP, stat.S_IXGRP)
        self.other = rwx(stat.S_IROTH, stat.S_IWOTH, stat.S_IXOTH)

    def __repr__(self) -> str:
        return f"[{self.user} | {self.group} | {self.other}]"

    def __hash__(self) -> int:
        return hash((self.user, self.group, self.other))

    def shorthand(self) -> str:
        """Return ``rwxr-x---``, as ``ls -l`` has it."""
        return self.user.shorthand() + self.group.shorthand() + self.other.shorthand()
