"""The command line: ``python -m simulator run | compare | validate | check | asl | services | describe | examples``.

Exit codes: 0 it ran (or nothing is wrong); 1 the scenario has errors; 2 the command or a file cannot be read;
3 the engine broke a rule of its own, which is a defect of this program.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from simulator import __version__, catalog, findings, terminal
from simulator.comparison import Comparison
from simulator.engine.errors import SimulationError
from simulator.examples import example, examples
from simulator.executors import DASK_SCHEDULER, ClusterError, open_executor
from simulator.languages.asl.definition import checked
from simulator.languages.asl.local import NoEnd, StubError, run_locally
from simulator.overrides import NO_SCRIPT, OverrideError, apply_settings, apply_trace, script_in
from simulator.replications import Progress, Replications
from simulator.report_formats import to_csv, to_markdown
from simulator.run import Simulation
from simulator.scenario import Scenario, ScenarioError
from simulator.terminal_asl import print_execution, print_problems
from simulator.terminal_statistics import print_comparison, print_replications, print_theory, print_validation
from simulator.traces import TraceError
from simulator.units import UnitError, format_count, format_duration, format_share, parse_duration_s
from simulator.validation import USUAL_MESSAGES, Validation
from simulator.vocabulary import Finding

RAN, HAS_ERRORS, UNREADABLE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
MAX_FILE_BYTES = 50_000_000
USUAL_PAIRS = 10
"""Pairs of runs that `compare` makes if nobody says."""
EXAMPLE_PREFIX = "example:"


class Unreadable(Exception):
    """Something the user named cannot be read; the message names it and the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (Unreadable, OverrideError, TraceError, ClusterError, StubError, NoEnd) as error:
        return _fail(UNREADABLE, "unreadable", str(error), options)
    except ScenarioError as error:
        code = UNREADABLE if error.findings[0].code == "malformed-json" else HAS_ERRORS
        return _fail(code, error.findings[0].code, f"{options.file}: {_count_of(error.findings)}", options, error.findings)
    except SimulationError as error:
        return _fail(DEFECT, "simulation-error", f"The simulator broke one of its own rules; please report it with the scenario. {error}", options)
    except BrokenProcessPool:
        return _fail(DEFECT, "process-died", "A simulation process died: it was killed, or ran out of memory. Simulate less at a time, or with fewer --processes", options)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RAN


# -- commands -------------------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """Run a scenario and print its report."""
    scenario = _scenario(options)
    if scenario.run.replicated:
        return _run_replications(scenario, options)
    simulation = Simulation(scenario)
    interrupted = _advance(simulation, options.progress)
    report = simulation.report().to_json()
    if not _print_formats(report, scenario, options):
        terminal.print_report(_stdout(), report)
        print_theory(_stdout(), report)
    return INTERRUPTED if interrupted else RAN


def _run_replications(scenario: Scenario, options: argparse.Namespace) -> int:
    findings.prepare(scenario)
    with open_executor(os.environ.get(DASK_SCHEDULER), options.processes) as (executor, width):
        replications = Replications(scenario, executor, width)
        interrupted = _show_progress(replications.advance(), options.progress)
    if not replications.done:
        return _fail(INTERRUPTED, "interrupted", "Interrupted before the first replication was done", options)
    report = replications.report()
    if not _print_formats(report, scenario, options):
        terminal.print_report(_stdout(), report)
        print_theory(_stdout(), report)
        print_replications(_stdout(), report)
    return INTERRUPTED if interrupted else RAN


def compare(options: argparse.Namespace) -> int:
    """Run two variants with common random numbers and print the differences."""
    base = _scenario(options)
    options.file, options.set = options.variant or options.file, [*options.set, *options.set_b]
    variant = _scenario(options)
    if base.to_json() == variant.to_json():
        raise Unreadable("Both variants are the same; name a second file, or change something with --set-b node.parameter=value")
    for scenario in (base, variant):
        findings.prepare(scenario)
    if base.run.precision is None and base.run.replications < 2:
        base = base.model_copy(update={"run": base.run.model_copy(update={"replications": USUAL_PAIRS})})
    with open_executor(os.environ.get(DASK_SCHEDULER), options.processes) as (executor, width):
        comparison = Comparison(base, variant, executor, width)
        interrupted = _show_progress(comparison.advance(), options.progress)
    try:
        compared = comparison.report()
    except ValueError as error:
        return _fail(INTERRUPTED, "interrupted", f"Interrupted too early: {error}", options)
    if options.json:
        _print_json(compared)
    else:
        print_comparison(_stdout(), compared, {node.id: node.kind for node in variant.nodes}, options.all)
    return INTERRUPTED if interrupted else RAN


