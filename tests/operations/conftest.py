"""Fixtures for what an operator sees."""

from operations.manager import manager as manager
