"""What can happen to a message, and why: results of the model, counted and never raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a request or a message ended."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a node did not take a message. ``retryable`` is false for what AWS calls a client-side error.

    ``status`` is the HTTP status of the answer, if it was one; ``retry_after_s`` what its Retry-After header asks for.
    """

    outcome: Outcome
    cause: str
    title: str
    retryable: bool = True
    status: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Culprit:
    """What to change: a node or a wire at it, and the parameter that limits (None: the node as a whole)."""

    node: str
    parameter: str | None = None
    wire: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return {"node": self.node, "wire": self.wire, "parameter": self.parameter}


class Cause:
    """A named reason for waiting at a node, with the message-seconds waited for it so far.

    ``capacity`` is true where the wait is for something scarce, false where it is meant (a delay, a latency).
    """

    __slots__ = ("capacity", "culprit", "message_s", "name", "node", "title")

    def __init__(self, node: str, name: str, title: str, culprit: Culprit | None = None, capacity: bool = True) -> None:
        self.node = node
        self.name = name
        self.title = title
        self.culprit = culprit
        self.capacity = capacity
        self.message_s = 0.0


class Loss:
    """A named reason for losing messages at a node, with the messages lost for it so far."""

    __slots__ = ("messages", "name", "node", "title")

    def __init__(self, node: str, name: str, title: str) -> None:
        self.node = node
        self.name = name
        self.title = title
        self.messages = 0