def asl(options: argparse.Namespace) -> int:
    """Run one execution of a state machine, and print its history."""
    definition, problems = checked(_text_of(options.file, "definition"), options.express)
    errors = [problem for problem in problems if problem.severity == "error"]
    if not options.json or errors:
        print_problems(Console(stderr=True, highlight=False), problems)
    if errors or definition is None:
        return _fail(HAS_ERRORS, "invalid-definition", f"{options.file}: {format_count(len(errors))} {'error keeps' if len(errors) == 1 else 'errors keep'} this definition from running", options)
    given = _text_of(options.input[1:], "input") if options.input.startswith("@") else options.input
    stubs = _json_of(_text_of(options.stubs, "stubs"), options.stubs) if options.stubs else {}
    if not isinstance(stubs, dict):
        raise Unreadable(f"{options.stubs} must be an object with an answer for each task")
    execution = run_locally(definition.value, _json_of(given, "The input"), stubs, seed=options.seed, express=options.express)
    if options.json:
        _print_json(execution.to_json())
    else:
        print_execution(_stdout(), execution)
    return RAN


def validate(options: argparse.Namespace) -> int:
    """Run a scenario message by message and in cohorts, at a rate where both can be done, and print the differences."""
    validation = Validation(_scenario(options), options.messages, options.runs)
    interrupted = _show_steps(validation.advance(), options.progress)
    if not validation.exact or not validation.cohorts or len(validation.cohorts) < len(validation.exact):
        return _fail(INTERRUPTED, "interrupted", "Interrupted before both ways were done", options)
    if options.json:
        _print_json(validation.to_json())
    else:
        print_validation(_stdout(), validation)
    return INTERRUPTED if interrupted else RAN


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with a scenario."""
    try:
        found = findings.check(_scenario(options))
    except ScenarioError as error:
        if error.findings[0].code == "malformed-json":
            raise
        found = error.findings
    if options.json:
        _print_json({"findings": [finding.to_json() for finding in found]})
    elif found:
        terminal.print_findings(_stdout(), found)
    else:
        _stdout().print("Nothing is wrong with this scenario.")
    return HAS_ERRORS if any(finding.severity == "error" for finding in found) else RAN


def services(options: argparse.Namespace) -> int:
    """List every kind of service with its file."""
    if options.json:
        _print_json(catalog.describe_all())
    else:
        terminal.print_services(_stdout())
    return RAN


def describe(options: argparse.Namespace) -> int:
    """Describe one kind of service."""
    try:
        description = catalog.describe(options.kind)
    except catalog.UnknownKind as error:
        raise Unreadable(f"Cannot describe '{options.kind}': {error}") from None
    if options.json:
        _print_json({"engine_version": __version__, "services": [description]})
    else:
        terminal.print_service(_stdout(), description, catalog.file_of(options.kind))
    return RAN


def gallery(options: argparse.Namespace) -> int:
    """List the examples, or print one as a scenario to begin with."""
    if options.slug:
        _print_json(_example_graph(options.slug))
    elif options.json:
        _print_json([entry.to_json() for entry in examples()])
    else:
        terminal.print_examples(_stdout(), examples())
    return RAN


# -- reading --------------------------------------------------------------------------------------------------------


def _scenario(options: argparse.Namespace) -> Scenario:
    saved = _saved(options.file)
    if not isinstance(saved, dict):
        return Scenario.from_json(saved)
    if {"slug", "graph"} <= saved.keys():
        raise Unreadable(_example_is_no_scenario(options.file, saved["slug"]))
    console = Console(stderr=True, highlight=False)
    for option in getattr(options, "trace", []):
        saved, told = apply_trace(saved, option)
        console.print(told, markup=False)
    saved = apply_settings(saved, getattr(options, "set", []))
    if getattr(options, "script", None) is not None:
        saved = {**saved, "script": script_in(_saved(options.script), options.script) if options.script != NO_SCRIPT else []}
    shortcuts = {
        "seed": "seed", "duration": "duration_s", "free_tier": "free_tier", "warm_up": "warm_up_s", "replications": "replications", "confidence": "confidence", "precision": "precision", "of": "precision_of",
        "max_replications": "max_replications",
    }
    given = {setting: value for option, setting in shortcuts.items() if (value := getattr(options, option, None)) is not None}
    if given:
        run_settings = saved.get("run")
        saved = {**saved, "run": {**(run_settings if isinstance(run_settings, dict) else {}), **given}}
    return Scenario.from_json(saved)


def _saved(file: str) -> Any:
    """The parsed JSON of a file, of standard input (``-``) or of an example (``example:slug``)."""
    if file.startswith(EXAMPLE_PREFIX):
        return _example_graph(file.removeprefix(EXAMPLE_PREFIX))
    try:
        if file == "-":
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"Cannot read the scenario '{file}': {error.strerror or error}") from None
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable(f"The scenario '{file}' is larger than {MAX_FILE_BYTES // 1_000_000} MB; is it the right file?")
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{file} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{file} is not text in UTF-8; save it as a JSON file") from None
    except RecursionError:
        raise Unreadable(f"{file} is nested too deeply to be a scenario") from None


def _text_of(file: str, what: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"Cannot read the {what} '{file}': {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{file} is not text in UTF-8") from None


def _json_of(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Unreadable(f"{what} is nested too deeply") from None


def _example_is_no_scenario(file: str, slug: Any) -> str:
    told = f"{'The input' if file == '-' else file} is an example of the gallery, which holds its scenario under 'graph'"
    if any(entry.slug == slug for entry in examples()):
        return f"{told}; name it {EXAMPLE_PREFIX}{slug}, or begin with what 'python -m simulator examples {slug}' prints"
    return f"{told}; save that part as a file of its own"


def _example_graph(slug: str) -> dict[str, Any]:
    try:
        return example(slug).graph
    except KeyError:
        raise Unreadable(f"There is no example '{slug}'; there are: {', '.join(entry.slug for entry in examples())}") from None


# -- running --------------------------------------------------------------------------------------------------------


def _show_progress(advancing: Iterable[Progress], wanted: bool | None) -> bool:
    """Go through replications, with a progress bar on standard error; true if interrupted from the keyboard."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    try:
        with ProgressBar(*columns, console=Console(stderr=True, force_terminal=True if wanted else None), transient=True) if shown else nullcontext() as bar:
            task = bar.add_task("starting", total=None) if bar else None
            for progress in advancing:
                if bar and task is not None:
                    precise = f", ± {format_share(progress.precision)}" if progress.precision is not None else ""
                    bar.update(task, completed=progress.done, total=progress.expected, description=f"{progress.done} of {progress.expected} replications{precise}")
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted: the intervals cover the replications done until then.")
        return True
    return False


