"""A Report that leaves the product: Markdown to read, CSV to calculate with, JSON for other programs.

All three hold the same figures, each with its unit and its definition, and what is needed to make the run again: the
graph, the seed, the controls and the version of the engine. `rows` is the one list that the formats print.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from simulator import catalog
from simulator.figures import Figure, figure_title, figure_unit, figures_of
from simulator.units import format_quantity

MEDIA_TYPES = {"markdown": "text/markdown", "csv": "text/csv", "json": "application/json"}
ENDINGS = {"markdown": "md", "csv": "csv", "json": "json"}
COLUMNS = ("figure", "title", "value", "unit", "definition", "replications_mean", "replications_half_width")

FIELDS = {
    "total": "Total since the warm-up ended",
    "per_s": "Total, divided by the time since the warm-up ended",
    "mean": "Mean: of a level over time, of a wait or size over its samples",
    "max": "Largest value",
    "last": "Value at the end",
    "count": "Number of samples",
    "p50": "Half of the samples are at most this",
    "p90": "90 % of the samples are at most this",
    "p95": "95 % of the samples are at most this",
    "p99": "99 % of the samples are at most this",
    "at_limit_share": "Share of the time in which the limit was used up",
}
COSTS = {
    "cost_usd": "What the quantities of the run cost at list prices.",
    "cost_month_usd": "What a month of 730 hours costs at this load, at list prices.",
}
LITTLES_LAW = {
    "mean_in_system": "Mean number waiting, as a time-average of its own.",
    "arrivals_per_s": "Arrivals a second; times the mean wait they should give the mean number waiting (Little's law).",
    "mean_time_s": "Mean wait, measured message by message.",
}
CONSERVATION = {
    "created": "Messages that began, copies included; from the start of the run, as all of this account.",
    "finished": "Messages that reached an end that was meant.",
    "lost": "Messages that ended where they should not have.",
    "unfinished": "Messages still on their way at the end.",
    "residual": "Created, less finished, lost and unfinished: 0 unless the engine is at fault.",
}
LEDGER = {
    "entered": "Messages that came to the node by a wire; from the start of the run, as all of a node's account.",
    "created": "Messages that began at the node.",
    "copied": "Copies of messages that the node made.",
    "forwarded": "Messages that left the node by a wire.",
    "finished": "Messages that ended at the node as they were meant to.",
    "lost": "Messages that ended at the node and should not have.",
    "unfinished": "Messages that the node held at the end.",
}
WIRES = {
    "sent": "Messages that were given to the wire; from the start of the run, as all of a wire's account.",
    "delivered": "Messages that its receiver took.",
    "refused": "Messages that its receiver refused.",
    "in_transit": "Messages on the wire at the end.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: where it stands in the report, in words, its value in ``unit``, what it means; with replications, its interval."""

    figure: Figure
    title: str
    value: float | None
    unit: str
    definition: str
    mean: float | None = None
    half_width: float | None = None

    @property
    def pointer(self) -> str:
        """The figure's keys in one text, joined and escaped as by JSON Pointer (RFC 6901)."""
        return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in self.figure)


def rows(report: Mapping[str, Any]) -> list[Row]:
    """Every figure of a report: the account of messages, then nodes, wires, paths and costs."""
    return [*_account(report), *(_row(figure, value, report) for figure, value in figures_of(report).items())]


def facts(report: Mapping[str, Any], graph: Mapping[str, Any], address: str = "") -> dict[str, str | float]:
    """What identifies a run and makes it again, in the order to show it. ``address`` is where it can be watched."""
    found: dict[str, str | float] = {
        "name": report["name"], "engine_version": report["engine_version"], "seed": report["seed"], "graph_sha256": digest(graph),
        "duration_s": report["duration_s"], "simulated_s": report["simulated_s"], "warm_up_s": report["warm_up_s"], "fidelity": report["fidelity"]["used"],
        "controls": len(report["controls"]),
    }
    if "replications" in report:
        found |= {"replications": report["replications"]["count"], "confidence": report["replications"]["confidence"]}
    return {**found, "address": address} if address else found


