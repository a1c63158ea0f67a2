"""Random streams: one per (seed, node, purpose), so that adding a node never changes the draws of another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

BLOCK = 2048


class Stream:
    """A stream of random numbers of its own, drawn from NumPy in blocks.

    ``generator`` is for vectorised draws; ``uniform()`` gives one number in [0, 1) at a time.
    """

    __slots__ = ("generator", "uniform")

    def __init__(self, seed: int, node: str, purpose: str) -> None:
        digest = hashlib.blake2b(f"{node}\0{purpose}".encode(), digest_size=16).digest()
        words = tuple(int.from_bytes(digest[start : start + 4], "big") for start in (0, 4, 8, 12))
        self.generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=words)))
        self.uniform: Callable[[], float] = self.draws(lambda generator: generator.random(BLOCK))

    def draws(self, block: Callable[[np.random.Generator], np.ndarray]) -> Callable[[], float]:
        """Turn a function that draws a block of numbers into one that gives them one by one."""

        def endless() -> Iterator[float]:
            while True:
                yield from block(self.generator).tolist()

        return endless().__next__

    def binomial(self, count: int, probability: float) -> int:
        """How many of ``count`` independent trials succeed."""
        if probability <= 0.0:
            return 0
        if probability >= 1.0:
            return count
        if count == 1:
            return 1 if self.uniform() < probability else 0
        return int(self.generator.binomial(count, probability))