def _show_steps(steps: Iterable[tuple[int, int]], wanted: bool | None) -> bool:
    """Go through steps that tell how many are done, with a progress bar on standard error; true if interrupted."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    columns = (TextColumn("{task.completed:.0f} of {task.total} runs"), BarColumn(), TimeRemainingColumn())
    try:
        with ProgressBar(*columns, console=Console(stderr=True, force_terminal=True if wanted else None), transient=True) if shown else nullcontext() as bar:
            task = bar.add_task("", total=None) if bar else None
            for done, total in steps:
                if bar and task is not None:
                    bar.update(task, completed=done, total=total)
    except KeyboardInterrupt:
        return True
    return False


def _advance(simulation: Simulation, wanted: bool | None) -> bool:
    """Run to the end, with a progress bar on standard error; true if interrupted from the keyboard."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    console = Console(stderr=True, force_terminal=True if wanted else None)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    duration_s = simulation.run.duration_s
    try:
        with ProgressBar(*columns, console=console, transient=True) if shown else nullcontext() as progress:
            task = progress.add_task("", total=duration_s) if progress else None
            def tell_pilot(time_s: float) -> None:
                if progress and task is not None:
                    progress.update(task, completed=time_s, description=f"looking for the warm-up, {format_duration(time_s)} of {format_duration(duration_s)}")

            simulation.on_pilot = tell_pilot
            for frame in simulation.frames():
                if progress and task is not None:
                    description = f"{format_duration(frame.time_s)} of {format_duration(duration_s)}"
                    progress.update(task, completed=frame.time_s, description=description)
    except KeyboardInterrupt:
        simulation.stop()
        Console(stderr=True).print("Interrupted: the report covers the time until then.")
        return True
    return False


