"""How exactly a run is simulated: message by message, or in cohorts, and what error to expect of it."""

from __future__ import annotations

import math
from typing import Any

from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.mechanics.cohort_station import FLUID_ERROR, LONGEST_SERVICE_TICKS
from simulator.scenario import RunSettings
from simulator.units import format_count, format_duration
from simulator.vocabulary import Finding

TICKS_A_RUN = 3600
FEWEST_TICKS = 200
LONGEST_TICK_S = 5.0
SHORTEST_TICK_S = 1e-3
VISITS_PER_S = 60_000
"""About how many visits of single messages the engine gets through in a second of computing. It serves to warn, not to promise."""


def expected_visits(network: Network, run: RunSettings) -> float:
    """About how many nodes all messages of a run visit, at most."""
    made = {node.id: node.expected_messages(run.duration_s) for node in network.nodes.values()}
    return sum(count * len(_reached(network.nodes[node_id])) for node_id, count in made.items() if count)


def choose_tick_s(network: Network, run: RunSettings, always: bool = False) -> float:
    """The stretch of time that cohorts gather, in seconds; 0 to simulate every message by itself.

    ``always`` asks for it even where every message could be simulated by itself. It divides the frame interval or is a multiple of it, so that frames show levels at the end of a tick.
    """
    if run.fidelity in ("exact", 1) and not always:
        return 0.0
    if isinstance(run.fidelity, int):
        busiest = max((node.expected_messages(run.duration_s) for node in network.nodes.values()), default=0.0)
        wanted_s = run.fidelity * run.duration_s / busiest if busiest > 0 else 0.0
        if wanted_s <= 0:
            return 0.0
    else:
        if not always and expected_visits(network, run) <= run.token_budget:
            return 0.0
        wanted_s = _tick_that_fits(network, run)
    wanted_s = max(wanted_s, SHORTEST_TICK_S)
    interval_s = run.interval_s()
    if wanted_s > interval_s:
        return interval_s * math.ceil(wanted_s / interval_s - 1e-9)
    return interval_s / max(1, math.floor(interval_s / wanted_s + 1e-9))


def long_computing(network: Network, run: RunSettings) -> Finding | None:
    """A warning that a run takes long, because more single messages must be simulated than the token budget; it says at which node, and why.

    ``network`` is laid and not started; its tick is set.
    """
    tick_s = network.tick_s = choose_tick_s(network, run)
    singly = {node.id: reason for node in network.nodes.values() if (reason := _why_singles(network, node)) is not None}
    visits = sum(count * sum(tick_s <= 0 or visited in singly for visited in _reached(network.nodes[node.id]))
                 for node in network.nodes.values() if (count := node.expected_messages(run.duration_s)))
    if visits <= run.token_budget:
        return None
    if tick_s <= 0:
        why, node_id = "every message is simulated by itself, as the fidelity asks", None
        hint = "Set the fidelity to auto, or shorten the run"
    else:
        node_id, reason = next((node_id, reason) for node_id, reason in singly.items() if not reason.startswith("It sends to"))
        why = f"'{network.nodes[node_id].name}' is simulated message by message ({reason.rstrip('.')[:1].lower()}{reason.rstrip('.')[1:]})"
        hint = "Change what asks for that, shorten the run, or lower the load and the capacities by the same factor"
    return Finding("long-computing", "warning", f"This takes about {format_duration(visits / VISITS_PER_S)} of computing: {why}, and up to {format_count(visits)} visits of messages are expected",
                   hint, node=node_id, parameter="token_budget" if node_id is None else None)


def _why_singles(network: Network, node: Node) -> str | None:
    """Why a node of a network that is not started will work message by message; None if it takes cohorts, or pulls them."""
    pulled = [wire.source for wires in node.wires_in.values() for wire in wires if wire.source_port.verb == "poll"]
    if any(network.why_singles(source) is None for source in pulled):
        return None
    return network.why_singles(node)


def _tick_that_fits(network: Network, run: RunSettings) -> float:
    """A tick that makes few enough of them, and in which the services of the stations fit, if the run is long enough for that."""
    longest_s = min(LONGEST_TICK_S, run.duration_s / FEWEST_TICKS)
    needed = [node.batch_service_s() / LONGEST_SERVICE_TICKS for node in network.nodes.values()]
    return max([min(run.duration_s / TICKS_A_RUN, LONGEST_TICK_S), *(tick_s for tick_s in needed if tick_s <= longest_s)])


def _reached(node: Node) -> set[str]:
    """The nodes that a message of this one may visit, itself included."""
    seen = {node.id}
    waiting = [node]
    while waiting:
        for wires in waiting.pop().wires_out.values():
            for wire in wires:
                if wire.target.id not in seen:
                    seen.add(wire.target.id)
                    waiting.append(wire.target)
    return seen


def describe(network: Network, run: RunSettings) -> dict[str, Any]:
    """What the report says of fidelity: what was asked and used, by node, and the error to expect."""
    if network.tick_s <= 0:
        return {"asked": run.fidelity, "used": "exact", "tick_s": None, "largest_cohort": 1, "expected_error": 0.0, "nodes": {}}
    nodes = {node.id: _of_node(network, node) for node in network.nodes.values()}
    used = "cohorts" if any(entry["used"] == "cohorts" for entry in nodes.values()) else "exact"
    return {
        "asked": run.fidelity, "used": used, "tick_s": network.tick_s, "largest_cohort": max(entry["largest_cohort"] for entry in nodes.values()),
        "expected_error": max(entry["expected_error"] for entry in nodes.values()), "nodes": nodes,
    }


def _of_node(network: Network, node: Node) -> dict[str, Any]:
    used = node.takes_cohorts or node.pulls_cohorts()
    serving = getattr(node, "cohort_station", None) is not None
    return {
        "used": "cohorts" if used else "exact", "largest_cohort": node.largest_cohort, "why": None if used else network.why_singles(node),
        "expected_error": FLUID_ERROR if serving else 0.0,
    }
