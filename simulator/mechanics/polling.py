"""The contract of the verb *poll*: what a queue offers to consumers that pull, and what it hands them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulator.engine.message import Message
from simulator.engine.outcomes import Cause
from simulator.measures import Gauge
from simulator.mechanics.bottleneck import Bottleneck


class Consumer(Protocol):
    """What pulls from a queue."""

    def wake(self) -> bool:
        """Messages may be there: receive again.

        False if it cannot receive (any more) at this instant, so that what is left is for others; it pulls again by itself when it can.
        """


class PullSource(Protocol):
    """What can be pulled from. The tokens it hands out are receipts: each names one attempt at a message."""

    visibility_timeout_s: float
    wait_time_s: float
    visible: Gauge
    full_cause: Cause
    in_order: bool
    """Whether the messages of one key must be processed in order: after a failure, those that follow it are given back too."""

    def receive(self, limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None = None) -> list[Message]:
        """Up to ``limit`` messages, hidden from other consumers for the visibility timeout; empty if there are none."""

    def is_full(self) -> bool:
        """Whether receives return nothing because too many messages are in flight."""

    def wait(self, consumer: Consumer) -> None:
        """Wake ``consumer`` once, when a message can be received."""

    def delete(self, attempts: Sequence[Message]) -> Sequence[Message]:
        """Delete; those whose messages were the attempt's to delete, and so pass to the consumer (usually ``attempts`` itself)."""

    def exchange(
        self, attempts: Sequence[Message], limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None = None,
    ) -> tuple[Sequence[Message], list[Message]]:
        """`delete`, and at the same instant `receive`: what both answer. For consumers whose calls take no time."""

    def worked(self, attempt: Message) -> bool:
        """Note that an attempt succeeded; True if it is the first of its message that did."""

    def give_back(self, attempts: Sequence[Message]) -> None:
        """These attempts failed: the messages stay hidden until their visibility timeout ends."""

    def split_attempt(self, attempt: Message, count: int) -> Message:
        """Take ``count`` of the messages of this attempt into an attempt of their own."""

    def change_visibility(self, attempts: Sequence[Message], timeout_s: float) -> None:
        """Move the end of these attempts' visibility timeout to ``timeout_s`` from now."""

    def short_poll_misses(self, draw: float) -> bool:
        """Whether a short poll misses the messages that are there, given a uniform draw."""

    def count_requests(self, calls: int) -> None:
        """Calls beside receives and deletes (heartbeats), which cost money."""

    def count_empty_receives(self, calls: float) -> None:
        """Calls that returned nothing, which cost money all the same."""
