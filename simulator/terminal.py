"""Prints reports, findings and descriptions for people who read a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulator import catalog
from simulator.examples import Example
from simulator.units import format_count, format_duration, format_quantity, format_rate, format_share, format_usd, inside_sentence
from simulator.vocabulary import Finding, Metric

PLAIN_WIDTH = 140
"""Columns where the output is no terminal, so that piped tables stay whole."""

CAUSES_SHOWN, PATHS_SHOWN, SPLITS_SHOWN = 4, 10, 3
STATE_STYLES = {"idle": "dim", "flowing": "green", "saturated": "yellow", "throttled": "dark_orange", "failing": "red"}
SEVERITY_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}
NOTHING = "–"


# -- report ---------------------------------------------------------------------------------------------------------


def print_report(console: Console, report: Mapping[str, Any]) -> None:
    """Print a Report: what happened and why, then the figures behind it."""
    _headline(console, report)
    for print_part in (_nodes, _limits, _waits, _losses, _paths, _cost, _conservation, _notes):
        print_part(console, report)


def _headline(console: Console, report: Mapping[str, Any]) -> None:
    title = report["name"] or "Scenario"
    how_long = format_duration(report["simulated_s"])
    stopped = " (stopped early)" if report["stopped"] else ""
    seen = f", statistics after a warm-up of {format_duration(report['warm_up_s'])}" if report["warm_up_s"] else ""
    console.print(Text(f"{title}: {how_long} simulated{stopped}{seen}", style="bold"))
    for sentence in report["explanation"]:
        console.print(Padding(Text(f"• {sentence}"), (0, 0, 0, 2)))


def make_table(*columns: str, numbers_from: int = 1) -> Table:
    """A table without lines, whose columns are numbers from the given one on."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= numbers_from else "left", no_wrap=place >= numbers_from, overflow="fold")
    return table


def print_section(console: Console, title: str, table: Table) -> None:
    """Print a table under its title, if it has rows."""
    if table.row_count:
        console.print()
        console.print(Text(title, style="bold"))
        console.print(Padding(table, (0, 0, 0, 2)))


def _nodes(console: Console, report: Mapping[str, Any]) -> None:
    table = make_table("node", "kind", "state", "in", "out", "backlog mean", "max", "end", "p50", "p95", "p99", "utilisation", "lost", numbers_from=3)
    for figures in report["nodes"].values():
        state = figures["state"]
        cells = (*_rates(figures, report["simulated_s"]), *_levels(figures), *_spread(figures), _utilisation(figures), _lost(figures))
        table.add_row(figures["name"], figures["kind"], Text(state, style=STATE_STYLES.get(state, "")), *cells)
    print_section(console, "Nodes", table)


def _rates(figures: Mapping[str, Any], simulated_s: float) -> tuple[str, str]:
    """What came in and went out, a second, over the whole run."""
    if simulated_s <= 0:
        return NOTHING, NOTHING
    ledger = figures["ledger"]
    into = ledger["entered"] + ledger["created"] + ledger["copied"]
    out = ledger["forwarded"] + ledger["finished"]
    return format_rate(into / simulated_s), format_rate(out / simulated_s)


def _declared(figures: Mapping[str, Any], kind_of_metric: str, chart: str) -> dict[str, Any] | None:
    """The figures of the first metric that its service shows in this chart."""
    metrics: Sequence[Metric] = catalog.service(figures["kind"]).metrics
    fitting = [metric for metric in metrics if metric.type == kind_of_metric and metric.chart == chart]
    fitting.sort(key=lambda metric: not metric.primary)
    return figures["metrics"].get(fitting[0].name) if fitting else None


def _levels(figures: Mapping[str, Any]) -> tuple[str, str, str]:
    level = _declared(figures, "gauge", "backlog")
    if level is None:
        return NOTHING, NOTHING, NOTHING
    mean, most, last = (NOTHING if level[field] is None else format_count(level[field]) for field in ("mean", "max", "last"))
    return mean, most, last


def _spread(figures: Mapping[str, Any]) -> tuple[str, str, str]:
    spread = _declared(figures, "spread", "latency")
    if spread is None or not spread["count"]:
        return NOTHING, NOTHING, NOTHING
    return format_duration(spread["p50"]), format_duration(spread["p95"]), format_duration(spread["p99"])


def _utilisation(figures: Mapping[str, Any]) -> str:
    """The highest mean use of a limit that is a parameter of the node; limits that move by themselves have none."""
    shares = [limit["mean"] / limit["limit"] for limit in figures["limits"] if limit["limit"] and limit["parameter"]]
    return format_share(max(shares)) if shares else NOTHING


def _limits(console: Console, report: Mapping[str, Any]) -> None:
    table = make_table("node", "limit", "in use, mean", "max", "limit at the end", "time at the limit", numbers_from=2)
    for figures in report["nodes"].values():
        for limit in figures["limits"]:
            if limit["limit"] is not None and limit["max"] > 0:
                table.add_row(figures["name"], limit["title"], format_count(limit["mean"]), format_count(limit["max"]), format_count(limit["limit"]), format_share(limit["at_limit_share"]))
    print_section(console, "Limits", table)


