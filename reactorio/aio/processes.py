"""spawnProcess, for a reactor to inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reactorio.internet.interfaces import IProcessProtocol
    from reactorio.internet.process import Process, PTYProcess

__all__ = ["Processes"]


class Processes:
    """`IReactorProcess`."""

    def spawnProcess(
        self,
        processProtocol: IProcessProtocol,
        executable: str | bytes,
        args: Sequence[str | bytes] = (),
        env: Mapping[Any, Any] | None = {},  # never changed; the contract
        path: str | bytes | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | tuple[int, int, str] = False,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> Process | PTYProcess:
        """
        Start a child.

        Args:
            processProtocol: Hears from the child.
            executable: The path of the program, or its name on the child's PATH.
            args: The arguments, the program's name first.
            env: The child's environment; None for ours, by default an empty one.
            path: The directory in which it starts.
            uid: Whose process it is, if not ours.
            gid: Likewise its group.
            usePTY: Give it a terminal: a new one, or one that is open, as its two descriptors and its name.
            childFDs: By the child's numbers: ``"r"`` for a pipe that we read, ``"w"`` for one that we write, or a
                descriptor of ours; by default 0 is written, 1 and 2 are read. Not with ``usePTY``.

        Raises:
            TypeError: An argument is neither text nor bytes, or has a NUL in it.
            ValueError: ``childFDs`` together with ``usePTY``.
            OSError: The system has no room for another child.
        """
        # Children are few among programs: those without do not load what they need.
        from reactorio.internet.process import Process, PTYProcess

        reactor: Any = self
        reactor._here()
        if not usePTY:
            return Process(self, executable, args, env, path, processProtocol, uid, gid, childFDs)
        if childFDs is not None:
            raise ValueError("Using childFDs is not supported with usePTY=True.")
        return PTYProcess(self, executable, args, env, path, processProtocol, uid, gid, usePTY)
