"""How often something may happen."""

from __future__ import annotations

__all__ = ["take"]


def take(tokens: float, since: float, now: float, burst: float, rate: float) -> float:
    """
    Take one token out of a bucket.

    Args:
        tokens: What was in it at ``since``.
        since, now: Seconds, on one clock; one that goes backwards takes nothing out.
        burst: What the bucket holds.
        rate: What comes into it each second.

    Returns:
        What is in it now; less than nothing if there was no token.
    """
    return min(burst, tokens + max(0.0, now - since) * rate) - 1
