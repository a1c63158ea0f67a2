"""What a FIFO topic does to a message that is published: its throughput, and that of each group, and duplicates."""

from __future__ import annotations

from typing import Any

from simulator.engine.message import Message
from simulator.engine.outcomes import Outcome, Refusal
from simulator.mechanics.deduplication import DeduplicationWindow, deduplication_id
from simulator.mechanics.token_bucket import TokenBucket

DEDUPLICATION_S = 300.0
LARGEST_BYTES = 1_048_576.0


class FifoRules:
    """Throughput and deduplication of one FIFO topic, by its parameters."""

    def __init__(self, values: Any, now_s: float) -> None:
        self._values = values
        self._topic = TokenBucket(values.fifo_messages_per_s, values.fifo_messages_per_s, now_s)
        self._bytes = TokenBucket(values.fifo_megabytes_per_s * 1e6, max(LARGEST_BYTES, values.fifo_megabytes_per_s * 1e6), now_s)
        self._groups: dict[int, TokenBucket] = {}
        self._window = DeduplicationWindow(DEDUPLICATION_S)
        self._whole: bool = values.fifo_throughput_scope == "Topic"

    def throttles(self, message: Message, now_s: float) -> Refusal | None:
        """The refusal if a group or the topic is over its throughput."""
        rate_per_s = self._values.fifo_group_messages_per_s
        group = self._groups.get(message.key)
        if group is None:
            group = self._groups[message.key] = TokenBucket(rate_per_s, max(1.0, rate_per_s), now_s)
        if group.available(now_s) < 1:
            return Refusal(Outcome.THROTTLED, "group_throughput", "A message group is over its throughput")
        if self._whole and (self._topic.available(now_s) < 1 or self._bytes.available(now_s) < message.size_bytes):
            return Refusal(Outcome.THROTTLED, "topic_throughput", "The FIFO topic is over its throughput")
        group.take_all(1, now_s)
        if self._whole:
            self._topic.take_all(1, now_s)
            self._bytes.take_all(message.size_bytes, now_s)
        return None

    def is_duplicate(self, message: Message, now_s: float) -> bool:
        """Whether the same message was published in the last five minutes: to the topic, or to its group if that is the scope."""
        group = None if self._whole else message.key
        return self._window.absorbs((group, deduplication_id(message, self._values.content_based_deduplication)), now_s)
