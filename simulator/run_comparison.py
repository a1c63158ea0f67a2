"""Runs that were made, side by side: what differs in their scenarios, every figure, and a sentence that says what it comes to.

Where two runs have replications from the same seed, replication n of both met the same arrivals and the same work, and the difference of a
figure has an interval from those pairs. One run each has none: then the sentence says that chance is not excluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from simulator import catalog
from simulator.figures import Figure, figure_title, figure_unit, figures_of, is_amount
from simulator.measures.intervals import interval
from simulator.scenario import RunSettings
from simulator.units import format_quantity, format_share

MOST_RUNS = 6
MATTERS_SHARE = 0.01
"""Differences smaller than this share of the first run's figure are not worth a word, unless an interval says that they are there."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run: its report, its scenario, and each figure by replication (None where a replication had none)."""

    name: str
    report: Mapping[str, Any]
    scenario: Mapping[str, Any]
    samples: Mapping[str, Sequence[float | None]]


def samples_key(figure: Figure) -> str:
    """A figure's keys in one text, joined and escaped as by JSON Pointer."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in figure)


def side_by_side(sides: Sequence[Side]) -> dict[str, Any]:
    """Two runs or more, each beside the first (docs/reference/contracts.md, section 5)."""
    figures = [figures_of(side.report) for side in sides]
    base = sides[0]
    pairs = [_pairs(base, side) for side in sides]
    listed = dict.fromkeys(figure for some in figures for figure in some)
    rows = [_row(figure, sides, figures, pairs) for figure in listed]
    return {
        "version": 1, "confidence": _confidence(base), "pairs": pairs,
        "runs": [_run(side) for side in sides], "differences": list(_differences(sides)), "figures": rows,
        "verdict": " ".join(_verdict(place, sides, rows, pairs[place]) for place in range(1, len(sides))),
    }


def _run(side: Side) -> dict[str, Any]:
    report = side.report
    replications = report.get("replications")
    return {
        "name": side.name, "engine_version": report["engine_version"], "seed": report["seed"], "simulated_s": report["simulated_s"], "stopped": report["stopped"],
        "replications": replications["count"] if replications else 1,
    }


def _confidence(side: Side) -> float:
    return float((side.report.get("replications") or {}).get("confidence") or 0.95)


def _pairs(base: Side, side: Side) -> int:
    """In how many replications both met the same random numbers; 0 if there are no such pairs."""
    one, other = base.report.get("replications"), side.report.get("replications")
    if side is base or not one or not other or not base.samples or not side.samples:
        return 0
    count = 0
    for first, second in zip(one["seeds"], other["seeds"], strict=False):
        if first != second:
            break
        count += 1
    return count if count >= 2 else 0


def _row(figure: Figure, sides: Sequence[Side], figures: Sequence[Mapping[Figure, float | None]], pairs: Sequence[int]) -> dict[str, Any]:
    absent = 0.0 if is_amount(figure) else None
    values = [some.get(figure, absent) for some in figures]
    report = next(side.report for side, some in zip(sides, figures, strict=True) if figure in some)
    key = samples_key(figure)
    confidence = _confidence(sides[0])
    cells: list[dict[str, Any]] = []
    for side, value, count in zip(sides, values, pairs, strict=True):
        own = [sample for sample in side.samples.get(key, ()) if sample is not None]
        cell: dict[str, Any] = {"value": value, "mean": None, "half_width": None, "difference": None, "difference_half_width": None, "relative": None, "verdict": None}
        if len(own) > 1:
            told = interval(own, confidence)
            cell |= {"mean": told.mean, "half_width": told.half_width}
        if side is not sides[0]:
            cell |= _difference(figure, values[0], value, sides[0].samples.get(key, ()), side.samples.get(key, ()), count, confidence)
        cells.append(cell)
    return {"figure": list(figure), "title": figure_title(figure, report), "unit": figure_unit(figure, report), "primary": _primary(figure, report), "cells": cells}


def _difference(
    figure: Figure, before: float | None, after: float | None, first: Sequence[float | None], second: Sequence[float | None], pairs: int, confidence: float,
) -> dict[str, Any]:
    absent = 0.0 if is_amount(figure) else None
    both = [
        (one if one is not None else absent, other if other is not None else absent)
        for one, other in zip([*first, *[None] * pairs][:pairs], [*second, *[None] * pairs][:pairs], strict=True)
    ]
    known = [(one, other) for one, other in both if one is not None and other is not None]
    if len(known) >= 2:
        told = interval([other - one for one, other in known], confidence)
        base = sum(one for one, _ in known) / len(known)
        half = told.half_width or 0.0
        verdict = "equal" if told.mean == 0 and half == 0 else "open" if 0 in told else "higher" if told.mean > 0 else "lower"
        return {"difference": told.mean, "difference_half_width": half, "relative": told.mean / base if base else None, "verdict": verdict}
    if before is None or after is None:
        return {}
    difference = after - before
    return {"difference": difference, "relative": difference / before if before else None, "verdict": "equal" if difference == 0 else "higher" if difference > 0 else "lower"}


def _primary(figure: Figure, report: Mapping[str, Any]) -> bool:
    """Whether a reader wants this figure first."""
    if len(figure) == 1:
        return True
    if figure[0] == "paths":
        return figure[-1] in ("mean", "p99", "messages")
    if figure[2] == "losses":
        return True
    if figure[2] != "metrics" or report["nodes"][figure[1]]["kind"] not in catalog.kinds():
        return False
    metric = next((one for one in catalog.service(report["nodes"][figure[1]]["kind"]).metrics if one.name == figure[3]), None)
    return metric is not None and metric.primary and figure[-1] in {"sum": ("per_s",), "gauge": ("mean", "max"), "spread": ("mean", "p99")}[metric.type]


# -- what differs in the scenarios ----------------------------------------------------------------------------------


def _differences(sides: Sequence[Side]) -> Iterator[dict[str, Any]]:
    """Every setting that is not the same in all of them; null where it stands at its default, or its node is not there."""
    flat = [dict(_settings(side.scenario)) for side in sides]
    for place in dict.fromkeys(place for some in flat for place in some):
        values = [some.get(place) for some in flat]
        if any(value != values[0] for value in values[1:]):
            yield {"owner": place[0], "setting": place[1], "title": _setting_title(place, sides), "values": values}


def _settings(scenario: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    for node in scenario["nodes"]:
        yield (f"node {node['id']}", ""), node["kind"]
        for name, value in node["parameters"].items():
            yield (f"node {node['id']}", name), value
    for wire in scenario["wires"]:
        yield (f"wire {wire['id']}", ""), f"{wire['from']['node']}.{wire['from']['port']} > {wire['to']['node']}.{wire['to']['port']}"
        for name, value in wire["parameters"].items():
            yield (f"wire {wire['id']}", name), value
    for kind, settings in scenario.get("account", {}).items():
        for name, value in settings.items():
            yield (f"account {kind}", name), value
    for name, value in scenario.get("run", {}).items():
        yield ("run", name), value
    for number, line in enumerate(scenario.get("script") or (), 1):
        yield ("script", f"line {number}"), line


def _setting_title(place: tuple[str, str], sides: Sequence[Side]) -> str:
    owner, name = place
    sort, _, owner_id = owner.partition(" ")
    if sort == "node":
        node = next(node for side in sides for node in side.scenario["nodes"] if node["id"] == owner_id)
        called = node.get("name") or owner_id
        return called if not name else f"{called}: {_titled(catalog.service(node['kind']).Parameters if node['kind'] in catalog.kinds() else None, name)}"
    if sort == "wire":
        wire = next(wire for side in sides for wire in side.scenario["wires"] if wire["id"] == owner_id)
        way = f"{_name(sides, wire['from']['node'])} → {_name(sides, wire['to']['node'])}"
        return way if not name else f"{way}: {_wire_setting(sides, wire, name)}"
    if sort == "account" and owner_id in catalog.kinds():
        shared = catalog.service(owner_id).AccountParameters
        return f"{catalog.service(owner_id).title}, in the account: {_titled(shared, name)}"
    return f"{owner.capitalize()}: {_titled(RunSettings, name) if sort == 'run' else name}"


def _titled(parameters: type[BaseModel] | None, name: str) -> str:
    """The title of a parameter; its name where it is not known."""
    field = parameters.model_fields.get(name) if parameters is not None else None
    return field.title if field is not None and field.title else name


def _wire_setting(sides: Sequence[Side], wire: Mapping[str, Any], name: str) -> str:
    """The title of a wire's parameter, which the port that owns it declares."""
    nodes = {node["id"]: node for side in sides for node in side.scenario["nodes"]}
    ends = [(nodes.get(wire[end]["node"]), wire[end]["port"]) for end in ("from", "to")]
    ports = [catalog.port(node["kind"], port, node["parameters"]) for node, port in ends if node is not None and node["kind"] in catalog.kinds()]
    if len(ports) < 2 or ports[0] is None or ports[1] is None:
        return name
    return _titled(catalog.wire_parameters(ports[0], ports[1]), name)


