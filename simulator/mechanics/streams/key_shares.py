"""How the keys of a key space fall on shards: each key is hashed once, however many records have it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import md5
from typing import TYPE_CHECKING

import numpy as np

from simulator.engine.key_space import KeySpace

if TYPE_CHECKING:
    from simulator.mechanics.streams.shards import Shard

MOST_HASHES = 4_000_000
"""Partition keys that are hashed for a key space, at most; they take 8 bytes each."""
HEAD_BITS = 64


@lru_cache(maxsize=4)
def hash_heads(keys: KeySpace, salts: int) -> np.ndarray:
    """The first 64 bits of the MD5 hash of each partition key, in the order of the keys; with ``salts``, of each salted form of each key."""
    texts: Sequence[bytes] | map[bytes]
    if salts:
        texts = [b"%d-%d" % (key, salt) for key in range(keys.first, keys.first + keys.number) for salt in range(salts)]
    else:
        texts = map(b"%d".__mod__, range(keys.first, keys.first + keys.number))
    digests = b"".join([md5(text, usedforsecurity=False).digest() for text in texts])
    return np.frombuffer(digests, dtype=">u8")[::2].astype(np.uint64)


def shares_of_keys(keys: KeySpace, salts: int, shards: Sequence[Shard]) -> np.ndarray:
    """The share of the records of this key space that goes to each of these shards, which are in the order of their hash keys."""
    edges = np.array([shard.low >> HEAD_BITS for shard in shards], dtype=np.uint64)
    places = np.searchsorted(edges, hash_heads(keys, salts), side="right") - 1
    chances = keys.chances()
    weights = np.repeat(chances / salts, salts) if salts else chances
    return np.asarray(np.bincount(places, weights=weights, minlength=len(shards)))


def shares_of_ranges(shards: Sequence[Shard]) -> np.ndarray:
    """The share of records with random keys that goes to each shard: that of its range of hash keys."""
    sizes = np.array([float(shard.high - shard.low + 1) for shard in shards])
    return np.asarray(sizes / sizes.sum())
