"""Write the reference page of every service from the catalog, into ``docs/reference/services/`` or a folder named as argument."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from simulator import catalog  # noqa: E402 - found only now

DECISIONS = ROOT / "docs" / "decisions"
LONGEST_DEFAULT = 300
CONFIDENCE = {"R": "read", "T": "third party", "D": "derived", "M": "from memory"}
MADE = "<!-- Made by `make docs` from the service's own file; change that file instead. -->"
BOUNDS = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"), ("minLength", "length ≥"), ("maxLength", "length ≤"))


def cell(text: object) -> str:
    """Text that keeps a Markdown table whole."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A Markdown table; nothing where there are no rows."""
    columns, lines = list(head), [[cell(entry) for entry in row] for row in rows]
    if not lines:
        return
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    yield from ("| " + " | ".join(line) + " |" for line in lines)
    yield ""


def source_link(source: dict[str, str] | None) -> str:
    """Where a value was read, when, and how sure that is."""
    if not source:
        return ""
    return f"[{source['title']}]({source['url']}), {source['checked']}, {CONFIDENCE[source['confidence']]}"


def default_of(entry: dict[str, Any]) -> str:
    """The default as JSON."""
    if "default" not in entry:
        return "required"
    text = json.dumps(entry["default"], ensure_ascii=False)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "a text to begin with"


