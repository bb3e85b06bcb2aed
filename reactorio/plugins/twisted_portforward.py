"""The service of `reactorio.tap.portforward`."""

from __future__ import annotations

from reactorio.application.service import ServiceMaker

__all__: list[str] = []

portforward = ServiceMaker("Port forwarder", "reactorio.tap.portforward", "A simple port-forwarder.", "portforward")
