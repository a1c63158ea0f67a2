"""The timers behind visibility timeouts, where a message comes back and is received again at once."""

from __future__ import annotations

from simulator.engine.agenda import Agenda
from simulator.engine.message import IN_FLIGHT, VISIBLE, Message, MessageType, Path
from simulator.mechanics.queues.visibility import VisibilityTimers


def _in_flight(agenda: Agenda, deadline_s: float) -> Message:
    message = Message(1, MessageType("order"), agenda.now, Path(("queue",)))
    message.place, message.deadline_s = IN_FLIGHT, deadline_s
    return message


def test_messages_that_are_received_again_at_once_do_not_delay_those_behind_them() -> None:
    agenda = Agenda()
    expired: list[tuple[float, int]] = []

    def receive_again(message: Message) -> None:
        expired.append((agenda.now, message.number))
        message.place = VISIBLE
        message.place, message.deadline_s = IN_FLIGHT, agenda.now + 30
        timers.set(message, message.deadline_s)

    timers = VisibilityTimers(agenda, receive_again)
    for number in range(5):
        message = _in_flight(agenda, 30.0 + number)
        message.number = number
        timers.set(message, message.deadline_s)
    agenda.run_before(95)
    assert expired == [(cycle + number, number) for cycle in (30.0, 60.0) for number in range(5)] + [(90.0 + number, number) for number in range(5)]


def test_a_deadline_that_was_moved_back_does_not_delay_those_behind_it() -> None:
    agenda = Agenda()
    expired: list[float] = []

    def expire(message: Message) -> None:
        expired.append(agenda.now)
        message.place = VISIBLE

    timers = VisibilityTimers(agenda, expire)
    first, second = _in_flight(agenda, 30.0), _in_flight(agenda, 31.0)
    timers.set(first, 30.0)
    timers.set(second, 31.0)
    first.deadline_s = 90.0
    timers.move(first, 90.0)
    agenda.run_before(100)
    assert expired == [31.0, 90.0]
