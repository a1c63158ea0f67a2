"""The payload of an invocation is limited: a batch that is larger is cut into several."""

from __future__ import annotations

from simulator.engine.message import Message

SYNCHRONOUS_BYTES = 6_291_456
"""Payload of a synchronous invocation, of which a mapping's is one: 6 MB."""

STREAMED_BYTES = 209_715_200
"""A streamed answer: 200 MB."""

STREAMED_BYTES_PER_S = 2_097_152
"""How fast a streamed answer goes beyond its first 6 MB."""


def payload_bytes(batch: list[Message], overhead_bytes: int) -> int:
    """What a batch weighs in an invocation: each record with its metadata."""
    return sum(message.count * (message.size_bytes + overhead_bytes) for message in batch)


def cut(batch: list[Message], overhead_bytes: int, limit_bytes: int = SYNCHRONOUS_BYTES) -> list[list[Message]]:
    """The batch in as many parts as it takes for each to fit; a message that is too large by itself is a part of its own."""
    if len(batch) == 1 and batch[0].count == 1:
        return [batch]
    if payload_bytes(batch, overhead_bytes) <= limit_bytes:
        return [batch]
    parts: list[list[Message]] = [[]]
    room = limit_bytes
    for message in batch:
        each = message.size_bytes + overhead_bytes
        while message.count * each > room and (parts[-1] or message.count > 1):
            fits = room // each if parts[-1] else max(1, room // each)
            if fits:
                parts[-1].append(message.source.split_attempt(message, fits))
            parts.append([])
            room = limit_bytes
        parts[-1].append(message)
        room -= message.count * each
    return parts
