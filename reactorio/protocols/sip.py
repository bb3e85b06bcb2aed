"""
SIP over UDP: messages, proxies, registration. The work is in ``reactorio.protocols._sip``.
"""

from __future__ import annotations

from reactorio.protocols._sip.base import Base
from reactorio.protocols._sip.errors import RegistrationError, SIPError, statusCodes
from reactorio.protocols._sip.messages import (
    Message,
    MessagesParser,
    Request,
    Response,
    dashCapitalize,
    longHeaders,
    shortHeaders,
    specialCases,
)
from reactorio.protocols._sip.proxy import Proxy, RegisterProxy
from reactorio.protocols._sip.registry import (
    IAuthorizer,
    IContact,
    ILocator,
    InMemoryRegistry,
    IRegistry,
    Registration,
)
from reactorio.protocols._sip.uris import PORT, URL, Via, cleanRequestURL, parseAddress, parseURL, parseViaHeader, unq

__all__ = [
    "PORT",
    "URL",
    "Base",
    "IAuthorizer",
    "IContact",
    "ILocator",
    "IRegistry",
    "InMemoryRegistry",
    "Message",
    "MessagesParser",
    "Proxy",
    "RegisterProxy",
    "Registration",
    "RegistrationError",
    "Request",
    "Response",
    "SIPError",
    "Via",
    "cleanRequestURL",
    "dashCapitalize",
    "longHeaders",
    "parseAddress",
    "parseURL",
    "parseViaHeader",
    "shortHeaders",
    "specialCases",
    "statusCodes",
    "unq",
]