def alternatives(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema itself, or those it may be instead of null."""
    return [option for option in entry.get("anyOf", [entry]) if option.get("type") != "null"]


def bounds_of(entry: dict[str, Any]) -> str:
    """What values are allowed, in a few words."""
    words: list[str] = []
    for option in alternatives(entry):
        words += [f"{sign} {option[key]:,}" for key, sign in BOUNDS if key in option]
        if "enum" in option:
            words.append(", ".join(f"`{value}`" for value in option["enum"]))
        if "discriminator" in option:
            words.append("one of: " + ", ".join(f"`{value}`" for value in option["discriminator"]["mapping"]))
    if any(option.get("type") == "null" for option in entry.get("anyOf", [])):
        words.append("or empty")
    return ", ".join(words)


def parameter_rows(schema: dict[str, Any]) -> Iterator[list[str]]:
    """One row per property of a JSON Schema."""
    for name, entry in schema.get("properties", {}).items():
        aws = f" AWS: `{entry['aws_name']}`." if entry.get("aws_name") else ""
        live = " Can be changed during a run." if entry.get("changeable") else ""
        yield [f"`{name}`", entry.get("unit", ""), default_of(entry), bounds_of(entry), f"{entry.get('description', '')}{aws}{live}", source_link(entry.get("source"))]


def parameters(schema: dict[str, Any] | None, empty: str) -> Iterator[str]:
    """The properties of a schema as a table, then those of the shapes they are made of."""
    head = ("Parameter", "Unit", "Default", "Allowed", "What it does", "Source")
    if schema is None or not schema.get("properties"):
        yield from (empty, "")
        return
    yield from table(head, parameter_rows(schema))
    for name, shape in sorted(schema.get("$defs", {}).items()):
        if shape.get("properties"):
            yield from (f"`{name}`: {shape.get('description', '').splitlines()[0] if shape.get('description') else ''}", "")
            yield from table(head, parameter_rows(shape))


def usd(price: float) -> str:
    """A price in full, without an exponent."""
    return f"{price:.12f}".rstrip("0").rstrip(".")


def tiers(price: dict[str, Any]) -> str:
    """The lower prices of larger quantities."""
    return ", ".join(f"{usd(tier['usd'])} above {tier['above']:,.0f} ({CONFIDENCE[tier['source']['confidence']]})" for tier in price["tiers"])


def free(price: dict[str, Any]) -> str:
    """What an account gets free."""
    allowance = price["free"]
    return f"{allowance['quantity']:,.0f} ({CONFIDENCE[allowance['source']['confidence']]})" if allowance else ""


def quota_value(quota: dict[str, Any]) -> str:
    """A quota's figure, or its note where AWS gives none."""
    return quota["note"] or "none" if quota["value"] is None else f"{quota['value']:,}"


def port_rows(service: dict[str, Any]) -> Iterator[list[str]]:
    """One row per port."""
    for port in service["ports"]:
        actions = ", ".join(f"`{action}`" for action in port["actions"])
        yield [f"`{port['name']}`", port["direction"], port["verb"], actions, port["role"], port["max_wires"] or "", port["help"]]


def page(kind: str) -> str:
    """The reference page of one service."""
    service = catalog.describe(kind)
    lines = [f"# {service['title']}", "", MADE, "", service["description"], ""]
    lines += [f"Kind `{kind}`, in `{catalog.file_of(kind)}`. " + (f"[AWS documentation]({service['documentation_url']})." if service["documentation_url"] else ""), ""]
    lines += ["## Parameters", "", *parameters(service["parameters"], "None.")]
    if service["account_parameters"]:
        lines += ["## Account settings", "", "Shared by all nodes of this kind.", "", *parameters(service["account_parameters"], "None.")]
    if service["presets"]:
        presets = ([entry["title"], f"`{entry['name']}`", entry["summary"]] for entry in service["presets"])
        lines += ["## Presets", "", *table(("Preset", "Name", "What it is"), presets)]
    lines += ["## Ports", "", *table(("Port", "Direction", "Verb", "Actions", "Role", "Wires at most", "For"), port_rows(service))]
    for port in service["ports"]:
        if port["wire_parameters"]:
            lines += [f"### Wires at `{port['name']}`" + (f": {port['wire_title']}" if port["wire_title"] else ""), "", *parameters(port["wire_parameters"], "None.")]
    quotas = ([entry["title"], quota_value(entry), entry["unit"], entry["scope"], "yes" if entry["adjustable"] else "no", source_link(entry["source"])] for entry in service["quotas"])
    if service["quotas"]:
        lines += ["## Quotas", "", *table(("Quota", "Value", "Unit", "Per", "Adjustable", "Source"), quotas)]
    metrics = ([f"`{entry['name']}`", entry["type"], entry["unit"], entry["help"], source_link(entry["source"])] for entry in service["metrics"])
    lines += ["## Metrics", "", *table(("Metric", "Type", "Unit", "What it is", "Source"), metrics)]
    if service.get("causes"):
        causes = ([f"`{name}`", title] for name, title in sorted(service["causes"].items()))
        lines += ["## Causes of waiting", "", *table(("Cause", "Title"), causes)]
    if service["faults"]:
        lines += ["## Faults", "", *table(("Fault", "Title", "What it does"), ([f"`{entry['name']}`", entry["title"], entry["help"]] for entry in service["faults"]))]
    if service["prices"]:
        prices = ([entry["title"], usd(entry["usd"]), entry["per"], tiers(entry), free(entry), source_link(entry["source"])] for entry in service["prices"])
        lines += ["## Prices", "", *table(("Line", "USD", "Per", "Volume tiers, a month", "Free, a month", "Source"), prices)]
    lines += ["## Fidelity", ""]
    for title in ("modelled", "approximated", "ignored"):
        if service["fidelity"][title]:
            lines += [f"**{title.capitalize()}**", "", *(f"- {sentence}" for sentence in service["fidelity"][title]), ""]
    lines += ["## Example", "", "```json", json.dumps(service["example"], indent=1, ensure_ascii=False), "```", ""]
    return "\n".join(lines)


def index() -> str:
    """The list of all services."""
    services = catalog.describe_all()["services"]
    rows = ([f"[{entry['title']}]({entry['kind']}.md)", f"`{entry['kind']}`", entry["group"], entry["summary"]] for entry in services)
    return "\n".join(["# Services", "", MADE, "", *table(("Service", "Kind", "Group", "What it is"), rows)])


def pages() -> dict[str, str]:
    """Every generated file by name."""
    return {"README.md": index(), **{f"{kind}.md": page(kind) for kind in catalog.kinds()}}


def decisions() -> str:
    """The list of decision records, from their titles."""
    records = sorted(file for file in DECISIONS.glob("*.md") if file.name != "README.md")
    titles = [(file.name, file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")) for file in records]
    return "\n".join(["# Decisions", "", "<!-- The list is made by `make docs` from the records. -->", "",
                      "What was decided in the code as it stands, why, and what follows from it. A record is not rewritten when a decision changes: a new one",
                      "says what it replaces. Numbers may leave gaps.", "", *(f"- [{title}]({name})" for name, title in titles), ""])


def main() -> None:
    """Write the pages, and remove those of services that are gone."""
    if len(sys.argv) == 1:
        (DECISIONS / "README.md").write_text(decisions(), encoding="utf-8")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "reference" / "services"
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    for file in folder.glob("*.md"):
        if file.name not in made:
            file.unlink()


if __name__ == "__main__":
    main()
