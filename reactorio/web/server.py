"""
A web server: a site of resources, its requests and its sessions. The work is in ``reactorio.web._server``.
"""

from __future__ import annotations

from reactorio.web import http as http  # applications look for it here
from reactorio.web import resource as resource
from reactorio.web._responses import NO_CONTENT, NOT_MODIFIED
from reactorio.web._server.encoding import GzipEncoderFactory
from reactorio.web._server.encoding import _GzipEncoder as _GzipEncoder
from reactorio.web._server.request import NOT_DONE_YET, Request, supportedMethods, version
from reactorio.web._server.session import Session
from reactorio.web._server.site import Site
from reactorio.web.error import UnsupportedMethod
from reactorio.web.http import HTTPFactory, datetimeToString, unquote

__all__ = [
    "NOT_DONE_YET",
    "NOT_MODIFIED",
    "NO_CONTENT",
    "GzipEncoderFactory",
    "HTTPFactory",
    "Request",
    "Session",
    "Site",
    "UnsupportedMethod",
    "datetimeToString",
    "supportedMethods",
    "unquote",
    "version",
]
