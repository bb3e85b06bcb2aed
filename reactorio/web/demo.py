"""The page that a server without anything to serve shows."""

from __future__ import annotations

from reactorio.web import static

__all__ = ["Test"]

_PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Twisted Web Demo</title></head>
<body>
Hello! This is a Twisted Web test page.
</body>
</html>
"""


class Test(static.Data):
    """A page that says that the server works."""

    isLeaf = True
    __test__ = False  # pytest collects what is named so

    def __init__(self) -> None:
        super().__init__(_PAGE, "text/html")