def _lost(figures: Mapping[str, Any]) -> str:
    lost = sum(loss["messages"] for loss in figures["losses"])
    return format_count(lost) if lost else "0"


def _waits(console: Console, report: Mapping[str, Any]) -> None:
    table = make_table("node", "cause", "change", "share", "mean of all that came", numbers_from=3)
    for figures in report["nodes"].values():
        through = max(1, figures["arrived"])
        for place, wait in enumerate(figures["waits"][:CAUSES_SHOWN]):
            table.add_row(figures["name"] if place == 0 else "", wait["title"], _culprit(wait["culprit"], report), format_share(wait["share"]), format_duration(wait["message_s"] / through))
        rest = figures["waits"][CAUSES_SHOWN:]
        if rest:
            seconds = sum(wait["message_s"] for wait in rest)
            table.add_row("", f"{len(rest)} more", "", format_share(sum(wait["share"] for wait in rest)), format_duration(seconds / through))
    print_section(console, "Where time went", table)


def _culprit(culprit: Mapping[str, Any] | None, report: Mapping[str, Any]) -> str:
    """What to change, as the words to use with --set."""
    if culprit is None:
        return NOTHING
    if culprit["parameter"] is None:
        return str(report["nodes"][culprit["node"]]["name"])
    return f"{culprit['wire'] or culprit['node']}.{culprit['parameter']}"


def _losses(console: Console, report: Mapping[str, Any]) -> None:
    table = make_table("node", "reason", "messages", numbers_from=2)
    for figures in report["nodes"].values():
        for loss in figures["losses"]:
            if loss["messages"]:
                table.add_row(figures["name"], loss["title"], f"{loss['messages']:,}")
    print_section(console, "Losses", table)


def _paths(console: Console, report: Mapping[str, Any]) -> None:
    table = make_table("path", "where the time went", "messages", "p50", "p95", "p99", numbers_from=2)
    names = {node_id: figures["name"] for node_id, figures in report["nodes"].items()}
    for path in report["paths"][:PATHS_SHOWN]:
        latency = path["latency"]
        way = " → ".join(names.get(node, node) for node in path["nodes"])
        table.add_row(f"{way}: {path['end']}", "; ".join(_split(path, names)), f"{path['messages']:,}", *(format_quantity(latency[name], "s") for name in ("p50", "p95", "p99")))
    print_section(console, "Paths", table)
    hidden = len(report["paths"]) - PATHS_SHOWN
    if hidden > 0:
        console.print(f"  and {hidden} more (--json lists them)", style="dim")


