"""Every figure of a report under a name of its own, so that the same figure of several runs can be found."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simulator import catalog
from simulator.scenario import Scenario

Figure = tuple[str, ...]
"""Where a figure stands: its keys in the report; entries of lists go by their cause, line or path."""

SPREAD_FIELDS = ("count", "mean", "p50", "p90", "p95", "p99", "max")
FIELDS: Mapping[str, tuple[str, ...]] = {"sum": ("total", "per_s"), "gauge": ("mean", "max", "last"), "spread": SPREAD_FIELDS}
USUAL_FIELD = {"sum": "per_s", "gauge": "mean", "spread": "mean"}
FIELD_UNITS = {"count": "count", "per_s": "per_s"}
LIMIT_FIELDS = ("mean", "max", "at_limit_share")
COSTS = ("cost_usd", "cost_month_usd")
LITTLE_FIELDS = ("mean_in_system", "arrivals_per_s", "mean_time_s")


class FigureError(ValueError):
    """A name that no figure has; ``hint`` says which there are."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def figures_of(report: Mapping[str, Any]) -> dict[Figure, float | None]:
    """Every figure of ``report``; None where nothing was sampled."""
    found: dict[Figure, float | None] = {("cost_usd",): report["cost_usd"], ("cost_month_usd",): report["cost_month_usd"]}
    for node_id, node in report["nodes"].items():
        for figure, value in _of_node(node):
            found["nodes", node_id, *figure] = value
    for path in report["paths"]:
        place = ("paths", path_name(path))
        found[*place, "messages"] = path["messages"]
        found.update({(*place, "latency", field): path["latency"][field] for field in SPREAD_FIELDS})
    return found


def _of_node(node: Mapping[str, Any]) -> Iterator[tuple[Figure, float | None]]:
    for name, metric in node["metrics"].items():
        for field in FIELDS[metric["type"]]:
            yield ("metrics", name, field), metric[field]
    for limit in node["limits"]:
        for field in LIMIT_FIELDS:
            yield ("limits", limit["name"], field), limit[field]
    for cause in dict.fromkeys(wait["cause"] for wait in node["waits"]):
        yield ("waits", cause, "message_s"), sum(wait["message_s"] for wait in node["waits"] if wait["cause"] == cause)
    for loss in node["losses"]:
        yield ("losses", loss["cause"], "messages"), loss["messages"]
    for line in node["cost"]:
        yield ("cost", line["line"], "usd"), line["usd"]
    yield ("cost_usd",), node["cost_usd"]
    yield ("cost_month_usd",), node["cost_month_usd"]
    for compared in node["theory"]["comparisons"] if node["theory"] else ():
        yield ("theory", compared["name"]), compared["simulated"]
    if node["littles_law"]:
        for field in LITTLE_FIELDS:
            yield ("littles_law", field), node["littles_law"][field]


def path_name(path: Mapping[str, Any]) -> str:
    """A path and its end in one line: ``clicks > orders > worker: processed``."""
    return f"{' > '.join(path['nodes'])}: {path['end']}"


def is_amount(figure: Figure) -> bool:
    """Whether a run in which this figure is not listed had 0 of it (a loss that never happened), not an unknown value."""
    return figure[-1] in ("message_s", "messages", "usd", "cost_usd", "cost_month_usd")


# -- names that people write ----------------------------------------------------------------------------------------


def figure_named(text: str, scenario: Scenario) -> Figure:
    """The figure that ``node.metric``, ``node.metric.field``, ``cost_usd`` or ``cost_month_usd`` means; raise `FigureError` if none."""
    if text in COSTS:
        return (text,)
    kinds = {node.id: node.kind for node in scenario.nodes}
    node_id = max((known for known in kinds if text.startswith(f"{known}.")), key=len, default=None)
    if node_id is None:
        raise FigureError(f"'{text}' names no figure: it must begin with the id of a node", f"Write node.metric, for example {_example(scenario)}; nodes: {', '.join(kinds) or 'none'}")
    rest = text.removeprefix(f"{node_id}.")
    if rest in COSTS:
        return ("nodes", node_id, rest)
    metrics = {metric.name: metric.type for metric in catalog.service(kinds[node_id]).metrics} if kinds[node_id] in catalog.kinds() else {}
    name, _, field = rest.partition(".")
    if name not in metrics:
        raise FigureError(f"'{node_id}' has no metric '{name}'", f"{_close(name, metrics)}It has: {', '.join(metrics)}")
    fields = FIELDS[metrics[name]]
    field = field or USUAL_FIELD[metrics[name]]
    if field not in fields:
        raise FigureError(f"'{name}' of '{node_id}' has no figure '{field}'", f"It has: {', '.join(fields)}")
    return ("nodes", node_id, "metrics", name, field)


def figure_title(figure: Figure, report: Mapping[str, Any]) -> str:
    """A figure in words, with the names and titles of ``report``."""
    if figure[0] == "paths":
        ids, _, end = figure[1].rpartition(": ")
        way = " → ".join(report["nodes"][node]["name"] if node in report["nodes"] else node for node in ids.split(" > "))
        return f"{way}, {end}: {_words(figure[-1])}{' latency' if figure[2] == 'latency' and figure[-1] != 'count' else ''}"
    if len(figure) == 1:
        return _words(figure[0]).capitalize()
    node = report["nodes"][figure[1]]
    if figure[2] == "metrics":
        return f"{node['name']}: {node['metrics'][figure[3]]['title']}, {_words(figure[-1])}"
    return f"{node['name']}: {' '.join(_words(part) for part in figure[2:])}"


def figure_unit(figure: Figure, report: Mapping[str, Any]) -> str:
    """The unit of a figure."""
    field = figure[-1]
    if figure[0] == "paths" and field == "count":
        return "messages"
    if field in FIELD_UNITS:
        return FIELD_UNITS[field]
    if figure[0] == "paths":
        return "messages" if field == "messages" else "s"
    if len(figure) > 3 and figure[2] == "metrics":
        return str(report["nodes"][figure[1]]["metrics"][figure[3]]["unit"])
    return {"cost_usd": "usd", "cost_month_usd": "usd", "usd": "usd", "message_s": "s", "mean_time_s": "s", "arrivals_per_s": "per_s", "at_limit_share": "share"}.get(field, "count")


def _words(field: str) -> str:
    return {"per_s": "a second", "cost_usd": "cost", "cost_month_usd": "cost of a month", "message_s": "time"}.get(field, field.replace("_", " "))


def _example(scenario: Scenario) -> str:
    for node in scenario.nodes:
        for metric in catalog.service(node.kind).metrics if node.kind in catalog.kinds() else ():
            if metric.type == "spread":
                return f"{node.id}.{metric.name}.p99"
    return "orders.MessageWait.p99"


def _close(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"Did you mean '{close[0]}'? " if close else ""
