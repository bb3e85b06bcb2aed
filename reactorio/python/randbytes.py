"""Random bytes: for secrets, and for all else."""

from __future__ import annotations

import os
import random
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RandomFactory", "SecureRandomNotAvailable", "SourceNotAvailable", "insecureRandom", "secureRandom"]


class SecureRandomNotAvailable(RuntimeError):
    """There is no source of random bytes that are good enough for secrets."""


class SourceNotAvailable(RuntimeError):
    """This source is not there."""


class RandomFactory:
    """Makes random bytes."""

    # The generator behind insecureRandom; None leaves it to random.randbytes.
    getrandbits: Callable[[int], int] | None = staticmethod(random.getrandbits)

    def _osUrandom(self, nbytes: int) -> bytes:
        try:
            return os.urandom(nbytes)
        except NotImplementedError as exc:
            raise SourceNotAvailable from exc

    def secureRandom(self, nbytes: int, fallback: bool = False) -> bytes:
        """
        Return bytes that nobody can guess.

        Args:
            fallback: If there are none, warn and return others.

        Raises:
            SecureRandomNotAvailable: There are none.
        """
        try:
            return self._osUrandom(nbytes)
        except SourceNotAvailable as exc:
            if not fallback:
                raise SecureRandomNotAvailable("No secure random source available") from exc
        warnings.warn(
            "urandom unavailable - proceeding with non-cryptographically secure random source",
            category=RuntimeWarning,
            stacklevel=2,
        )
        return self.insecureRandom(nbytes)

    def insecureRandom(self, nbytes: int) -> bytes:
        """Return bytes that look random: not for secrets."""
        if self.getrandbits is None:
            return random.randbytes(nbytes)
        return self.getrandbits(8 * nbytes).to_bytes(nbytes, "big") if nbytes else b""


_factory = RandomFactory()

secureRandom = _factory.secureRandom
insecureRandom = _factory.insecureRandom
