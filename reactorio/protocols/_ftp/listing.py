"""What LIST and MLSD send: lines like those of ``ls -l``, and lines of facts (RFC 3659 section 7)."""

from __future__ import annotations

import re
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from reactorio._interface import implementer
from reactorio.internet.interfaces import IPullProducer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reactorio.internet.interfaces import IConsumer

__name__ = "reactorio.protocols.ftp"  # the public path: see the package's docstring

# strftime's would be those of the server's language.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# A line cannot hold these. What is shown for them names no file, as in ``ls``.
_LINE_ENDS = re.compile(rb"[\r\n]")

# As many are sent without a look at whether the consumer is full.
_LINES = 100

LIST_KEYS = ("size", "directory", "permissions", "hardlinks", "modified", "owner", "group")
"""What `IFTPShell` is asked for to make a line of LIST, in the order in which `long_line` takes it."""

FACTS = ("type", "size", "modify")
"""The facts that MLST and MLSD know, in the order in which they are sent."""
FACT_KEYS = ("directory", "size", "modified")
"""What `IFTPShell` is asked for to make them."""


def encoded(name: str | bytes) -> bytes:
    """Return a name as it was when it was a client's, or the file system's; bytes stay what they are."""
    return name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name


def on_one_line(text: bytes) -> bytes:
    return _LINE_ENDS.sub(b"?", text)


def long_line(
    name: bytes, size: Any, directory: Any, permissions: Any, hardlinks: Any, modified: float, owner: Any, group: Any
) -> bytes:
    """Return a line of LIST, without its end. The time is UTC, of which files of other years have none."""
    then, now = time.gmtime(modified), time.gmtime()
    clock = time.strftime("%H:%M", then) if then.tm_year == now.tm_year else f" {then.tm_year}"
    about = (
        f"{'d' if directory else '-'}{permissions.shorthand()}{hardlinks:4} {owner:<9} {group:<9} {size:15} "
        f"{_MONTHS[then.tm_mon - 1]} {then.tm_mday:02} {clock} "
    )
    return on_one_line(encoded(about) + name)


def timestamp(seconds: float) -> str:
    """Return a time as RFC 3659 section 2.3 has it, in UTC."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def facts_line(name: bytes, stats: Sequence[Any], chosen: Iterable[str] = FACTS) -> bytes:
    """Return a line of MLSD, without its end; ``stats`` is for `FACT_KEYS`."""
    directory, size, modified = stats
    facts = {"type": "dir" if directory else "file", "size": size, "modify": timestamp(modified)}
    if directory:
        del facts["size"]
    return on_one_line("".join(f"{fact}={facts[fact]};" for fact in chosen if fact in facts).encode() + b" " + name)


@implementer(IPullProducer)
class LinesProducer:
    """
    Sends lines at the consumer's pace, some at a time: a directory may have very many entries.

    Args:
        lines: The lines, without their ends.
        consumer: Where they go.
    """

    def __init__(self, lines: Iterator[bytes], consumer: IConsumer) -> None:
        self._lines = lines
        self._consumer = consumer

    def start(self) -> None:
        self._consumer.registerProducer(self, False)

    def resumeProducing(self) -> None:
        some = list(islice(self._lines, _LINES))
        if some:
            self._consumer.write(b"\r\n".join([*some, b""]))
        else:
            self._consumer.unregisterProducer()

    def stopProducing(self) -> None:
        """Send no more: the consumer has gone away."""
        self._lines = iter(())
