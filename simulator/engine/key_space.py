"""From which keys the messages of a type draw theirs: what a cohort, whose messages have no keys yet, has instead of a key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class KeySpace:
    """``number`` keys from ``first`` on; the k-th has weight 1 / k^``exponent`` (0: all are equally likely)."""

    number: int = 1
    exponent: float = 0.0
    first: int = 0

    def chances(self) -> np.ndarray:
        """The chance of each key, in order."""
        weights = np.arange(1, self.number + 1, dtype=np.float64) ** -self.exponent
        return np.asarray(weights / weights.sum())


SINGLE_KEY = KeySpace()
