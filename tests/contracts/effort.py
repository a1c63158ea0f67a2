"""A bound on what one drawn example may cost: parameters drawn at random can ask for millions of calls, which show nothing more than the first ones."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.frames import Frame
from simulator.run import Simulation

MOST_CHECKS = 2
"""The agenda looks around each 50,000 calls; so often at most."""


class Enough(Exception):
    """So many calls have been carried out that the run is left where it is."""


def frames_within_reach(simulation: Simulation) -> Iterator[Frame]:
    """The frames of a run, which is left, between two calls, once it has cost too much: what holds at any time can be asked then."""
    checks = 0

    def look_around() -> None:
        nonlocal checks
        checks += 1
        if checks > MOST_CHECKS:
            raise Enough
        simulation.network.housekeep()

    simulation.network.agenda.housekeeping = look_around
    try:
        yield from simulation.frames()
    except Enough:
        simulation.network.settle()