def digest(graph: Mapping[str, Any]) -> str:
    """The SHA-256 of a graph, written as JSON with sorted keys and no spaces: the same graph has the same one."""
    return hashlib.sha256(json.dumps(graph, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def write(style: str, report: Mapping[str, Any], graph: Mapping[str, Any], address: str = "") -> str:
    """A report in one of the `MEDIA_TYPES`; raise `KeyError` for any other."""
    return {"markdown": to_markdown, "csv": to_csv, "json": to_json}[style](report, graph, address)


# -- JSON and CSV ---------------------------------------------------------------------------------------------------


def to_json(report: Mapping[str, Any], graph: Mapping[str, Any], address: str = "") -> str:
    """The report itself, with the graph, the facts, and the title, unit and definition of every figure added."""
    described = {row.pointer: {"title": row.title, "unit": row.unit, "definition": row.definition} for row in rows(report)}
    return json.dumps({**report, "facts": facts(report, graph, address), "graph": graph, "definitions": described}, ensure_ascii=False, indent=1)


def to_csv(report: Mapping[str, Any], graph: Mapping[str, Any], address: str = "") -> str:
    """A table with one line for each fact and each figure, numbers in full. Texts that a spreadsheet would calculate begin with an apostrophe."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for name, fact in facts(report, graph, address).items():
        table.writerow((f"/{name}", name.replace("_", " ").capitalize(), _cell(fact), "s" if name.endswith("_s") else "", "", "", ""))
    for row in rows(report):
        table.writerow((row.pointer, _cell(row.title), row.value, row.unit, _cell(row.definition), row.mean, row.half_width))
    return written.getvalue()


def _cell(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


# -- Markdown -------------------------------------------------------------------------------------------------------


def to_markdown(report: Mapping[str, Any], graph: Mapping[str, Any], address: str = "") -> str:
    """A page to read or to keep beside a design: what happened, every figure by node, what the words mean, and the graph."""
    parts = [f"# {_plain(report['name'] or 'Run')}", _table(("", ""), ((name.replace("_", " ").capitalize(), f"{fact:g}" if isinstance(fact, float) else str(fact)) for name, fact in facts(report, graph, address).items() if name != "name"))]
    if report["explanation"]:
        parts += ["## What happened", "\n".join(f"- {_plain(sentence)}" for sentence in report["explanation"])]
    listed = rows(report)
    for heading, chosen in _sections(report, listed):
        parts += [f"## {_plain(heading)}", _table(("Figure", "Value", "Unit", "Definition"), (line for _, group in groupby(chosen, lambda row: row.figure[:-1]) for line in _lines(list(group))))]
    parts += ["## What the words mean", _table(("Word", "Meaning"), ((_word(field), meaning) for field, meaning in FIELDS.items()))]
    if report["controls"]:
        parts += ["## Controls", "Given while it ran, at the simulated times `time_s`.", _fenced(report["controls"])]
    again = "Saved as `run.json`, this graph gives the same figures again with the same version of the engine: `python -m simulator run run.json`"
    parts += ["## The graph", f"{again}{', but for the controls above' if report['controls'] else ''}.", _fenced(graph)]
    return "\n\n".join(parts) + "\n"


def _sections(report: Mapping[str, Any], listed: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    yield "Messages and cost", [row for row in listed if len(row.figure) == 1 or row.figure[0] == "conservation"]
    for node_id, node in report["nodes"].items():
        yield f"{node['name']} ({node['kind']})", [row for row in listed if row.figure[:2] == ("nodes", node_id)]
    for heading, place in (("Wires", "wires"), ("Paths", "paths")):
        chosen = [row for row in listed if row.figure[0] == place]
        if chosen:
            yield heading, chosen


def _lines(group: list[Row]) -> Iterator[tuple[str, str, str, str]]:
    """Figures of one measure share a line where they share a definition; figures that nothing was sampled for are left out."""
    for definition, alike in groupby(group, lambda row: _base(row)):
        same = [row for row in alike if row.value is not None]
        if same:
            title = same[0].title if len(same) == 1 else same[0].title.removesuffix(_word(same[0].figure[-1])).rstrip(", ")
            yield title, "; ".join(_value(row, len(same) > 1) for row in same), same[-1].unit if len(same) == 1 else "", definition


def _value(row: Row, named: bool) -> str:
    interval = f" (replications: {format_quantity(row.mean, row.unit)} ± {format_quantity(row.half_width, row.unit)})" if row.half_width is not None else ""
    return f"{_word(row.figure[-1]) + ' ' if named else ''}{format_quantity(row.value, row.unit)}{' ' + row.unit if named and row.unit in ('messages', 'requests') else ''}{interval}"


def _table(head: tuple[str, ...], lines: Any) -> str:
    body = ["| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *body])


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(str(text).split()))


def _fenced(value: Any) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=1)}\n```"


# -- what figures mean ----------------------------------------------------------------------------------------------


def _account(report: Mapping[str, Any]) -> Iterator[Row]:
    for field, definition in CONSERVATION.items():
        yield Row(("conservation", field), f"Messages {field}", report["conservation"][field], "messages", definition)
    for node_id, node in report["nodes"].items():
        for field, definition in LEDGER.items():
            yield Row(("nodes", node_id, "ledger", field), f"{node['name']}: messages {field}", node["ledger"][field], "messages", definition)
    for wire_id, wire in report["wires"].items():
        for field, definition in WIRES.items():
            yield Row(("wires", wire_id, field), f"{wire_id}: {field.replace('_', ' ')}", wire[field], "messages", definition)


def _row(figure: Figure, value: float | None, report: Mapping[str, Any]) -> Row:
    mean, half_width = _interval(figure, report)
    base, field = _definition(figure, report), figure[-1]
    worded = f"{base.rstrip('.')}. {FIELDS[field]}." if field in FIELDS and figure[0] in ("nodes", "paths") else base
    return Row(figure, figure_title(figure, report), value, _unit(figure, report), worded, mean, half_width)


def _base(row: Row) -> str:
    """A definition without the words that belong to its field, which are told once."""
    return row.definition.removesuffix(f" {FIELDS.get(row.figure[-1], '')}.") if row.figure[-1] in FIELDS else row.definition


def _interval(figure: Figure, report: Mapping[str, Any]) -> tuple[float | None, float | None]:
    place: Any = report.get("replications", {})
    for key in figure:
        place = place.get(key) if isinstance(place, Mapping) else None
    return (place["mean"], place["half_width"]) if isinstance(place, Mapping) and "half_width" in place else (None, None)


def _unit(figure: Figure, report: Mapping[str, Any]) -> str:
    if figure[2:3] == ("theory",):
        return str(_compared(figure, report)["unit"])
    if figure[2:3] == ("metrics",) and figure[-1] == "per_s":
        unit = report["nodes"][figure[1]]["metrics"][figure[3]]["unit"]
        return "per_s" if unit in ("count", "messages", "requests") else f"{unit}_per_s"
    return figure_unit(figure, report)


def _definition(figure: Figure, report: Mapping[str, Any]) -> str:
    if len(figure) == 1:
        return COSTS[figure[0]]
    if figure[0] == "paths":
        return "Messages that took this way to this end." if figure[-1] == "messages" else "Time from where a message began to this end of its way."
    node, section = report["nodes"][figure[1]], figure[2]
    if section == "metrics":
        declared = next((metric.help for metric in catalog.service(node["kind"]).metrics if metric.name == figure[3]), "") if node["kind"] in catalog.kinds() else ""
        return declared or str(node["metrics"][figure[3]]["title"])
    if section == "limits":
        return f"Use of a limit: {next(limit['title'] for limit in node['limits'] if limit['name'] == figure[3])}."
    if section == "waits":
        return f"Time that all messages together spent here for one cause: {next(wait['title'] for wait in node['waits'] if wait['cause'] == figure[3])}."
    if section == "losses":
        return f"Messages lost here for one cause: {next(loss['title'] for loss in node['losses'] if loss['cause'] == figure[3])}."
    if section == "cost":
        return "One line of the bill: the run's quantity at its list price."
    if section == "theory":
        compared = _compared(figure, report)
        return f"{compared['title']} as simulated, which {compared['formula']} predicts."
    return LITTLES_LAW[figure[3]] if section == "littles_law" else COSTS[section]


def _compared(figure: Figure, report: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(entry for entry in report["nodes"][figure[1]]["theory"]["comparisons"] if entry["name"] == figure[3])
    return found


def _word(field: str) -> str:
    return {"per_s": "rate", "at_limit_share": "at limit share"}.get(field, field.replace("_", " "))
