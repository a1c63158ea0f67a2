"""Hypothesis strategies that follow a JSON Schema of the catalog: any parameter set a user could give, and diagrams of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from simulator import catalog, findings
from simulator.scenario import Scenario
from simulator.vocabulary import Direction

DURATION_S = 40.0
LARGEST = {"per_s": 60.0, "per_min": 3000.0, "s": 1000.0, "count": 300.0, "messages": 5000.0, "times": 30.0, "bytes": 300_000.0}
"""Schemas allow far more than a test has time for; beyond these, values only cost time."""

FEW = {"messages": 3}
"""What multiplies at each node of a way, by its name."""


class Unmade(Exception):
    """A schema that this does not know how to fill; the default stays."""


def values(schema: dict[str, Any], shapes: dict[str, Any], unit: str = "") -> st.SearchStrategy[Any]:
    """Values that a JSON Schema allows; raise `Unmade` where there is no telling."""
    unit = schema.get("unit") or unit
    if "$ref" in schema:
        return objects(shapes[schema["$ref"].rsplit("/", 1)[-1]], shapes)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            made = [found for option in schema[key] if (found := _or_none(option, shapes, unit)) is not None]
            if not made:
                raise Unmade(str(schema))
            return st.one_of(made)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    if kind in ("number", "integer"):
        return _numbers(schema, unit, kind == "integer")
    if kind == "array" and "items" in schema:
        return st.lists(values(schema["items"], shapes, unit), min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 4), 4))
    raise Unmade(str(schema))


def _or_none(schema: dict[str, Any], shapes: dict[str, Any], unit: str) -> st.SearchStrategy[Any] | None:
    try:
        return values(schema, shapes, unit)
    except Unmade:
        return None


def _numbers(schema: dict[str, Any], unit: str, whole: bool) -> st.SearchStrategy[Any]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = min(schema.get("maximum", schema.get("exclusiveMaximum", 1e9)), max(LARGEST.get(unit, 1e4), low * 4))
    if whole:
        return st.integers(int(low) + ("exclusiveMinimum" in schema), max(int(high), int(low) + 1))
    between = st.floats(low, high, exclude_min="exclusiveMinimum" in schema, exclude_max="exclusiveMaximum" in schema, allow_subnormal=False)
    # Round numbers meet each other at one instant, where order is decided; others do not.
    return between | between.map(lambda value: max(round(value), low + (1 if "exclusiveMinimum" in schema else 0))).filter(lambda value: value <= high)


def objects(schema: dict[str, Any], shapes: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which each property is left out or given, as the schema allows."""
    optional, required = {}, {}
    for name, entry in schema.get("properties", {}).items():
        made = _or_none(entry, shapes, "")
        if made is None:
            continue
        if name in FEW:
            made = st.integers(1, FEW[name])
        ((required if "const" in entry or name in schema.get("required", ()) else optional)[name]) = made
    return st.fixed_dictionaries(required, optional=optional)


def parameters_of(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Parameter sets of a service or of a wire."""
    return objects(schema, schema.get("$defs", {}))


def without_refused(graph: dict[str, Any]) -> dict[str, Any]:
    """The graph with the parameters that the checks refuse (they span several fields) set back to their defaults."""
    for _ in range(20):
        found = [finding for finding in findings.check(Scenario.from_json(graph)) if finding.severity == "error"]
        if not found:
            return graph
        for finding in found:
            for entry in (*graph["nodes"], *graph["wires"]):
                if entry["id"] in (finding.node, finding.wire):
                    name = (finding.parameter or "").split(".")[0]
                    if name in entry["parameters"]:
                        del entry["parameters"][name]
                    else:
                        entry["parameters"] = {}
            graph["wires"] = [wire for wire in graph["wires"] if wire["id"] != finding.wire or wire["parameters"]]
    return graph


def scenarios_like(graph: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The same nodes and wires with any parameters."""

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        nodes = [{**node, "parameters": draw(parameters_of(catalog.describe(node["kind"])["parameters"]))} for node in graph["nodes"]]
        by_id = {node["id"]: node for node in nodes}
        wires = [{**wire, "parameters": draw(_wire_parameters(by_id, wire))} for wire in graph["wires"]]
        run = {"duration_s": DURATION_S, "seed": draw(st.integers(0, 1000)), "frame_interval_s": draw(st.sampled_from([None, 7.0]))}
        return without_refused({"version": 1, "nodes": nodes, "wires": wires, "run": run})

    return drawn()


def _wire_parameters(nodes: dict[str, dict[str, Any]], wire: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    source, target = (catalog.port(nodes[end["node"]]["kind"], end["port"], nodes[end["node"]]["parameters"]) for end in (wire["from"], wire["to"]))
    assert source is not None
    assert target is not None
    return parameters_of(catalog.schema(catalog.wire_parameters(source, target)))


@st.composite
def diagrams(draw: st.DrawFn) -> dict[str, Any]:
    """Any nodes of the catalog, joined by any legal wires, with any parameters; cycles too. Traffic is wired to something if it can be."""
    kinds = ["traffic", *draw(st.lists(st.sampled_from(sorted(catalog.kinds())), min_size=2, max_size=6))]
    nodes = [{"id": f"n{place}", "kind": kind, "parameters": draw(parameters_of(catalog.describe(kind)["parameters"]))} for place, kind in enumerate(kinds)]
    legal = [
        (source["id"], out.name, target["id"], into.name)
        for source in nodes for target in nodes
        for out in catalog.ports_of(source["kind"], source["parameters"]) if out.direction is Direction.OUT
        for into in catalog.ports_of(target["kind"], target["parameters"]) if out.fits(into)
    ]
    from_traffic = [wire for wire in legal if wire[0] == nodes[0]["id"]]
    fed = [draw(st.sampled_from(from_traffic))] if from_traffic else []
    others = [wire for wire in legal if wire not in fed]
    chosen = fed + (draw(st.lists(st.sampled_from(others), unique=True, max_size=9)) if others else [])
    by_id = {node["id"]: node for node in nodes}
    wires = []
    for place, (source, out, target, into) in enumerate(chosen):
        wire = {"id": f"w{place}", "from": {"node": source, "port": out}, "to": {"node": target, "port": into}}
        wires.append({**wire, "parameters": draw(_wire_parameters(by_id, wire))})
    graph = {"version": 1, "nodes": nodes, "wires": wires, "run": {"duration_s": DURATION_S, "seed": draw(st.integers(0, 1000))}}
    return without_refused(graph)
