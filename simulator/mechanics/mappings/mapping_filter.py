"""The filter criteria of an event source mapping: what matches none of them never reaches the function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.engine.message import Message, MessageType
from simulator.engine.node import Node
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import compile_pattern

RecordOf = Callable[[Mapping[str, Any], Any], Any]
"""What the filter sees of a message, given its attributes and its body."""


class MappingFilter:
    """Up to five patterns, of which one has to match; evaluated once for each type of message."""

    def __init__(self, criteria: Sequence[Mapping[str, Any]], record_of: RecordOf) -> None:
        self._matchers = [compile_pattern(pattern) for pattern in criteria]
        self._record_of = record_of
        self._passes: dict[MessageType, bool] = {}

    def passes(self, message_type: MessageType) -> bool:
        """Whether messages of this type go on to the function."""
        passes = self._passes.get(message_type)
        if passes is None:
            record = self._record_of(message_type.attributes, message_type.body)
            passes = self._passes[message_type] = any(matches(record) for matches in self._matchers)
        return passes

    def split(self, batch: list[Message]) -> tuple[list[Message], list[Message]]:
        """The messages that pass, and those that are filtered out."""
        passing = [message for message in batch if self.passes(message.type)]
        if len(passing) == len(batch):
            return batch, []
        return passing, [message for message in batch if not self.passes(message.type)]


def delete_unprocessed(node: Node, wire: Wire, attempts: Sequence[Message], end: str) -> int:
    """Delete messages from the queue at ``wire`` without processing them; they end at ``node``. Returns how many were deleted."""
    owned = attempts[0].source.delete(attempts)
    for attempt in attempts:
        if attempt.source.worked(attempt):
            node.network.ended(attempt, end)
    passed: int = sum(attempt.count for attempt in owned)
    node.entered += passed
    node.finished += passed
    wire.settle(sum(attempt.count for attempt in attempts), passed)
    return passed
