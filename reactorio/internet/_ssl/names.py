"""Distinguished names: whom a certificate is for, and who signed it."""

from __future__ import annotations

import re
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

__all__ = ["DN", "DistinguishedName"]

__name__ = "reactorio.internet.ssl"  # the public path: see the package's docstring

_FULL = {
    "CN": "commonName",
    "O": "organizationName",
    "OU": "organizationalUnitName",
    "L": "localityName",
    "ST": "stateOrProvinceName",
    "C": "countryName",
    "emailAddress": "emailAddress",
}
_FULL.update({full: full for full in list(_FULL.values())})

_OIDS = {
    "commonName": NameOID.COMMON_NAME,
    "organizationName": NameOID.ORGANIZATION_NAME,
    "organizationalUnitName": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "localityName": NameOID.LOCALITY_NAME,
    "stateOrProvinceName": NameOID.STATE_OR_PROVINCE_NAME,
    "countryName": NameOID.COUNTRY_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_FIELDS = {oid: field for field, oid in _OIDS.items()}


class DistinguishedName(dict[str, bytes]):
    """
    A name with several fields, as keys and as attributes, by their full names (``commonName``) or the usual short ones
    (``CN``, ``O``, ``OU``, ``L``, ``ST``, ``C``). Values are bytes.

    Raises:
        AttributeError: There is no such field.
    """

    __slots__ = ()

    def __init__(self, **kw: str | bytes) -> None:
        super().__init__()
        for field, value in kw.items():
            setattr(self, field, value)

    def __getattr__(self, field: str) -> bytes:
        try:
            return self[_FULL[field]]
        except KeyError:
            raise AttributeError(field) from None

    def __setattr__(self, field: str, value: str | bytes) -> None:
        if field not in _FULL:
            raise AttributeError(field)
        self[_FULL[field]] = value if isinstance(value, bytes) else value.encode("utf-8")

    def __repr__(self) -> str:
        return f"<DN {dict.__repr__(self)[1:-1]}>"

    def inspect(self) -> str:
        """Return the fields for people to read, one a line."""
        return "\n".join(f"{_label(field):>26}: {self[field].decode('utf-8')}" for field in sorted(self))


DN = DistinguishedName


def _label(field: str) -> str:
    return re.sub("([A-Z])", r" \1", field).title()


def from_x509(name: x509.Name, strict: bool = False) -> DistinguishedName:
    """
    Return what cryptography's ``name`` has of our fields.

    Raises:
        ValueError: It has others, and ``strict`` is set.
    """
    own = DistinguishedName()
    for attribute in name:
        field = _FIELDS.get(attribute.oid)
        if field is not None:
            value: Any = attribute.value
            setattr(own, field, value)
        elif strict:
            raise ValueError(f"a distinguished name has no field for {attribute.oid}")
    return own


def to_x509(name: DistinguishedName) -> x509.Name:
    """Return ``name`` as cryptography's."""
    return x509.Name(
        [x509.NameAttribute(_OIDS[field], value.decode("utf-8"), _validate=False) for field, value in name.items()]
    )
