"""Deduplication: what came once is absorbed when it comes again within a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from simulator.engine.message import Message


class DeduplicationWindow:
    """Remembers ids for ``window_s`` seconds after they came first."""

    __slots__ = ("_order", "_seen", "window_s")

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._seen: dict[Hashable, float] = {}
        self._order: deque[tuple[float, Hashable]] = deque()

    def absorbs(self, identity: Hashable, now_s: float) -> bool:
        """Whether this id came within the window; if not, remember it."""
        order, seen = self._order, self._seen
        while order and order[0][0] + self.window_s <= now_s:
            del seen[order.popleft()[1]]
        if identity in seen:
            return True
        seen[identity] = now_s
        order.append((now_s, identity))
        return False


def content_of(message: Message) -> tuple[str, int, str]:
    """What tells the content of one message from that of others: its origin, its number there, and its type. Copies share it."""
    return (message.path.nodes[0] if message.path.nodes else "", message.number, message.type.name)


def deduplication_id(message: Message, by_content: bool) -> Hashable:
    """The deduplication id: of the content, or as the producer gave it, who may give a repeated send a new one."""
    content = content_of(message)
    return content if by_content else (*content, message.type.renews_id)
