"""Recorded traffic (requests per minute, one weekday's twenty minutes) through an SNS topic, an SQS queue and a function.

The topology is the one of the sample template `sns-sqs-lambda`: a topic, one subscription to a queue, and a function with
a batch size of 10 and a timeout of 30 s. The four traces are steady, fluctuating, spiky, and one that jumps.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.__main__ import main
from simulator.run import simulate
from simulator.traces import parse_trace

TRACES = Path(__file__).parents[2].parent / "shared" / "samples" / "traces"
FILES = sorted(TRACES.glob("*.csv"))
NAMES = ["azure-20min-fluctuating", "azure-20min-jump", "azure-20min-spikes", "azure-20min-steady"]
MINUTE_S = 60.0
SEEDS = range(1, 5)

pytestmark = pytest.mark.skipif(not FILES, reason=f"the recorded traces are not beside this repository ({TRACES})")

DURATION = {"type": "lognormal", "p50_s": 0.25, "p99_s": 1.0}


def topology(trace: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """The template's topology; without a trace, a source to be given one on the command line."""
    load = {"load": {"shape": "trace", "trace": trace}} if trace else {}
    return {
        "version": 1, "name": "sns-sqs-lambda",
        "nodes": [
            {"id": "clients", "kind": "traffic", "name": "Clients", "parameters": load},
            {"id": "topic", "kind": "sns", "name": "MySnsTopic", "parameters": {}},
            {"id": "queue", "kind": "sqs", "name": "MySqsQueue", "parameters": {}},
            {"id": "function", "kind": "lambda", "name": "MyFunction",
             "parameters": {"timeout_s": 30, "memory_mb": 128, "architecture": "arm64", "runtime": "rust", "duration": DURATION}},
        ],
        "wires": [
            {"id": "publish", "from": {"node": "clients", "port": "out"}, "to": {"node": "topic", "port": "in"}},
            {"id": "subscription", "from": {"node": "topic", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "mapping", "from": {"node": "queue", "port": "out"}, "to": {"node": "function", "port": "source"}, "parameters": {"batch_size": 10}},
        ],
        "run": {"duration_s": 20 * MINUTE_S, "frame_interval_s": 10, "seed": 1, **run},
    }  # fmt: skip


def recorded(name: str) -> list[int]:
    """The counts of the file, read without the product's parser."""
    with (TRACES / f"{name}.csv").open(newline="") as file:
        return [int(row[0]) for row in list(csv.reader(file))[1:] if row]


def parsed(name: str) -> dict[str, Any]:
    return parse_trace((TRACES / f"{name}.csv").read_bytes(), name=name, interval_s=MINUTE_S)


def per_minute(report: dict[str, Any]) -> np.ndarray:
    """Messages created in each minute, from the report's series."""
    made = report["series"]["nodes"]["clients"]["MessagesCreated"]
    at_minutes = dict(zip(report["series"]["time_s"], made, strict=True))
    return np.diff([at_minutes[minute * MINUTE_S] for minute in range(21)])


def poisson_p_value(counts: np.ndarray, expected: np.ndarray) -> float:
    """Two-sided chi-squared test of the index of dispersion against Poisson noise around ``expected``."""
    statistic = float(((counts - expected) ** 2 / expected).sum())
    upper = float(stats.chi2.sf(statistic, df=counts.size))
    return 2 * min(upper, 1 - upper)


def test_all_four_samples_are_there() -> None:
    assert [file.stem for file in FILES] == NAMES


@pytest.mark.parametrize("name", NAMES)
class TestArrivals:
    def test_match_the_trace_within_poisson_noise(self, name: str) -> None:
        expected = np.tile(np.array(recorded(name), dtype=float), len(SEEDS))
        counts = np.concatenate([per_minute(simulate(topology(parsed(name), seed=seed)).to_json()) for seed in SEEDS])
        assert poisson_p_value(counts, expected) > 0.001
        assert abs(counts.sum() - expected.sum()) < 4 * np.sqrt(expected.sum())

    def test_evenly_spaced_match_the_trace_exactly(self, name: str) -> None:
        scenario = topology(parsed(name))
        scenario["nodes"][0]["parameters"]["arrivals"] = "even"
        assert np.abs(np.cumsum(per_minute(simulate(scenario).to_json())) - np.cumsum(recorded(name))).max() <= 1

    def test_are_the_same_from_the_command_line(self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "sns-sqs-lambda.json"
        file.write_text(json.dumps(topology()))
        assert main(["run", str(file), "--json", "--trace", f"clients={TRACES / name}.csv:1m"]) == 0
        by_command = json.loads(capsys.readouterr().out)
        by_library = simulate(topology(parsed(name) | {"name": f"{name}.csv"})).to_json()
        assert list(per_minute(by_command)) == list(per_minute(by_library))
        assert by_command["nodes"]["queue"]["metrics"] == json.loads(json.dumps(by_library["nodes"]["queue"]["metrics"]))

    def test_reach_the_function_and_are_conserved(self, name: str) -> None:
        report = simulate(topology(parsed(name), duration_s=1500)).to_json()
        assert report["conservation"]["residual"] == 0
        assert report["conservation"]["lost"] == 0
        created = report["nodes"]["clients"]["metrics"]["MessagesCreated"]["total"]
        assert report["nodes"]["function"]["metrics"]["MessagesProcessed"]["total"] == created


def test_the_test_of_arrivals_can_fail() -> None:
    """Arrivals that are 5 % too many, or too regular, are told from Poisson noise."""
    expected = np.tile(np.array(recorded("azure-20min-steady"), dtype=float), len(SEEDS))
    generator = np.random.default_rng(1)
    assert poisson_p_value(generator.poisson(expected * 1.05), expected) < 0.001
    assert poisson_p_value(expected + generator.normal(0, 0.3 * np.sqrt(expected)), expected) < 0.001


class TestTheJump:
    """With concurrency for the calm minutes, the jump fills the queue; the report says so, and says what to change.

    The trace falls from 24 to 17 requests a second after seven minutes, and jumps back to 24 after sixteen.
    """

    def report(self, maximum_concurrency: int) -> dict[str, Any]:
        scenario = topology(parsed("azure-20min-jump"), duration_s=1500)
        scenario["nodes"][3]["parameters"]["duration"] = {"type": "gamma", "mean_s": 0.28, "coefficient_of_variation": 0.8}
        scenario["wires"][2]["parameters"]["maximum_concurrency"] = maximum_concurrency
        return simulate(scenario).to_json()

    def test_the_report_explains_what_it_does_to_the_queue(self) -> None:
        counts = recorded("azure-20min-jump")
        assert max(counts[7:16]) < 0.85 * min(counts[16:])
        report = self.report(maximum_concurrency=6)
        jump = next(sentence for sentence in report["explanation"] if "instead of" in sentence)
        assert jump.startswith("The backlog of MySqsQueue ")
        told = re.search(r"after (\d+) min .*when ([\d.]+)/s arrived instead of ([\d.]+)/s", jump)
        assert told is not None
        assert 17 <= int(told[1]) <= 21
        assert float(told[2]) == pytest.approx(np.mean(counts[16:]) / MINUTE_S, rel=0.1)
        assert float(told[3]) < 1.15 * np.mean(counts[7:16]) / MINUTE_S
        assert any("maximum concurrency (6)" in sentence for sentence in report["explanation"])

    def test_it_names_the_parameter_to_change_and_that_helps(self) -> None:
        narrow, wide = self.report(6), self.report(12)
        culprit = narrow["nodes"]["queue"]["waits"][0]["culprit"]
        assert culprit == {"node": "function", "wire": "mapping", "parameter": "maximum_concurrency"}
        backlog = [made["nodes"]["queue"]["metrics"]["ApproximateNumberOfMessagesVisible"]["max"] for made in (narrow, wide)]
        assert backlog[0] > 10 * backlog[1]
