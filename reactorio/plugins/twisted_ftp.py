"""The command ``ftp``."""

from __future__ import annotations

from reactorio.application.service import ServiceMaker

__all__: list[str] = []

TwistedFTP = ServiceMaker("Twisted FTP", "reactorio.tap.ftp", "An FTP server.", "ftp")
