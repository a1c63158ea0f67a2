"""Prints theory beside simulation, replicated reports and comparisons for people who read a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from simulator import catalog
from simulator.figures import Figure
from simulator.terminal import make_table, print_section
from simulator.units import format_count, format_duration, format_quantity, format_share
from simulator.validation import Validation

FIELDS_SHOWN = {"sum": ("per_s",), "gauge": ("mean",), "spread": ("mean", "p50", "p95", "p99")}
PATHS_SHOWN = 10
NOTHING = "–"


def print_theory(console: Console, report: Mapping[str, Any]) -> None:
    """Print what formulas say of each station beside what was simulated, and which assumptions break."""
    stations = [(node_id, node["theory"]) for node_id, node in report["nodes"].items() if node["theory"] and node["theory"]["nodes"][-1] == node_id]
    table = make_table("station", "model", "utilisation", "quantity", "formula", "theory", "simulated", "difference", numbers_from=5)
    told: list[str] = []
    for node_id, entry in stations:
        name = " → ".join(report["nodes"][node]["name"] for node in entry["nodes"])
        used = NOTHING if entry["utilisation"] is None else format_share(entry["utilisation"])
        seen = report.get("replications", {}).get("nodes", {}).get(node_id, {}).get("theory", {})
        for place, found in enumerate(entry["comparisons"]):
            table.add_row(*((name, entry["model"], used) if place == 0 else ("", "", "")), *_compared(found, seen.get(found["name"])))
        if not entry["comparisons"] and entry["unstable"]:
            table.add_row(name, entry["model"], used, "no steady state", "", NOTHING, NOTHING, NOTHING)
        told.extend(f"{name}: a formula does not apply, because {sentence}." for sentence in entry["broken"])
        told.extend(f"{name}: {sentence}." for sentence in entry["notes"])
    print_section(console, "Theory beside simulation", table)
    for sentence in told:
        console.print(f"  {sentence}", style="dim", markup=False, soft_wrap=True)


def _compared(found: Mapping[str, Any], seen: Mapping[str, Any] | None) -> tuple[str | Text, ...]:
    unit, simulated = found["unit"], found["simulated"] if seen is None else seen["mean"]
    width = "" if seen is None or seen["half_width"] is None else f" ± {format_width(seen['half_width'], seen['mean'], unit)}"
    formula = found["formula"] + ("" if found["exact"] else ", approximately")
    difference = NOTHING if simulated is None or not found["predicted"] else f"{100 * (simulated / found['predicted'] - 1):+.2g} %"
    style = "" if found["applies"] else "dim"
    predicted = format_quantity(found["predicted"], unit)
    return found["title"], Text(formula, style=style), Text(predicted if found["applies"] else f"({predicted})", style=style), format_quantity(simulated, unit) + width, difference


def print_replications(console: Console, report: Mapping[str, Any]) -> None:
    """Print what the replications say: the intervals of the primary metrics, of latencies and of cost."""
    seen = report["replications"]
    level = f"{100 * seen['confidence']:g} %"
    console.print()
    console.print(Text(f"{seen['count']} replications, mean ± {level} interval", style="bold"))
    console.print(f"  {seen['ended']['sentence']}", markup=False)
    for entry in seen["unstable"]:
        console.print(f"  {entry['name']} has no steady state in {entry['replications']} of {seen['count']}: its intervals say how long the runs were, not how the system is.", markup=False)
    _metrics(console, report, seen)
    _paths(console, report, seen)
    _cost(console, report, seen)


def _metrics(console: Console, report: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    table = make_table("node", "metric", "figure", "mean", "±", "± of mean", "lowest", "highest", numbers_from=3)
    for node_id, node in report["nodes"].items():
        name = node["name"]
        for metric in catalog.service(node["kind"]).metrics:
            figures = seen["nodes"].get(node_id, {}).get("metrics", {}).get(metric.name)
            if figures is None or not metric.primary:
                continue
            for field in FIELDS_SHOWN[metric.type]:
                if field in figures and figures[field]["max"] != 0:
                    table.add_row(name, metric.title, "a second" if field == "per_s" else field, *_cells(figures[field], "per_s" if field == "per_s" else metric.unit))
                    name = ""
    print_section(console, "Figures", table)


def _paths(console: Console, report: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    table = make_table("path", "figure", "mean", "±", "± of mean", "lowest", "highest", numbers_from=2)
    paths = sorted(seen["paths"].items(), key=lambda entry: -entry[1]["messages"]["mean"])
    for name, path in paths[:PATHS_SHOWN]:
        ids, _, end = name.rpartition(": ")
        way = " → ".join(report["nodes"][node]["name"] for node in ids.split(" > "))
        for place, field in enumerate(("mean", "p50", "p95", "p99")):
            if field in path.get("latency", {}):
                table.add_row(f"{way}: {end}" if place == 0 else "", field, *_cells(path["latency"][field], "s"))
    print_section(console, "Latency of paths", table)


def _cost(console: Console, report: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    table = make_table("node", "cost", "±", "± of mean", "lowest", "highest")
    for node_id, node in report["nodes"].items():
        cost = seen["nodes"].get(node_id, {}).get("cost_usd")
        if cost is not None and cost["max"] > 0:
            table.add_row(node["name"], *_cells(cost, "usd"))
    if table.row_count:
        table.add_row("all", *_cells(seen["cost_usd"], "usd"))
    print_section(console, "Cost of a run", table)


def _cells(figure: Mapping[str, Any], unit: str) -> tuple[str, ...]:
    half_width = figure["half_width"]
    relative = NOTHING if half_width is None or not figure["mean"] else format_share(half_width / abs(figure["mean"]))
    return format_quantity(figure["mean"], unit), format_width(half_width, figure["mean"], unit), relative, format_quantity(figure["min"], unit), format_quantity(figure["max"], unit)


def format_width(half_width: float | None, mean: float, unit: str) -> str:
    """Half the width of an interval, in the scale in which its mean is printed."""
    if unit == "per_s" and half_width is not None and mean >= 0.1:
        return f"{format_count(half_width)}/s"
    return format_quantity(half_width, unit)


# -- comparison -----------------------------------------------------------------------------------------------------

VERDICTS = {"higher": ("higher", "yellow"), "lower": ("lower", "green"), "open": ("not shown", "dim"), "equal": ("equal", "dim")}


def print_comparison(console: Console, compared: Mapping[str, Any], kinds: Mapping[str, str], everything: bool) -> None:
    """Print the differences of two variants; the primary figures, or ``everything``. ``kinds`` are those of the nodes."""
    level = f"{100 * compared['confidence']:g} %"
    console.print(Text(f"B less A, in {compared['replications']} pairs of runs with common random numbers, ± {level} interval", style="bold"))
    if compared["precision"]:
        _print_precision_of_differences(console, compared)
    table = make_table("figure", "A", "B", "difference", "±", "of A", "± unpaired", "B is", numbers_from=1)
    hidden = 0
    for entry in compared["figures"]:
        if not everything and (entry["verdict"] == "equal" or not _telling(tuple(entry["figure"]), kinds)):
            hidden += 1
            continue
        unit, difference = entry["unit"], entry["difference"]
        word, style = VERDICTS[entry["verdict"]]
        relative = NOTHING if entry["relative"] is None else ("+" if entry["relative"] > 0 else "") + f"{100 * entry['relative']:.3g} %"
        table.add_row(
            entry["title"], format_quantity(entry["a"]["mean"], unit), format_quantity(entry["b"]["mean"], unit), format_signed(difference["mean"], unit),
            format_width(difference["half_width"], entry["a"]["mean"], unit), relative, format_width(entry["unpaired_half_width"], entry["a"]["mean"], unit), Text(word, style=style),
        )
    print_section(console, "Differences", table)
    if hidden:
        console.print(f"  and {hidden} figures that are equal or secondary (--all shows them, --json lists them)", style="dim")


def _print_precision_of_differences(console: Console, compared: Mapping[str, Any]) -> None:
    short = [entry for entry in compared["precision"] if not entry["reached"]]
    if not short:
        console.print("Every chosen difference is as precise as asked.")
        return
    told = [f"{entry['title']} (± {format_share(entry['relative']) if entry['relative'] is not None else '?'})" for entry in short]
    why = "the limit of replications" if compared["ended"]["by"] == "limit" else "an interruption"
    console.print(f"Ended by {why}, not as precise as asked: {', '.join(told)}", markup=False)


def _telling(figure: Figure, kinds: Mapping[str, str]) -> bool:
    if len(figure) == 1:
        return True
    if figure[0] == "paths":
        return figure[-1] in ("mean", "p99")
    if figure[2] != "metrics":
        return False
    metric = next(metric for metric in catalog.service(kinds[figure[1]]).metrics if metric.name == figure[3])
    return metric.primary and figure[-1] in {"sum": ("per_s",), "gauge": ("mean",), "spread": ("mean", "p99")}[metric.type]


def format_signed(value: float, unit: str) -> str:
    """A difference with its sign."""
    if value == 0:
        return format_quantity(0.0, unit)
    return ("+" if value > 0 else "−") + format_quantity(abs(value), unit)


# -- exact and cohorts ----------------------------------------------------------------------------------------------


def print_validation(console: Console, validation: Validation) -> None:
    """Print how far cohorts are from single messages, and how far single messages are from themselves by chance."""
    report = (validation.cohorts or [{}])[0]
    runs = "1 run each" if validation.runs == 1 else f"{validation.runs} runs each"
    console.print(Text(f"{report['name'] or 'Scenario'}: single messages and cohorts, {runs}", style="bold"))
    if report["fidelity"]["largest_cohort"] <= 1:
        console.print("  • Nothing to compare: no message went in a cohort.", markup=False, soft_wrap=True)
        _print_single(console, report["fidelity"]["nodes"])
        return
    smaller = "at its own rate" if validation.scale >= 1 else f"with load and capacities scaled to {validation.scale:.3g} of what they are"
    console.print(f"  • Compared {smaller}; cohorts of {format_duration(validation.tick_s)}.", markup=False, soft_wrap=True)
    _print_single(console, report["fidelity"]["nodes"])
    table = make_table("node", "figure", "single", "cohorts", "error", "chance", numbers_from=2)
    for row in validation.rows():
        error = NOTHING if row.error is None else f"{row.error:+.1%}"
        table.add_row(row.node, row.figure, format_quantity(row.exact, row.unit), format_quantity(row.cohorts, row.unit), error, NOTHING if row.chance is None else f"±{row.chance:.1%}")
    print_section(console, "Figures", table)


def _print_single(console: Console, nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """Name the nodes that take single messages in both, reason by reason."""
    reasons: dict[str, list[str]] = {}
    for node_id, entry in nodes.items():
        if entry["used"] == "exact" and entry["why"]:
            reasons.setdefault(entry["why"], []).append(node_id)
    for why, ids in reasons.items():
        console.print(f"  • Single messages in both at {', '.join(ids)}: {why}", markup=False, soft_wrap=True)