def _name(sides: Sequence[Side], node_id: str) -> str:
    return next((node.get("name") or node_id for side in sides for node in side.scenario["nodes"] if node["id"] == node_id), node_id)


# -- the verdict ----------------------------------------------------------------------------------------------------


def _letter(place: int) -> str:
    """What a run is called where several stand side by side and their names do not tell them apart."""
    return chr(ord("A") + place)


def _verdict(place: int, sides: Sequence[Side], rows: Sequence[Mapping[str, Any]], pairs: int) -> str:
    """One sentence on what another run comes to beside the first."""
    base, side = sides[0], sides[place]
    by_figure = {tuple(row["figure"]): row for row in rows}
    told = [part for part in (
        _latency(place, base, side, by_figure), _losses(base, side), _rest(base, side), _cost(place, by_figure, base),
    ) if part]
    name = f"With “{side.name}”" if side.name != base.name else f"In run {_letter(place)}"
    beside = f"“{base.name}”" if side.name != base.name else f"run {_letter(0)}"
    ground = f"in {pairs} pairs of runs with the same random numbers" if pairs else "one run each, so chance is not excluded"
    if not told:
        return f"{name}, nothing that matters differs from {beside} ({ground})."
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{name}, {listed}, compared with {beside} ({ground})."


def _latency(place: int, base: Side, side: Side, rows: Mapping[tuple[str, ...], Mapping[str, Any]]) -> str:
    """The slowest way that both have, by its 99th percentile."""
    shared = [row for figure, row in rows.items() if figure[0] == "paths" and figure[-1] == "p99" and row["cells"][0]["value"] is not None and row["cells"][place]["value"] is not None]
    if not shared:
        return ""
    row = max(shared, key=lambda row: max(row["cells"][0]["value"], row["cells"][place]["value"]))
    way, _, end = row["title"].rsplit(":", 1)[0].rpartition(", ")
    return _moved(row, place, f"the p99 latency of {way} ({end})")


