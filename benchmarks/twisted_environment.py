"""An interpreter that has Twisted, for comparison: its environment is made once, in the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

TWISTED = "twisted[tls]==26.10.0"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reactorio-benchmarks"


def twisted_python(*others: str) -> str:
    """Return the interpreter, of the version of the one that runs this; it has ``others``, modules of PyPI, too."""
    home = CACHE / f"twisted-{sys.version_info[0]}.{sys.version_info[1]}"
    python = home / "bin" / "python"
    if not python.exists() or subprocess.call([python, "-c", "import twisted, OpenSSL"], stderr=subprocess.DEVNULL):
        print(f"installing {TWISTED} into {home}", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        subprocess.check_call([python, "-m", "pip", "install", "-q", TWISTED], stdout=sys.stderr)
    for other in others:
        if subprocess.call([python, "-c", f"import {other}"], stderr=subprocess.DEVNULL):
            subprocess.check_call([python, "-m", "pip", "install", "-q", other], stdout=sys.stderr)
    return str(python)