# -- printing -------------------------------------------------------------------------------------------------------


def _stdout() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else terminal.PLAIN_WIDTH)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _print_formats(report: dict[str, Any], scenario: Scenario, options: argparse.Namespace) -> bool:
    """Write the formats that were asked for; false if the report is still to be printed for a terminal."""
    graph = scenario.to_json()
    if options.csv:
        try:
            Path(options.csv).write_text(to_csv(report, graph), encoding="utf-8", newline="")
        except OSError as error:
            raise Unreadable(f"Cannot write the report to '{options.csv}': {error.strerror or error}") from None
    if options.json:
        _print_json(report)
    elif options.markdown:
        print(to_markdown(report, graph), end="")
    return bool(options.json or options.markdown)


def _count_of(found: Sequence[Finding]) -> str:
    errors = sum(finding.severity == "error" for finding in found)
    return found[0].message if len(found) == 1 else f"{errors} errors keep this scenario from running"


def _fail(exit_code: int, code: str, message: str, options: argparse.Namespace, found: Sequence[Finding] = ()) -> int:
    console = Console(stderr=True, highlight=False)
    console.print(f"error: {message}", markup=False, soft_wrap=True)
    if len(found) > 1:
        terminal.print_findings(console, found)
    elif found and found[0].hint:
        console.print(f"  {found[0].hint}", markup=False, soft_wrap=True)
    if getattr(options, "json", False):
        hint = found[0].hint if found else ""
        _print_json({"error": {"code": code, "message": message, "hint": hint, "findings": [finding.to_json() for finding in found]}})
    return exit_code


# -- the words of the command line ----------------------------------------------------------------------------------


def _duration_s(text: str) -> float:
    try:
        return parse_duration_s(text)
    except UnitError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add_scenario(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help=f"scenario as JSON; - for standard input; {EXAMPLE_PREFIX}SLUG for an example of the gallery")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--set", action="append", default=[], metavar="NODE.PARAMETER=VALUE", help="change a parameter of a node or wire, or run.SETTING, or account.KIND.SETTING; may be repeated")
    command.add_argument("--script", metavar="FILE|none", help="controls with their times instead of the scenario's own: a list, or the controls of a report or scenario as JSON")
    command.add_argument("--seed", type=int, help="random seed")
    command.add_argument("--duration", type=_duration_s, metavar="TIME", help="simulated time, for example 90, 10m, 1h 30m")
    command.add_argument("--warm-up", type=_warm_up_s, metavar="TIME|auto", help="statistics begin after this time; auto finds it by MSER-5")
    command.add_argument("--free-tier", action=argparse.BooleanOptionalAction, default=None, help="take what AWS gives free each month off the bill")
    command.add_argument("--trace", action="append", default=[], metavar="NODE=FILE[:INTERVAL]", help="let a source of traffic replay a CSV file of counts in intervals (default 1m); FILE:times for times of arrivals")


def _add_replications(command: argparse.ArgumentParser) -> None:
    command.add_argument("--replications", type=int, metavar="N", help="independent runs; the report gives every figure with its interval")
    command.add_argument("--confidence", type=_share, metavar="SHARE", help="level of the intervals, for example 95%% (the default)")
    command.add_argument("--processes", type=_positive, metavar="N", help=f"runs at a time (default: one for each core; not with {DASK_SCHEDULER})")
    command.add_argument("--progress", action=argparse.BooleanOptionalAction, default=None, help="show a progress bar (default: if standard error is a terminal)")


