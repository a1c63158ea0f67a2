"""Which partition a record goes to: Kafka's hash of its key, as the default partitioner of the Java client computes it."""

from __future__ import annotations

SEED = 0x9747B28C
MIX = 0x5BD1E995
MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """The 32-bit MurmurHash2 of ``key`` with Kafka's seed, as Java's signed int."""
    length = len(key)
    mixed = (SEED ^ length) & MASK
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * MIX & MASK
        word = (word ^ word >> 24) * MIX & MASK
        mixed = (mixed * MIX & MASK) ^ word
    if length != whole:
        mixed = (mixed ^ int.from_bytes(key[whole:], "little")) * MIX & MASK
    mixed = (mixed ^ mixed >> 13) * MIX & MASK
    mixed ^= mixed >> 15
    return mixed - (1 << 32) if mixed >= 1 << 31 else mixed


def partition_of(key: bytes, partitions: int) -> int:
    """The number of the partition, of so many, that records with this key go to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
