"""How a message broker goes away and comes back, and when its clients find out."""

from __future__ import annotations

from typing import Literal

from simulator.vocabulary import ParameterSet, parameter

Kind = Literal["failure", "reboot", "maintenance"]


class Interruption(ParameterSet):
    """A time at which the active broker goes down."""

    at_s: float = parameter(60, "When it goes down.", title="Time", unit="s", section="Interruption", ge=0, le=31_536_000)
    kind: Kind = parameter("failure", "What happens; how long it lasts follows from the deployment mode.", title="Kind", section="Interruption")


class RebootParameters(ParameterSet):
    """How the broker goes down."""

    kind: Kind = parameter("failure", "What happens; how long it lasts follows from the deployment mode.", title="Kind")


def next_attempt_s(down_s: float, up_s: float, first_delay_s: float, longest_delay_s: float) -> float:
    """When a client that lost its connection at ``down_s`` next tries to connect, at ``up_s`` or later.

    Its pauses double from ``first_delay_s`` up to ``longest_delay_s`` (the failover transport's back-off).
    """
    attempt_s, delay_s = down_s, first_delay_s
    while True:
        attempt_s += delay_s
        if attempt_s >= up_s:
            return attempt_s
        delay_s = min(2 * delay_s, longest_delay_s)
