"""The command line as a user meets it: exit codes, one clear sentence for what is wrong, reports to read and to parse."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.__main__ import main
from simulator.examples import example
from simulator.report_formats import to_csv, to_markdown
from simulator.scenario import Scenario

SCENARIO: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "nodes": [
        {"id": "clicks", "kind": "traffic", "name": "Clicks", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}}},
        {"id": "queue", "kind": "sqs", "name": "orders", "parameters": {}},
        {"id": "desk", "kind": "worker", "name": "Desk", "parameters": {"workers": 5}},
    ],
    "wires": [
        {"id": "w1", "from": {"node": "clicks", "port": "out"}, "to": {"node": "queue", "port": "in"}},
        {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "desk", "port": "source"}},
    ],
    "run": {"duration_s": 30, "seed": 7},
}


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """A file with a scenario that runs."""
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(SCENARIO))
    return str(file)


def write(tmp_path: Path, content: str | bytes) -> str:
    file = tmp_path / "given.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def broken(**changes: Any) -> str:
    return json.dumps({**SCENARIO, **changes})


class TestScript:
    def test_a_report_is_replayed_from_its_controls(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        lines = [{"time_s": 5.5, "action": "fault", "node": "desk", "fault": "fails", "value": {"share": 1}, "for_s": 5}, {"time_s": 9, "action": "load", "value": 3}]
        script = tmp_path / "script.json"
        script.write_text(json.dumps(lines))
        assert main(["run", scenario, "--script", str(script), "--json"]) == 0
        first = json.loads(capsys.readouterr().out)
        assert [control["time_s"] for control in first["controls"]] == [5.5, 9]
        assert first["nodes"]["desk"]["metrics"]["Errors"]["total"] > 0
        (tmp_path / "report.json").write_text(json.dumps(first))
        assert main(["run", scenario, "--script", str(tmp_path / "report.json"), "--json"]) == 0
        again = json.loads(capsys.readouterr().out)
        for report in (first, again):
            del report["wall_s"], report["messages_per_wall_s"]
        assert first == again
        (tmp_path / "with.json").write_text(broken(script=lines))
        assert main(["run", str(tmp_path / "with.json"), "--script", "none", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["controls"] == []

    def test_a_file_without_controls_and_a_line_that_makes_no_sense_are_told(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--script", write(tmp_path, '{"nodes": 3}')]) != 0
        assert "no list of controls" in capsys.readouterr().err
        assert main(["check", scenario, "--script", write(tmp_path, '[{"time_s": 5, "action": "fault", "node": "desk", "fault": "melts"}]')]) == 1
        assert "has no fault 'melts'" in "".join(capsys.readouterr())


class TestRun:
    def test_prints_a_report_for_people(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario]) == 0
        told = capsys.readouterr().out
        assert "All workers of Desk are busy" in told
        assert "desk.workers" in told
        for section in ("Nodes", "Limits", "Where time went", "Paths", "Cost", "Messages"):
            assert section in told

    def test_markdown_and_csv_are_what_the_browser_downloads(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--json", "--csv", str(tmp_path / "report.csv")]) == 0
        report, graph = json.loads(capsys.readouterr().out), Scenario.from_json(SCENARIO).to_json()
        assert (tmp_path / "report.csv").read_bytes().decode() == to_csv(report, graph)
        assert main(["run", scenario, "--markdown"]) == 0
        assert capsys.readouterr().out == to_markdown(report, graph)

    def test_a_csv_file_that_cannot_be_written_is_named(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--csv", str(tmp_path / "no" / "report.csv")]) == 2
        assert f"Cannot write the report to '{tmp_path}/no/report.csv': No such file or directory" in capsys.readouterr().err.replace("\n", "")

    def test_json_is_the_report(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["version"] == 1
        assert report["conservation"]["residual"] == 0
        assert set(report["nodes"]) == {"clicks", "queue", "desk"}

    def test_the_same_seed_gives_the_same_report_but_for_wall_time(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        def report(*more: str) -> dict[str, Any]:
            assert main(["run", scenario, "--json", *more]) == 0
            made: dict[str, Any] = json.loads(capsys.readouterr().out)
            return {key: value for key, value in made.items() if not key.endswith("wall_s")}

        assert report() == report()
        assert report("--seed", "8")["paths"] != report()["paths"]

    def test_reads_standard_input(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SCENARIO).encode())))
        assert main(["run", "-", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == "small"

    def test_runs_an_example_by_its_slug(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "example:work-queue", "--json", "--duration", "30"]) == 0
        assert json.loads(capsys.readouterr().out)["simulated_s"] == 30

    @pytest.mark.parametrize(("text", "seconds"), [("45", 45), ("1m 30s", 90), ("0.5h", 1800)])
    def test_duration_takes_units(self, scenario: str, text: str, seconds: float, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--json", "--duration", text, "--set", "clicks.load.rate_per_s=1"]) == 0
        assert json.loads(capsys.readouterr().out)["simulated_s"] == seconds

    def test_progress_goes_to_standard_error(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--json", "--progress"]) == 0
        captured = capsys.readouterr()
        assert "30 s" in captured.err
        json.loads(captured.out)

    def test_an_interrupt_still_gives_a_report(self, scenario: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        from simulator.run import Simulation

        frames = Simulation.frames

        def interrupted(simulation: Simulation) -> Any:
            for frame in frames(simulation):
                if frame.seq == 5:
                    raise KeyboardInterrupt
                yield frame

        monkeypatch.setattr(Simulation, "frames", interrupted)
        assert main(["run", scenario, "--json"]) == 130
        report = json.loads(capsys.readouterr().out)
        assert report["stopped"]
        assert 0 < report["simulated_s"] < 30


class TestSet:
    def report(self, capsys: pytest.CaptureFixture[str], scenario: str, *settings: str) -> dict[str, Any]:
        arguments = [part for setting in settings for part in ("--set", setting)]
        assert main(["run", scenario, "--json", *arguments]) == 0, capsys.readouterr().err
        made: dict[str, Any] = json.loads(capsys.readouterr().out)
        return made

    def test_changes_a_parameter_of_a_node(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.report(capsys, scenario, "desk.workers=50")["nodes"]["desk"]["limits"][0]["limit"] == 50

    def test_goes_into_structured_parameters_and_their_defaults(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        report = self.report(capsys, scenario, "clicks.load.rate_per_s=600/min", "clicks.message_types.0.size_bytes=2 KiB", "desk.duration.mean_s=10ms")
        assert report["nodes"]["clicks"]["metrics"]["OfferedLoad"]["mean"] == 10
        assert report["nodes"]["queue"]["metrics"]["SentMessageSize"]["mean"] == 2048
        assert report["nodes"]["desk"]["metrics"]["Duration"]["mean"] < 0.02

    def test_changes_wires_run_and_account(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        report = self.report(capsys, scenario, "w2.max_number_of_messages=10", "run.duration_s=1m", "run.seed=3", "account.lambda.concurrent_executions=50")
        assert (report["duration_s"], report["seed"]) == (60, 3)

    def test_replaces_a_structured_parameter_by_json(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        report = self.report(capsys, scenario, 'desk.duration={"type":"constant","value_s":0.5}')
        assert report["nodes"]["desk"]["metrics"]["Duration"]["max"] == pytest.approx(0.5)

    @pytest.mark.parametrize(
        ("setting", "named"),
        [
            ("desk.workers", "desk.workers"),
            ("workers=3", "workers=3"),
            ("dsk.workers=3", "did you mean 'desk'"),
            ("queue.visibility_timeout_s=soon", "'soon' is not a duration"),
            ("clicks.message_types.4.name=x", "'4' must be a place in a list of 1"),
            ("desk.workers.more=3", "desk"),
        ],
    )
    def test_what_cannot_be_set_is_named(self, scenario: str, setting: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["run", scenario, "--set", setting])
        captured = capsys.readouterr()
        assert code in (1, 2)
        assert named in captured.err
        assert "Traceback" not in captured.err

    @pytest.mark.parametrize(("setting", "named"), [("queue.visibility_timeout_s=-3", "Visibility timeout"), ("queue.visibilty_timeout_s=3", "Did you mean 'visibility_timeout_s'?"), ("run.duration_s=0", "duration_s")])
    def test_a_value_out_of_bounds_is_a_finding(self, scenario: str, setting: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", scenario, "--set", setting]) == 1
        assert named in capsys.readouterr().err


class TestTrace:
    def test_replays_a_csv_file_of_counts(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "load.csv").write_text("requests\n600\n0\n1200\n")
        assert main(["run", scenario, "--json", "--trace", f"clicks={tmp_path / 'load.csv'}:10s"]) == 0
        captured = capsys.readouterr()
        made = json.loads(captured.out)["series"]["nodes"]["clicks"]["MessagesCreated"]
        assert made[len(made) * 2 // 3] == pytest.approx(600, rel=0.2)
        assert made[-1] == pytest.approx(1800, rel=0.1)
        assert "1.8k messages in 30 s" in captured.err

    def test_replays_times_of_arrivals(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "times.csv").write_text("0.5\n1\n1\n29\n")
        assert main(["run", scenario, "--json", "--trace", f"clicks={tmp_path / 'times.csv'}:times"]) == 0
        assert json.loads(capsys.readouterr().out)["nodes"]["clicks"]["metrics"]["MessagesCreated"]["total"] == 4

    def test_keeps_the_scale_of_the_trace_it_replaces(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "times.csv").write_text("1\n2\n3\n")
        load = '{"shape":"trace","scale":3,"trace":{"kind":"times","times_s":[1]}}'
        saved = json.loads(json.dumps(SCENARIO))
        saved["nodes"][0]["parameters"]["load"] = json.loads(load)
        file = write(tmp_path, json.dumps(saved))
        assert main(["run", file, "--json", "--trace", f"clicks={tmp_path / 'times.csv'}:times"]) == 0
        assert json.loads(capsys.readouterr().out)["nodes"]["clicks"]["metrics"]["MessagesCreated"]["total"] == 9

    @pytest.mark.parametrize(
        ("content", "named"),
        [("", "empty"), ("a\nb\n", "Line 2"), ("1\n-5\n", "negative"), ("1\nnan\n", "not a finite number"), ("1\ninf\n", "not a finite number"), ("x\n1\n2;3\n", "Line 3"), (b"\xff\xfe\x00", "UTF-8")],
    )
    def test_a_bad_trace_gets_one_clear_sentence(self, scenario: str, tmp_path: Path, content: str | bytes, named: str, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "bad.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        assert main(["run", scenario, "--trace", f"clicks={file}"]) == 2
        told = capsys.readouterr()
        assert named in told.err
        assert told.err.startswith("error: ")
        assert not told.out

    def test_ten_megabytes_are_refused(self, scenario: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "large.csv"
        file.write_bytes(b"1234567\n" * 1_250_000)
        assert main(["run", scenario, "--trace", f"clicks={file}"]) == 2
        assert "at most" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("option", "named"),
        [
            ("clicks", "node=FILE"),
            ("queue=load.csv", "not a source of traffic"),
            ("cliks=load.csv", "did you mean 'clicks'"),
            ("clicks=absent.csv", "absent.csv"),
            ("clicks=load.csv:soon", "'soon' is not a duration"),
        ],
    )
    def test_a_bad_option_is_named(self, scenario: str, tmp_path: Path, option: str, named: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "load.csv").write_text("1\n")
        monkeypatch.chdir(tmp_path)
        assert main(["run", scenario, "--trace", option]) == 2
        assert named in capsys.readouterr().err


BAD_SCENARIOS = [
    ("not json", 2, "not JSON"),
    ('{"nodes": [}', 2, "line 1, column 12"),
    (b"\xff\xff", 2, "UTF-8"),
    ("[" * 100_000, 2, "nested too deeply"),
    ("[]", 1, "JSON object"),
    ("{}", 1, "no nodes"),
    (broken(version=99), 1, "version 99"),
    (broken(nodes=[{"id": "a", "kind": "sqss"}], wires=[]), 1, "sqss"),
    (broken(nodes=[{"id": "a", "kind": "sqs", "parameters": {"colour": "red"}}], wires=[]), 1, "colour"),
    (broken(nodes=[{"id": "a", "kind": "sqs", "parameters": {"delay_s": 1e9}}], wires=[]), 1, "Delay"),
    (broken(nodes=[{"id": "a", "kind": "sqs"}, {"id": "a", "kind": "sqs"}], wires=[]), 1, "'a'"),
    (broken(wires=[{"id": "w", "from": {"node": "clicks", "port": "out"}, "to": {"node": "queue", "port": "side"}}]), 1, "'side'"),
    (broken(wires=[{"id": "w", "from": {"node": "clicks", "port": "out"}, "to": {"node": "nowhere", "port": "in"}}]), 1, "'nowhere'"),
    (broken(wires=[{"id": "w", "from": {"node": "clicks", "port": "out"}, "to": {"node": "desk", "port": "source"}}]), 1, "Clicks"),
    (broken(nodes=[{"id": "a", "kind": "sns", "name": "round"}], wires=[
        {"id": "w", "from": {"node": "a", "port": "out"}, "to": {"node": "a", "port": "in"}, "parameters": {"delivery_latency": {"type": "constant", "value_s": 0}}}]), 1, "'round'"),
    (broken(nodes=5), 1, "nodes"),
    (broken(run={"duration_s": -1}), 1, "duration_s"),
]


class TestBadInput:
    @pytest.mark.parametrize("command", ["run", "check"])
    @pytest.mark.parametrize(("content", "code", "named"), BAD_SCENARIOS)
    def test_gets_an_exit_code_and_a_sentence_that_names_it(self, command: str, content: str | bytes, code: int, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([command, write(tmp_path, content)]) == code
        captured = capsys.readouterr()
        told = captured.err + captured.out
        assert named in told
        assert "Traceback" not in told

    def test_a_missing_file_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "absent.json"]) == 2
        assert "absent.json" in capsys.readouterr().err

    def test_a_directory_is_no_scenario(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", str(tmp_path)]) == 2
        assert str(tmp_path) in capsys.readouterr().err

    def test_json_errors_have_the_shape_of_all_errors(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        nodes = [{"id": "a", "kind": "sqs", "parameters": {"delay_s": -1, "colour": 1}}]
        assert main(["run", "--json", write(tmp_path, broken(nodes=nodes, wires=[]))]) == 1
        error = json.loads(capsys.readouterr().out)["error"]
        assert set(error) == {"code", "message", "hint", "findings"}
        assert {finding["parameter"] for finding in error["findings"]} == {"delay_s", "colour"}

    @pytest.mark.parametrize("command", ["run", "check", "compare", "validate"])
    @pytest.mark.parametrize(("slug", "named"), [("work-queue", "name it example:work-queue"), ("mine", "save that part as a file of its own"), ([], "save that part as a file of its own")])
    def test_a_file_of_the_gallery_says_how_to_name_it(self, command: str, slug: Any, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main([command, write(tmp_path, json.dumps({"slug": slug, "title": "A", "graph": example("work-queue").graph}))]) == 2
        told = capsys.readouterr().err
        assert "is an example of the gallery" in told
        assert named in told

    def test_an_unknown_example_lists_those_there_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["run", "example:nothing"]) == 2
        assert "work-queue" in capsys.readouterr().err

    @pytest.mark.parametrize("arguments", [[], ["fly"], ["run"], ["run", "x", "--duration", "soon"], ["run", "x", "--seed", "one"]])
    def test_a_wrong_command_is_a_usage_error(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        assert "usage:" in capsys.readouterr().err


class TestValidate:
    def test_prints_both_ways_beside_each_other(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["validate", "example:sns-fan-out", "--runs", "1", "--messages", "20000"]) == 0
        told = capsys.readouterr().out
        assert "at shipping: Shipping desk has fewer than 50 slots" in told
        assert "throughput" in told

    def test_a_diagram_of_single_messages_has_nothing_to_compare(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["validate", "example:throttled-consumer", "--runs", "3", "--duration", "30s", "--no-progress"]) == 0
        told = capsys.readouterr().out
        assert "1 run each" in told
        assert "Nothing to compare" in told
        assert "Single messages in both at queue: book-in-old-system may be throttled" in told
        assert "throughput" not in told

    def test_json_tells_the_scale_and_every_figure(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["validate", scenario, "--runs", "1", "--messages", "1000", "--json"]) == 0
        compared = json.loads(capsys.readouterr().out)
        assert 0 < compared["scale"] < 1
        assert {"node", "figure", "exact", "cohorts", "error"} <= set(compared["rows"][0])


class TestCheck:
    def test_a_sound_scenario(self, scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", scenario]) == 0
        assert "note:" in capsys.readouterr().out

    def test_json_lists_findings(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "--json", write(tmp_path, broken(nodes=[{"id": "a", "kind": "sqss"}], wires=[]))]) == 1
        found = json.loads(capsys.readouterr().out)["findings"]
        assert [(finding["code"], finding["node"]) for finding in found] == [("unknown-kind", "a")]


class TestCatalog:
    def test_services_lists_every_kind_with_its_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["services"]) == 0
        told = capsys.readouterr().out
        for kind in ("sns", "sqs", "lambda", "traffic", "worker"):
            assert kind in told
        assert "simulator/services/sqs.py" in told

    def test_describe_shows_parameters_and_fidelity(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["describe", "sqs"]) == 0
        told = capsys.readouterr().out
        for word in ("visibility_timeout_s", "VisibilityTimeout", "43,200", "Modelled", "Ignored", "ApproximateAgeOfOldestMessage"):
            assert word in told

    def test_describe_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["describe", "lambda", "--json"]) == 0
        described = json.loads(capsys.readouterr().out)
        assert [service["kind"] for service in described["services"]] == ["lambda"]

    def test_an_unknown_kind_lists_those_there_are(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["describe", "kinesis-of-old"]) == 2
        assert "sqs" in capsys.readouterr().err

    def test_examples_are_listed_and_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["examples"]) == 0
        assert "throttled-consumer" in capsys.readouterr().out
        assert main(["examples", "throttled-consumer"]) == 0
        assert json.loads(capsys.readouterr().out)["nodes"]


def test_it_is_a_module_that_can_be_run_and_piped(scenario: str) -> None:
    made = subprocess.run([sys.executable, "-m", "simulator", "run", scenario], capture_output=True, text=True, check=False)
    assert made.returncode == 0
    assert "Messages" in made.stdout
    assert "\x1b[" not in made.stdout