def _add_precision(command: argparse.ArgumentParser, until: str) -> None:
    command.add_argument("--precision", type=_share, metavar="SHARE", help=f"go on until {until}, for example 3%%")
    command.add_argument("--of", action="append", metavar="NODE.METRIC[.FIGURE]", help="a figure that must reach the precision (default: the mean latency of each path); may be repeated")
    command.add_argument("--max-replications", type=int, metavar="M", help="stop at so many, precise or not (default 100)")


def _warm_up_s(text: str) -> float | str:
    return "auto" if text.strip().lower() == "auto" else _duration_s(text)


def _share(text: str) -> float:
    try:
        return float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share; write for example 95% or 0.95") from None


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of 1 or more")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Simulate AWS messaging architectures: where do they back up, and why?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="run a scenario and print its report")
    _add_scenario(running)
    running.add_argument("--markdown", action="store_true", help="print the report as Markdown: every figure with its definition, and the graph")
    running.add_argument("--csv", metavar="FILE", help="also write every figure to a CSV file, with its unit and definition")
    _add_replications(running)
    _add_precision(running, "half of each chosen interval is within this share of its mean")
    running.set_defaults(command=run)
    comparing = commands.add_parser("compare", help="run two variants of a scenario with common random numbers, and print their differences")
    _add_scenario(comparing)
    comparing.add_argument("variant", metavar="FILE_B", nargs="?", help="the second variant; without it, FILE with the changes of --set-b")
    comparing.add_argument("--set-b", action="append", default=[], metavar="NODE.PARAMETER=VALUE", help="a change of the second variant only (--set changes both); may be repeated")
    comparing.add_argument("--all", action="store_true", help="print every figure, not only the primary ones")
    _add_replications(comparing)
    _add_precision(comparing, "half the interval of each chosen figure's difference is within this share of the figure")
    comparing.set_defaults(command=compare)
    validating = commands.add_parser("validate", help="run a scenario message by message and in cohorts, scaled down, and print the error of the cohorts")
    _add_scenario(validating)
    validating.add_argument("--messages", type=_positive, default=USUAL_MESSAGES, metavar="N", help="visits of messages to nodes in an exact run; more take longer and leave less to chance (default 1,000,000)")
    validating.add_argument("--runs", type=_positive, default=2, metavar="N", help="runs of each way, with different seeds (default 2)")
    validating.add_argument("--progress", action=argparse.BooleanOptionalAction, default=None, help="show a progress bar (default: if standard error is a terminal)")
    validating.set_defaults(command=validate)
    checking = commands.add_parser("check", help="print what is wrong with a scenario")
    _add_scenario(checking)
    checking.set_defaults(command=check)
    trying = commands.add_parser("asl", help="run one execution of a state machine with stubs for its tasks, and print its history")
    trying.add_argument("file", metavar="FILE", help="definition in the Amazon States Language, JSON or YAML; - for standard input")
    trying.add_argument("--input", metavar="JSON", default="{}", help="input of the execution (default {}); @FILE reads it from a file")
    trying.add_argument("--stubs", metavar="FILE", help='answers by task: {"Pay": {"Return": {}}, "Ship": [{"Throw": {"Error": "Busy"}}, {"Return": {}, "AfterSeconds": 2}], "*": {"Return": null}}')
    trying.add_argument("--express", action="store_true", help="as an Express state machine")
    trying.add_argument("--seed", type=int, default=1, help="random seed, for jitter and random functions")
    trying.add_argument("--json", action="store_true", help="print JSON")
    trying.set_defaults(command=asl)
    listing = commands.add_parser("services", help="list every kind of service with its file")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(command=services)
    describing = commands.add_parser("describe", help="describe a kind of service")
    describing.add_argument("kind", metavar="KIND")
    describing.add_argument("--json", action="store_true", help="print JSON")
    describing.set_defaults(command=describe)
    showing = commands.add_parser("examples", help="list the examples of the gallery, or print one as a scenario")
    showing.add_argument("slug", nargs="?", metavar="SLUG")
    showing.add_argument("--json", action="store_true", help="print JSON")
    showing.set_defaults(command=gallery)
    return parser


if __name__ == "__main__":
    sys.exit(main())
