"""
Turns the alias on in a child Python, at its start.

``reactorio run`` puts this folder on PYTHONPATH, and site imports this file from there. It must not break any Python
that happens to inherit the variable, so it needs only the standard library, and lets a Python of another installation
that has no reactorio be. Afterwards everything is as if it had not been there: its folder is off sys.path,
and the sitecustomize that it hides has run.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location


def _turn_alias_on(package: str) -> None:
    if os.environ.get("REACTORIO_AS_TWISTED") == sys.prefix and "reactorio" not in sys.modules:
        # The parent's own Python: take the parent's reactorio, which need not be on sys.path here.
        spec = spec_from_file_location("reactorio", os.path.join(package, "__init__.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules["reactorio"] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules["reactorio"])
    try:
        import_module("reactorio.as_twisted")
    except ModuleNotFoundError as error:
        if error.name != "reactorio":
            raise


def _run_hidden_sitecustomize() -> None:
    spec = PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None:
        sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules["sitecustomize"])


_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _here]
if os.environ.get("REACTORIO_AS_TWISTED"):
    _turn_alias_on(os.path.dirname(_here))
_run_hidden_sitecustomize()
