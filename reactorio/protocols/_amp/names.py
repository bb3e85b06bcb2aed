"""Arguments' names: bytes on the wire, identifiers in Python."""

from __future__ import annotations

from functools import lru_cache

__name__ = "reactorio.protocols.amp"  # the public path: see the package's docstring

# Those of Python 2.3: which names are spelled differently is part of every application's interface.
# fmt: off
PYTHON_KEYWORDS = [
    "and", "del", "for", "is", "raise", "assert", "elif", "from", "lambda", "return", "break", "else", "global", "not",
    "try", "class", "except", "if", "or", "while", "continue", "exec", "import", "pass", "yield", "def", "finally", "in",
    "print",
]
# fmt: on


@lru_cache(1024)
def python_identifier(name: bytes) -> str:
    """Return what an argument is called in Python: dashes are underscores, and keywords begin with a capital."""
    identifier = name.decode("ascii").replace("-", "_")
    return identifier.title() if identifier in PYTHON_KEYWORDS else identifier
