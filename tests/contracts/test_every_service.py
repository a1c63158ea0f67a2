"""What every service of the catalog owes: to be documented, to name its sources, to run its example, to fit its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from simulator import catalog, findings
from simulator.frames import FrameShape
from simulator.run import simulate
from simulator.scenario import Scenario
from simulator.wire_faults import INBOUND_FAULTS
from tests.contracts.example_runs import example_run, kinds
from tests.contracts.test_conservation import balanced, balanced_at

ROOT = Path(__file__).resolve().parents[2]
KINDS = sorted(catalog.kinds())
UNITS = {"", "s", "bytes", "MB", "per_s", "per_min", "share", "usd", "messages", "times", "count", "requests"}
every_kind = pytest.mark.parametrize("kind", kinds())


def schemas(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every JSON Schema of a service, with its place."""
    yield "parameters", description["parameters"]
    if description["account_parameters"]:
        yield "account", description["account_parameters"]
    for port in description["ports"]:
        if port["wire_parameters"]:
            yield f"wires at {port['name']}", port["wire_parameters"]
    for fault in description["faults"]:
        yield f"fault {fault['name']}", fault["parameters"]


def properties(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every parameter of a service, those inside others too."""
    for place, schema in schemas(description):
        for owner, shape in ((place, schema), *((f"{place}, {name}", shape) for name, shape in schema.get("$defs", {}).items())):
            for name, entry in shape.get("properties", {}).items():
                if "const" not in entry:
                    yield f"{owner}: {name}", entry


def sources(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Every source a service names."""
    for section in ("quotas", "prices", "metrics"):
        for entry in description[section]:
            if entry["source"]:
                yield f"{section}: {entry['name']}", entry["source"]
    for place, entry in properties(description):
        if entry.get("source"):
            yield place, entry["source"]


def test_there_are_services() -> None:
    assert {"traffic", "sns", "sqs", "lambda"} <= set(KINDS)


@every_kind
def test_its_words_are_all_there(kind: str) -> None:
    described = catalog.describe(kind)
    for field in ("title", "short_title", "neutral_title", "group", "summary", "description", "icon"):
        assert described[field].strip(), f"{kind} has no {field}"
    for section, fields in (("ports", ("title", "help")), ("metrics", ("title", "help")), ("quotas", ("title", "scope")), ("faults", ("title", "help")), ("prices", ("title", "per")), ("presets", ("title", "summary", "icon"))):
        for entry in described[section]:
            for field in fields:
                assert entry[field].strip(), f"{kind}, {section} {entry['name']}: no {field}"
    assert described["fidelity"]["modelled"]
    assert described["fidelity"]["ignored"] or described["fidelity"]["approximated"]


@every_kind
def test_every_parameter_is_documented(kind: str) -> None:
    for place, entry in properties(catalog.describe(kind)):
        assert entry.get("title", "").strip(), f"{kind}, {place}: no title"
        assert entry.get("description", "").strip(), f"{kind}, {place}: no help"
        assert entry.get("unit", "") in UNITS, f"{kind}, {place}: unknown unit {entry['unit']!r}"
        assert entry.get("section", "").strip(), f"{kind}, {place}: no section"


@every_kind
def test_names_of_parameters_end_in_their_unit(kind: str) -> None:
    for place, entry in properties(catalog.describe(kind)):
        unit, name = entry.get("unit"), place.rsplit(" ", 1)[-1]
        if unit in ("s", "bytes", "per_s", "usd") and entry.get("type") in ("number", "integer"):
            assert name.endswith(f"_{unit}"), f"{kind}, {place}: in {unit}, so its name ends in _{unit}"


@every_kind
def test_what_aws_sets_names_its_source(kind: str) -> None:
    described = catalog.describe(kind)
    for place, entry in properties(described):
        if entry.get("aws_name"):
            assert entry.get("source"), f"{kind}, {place}: AWS calls it {entry['aws_name']}, but no source says so"
    for metric in described["metrics"]:
        ours = "CloudWatch has no such metric" in metric["help"] or not described["documentation_url"]
        assert metric["source"] or ours or kind == "worker", f"{kind}, metric {metric['name']}: neither a source, nor said to be ours"


@every_kind
def test_sources_can_be_followed(kind: str) -> None:
    for place, source in sources(catalog.describe(kind)):
        assert source["title"].strip(), f"{kind}, {place}"
        assert source["url"].startswith("https://"), f"{kind}, {place}"
        assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", source["checked"]), f"{kind}, {place}: checked {source['checked']!r}"
        assert source["confidence"] in "RTDM", f"{kind}, {place}"


@every_kind
def test_names_are_unique_and_known(kind: str) -> None:
    described = catalog.describe(kind)
    for section in ("ports", "metrics", "quotas", "faults", "prices", "presets"):
        names = [entry["name"] for entry in described[section]]
        assert len(names) == len(set(names)), f"{kind}: a name twice among its {section}"
    metrics = {entry["name"] for entry in described["metrics"]}
    overlay = described["overlay"]
    assert {overlay["bar"]["metric"], *(figure["metric"] for figure in overlay["figures"])} <= metrics
    service = catalog.service(kind)
    of_all = {fault.name for fault in INBOUND_FAULTS}
    for fault in described["faults"]:
        assert fault["name"] in of_all or callable(getattr(service, f"fault_{fault['name']}", None)), f"{kind}: nothing carries out the fault {fault['name']}"
    assert json.loads(json.dumps(described, allow_nan=False)) == described


@every_kind
def test_its_icon_is_in_the_icon_set(kind: str) -> None:
    icons = ROOT / "node_modules" / "aws-icons" / "icons"
    if not icons.exists():
        pytest.skip("the icons are not installed; run: make setup")
    described = catalog.describe(kind)
    for icon in (described["icon"], *(preset["icon"] for preset in described["presets"])):
        assert (icons / f"{icon}.svg").exists(), f"{kind}: no icon {icon}"


@every_kind
def test_its_presets_are_valid_and_differ_from_the_default(kind: str) -> None:
    service = catalog.service(kind)
    for preset in catalog.describe(kind)["presets"]:
        made = service.Parameters.model_validate(preset["parameters"])
        assert made != service.Parameters(), f"{kind}, preset {preset['name']}: changes nothing"


@every_kind
def test_its_example_shows_it_and_has_nothing_wrong(kind: str) -> None:
    example = dict(catalog.service(kind).example)
    assert kind in {node["kind"] for node in example["nodes"]}
    assert [finding.message for finding in findings.check(Scenario.from_json(example)) if finding.severity != "note"] == []


@every_kind
def test_its_example_runs_and_conserves_messages(kind: str) -> None:
    seen = example_run(kind)
    for frame in seen.frames:
        balanced_at(frame)
    report = balanced(seen.report)
    assert report["conservation"]["created"] > 0
    assert report["conservation"]["finished"] > 0
    mine = [node for node in report["nodes"].values() if node["kind"] == kind]
    assert any(node["ledger"]["entered"] + node["ledger"]["created"] > 0 for node in mine), "no message ever came to it"


@every_kind
def test_the_same_seed_gives_the_same_report(kind: str) -> None:
    example = dict(catalog.service(kind).example)
    reports = example_run(kind).report, simulate(example).to_json(), simulate({**example, "run": {**example.get("run", {}), "seed": 99}}).to_json()
    first, again, other = ({name: told for name, told in report.items() if name not in ("wall_s", "messages_per_wall_s")} for report in reports)
    assert json.dumps(first) == json.dumps(again)
    assert json.dumps(first) != json.dumps({**other, "seed": first["seed"]})


@every_kind
def test_its_frames_have_the_shape_and_count_on(kind: str) -> None:
    example = dict(catalog.service(kind).example)
    shape = TypeAdapter(FrameShape)
    sums = {entry["name"] for entry in catalog.describe(kind)["metrics"] if entry["type"] == "sum"}
    seen: dict[str, dict[str, float]] = {}
    kind_of = {node["id"]: node["kind"] for node in example["nodes"]}
    for place, content in enumerate(example_run(kind).frames):
        shape.validate_python(content, strict=False)
        assert content["seq"] == place
        for node, state in content["nodes"].items():
            if kind_of[node] != kind:
                continue
            assert set(state["metrics"]) == {metric["name"] for metric in catalog.describe(kind)["metrics"]}
            for name in sums:
                assert state["metrics"][name] >= seen.setdefault(node, {}).get(name, 0), f"{name} went down at {content['time_s']} s"
                seen[node][name] = state["metrics"][name]
    assert place > 10


FILLED_BY = {"tank": {"gauge"}, "slots": {"gauge"}, "capacity": {"sum", "gauge"}, "rates": {"sum"}}
"""The types of the metrics that fill a picture of each shape."""


@every_kind
def test_its_card_has_a_picture_that_its_frames_fill(kind: str) -> None:
    described = catalog.describe(kind)
    picture, parts = described["overlay"]["picture"], described["parts"]
    assert picture is not None, f"{kind} declares no picture for its card: give its Overlay one, as in docs/how-to/add-a-service.md"
    fills = [fill["name"] for fill in picture["fills"]]
    types = {metric["name"]: metric["type"] for metric in described["metrics"]}
    if picture["shape"] == "targets":
        assert not fills
        assert any(port["direction"] == "out" for port in described["ports"])
    elif picture["shape"] in ("bars", "states"):
        assert fills
        assert set(fills) <= {figure["name"] for figure in parts["figures"]}
    else:
        assert fills
        assert {types.get(name) for name in fills} <= FILLED_BY[picture["shape"]], f"{kind}: a {picture['shape']} cannot be filled with {fills}"
    if picture["shape"] == "capacity":
        assert [types[name] for name in fills] == ["sum", "gauge"] * (len(fills) // 2)
    assert not (picture["limit"] and picture["among"])
    assert picture["among"] is None or types[picture["among"]] == "gauge"
    assert 2 <= len(described["overlay"]["figures"]) <= 4
    assert sum(not figure["quiet"] for figure in described["overlay"]["figures"]) <= 2, "two numbers always, the others when they are above zero"
    limits = {picture["limit"], *(figure["of"] for figure in described["overlay"]["figures"]), *(metric["limit"] for metric in described["metrics"])} - {None}
    example = dict(catalog.service(kind).example)
    nodes = [node["id"] for node in example["nodes"] if node["kind"] == kind]
    out = [wire["id"] for wire in example["wires"] if wire["from"]["node"] in nodes]
    filled = False
    for content in example_run(kind).frames:
        for node in (content["nodes"][node] for node in nodes):
            assert limits <= set(node["limits"]), f"{kind}: no such limit"
            assert ("parts" in node) == (parts is not None)
            for counts in node.get("parts", {}).values():
                assert set(counts) == {figure["name"] for figure in parts["figures"]}
            told = [node["metrics"][name] for name in fills if name in types] + [counts[name] for counts in node.get("parts", {}).values() for name in fills if name in counts]
            filled = filled or any(told) or (picture["shape"] == "targets" and any(content["wires"][wire]["delivered"] for wire in out))
    assert filled, "its own example never fills it"


@every_kind
def test_it_has_a_page_in_the_reference(kind: str) -> None:
    assert (ROOT / "docs" / "reference" / "services" / f"{kind}.md").exists()
