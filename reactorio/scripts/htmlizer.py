"""The script ``pyhtmlizer``: a Python file as an HTML page beside it."""

from __future__ import annotations

import html
import os
import sys
from typing import Any, ClassVar

from reactorio import copyright
from reactorio.python import htmlizer, usage

__all__ = ["Options", "run"]

_PAGE = """<html><head>
<title>{title}</title>
<meta name="Generator" content="htmlizer/{version}" />
<link rel="alternate" href="{title}" type="text/x-python" />
{stylesheet}
</head>
<body>
"""


class Options(usage.Options):
    """The file, and how the page shall look."""

    synopsis = f"{os.path.basename(sys.argv[0])} [options] source.py"
    optParameters: ClassVar[list[Any]] = [("stylesheet", "s", None, "The URL of a stylesheet to link to.")]
    compData = usage.Completions(extraActions=[usage.CompleteFiles("*.py", descr="source python file")])

    def parseArgs(self, filename: str) -> None:
        self["filename"] = filename


def run() -> None:
    """Do what ``sys.argv`` says."""
    options = Options()
    try:
        options.parseOptions()
    except usage.UsageError as error:
        print(f"{error}\n{options}", file=sys.stderr)
        sys.exit(1)
    filename = options["filename"]
    stylesheet = options["stylesheet"]
    link = f'<link rel="stylesheet" href="{html.escape(stylesheet)}" type="text/css" />' if stylesheet else ""
    head = _PAGE.format(title=html.escape(os.path.basename(filename)), version=copyright.version, stylesheet=link)
    with open(filename, "rb") as source, open(f"{filename}.html", "wb") as page:
        page.write(head.encode("utf-8"))
        htmlizer.filter(source, page, htmlizer.SmallerHTMLWriter)
        page.write(b"</body></html>\n")
