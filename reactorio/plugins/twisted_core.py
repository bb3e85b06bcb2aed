"""The types of endpoint strings that are plugins."""

from __future__ import annotations

from reactorio.internet.endpoints import _StandardIOParser, _SystemdParser, _TCP6ServerParser

__all__: list[str] = []

stdio = _StandardIOParser()
systemd = _SystemdParser()
tcp6 = _TCP6ServerParser()
