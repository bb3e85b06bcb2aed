"""What warns of context factories that do not say what they are."""

from __future__ import annotations

__all__ = ["LegacyContextFactoryWarning"]


class LegacyContextFactoryWarning(Warning):
    """A context factory provides none of the interfaces that tell how to make a connection with it."""
