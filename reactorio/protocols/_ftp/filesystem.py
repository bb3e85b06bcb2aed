"""The commands about files and directories that need no data connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reactorio.protocols._ftp import replies
from reactorio.protocols._ftp.control import quoted
from reactorio.protocols._ftp.errors import BadCmdSequenceError
from reactorio.protocols._ftp.listing import FACT_KEYS, encoded, facts_line, timestamp
from reactorio.protocols._ftp.transfers import _WithTransfers

if TYPE_CHECKING:
    from reactorio.internet.defer import Deferred

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring


class _WithFiles(_WithTransfers):
    """What `FTP` is on top of."""

    def _done(self, deferred: Deferred[Any]) -> Deferred[Any]:
        return deferred.addCallback(lambda _: (replies.REQ_FILE_ACTN_COMPLETED_OK,))

    def ftp_CWD(self, path: str) -> Deferred[Any]:
        """Go to a directory."""
        segments = self._segments(path)

        def go(_: object) -> tuple[str]:
            self.workingDirectory = segments
            return (replies.REQ_FILE_ACTN_COMPLETED_OK,)

        return self._ask("access", segments).addCallback(go)

    def ftp_CDUP(self) -> Deferred[Any]:
        """Go to the directory that the current one is in."""
        return self.ftp_CWD("..")

    def ftp_PWD(self) -> tuple[str, str]:
        """Tell the current directory."""
        return (replies.PWD_REPLY, quoted("/" + "/".join(self.workingDirectory)))

    def ftp_DELE(self, path: str) -> Deferred[Any]:
        """Remove a file."""
        return self._done(self._ask("removeFile", self._segments(path)))

    def ftp_MKD(self, path: str) -> Deferred[Any]:
        """Make a directory."""
        made = self._ask("makeDirectory", self._segments(path))
        return made.addCallback(lambda _: (replies.MKD_REPLY, quoted(path)))

    def ftp_RMD(self, path: str) -> Deferred[Any]:
        """Remove a directory."""
        return self._done(self._ask("removeDirectory", self._segments(path)))

    def ftp_RNFR(self, fromName: str) -> tuple[str]:
        """Tell what is to be renamed: the first half of two."""
        self._segments(fromName)
        self._fromName = fromName
        self.state = self.RENAMING
        return (replies.REQ_FILE_ACTN_PENDING_FURTHER_INFO,)

    def ftp_RNTO(self, toName: str) -> Deferred[Any]:
        """Rename: the second half."""
        fromName, self._fromName = self._fromName, None
        if fromName is None:
            raise BadCmdSequenceError("RNFR required before RNTO")
        return self._done(self._ask("rename", self._segments(fromName), self._segments(toName)))

    def ftp_SIZE(self, path: str) -> Deferred[Any]:
        """Tell a file's size, in bytes (RFC 3659 section 4), whatever TYPE is."""
        stats = self._ask("stat", self._segments(path), ("size",))
        return stats.addCallback(lambda stats: (replies.FILE_STATUS, str(stats[0])))

    def ftp_MDTM(self, path: str) -> Deferred[Any]:
        """Tell when a file was last changed (RFC 3659 section 3)."""
        stats = self._ask("stat", self._segments(path), ("modified",))
        return stats.addCallback(lambda stats: (replies.FILE_STATUS, timestamp(stats[0])))

    def ftp_MLST(self, path: str = "") -> Deferred[Any]:
        """Tell facts on a file or directory (RFC 3659 section 7)."""
        segments = self._segments(path)
        full = "/" + "/".join(segments)

        def tell(stats: list[Any]) -> None:
            facts = b" " + facts_line(encoded(full), stats, self._facts)
            self._send_lines_of_reply(["250-Listing " + full, facts, "250 End"])

        return self._ask("stat", segments, FACT_KEYS).addCallback(tell)
