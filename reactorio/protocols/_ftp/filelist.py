"""The lines of LIST, as a client reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reactorio.internet.protocol import connectionDone
from reactorio.protocols.basic import LineReceiver

if TYPE_CHECKING:
    from reactorio.python.failure import Failure

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring


class FTPFileListProtocol(LineReceiver):
    """
    Reads what a server sends for LIST, if its lines look like those of ``ls -l``, as most do.

    Attributes:
        files: What was read, a dictionary for each line: ``filetype`` (``d``, ``l`` or ``-``), ``perms``, ``nlinks``,
            ``owner``, ``group``, ``size`` (in bytes), ``date``, ``filename``, and ``linktarget``, None if it is no
            link. ``nlinks`` and ``size`` are numbers.
        fileLinePattern: The expression for a line; its groups are these.
        encoding: That of the lines.
    """

    fileLinePattern = re.compile(
        r"""
        (?P<filetype> \S ) (?P<perms> .{9} ) [+.@]?
        \s+ (?: (?P<nlinks> \d{1,20} ) \s* )?
        (?P<owner> \S+ ) \s+ (?P<group> \S+ ) \s+ (?P<size> \d+ )
        \s+ (?P<date> \S{3,4} \s+ \d+ \s+ [\d:]+ )
        \s+ (?P<filename> .+? ) (?: [ ]->[ ] (?P<linktarget> .*? ) )? \r? $
        """,
        re.VERBOSE,
    )
    delimiter = b"\n"
    encoding = "latin-1"

    def __init__(self) -> None:
        self.files: list[dict[str, Any]] = []

    def lineReceived(self, line: bytes) -> None:
        text = line.decode(self.encoding, "surrogateescape")
        info = self.parseDirectoryLine(text)
        if info is None:
            self.unknownLine(text)
        else:
            self.addFile(info)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Read the last line, if it has no end."""
        rest = self.clearLineBuffer()
        if rest:
            self.lineReceived(rest)

    def parseDirectoryLine(self, line: str) -> dict[str, Any] | None:
        """Return what a line tells, None if it does not look like that."""
        found = self.fileLinePattern.match(line)
        if found is None:
            return None
        info: dict[str, Any] = found.groupdict()
        info["size"] = int(info["size"])
        info["nlinks"] = int(info["nlinks"] or 0)
        for key in ("filename", "linktarget"):
            if info[key]:
                info[key] = info[key].replace(r"\ ", " ")
        return info

    def addFile(self, info: dict[str, Any]) -> None:
        """Take what a line tells. Subclasses may do something else than add it to ``files``."""
        self.files.append(info)

    def unknownLine(self, line: str) -> None:
        """A line looks like none of the kind, a CR at its end included. Subclasses may do something about it."""