def _moved(row: Mapping[str, Any], place: int, what: str) -> str:
    cell, before = row["cells"][place], row["cells"][0]
    verdict, relative = cell["verdict"], cell["relative"]
    if verdict in (None, "equal") or (verdict == "open"):
        return f"{what} may be the same (the interval of the difference holds 0)" if verdict == "open" else ""
    if cell["difference_half_width"] is None and relative is not None and abs(relative) < MATTERS_SHARE:
        return ""
    now, then = (cell["mean"], before["mean"]) if cell["mean"] is not None and before["mean"] is not None else (cell["value"], before["value"])
    text = f"{what} is {format_quantity(now, row['unit'])} instead of {format_quantity(then, row['unit'])}"
    if relative is None:
        return text
    width = f" ± {format_share(abs(cell['difference_half_width'] * relative / cell['difference']))}" if cell["difference_half_width"] and cell["difference"] else ""
    return f"{text} ({'+' if relative > 0 else '−'}{format_share(abs(relative))}{width})"


def _losses(base: Side, side: Side) -> str:
    before, after = base.report["conservation"]["lost"], side.report["conservation"]["lost"]
    return "" if before == after else f"{format_quantity(after, 'count')} messages are lost instead of {format_quantity(before, 'count')}"


def _rest(base: Side, side: Side) -> str:
    before, after = base.report["conservation"], side.report["conservation"]
    made = max(1, before["created"], after["created"])
    if abs(before["unfinished"] - after["unfinished"]) < MATTERS_SHARE * made:
        return ""
    return f"{format_quantity(after['unfinished'], 'count')} messages are left over at the end instead of {format_quantity(before['unfinished'], 'count')}"


def _cost(place: int, rows: Mapping[tuple[str, ...], Mapping[str, Any]], base: Side) -> str:
    row = rows.get(("cost_month_usd",))
    return _moved(row, place, "a month’s cost") if row is not None else ""
