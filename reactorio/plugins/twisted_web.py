"""The command ``web``."""

from __future__ import annotations

from reactorio.application.service import ServiceMaker

__all__: list[str] = []

TwistedWeb = ServiceMaker(
    "Twisted Web", "reactorio.web.tap", "A web server: of files, resources and WSGI applications.", "web"
)
