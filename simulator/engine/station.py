"""A node as queueing theory sees it: what arrives, how many servers there are, and what keeps a formula from holding.

A service says it of itself in `Node.flow` and `Node.station`, from its parameters and neighbours, before a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

Figure = tuple[str, str, str]
"""Node, metric and field of a figure in the report."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Messages on their way to a node. Poisson, unless ``broken`` says why not.

    ``per_s`` is None where the rate does not follow from the scenario. ``origins`` are the sources they come from: two flows
    of one origin are not independent.
    """

    per_s: float | None
    broken: tuple[str, ...] = ()
    origins: frozenset[str] = frozenset()


NOTHING = Flow(0.0)
Into = Callable[[str], Flow]
"""Gives what flows into a port of the node in question, all wires together."""


def merged(flows: Iterable[Flow]) -> Flow:
    """Several flows as one: Poisson if they are, and independent of each other."""
    whole = NOTHING
    for flow in flows:
        broken = [*whole.broken, *flow.broken]
        if whole.origins & flow.origins:
            broken.append("copies of the same messages arrive by several ways")
        rate = None if whole.per_s is None or flow.per_s is None else whole.per_s + flow.per_s
        whole = Flow(rate, tuple(dict.fromkeys(broken)), whole.origins | flow.origins)
    return whole


def thinned(flow: Flow, share: float | None) -> Flow:
    """What is left of a flow when each message goes on with the same chance (None: a chance that is not known)."""
    return Flow(None if flow.per_s is None or share is None else share * flow.per_s, flow.broken, flow.origins)


@dataclass(frozen=True, slots=True)
class Station:
    """Servers that each work on one message at a time.

    ``servers`` None: as many as are needed. ``discipline``: messages wait for a free server, or are lost without one.
    ``broken`` says what about the service keeps formulas from holding; ``must_be_zero`` are counters of the run with the sentence that
    is true if they are not; ``noted`` the same for what only blurs the comparison. The other fields name what was measured.
    """

    nodes: tuple[str, ...]
    flow: Flow
    servers: int | None
    mean_s: float
    variance_s2: float
    exponential: bool
    discipline: Literal["wait", "lose"]
    arrivals: tuple[Figure, ...]
    busy: Figure
    wait: Figure | None = None
    waiting: Figure | None = None
    lost: Figure | None = None
    servers_word: str = "servers"
    broken: tuple[str, ...] = ()
    must_be_zero: tuple[tuple[Figure, str], ...] = ()
    noted: tuple[tuple[Figure, str], ...] = field(default_factory=tuple)

    @property
    def is_mmc(self) -> bool:
        """Whether, by what the scenario says, this is M/M/c, whose output is Poisson again (Burke 1956)."""
        return self.exponential and not self.broken and not self.flow.broken and self.discipline == "wait"
