"""
What is wrong with a header.

    InvalidProxyHeader
        InvalidNetworkProtocol
        MissingAddressData
"""

from __future__ import annotations


class InvalidProxyHeader(Exception):
    """What arrived is no header of the PROXY protocol."""


class InvalidNetworkProtocol(InvalidProxyHeader):
    """The header is for a network protocol that there is not."""


class MissingAddressData(InvalidProxyHeader):
    """The header has not all the addresses that it should have."""