def _split(path: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for part in path["split"][:SPLITS_SHOWN]:
        yield f"{format_share(part['share'])} {names.get(part['node'], part['node'])}: {inside_sentence(part['title'], names.values())}"


def _cost(console: Console, report: Mapping[str, Any]) -> None:
    free_tier = report["bill"]["free_tier"]
    table = make_table("node", "line", "quantity", "cost", *(["free in a month"] if free_tier else []), "a month at this rate", numbers_from=2)
    for figures in report["nodes"].values():
        for place, line in enumerate(figures["cost"]):
            free = [format_count(line["free_month"]) if line["free_month"] else NOTHING] if free_tier else []
            table.add_row(figures["name"] if place == 0 else "", line["line"], f"{format_count(line['quantity'])} {line['unit']}", format_usd(line["usd"]), *free, format_usd(line["usd_month"]))
        if len(figures["cost"]) > 1:
            table.add_row("", Text("together", style="dim"), "", format_usd(figures["cost_usd"]), *([""] if free_tier else []), format_usd(figures["cost_month_usd"]))
    if table.row_count > 1:
        table.add_row("all", "", "", format_usd(report["cost_usd"]), *([""] if free_tier else []), format_usd(report["cost_month_usd"]))
    print_section(console, "Cost", table)


def _conservation(console: Console, report: Mapping[str, Any]) -> None:
    totals = report["conservation"]
    balance = f"{totals['created']:,} created = {totals['finished']:,} finished + {totals['lost']:,} lost + {totals['unfinished']:,} unfinished"
    console.print()
    console.print(Text.assemble(("Messages ", "bold"), balance, (" (copies counted)", "dim")))
    speed = f", {format_count(report['messages_per_wall_s'])} messages a second" if report["messages_per_wall_s"] else ""
    used = report["fidelity"]["used"]
    console.print(f"seed {report['seed']}, fidelity {used}, {format_duration(report['wall_s'])} of computing{speed}, engine {report['engine_version']}", style="dim")


def _notes(console: Console, report: Mapping[str, Any]) -> None:
    if report["findings"]:
        console.print()
        for finding in report["findings"]:
            _print_finding(console, finding)


# -- findings -------------------------------------------------------------------------------------------------------


def print_findings(console: Console, found: Sequence[Finding]) -> None:
    """Print findings, each with the way out."""
    for finding in found:
        _print_finding(console, finding.to_json())


def _print_finding(console: Console, finding: Mapping[str, Any]) -> None:
    severity = finding["severity"]
    console.print(Text.assemble((f"{severity}: ", SEVERITY_STYLES[severity]), finding["message"]), soft_wrap=True)
    if finding["hint"]:
        console.print(Text(f"  {finding['hint']}", style="dim"), soft_wrap=True)


# -- services -------------------------------------------------------------------------------------------------------


def print_services(console: Console) -> None:
    """Print every kind of service with its title, group and file."""
    table = make_table("kind", "title", "group", "file", numbers_from=9)
    for description in catalog.describe_all()["services"]:
        table.add_row(description["kind"], description["title"], description["group"], catalog.file_of(description["kind"]))
    console.print(table)


def print_service(console: Console, description: Mapping[str, Any], file: str) -> None:
    """Print what one kind of service is, what can be set, and what is modelled."""
    console.print(Text(f"{description['title']} ({description['kind']})", style="bold"))
    console.print(description["description"], markup=False)
    console.print(f"file: {file}", style="dim", markup=False)
    if description["documentation_url"]:
        console.print(f"AWS documentation: {description['documentation_url']}", style="dim", markup=False, soft_wrap=True)
    print_section(console, "Parameters", _parameters(description["parameters"]))
    if description["account_parameters"]:
        print_section(console, f"Account settings (account.{description['kind']})", _parameters(description["account_parameters"]))
    for port in description["ports"]:
        if port["wire_parameters"]:
            print_section(console, f"{port['wire_title']} (parameters of wires at '{port['name']}')", _parameters(port["wire_parameters"]))
    _ports(console, description)
    _quotas(console, description)
    _metrics(console, description)
    for word in ("modelled", "approximated", "ignored"):
        if description["fidelity"][word]:
            console.print()
            console.print(Text(word.capitalize(), style="bold"))
            for sentence in description["fidelity"][word]:
                console.print(Padding(Text(f"• {sentence}"), (0, 0, 0, 2)))


def _parameters(schema: Mapping[str, Any]) -> Table:
    table = make_table("parameter", "unit", "default", "bounds", "AWS name", "what it is", numbers_from=9)
    for name, entry in schema.get("properties", {}).items():
        default = entry.get("default")
        shown = NOTHING if default is None else str(default.get("type") or default.get("shape") or default) if isinstance(default, dict) else str(default) if not isinstance(default, list) else f"{len(default)} entries"
        table.add_row(name, entry.get("unit", ""), shown, _bounds(entry), entry.get("aws_name", ""), entry.get("description", ""))
    return table


def _bounds(entry: Mapping[str, Any]) -> str:
    options = [option for option in [entry, *entry.get("anyOf", [])] if option.get("type") != "null"]
    for option in options:
        if "enum" in option:
            return ", ".join(str(value) for value in option["enum"])
        low = next((f"{sign} {option[key]:,}" for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">")) if key in option), "")
        high = next((f"{sign} {option[key]:,}" for key, sign in (("maximum", "≤"), ("exclusiveMaximum", "<")) if key in option), "")
        if low or high:
            return ", ".join(part for part in (low, high) if part)
    return ""


def _ports(console: Console, description: Mapping[str, Any]) -> None:
    table = make_table("port", "direction", "verb", "actions", "what it is", numbers_from=9)
    for port in description["ports"]:
        table.add_row(port["name"], port["direction"], port["verb"], ", ".join(port["actions"]), port["help"])
    print_section(console, "Ports", table)


def _quotas(console: Console, description: Mapping[str, Any]) -> None:
    table = make_table("quota", "value", "scope", "source", numbers_from=9)
    for quota in description["quotas"]:
        value = quota["note"] or "none" if quota["value"] is None else format_quantity(quota["value"], quota["unit"])
        table.add_row(quota["title"], value, quota["scope"], f"{quota['source']['title']}, {quota['source']['checked']}")
    print_section(console, "Quotas", table)


def _metrics(console: Console, description: Mapping[str, Any]) -> None:
    table = make_table("metric", "type", "unit", "what it is", numbers_from=9)
    for metric in description["metrics"]:
        table.add_row(metric["name"], metric["type"], metric["unit"], metric["help"])
    print_section(console, "Metrics", table)


def print_examples(console: Console, found: Sequence[Example]) -> None:
    """Print the gallery."""
    for entry in found:
        console.print(Text.assemble((entry.slug, "bold"), "  ", entry.title))
        console.print(Padding(Text(entry.summary), (0, 0, 0, 2)))
        console.print(Padding(Text(entry.teaches, style="dim"), (0, 0, 0, 2)))
