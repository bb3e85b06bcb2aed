"""
Resources for those who log in, by HTTP's authentication over `reactorio.cred`::

    portal = Portal(realm, [FilePasswordDB("passwords")])
    resource = HTTPAuthSessionWrapper(portal, [BasicCredentialFactory(b"example.com")])

The realm makes avatars that provide `reactorio.web.resource.IResource`.
"""

from __future__ import annotations

from reactorio.web._auth.basic import BasicCredentialFactory
from reactorio.web._auth.digest import DigestCredentialFactory
from reactorio.web._auth.wrapper import HTTPAuthSessionWrapper

__all__ = ["BasicCredentialFactory", "DigestCredentialFactory", "HTTPAuthSessionWrapper"]
