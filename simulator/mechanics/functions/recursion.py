"""Functions that call themselves: how often one ran in a chain of messages, and whether it stands in a circle at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.engine.message import Message
from simulator.engine.node import Node
from simulator.engine.wire import Wire


def in_circle(node: Node) -> bool:
    """Whether what leaves ``node`` can come back to it."""
    ahead = [wire.target for wires in node.wires_out.values() for wire in wires]
    seen: set[str] = set()
    while ahead:
        other = ahead.pop()
        if other is node:
            return True
        if other.id not in seen:
            seen.add(other.id)
            ahead.extend(wire.target for wires in other.wires_out.values() for wire in wires)
    return False


def rounds(batch: Sequence[Message], function: str) -> int:
    """How often ``function`` has run in the chain that led to one of these messages, at most."""
    return max((message.lineage.get(function, 0) for message in batch if message.lineage), default=0)


def lineage_after(message: Message, function: str, wire: Wire) -> Mapping[str, int] | None:
    """The lineage of what ``function`` sends on ``wire`` for ``message``; None where the way does not carry it on."""
    if not wire.target.keeps_lineage:
        return None
    before = message.lineage or {}
    return {**before, function: before.get(function, 0) + 1}
