"""What holds a consumer back, now and lately: so that every second of waiting has a named cause."""

from __future__ import annotations

from collections import deque

from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire

CHANGES_KEPT = 2000


class Bottleneck:
    """The cause that binds a consumer at each moment. Work-conserving consumers let messages wait only while bound."""

    __slots__ = ("_earlier", "cause", "since_s")

    def __init__(self, cause: Cause, now_s: float = 0.0) -> None:
        self.cause = cause
        self.since_s = now_s
        self._earlier: deque[tuple[float, Cause]] = deque(maxlen=CHANGES_KEPT)

    def change(self, cause: Cause, now_s: float) -> None:
        """From now on ``cause`` binds."""
        if cause is not self.cause:
            if now_s > self.since_s:
                self._earlier.append((self.since_s, self.cause))
            self.cause = cause
            self.since_s = now_s

    def charge(self, message: Message, from_s: float, to_s: float) -> None:
        """Book the wait of ``message`` to what bound the consumer during it, in order of time."""
        since_s = self.since_s
        if from_s >= since_s or not self._earlier:
            cause = self.cause
            cause.message_s += message.count * (to_s - from_s)
            message.legs = (message.legs, cause, from_s, to_s)
            return
        spans: list[tuple[Cause, float, float]] = [(self.cause, since_s, to_s)]
        end_s = since_s
        for index in range(len(self._earlier) - 1, -1, -1):
            since_s, cause = self._earlier[index]
            spans.append((cause, max(since_s, from_s), end_s))
            end_s = since_s
            if since_s <= from_s:
                break
        else:
            spans[-1] = (spans[-1][0], from_s, spans[-1][2])
        for cause, start_s, stop_s in reversed(spans):
            cause.message_s += message.count * (stop_s - start_s)
            message.legs = (message.legs, cause, start_s, stop_s)


def cut_cause(wire: Wire) -> Cause:
    """Why messages wait in a queue whose consumer at this wire cannot reach it."""
    return wire.source.cause("partition", f"{wire.target.name} cannot reach {wire.source.name}", Culprit(wire.target.id, None, wire.id))
