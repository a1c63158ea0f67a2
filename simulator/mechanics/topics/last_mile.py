"""What the ways to people share (e-mail, SMS, mobile push): a message is handed over, is on its way for a while, and arrives or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.measures import Spread
from simulator.vocabulary import Fault, ParameterSet

if TYPE_CHECKING:
    from simulator.engine.network import Network


class LastMile(Node):
    """A service that takes messages for people. Subclasses have a parameter ``delivery_time`` and decide what arrives."""

    unavailable_fault: ClassVar[Fault] = Fault("unavailable", "The service is down", "Messages are refused with a server-side error, so that senders try again.", sort="stops")

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.handed_over = self.arrived = self.refused = self.throttled = self.on_the_way = 0
        self.delivery_times = Spread()
        self._unavailable = False
        self._travelling = self.cause("delivery_time", "On the way to people", Culprit(id, "delivery_time"), capacity=False)

    def start(self) -> None:
        self._draw_delivery_s = self.parameters.delivery_time.sampler(self.stream("delivery time"))

    def refuse(self, message: Message, cause: str, title: str, *, retryable: bool, throttled: bool = False) -> Refusal:
        """Leave ``message`` with its sender, who may try again if ``retryable``."""
        if throttled:
            self.throttled += message.count
            return Refusal(Outcome.THROTTLED, cause, title, retryable)
        self.refused += message.count
        return Refusal(Outcome.FAILED if retryable else Outcome.REJECTED, cause, title, retryable)

    def unavailable(self, message: Message) -> Refusal | None:
        """The refusal while the service is down."""
        return self.refuse(message, "unavailable", f"{self.name} is unavailable", retryable=True) if self._unavailable else None

    def hand_over(self, message: Message, lost: tuple[str, str] | None = None, wait_s: float = 0.0) -> None:
        """Take ``message``: it arrives after ``wait_s`` and the delivery time, or is lost on the way for the reason ``lost`` (name, title)."""
        count = message.count
        self.entered += count
        self.handed_over += count
        self.on_the_way += count
        now_s = self.agenda._now
        self.agenda.at(now_s + wait_s + self._draw_delivery_s(), self._arrive, (message, now_s, wait_s, lost))

    def _arrive(self, journey: tuple[Message, float, float, tuple[str, str] | None]) -> None:
        message, from_s, wait_s, lost = journey
        now_s = self.agenda._now
        self.on_the_way -= message.count
        self.book_wait(message, from_s, from_s + wait_s)
        spend(message, self._travelling, from_s + wait_s, now_s)
        if lost is not None:
            self.lose(message, *lost)
            return
        self.arrived += message.count
        self.delivery_times.add(now_s - from_s, message.count)
        self.finish(message, "delivered")

    def book_wait(self, message: Message, from_s: float, to_s: float) -> None:
        """Book the time that ``message`` waited before it was sent on."""

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Messages are refused until cleared (None)."""
        self._unavailable = value is not None

    def parameter_changed(self, name: str) -> None:
        if name == "delivery_time":
            self.start()

    def holding(self) -> int:
        return self.on_the_way

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.refused, self.throttled

    @classmethod
    def passes_at_once(cls, parameters: ParameterSet) -> bool:
        return False
