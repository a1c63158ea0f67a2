"""Theory beside simulation: for every station of a scenario, what formulas say, what was simulated, and which assumption breaks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator import catalog, theory
from simulator.engine.placement import Placed
from simulator.engine.station import Figure, Flow, Station, merged

CONTROLLED = "it was controlled while it ran"


def predictions(placed: Mapping[str, Placed], nodes: Mapping[str, Any], controlled: bool) -> dict[str, dict[str, Any]]:
    """By node, the entry ``theory`` of its report (docs/reference/contracts.md, section 5). ``nodes`` are those of the report."""
    found: dict[str, dict[str, Any]] = {}
    flows = Flows(placed)
    for node in placed.values():
        station = catalog.service(node.kind).station(node, flows.into(node))
        if station is not None:
            entry = _entry(station, nodes, controlled)
            found.update(dict.fromkeys(station.nodes, entry))
    return found


class Flows:
    """What flows along each wire, followed from the sources; a circle breaks the assumption of Poisson arrivals."""

    def __init__(self, placed: Mapping[str, Placed]) -> None:
        self.placed = placed
        self._known: dict[str, Flow] = {}
        self._looking: set[str] = set()

    def into(self, node: Placed) -> Callable[[str], Flow]:
        """The function that gives what flows into a port of ``node``."""
        return lambda port: merged(self._along(link.id, link.other) for link in node.into(port))

    def _along(self, wire: str, sender: Placed) -> Flow:
        if wire in self._looking:
            return Flow(None, ("messages come round again",))
        if wire not in self._known:
            self._looking.add(wire)
            link = next(link for link in sender.outgoing if link.id == wire)
            self._known[wire] = catalog.service(sender.kind).flow(sender, link, self.into(sender))
            self._looking.discard(wire)
        return self._known[wire]


def _entry(station: Station, nodes: Mapping[str, Any], controlled: bool) -> dict[str, Any]:
    broken = [*station.flow.broken, *station.broken, *([CONTROLLED] if controlled else [])]
    broken.extend(sentence for figure, sentence in station.must_be_zero if _read(figure, nodes))
    notes = [sentence for figure, sentence in station.noted if _read(figure, nodes)]
    measured_per_s = sum(_read(figure, nodes) or 0.0 for figure in station.arrivals)
    known = station.flow.per_s is not None and not broken
    arrivals_per_s = station.flow.per_s if known and station.flow.per_s is not None else measured_per_s
    erlangs = arrivals_per_s * station.mean_s
    utilisation = erlangs / station.servers if station.servers else None
    unstable = station.discipline == "wait" and utilisation is not None and utilisation >= 1
    return {
        "nodes": list(station.nodes), "model": _model(station), "servers": station.servers, "servers_word": station.servers_word,
        "arrivals_per_s": arrivals_per_s, "arrivals_from": "scenario" if known else "run", "service_mean_s": station.mean_s,
        "service_scv": (math.sqrt(station.variance_s2) / station.mean_s) ** 2 if station.mean_s > 0 else 0.0, "utilisation": utilisation,
        "applies": not broken, "broken": broken, "notes": notes, "unstable": unstable,
        "comparisons": [] if unstable or arrivals_per_s <= 0 else list(_comparisons(station, arrivals_per_s, not broken, nodes)),
    }


def _model(station: Station) -> str:
    """Kendall's notation."""
    service = "D" if station.variance_s2 == 0 else "M" if station.exponential else "G"
    servers = "∞" if station.servers is None else str(station.servers)
    arrivals = "M" if not station.flow.broken else "G"
    return f"{arrivals}/{service}/{servers}" + (f"/{servers}" if station.discipline == "lose" and station.servers is not None else "")


def _comparisons(station: Station, arrivals_per_s: float, applies: bool, nodes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    erlangs = arrivals_per_s * station.mean_s
    busy = _read(station.busy, nodes)
    if station.discipline == "lose" and station.servers is not None:
        share = theory.erlang_b(erlangs, station.servers)
        if station.lost is not None:
            lost = (_read(station.lost, nodes) or 0.0) / max(sum(_read(figure, nodes) or 0.0 for figure in station.arrivals), 1e-300)
            yield _compared("lost", "Lost share", "Erlang B", "share", share, lost, applies=applies)
        yield _compared("busy", f"Busy {station.servers_word}", "Offered load less what is lost", "count", erlangs * (1 - share), busy, applies=applies)
        return
    # Little's law at the servers needs neither Poisson arrivals nor any distribution, only that all the work is done.
    yield _compared("busy", f"Busy {station.servers_word}", "Little’s law: rate × service time", "count", erlangs, busy, applies=True)
    if station.servers is None or station.wait is None:
        return
    wait_s, formula, exact = _wait(station, arrivals_per_s)
    yield _compared("wait", "Mean wait", formula, "s", wait_s, _read(station.wait, nodes), applies=applies, exact=exact)
    if station.waiting is not None:
        yield _compared("waiting", "Waiting, mean", f"Little’s law, with {formula}", "messages", arrivals_per_s * wait_s, _read(station.waiting, nodes), applies=applies, exact=exact)
    if station.exponential:
        node, metric, _ = station.wait
        for name, quantile in (("p95", 0.95), ("p99", 0.99)):
            predicted_s = theory.mmc_wait_quantile_s(quantile, arrivals_per_s, station.mean_s, station.servers)
            yield _compared(f"wait_{name}", f"Wait, {name}", "M/M/c, first come first served", "s", predicted_s, _read((node, metric, name), nodes), applies=applies)


def _wait(station: Station, arrivals_per_s: float) -> tuple[float, str, bool]:
    """The mean wait, the name of its formula, and whether that is exact."""
    servers = station.servers or 1
    if station.exponential:
        return theory.mmc_wait_s(arrivals_per_s, station.mean_s, servers), "Erlang C", True
    if servers == 1:
        return theory.mg1_wait_s(arrivals_per_s, station.mean_s, station.variance_s2), "Pollaczek–Khinchine", True
    return theory.mgc_wait_s(arrivals_per_s, station.mean_s, station.variance_s2, servers), "Lee–Longton", False


def _compared(name: str, title: str, formula: str, unit: str, predicted: float, simulated: float | None, *, applies: bool, exact: bool = True) -> dict[str, Any]:
    difference = (simulated - predicted) / predicted if simulated is not None and predicted > 0 else None
    return {
        "name": name, "title": title, "formula": formula, "unit": unit, "predicted": predicted, "simulated": simulated, "difference": difference,
        "applies": applies, "exact": exact,
    }


def _read(figure: Figure, nodes: Mapping[str, Any]) -> float | None:
    node, metric, field = figure
    value: float | None = nodes[node]["metrics"][metric][field]
    return value
