"""Keeping objects in files."""
