"""Two variants with common random numbers: pairs tell small differences that separate studies cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.__main__ import main
from simulator.comparison import Comparison
from simulator.measures.intervals import interval, unpaired
from simulator.scenario import Scenario
from tests.laws.systems import exponential, station
from tests.statistics.test_replications import Inline

WAIT = ["nodes", "queue", "metrics", "MessageWait", "mean"]


def variant(mean_s: float, **run: Any) -> Scenario:
    made = station(0.7, 1, exponential(mean_s), messages=800)
    return Scenario.from_json({**made, "run": {**made["run"], "replications": 10, **run}})


def compare(base: Scenario, other: Scenario) -> dict[str, Any]:
    comparison = Comparison(base, other, Inline(), 1)
    seen = [progress.done for progress in comparison.advance()]
    assert seen == list(range(1, 2 * base.run.replications + 1))
    return comparison.report()


def figure(compared: dict[str, Any], place: list[str]) -> dict[str, Any]:
    return next(entry for entry in compared["figures"] if entry["figure"] == place)


def test_the_paired_interval_is_narrower_and_shows_what_the_unpaired_cannot() -> None:
    wait = figure(compare(variant(1.0), variant(1.04)), WAIT)
    assert wait["difference"]["half_width"] < 0.5 * wait["unpaired_half_width"]
    assert wait["verdict"] == "higher"
    assert abs(wait["difference"]["mean"]) < wait["unpaired_half_width"]


def test_pairs_are_added_until_the_difference_is_precise() -> None:
    of = {"precision": 0.05, "precision_of": ["queue.MessageWait"], "max_replications": 60, "replications": 1}
    comparison = Comparison(variant(1.0, **of), variant(1.04), Inline(), 1)
    done = [progress.done for progress in comparison.advance()]
    compared = comparison.report()
    assert compared["ended"] == {"by": "precision"}
    assert 3 < compared["replications"] < 60
    assert sorted(done) == done
    assert compared["precision"] == [{"figure": WAIT, "title": compared["precision"][0]["title"], "relative": compared["precision"][0]["relative"], "reached": True}]
    wait = figure(compared, WAIT)
    assert wait["difference"]["half_width"] / wait["a"]["mean"] == pytest.approx(compared["precision"][0]["relative"])
    fixed = Comparison(variant(1.0, replications=compared["replications"]), variant(1.04), Inline(), 1)
    list(fixed.advance())
    assert fixed.report()["figures"] == compared["figures"], "pairs that were added are those that would have run anyway"


def test_a_limit_ends_the_search_for_precision() -> None:
    of = {"precision": 0.0001, "precision_of": ["queue.MessageWait"], "replications": 1, "max_replications": 6}
    comparison = Comparison(variant(1.0, **of), variant(1.04), Inline(), 1)
    list(comparison.advance())
    compared = comparison.report()
    assert compared["ended"] == {"by": "limit"}
    assert compared["replications"] == 6
    assert not compared["precision"][0]["reached"]


def test_without_common_numbers_pairing_gains_nothing() -> None:
    """The same comparison with other seeds on one side: so the gain above comes from the common numbers."""
    from simulator.replications import Replications

    sides = []
    for scenario in (variant(1.0), variant(1.04, seed=99)):
        made = Replications(scenario, Inline(), 1)
        list(made.advance())
        sides.append(made.samples(tuple(WAIT)))
    paired = interval([after - before for before, after in zip(*sides, strict=True)], 0.95)
    assert paired.half_width > 0.6 * unpaired(*sides, 0.95)  # type: ignore[operator]


def test_both_meet_the_same_arrivals() -> None:
    compared = compare(variant(1.0), variant(1.04, seed=55, replications=3))
    created = figure(compared, ["nodes", "source", "metrics", "MessagesCreated", "total"])
    assert created["verdict"] == "equal"
    assert created["difference"] == {"mean": 0.0, "half_width": 0.0, "min": 0.0, "max": 0.0, "samples": 10}


def test_what_is_not_shown_is_called_open() -> None:
    compared = compare(variant(1.0, replications=3), variant(1.0001))
    assert figure(compared, WAIT)["verdict"] in ("open", "higher")
    worse = compare(variant(1.04), variant(1.0))
    assert figure(worse, WAIT)["verdict"] == "lower"


def test_detected_warm_ups_are_made_one() -> None:
    compared = compare(variant(1.0, warm_up_s="auto", replications=3, frame_interval_s=5), variant(1.04, warm_up_s=17.0))
    assert compared["warm_up_s"][0] == compared["warm_up_s"][1] >= 17


class TestCommandLine:
    def test_prints_the_differences(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "a.json"
        file.write_text(json.dumps(variant(1.0, replications=1).to_json()))
        assert main(["compare", str(file), "--set-b", "server.workers=2", "--replications", "3", "--processes", "2"]) == 0
        told = capsys.readouterr().out
        assert "3 pairs of runs with common random numbers" in told
        assert "queue: Wait, mean" in told
        assert "lower" in told

    def test_two_files_as_json(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        for name, mean_s in (("a", 1.0), ("b", 1.04)):
            (tmp_path / name).write_text(json.dumps(variant(mean_s).to_json()))
        assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--replications", "2", "--processes", "1", "--json"]) == 0
        compared = json.loads(capsys.readouterr().out)
        assert compared["replications"] == 2
        assert figure(compared, WAIT)["difference"]["samples"] == 2

    def test_the_same_twice_is_refused(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "a.json"
        file.write_text(json.dumps(variant(1.0).to_json()))
        assert main(["compare", str(file)]) == 2
        assert "--set-b" in capsys.readouterr().err

    def test_says_which_difference_is_not_precise(self, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "a.json"
        file.write_text(json.dumps(variant(1.0, replications=1).to_json()))
        asked = ["--precision", "0.01%", "--max-replications", "3", "--of", "queue.MessageWait"]
        assert main(["compare", str(file), "--set-b", "server.workers=2", "--processes", "1", *asked]) == 0
        assert "not as precise as asked: queue: Wait, mean" in capsys.readouterr().out
