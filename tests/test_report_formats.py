"""A report as a file: the same figures in every format, each with its unit and what it means."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from simulator import catalog
from simulator.executors import open_executor
from simulator.figures import FIELDS, figures_of
from simulator.replications import Replications
from simulator.report_formats import COLUMNS, MEDIA_TYPES, digest, rows, to_csv, to_json, to_markdown, write
from simulator.run import simulate
from simulator.scenario import Scenario
from tests.drawing import constant, drawing, rate


def graph(**more: Any) -> dict[str, Any]:
    drawn = drawing(
        {"jobs": ("traffic", {"load": rate(20)}), "queue": ("sqs", {}), "work/er~1": ("lambda", {"duration": constant(0.1)})},
        {"jobs.out -> queue.in": {}, "queue.out -> work/er~1.source": {}}, duration_s=30, seed=7, **more)
    return Scenario.from_json(drawn).to_json()


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return simulate(graph()).to_json()


def parsed(text: str) -> dict[str, dict[str, str]]:
    return {line["figure"]: line for line in csv.DictReader(io.StringIO(text, newline=""))}


def keys_of(pointer: str) -> tuple[str, ...]:
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer[1:].split("/"))


def number(text: str) -> float | None:
    return float(text) if text else None


def test_csv_parsed_back_equals_the_figures_of_the_report(report: dict[str, Any]) -> None:
    lines = parsed(to_csv(report, graph()))
    read = {keys_of(pointer): number(line["value"]) for pointer, line in lines.items() if len(keys_of(pointer)) > 1 or pointer.startswith("/cost")}
    for figure, value in figures_of(report).items():
        assert read.pop(figure) == value, figure
    for keys, value in read.items():
        place: Any = report
        for key in keys:
            place = place[key]
        assert place == value, keys
    assert {keys[0] for keys in read} == {"conservation", "wires", "nodes"}
    assert len(lines) == to_csv(report, graph()).count("\r\n") - 1, "no figure has the name of another"


def test_csv_says_what_makes_the_run_again(report: dict[str, Any]) -> None:
    lines = parsed(to_csv(report, graph(), "http://host/runs/1/"))
    told = {name: lines[f"/{name}"]["value"] for name in ("seed", "engine_version", "graph_sha256", "address")}
    assert told == {"seed": "7", "engine_version": report["engine_version"], "graph_sha256": digest(graph()), "address": "http://host/runs/1/"}
    assert digest(graph()) == digest(dict(reversed(graph().items()))) != digest({**graph(), "name": "other"})


def test_every_figure_has_a_unit_and_the_definition_of_its_service(report: dict[str, Any]) -> None:
    listed = rows(report)
    assert all(row.unit and row.definition and row.title for row in listed)
    found = {row.figure: row for row in listed}
    for node_id, node in report["nodes"].items():
        for metric in catalog.service(node["kind"]).metrics:
            for field in FIELDS[metric.type]:
                row = found["nodes", node_id, "metrics", metric.name, field]
                assert row.definition.startswith(metric.help.rstrip("."))
                assert field in ("per_s", "count") or row.unit == metric.unit
    assert found["nodes", "queue", "metrics", "MessageWait", "p99"].definition.endswith("99 % of the samples are at most this.")


def test_a_rate_of_bytes_is_not_a_rate_of_messages(report: dict[str, Any]) -> None:
    queue = report["nodes"]["queue"]
    weighed = {**queue, "metrics": {**queue["metrics"], "NumberOfMessagesSent": {**queue["metrics"]["NumberOfMessagesSent"], "unit": "bytes"}}}
    units = {row.figure[-2:]: row.unit for row in rows({**report, "nodes": {**report["nodes"], "queue": weighed}}) if row.figure[1:3] == ("queue", "metrics")}
    assert units["NumberOfMessagesSent", "per_s"] == "bytes_per_s"
    assert units["NumberOfMessagesReceived", "per_s"] == "per_s"


def test_json_is_the_report_with_graph_and_definitions(report: dict[str, Any]) -> None:
    read = json.loads(to_json(report, graph()))
    assert {key: read[key] for key in report} == report
    assert set(read) - set(report) == {"facts", "graph", "definitions"}
    assert simulate(read["graph"]).to_json()["nodes"] == report["nodes"]
    assert read["definitions"]["/nodes/work~1er~01/metrics/Duration/p50"]["unit"] == "s"


def test_markdown_holds_every_figure_that_was_measured_and_a_graph_that_runs_again(report: dict[str, Any]) -> None:
    text = to_markdown(report, graph())
    assert json.loads(text.rsplit("```json\n", 1)[1].removesuffix("\n```\n")) == graph()
    for sentence in ("| Seed | 7 |", "Messages that can be received now: the backlog.", "## queue (sqs)", "## Wires", "## Paths", "| p99 | 99 % of the samples are at most this |"):
        assert sentence in text
    for node in report["nodes"].values():
        for metric in node["metrics"].values():
            if any(isinstance(value, (int, float)) for key, value in metric.items() if key != "trouble"):
                assert f": {metric['title']}" in text


def test_names_cannot_break_out_of_a_table_or_be_calculated(report: dict[str, Any]) -> None:
    named = {**report, "name": "=1+1", "nodes": {**report["nodes"], "queue": {**report["nodes"]["queue"], "name": '=HYPERLINK("x")|<b>\nnew'}}}
    lines = parsed(to_csv(named, graph()))
    assert lines["/name"]["value"] == "'=1+1"
    assert lines["/nodes/queue/cost_usd"]["title"].startswith("'=HYPERLINK")
    text = to_markdown(named, graph())
    assert "## =HYPERLINK(\"x\")\\|\\<b\\> new (sqs)" in text
    assert all(line.replace("\\|", "").count("|") == 5 for line in text.splitlines() if line.startswith("| =HYPERLINK"))


def test_replications_stand_beside_the_figures_with_their_interval() -> None:
    scenario = Scenario.from_json(graph(replications=3))
    with open_executor(None, 1) as (executor, width):
        replications = Replications(scenario, executor, width)
        for _ in replications.advance():
            pass
        report = replications.report()
    seen = report["replications"]["nodes"]["queue"]["metrics"]["MessageWait"]["mean"]
    line = parsed(to_csv(report, scenario.to_json()))["/nodes/queue/metrics/MessageWait/mean"]
    assert (float(line["replications_mean"]), float(line["replications_half_width"])) == (seen["mean"], seen["half_width"])
    assert parsed(to_csv(report, scenario.to_json()))["/replications"]["value"] == "3"
    assert "(replications: " in to_markdown(report, scenario.to_json())


def test_the_same_report_gives_the_same_file(report: dict[str, Any]) -> None:
    for style in MEDIA_TYPES:
        assert write(style, report, graph()) == write(style, json.loads(json.dumps(report)), graph())
    assert to_csv(report, graph()).splitlines()[0] == ",".join(COLUMNS)
