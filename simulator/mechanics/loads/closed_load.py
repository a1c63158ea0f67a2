"""A closed load: a number of users, each of whom asks, waits for the answer, thinks, and asks again.

What they ask for slows down with the answers, as real users do and an open load does not: a system that is saturated gets no more requests
than it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.streams import Stream
from simulator.measures import Gauge
from simulator.mechanics.loads.load_shapes import UsersLoad

SHORTEST_ROUND_S = 0.001
"""Who does not think, and is answered in no time, asks again after this: otherwise time would stand still."""


class AskingSource(Protocol):
    """The source whose users they are."""

    agenda: Agenda

    def ask_for(self, user: int) -> int:
        """Make what a user asks; how many answers there will be, each told to `Users.answered` afterwards."""


class Users:
    """The users of one source, numbered from 0."""

    def __init__(self, source: AskingSource, stream: Stream) -> None:
        self._source = source
        self._agenda = source.agenda
        self._stream = stream
        self._wanted = 0
        self._here: set[int] = set()
        self._open: dict[int, int] = {}
        self._asked_s: dict[int, float] = {}
        self._asking: int | None = None
        self._think_s: Callable[[], float] = float
        self._mean_think_s = 0.0
        self.present, self.thinking = Gauge(), Gauge()

    def want(self, load: UsersLoad, number: int) -> None:
        """From now on there are so many users. New ones think first; who is too many leaves when an answer came, or the thinking ends."""
        self._wanted = number
        self._think_s = load.think_time.sampler(self._stream)
        self._mean_think_s = load.think_time.expected_s()
        for user in range(number):
            if user not in self._here:
                self._here.add(user)
                self.present.add(1, self._agenda._now)
                self._think(user)

    def leave(self) -> None:
        """All of them leave."""
        self._wanted = 0

    def asks_per_s(self) -> float:
        """How many requests those who think will make in a second, on average."""
        return self.thinking.value / self._mean_think_s if self._mean_think_s > 0 else 0.0

    def answered(self, user: int) -> None:
        """One of the answers that a user waits for has come."""
        self._open[user] -= 1
        self._end_round(user)

    def _end_round(self, user: int) -> None:
        if self._open[user] == 0 and user != self._asking:
            del self._open[user]
            self._go_on(user)

    def _go_on(self, user: int) -> None:
        if user < self._wanted:
            self._think(user)
        else:
            self._here.discard(user)
            self._asked_s.pop(user, None)
            self.present.add(-1, self._agenda._now)

    def _think(self, user: int) -> None:
        now_s = self._agenda._now
        pause_s = self._think_s()
        if pause_s <= 0 and self._asked_s.get(user) == now_s:
            pause_s = SHORTEST_ROUND_S
        self.thinking.add(1, now_s)
        self._agenda.at(now_s + pause_s, self._ask, user)

    def _ask(self, user: int) -> None:
        now_s = self._agenda._now
        self.thinking.add(-1, now_s)
        if user >= self._wanted:
            self._go_on(user)
            return
        self._asked_s[user] = now_s
        self._open[user] = 0
        self._asking = user  # answers that come at once do not end the round before all was asked
        asked = self._source.ask_for(user)
        self._asking = None
        self._open[user] += asked
        self._end_round(user)
