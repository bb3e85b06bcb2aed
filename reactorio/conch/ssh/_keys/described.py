"""Keys as text, for people: with all of their numbers, those of private keys included."""

from __future__ import annotations

from typing import Any

from reactorio.conch.ssh.common import MP

__all__ = ["description"]

_PER_LINE = 15


def description(kind: str, is_public: bool, size: int, numbers: dict[str, Any]) -> str:
    """Return the text."""
    secrecy = "Public" if is_public else "Private"
    if kind == "EC":
        parts = [f"<Elliptic Curve {secrecy} Key ({size} bits)"]
        for name, value in sorted(numbers.items()):
            parts.append(f"{name}:\n\t{value.decode('ascii') if isinstance(value, bytes) else value}")
        return "\n".join(parts) + ">\n"
    parts = [f"<{kind} {secrecy} Key ({size} bits)"]
    for name, value in sorted(numbers.items()):
        parts.append(f"attr {name}:")
        content = value if isinstance(value, bytes) else MP(value)[4:]
        parts.extend("\t" + line for line in _hexadecimal(content))
    return "\n".join(parts) + ">"


def _hexadecimal(content: bytes) -> list[str]:
    lines = [content[start : start + _PER_LINE].hex(":") for start in range(0, len(content), _PER_LINE)]
    return [line + ":" for line in lines[:-1]] + lines[-1:]
