"""The command line: ``python -m simulator run | check | services | describe | examples``.

Exit codes: 0 it ran (or nothing is wrong); 1 the scenario has errors; 2 the command or a file cannot be read;
3 the engine broke a rule of its own, which is a defect of this program.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from simulator import __version__, catalog, findings, terminal
from simulator.engine.errors import SimulationError
from simulator.examples import example, examples
from simulator.overrides import OverrideError, apply_settings, apply_trace
from simulator.run import Simulation
from simulator.scenario import Scenario, ScenarioError
from simulator.traces import TraceError
from simulator.units import UnitError, format_duration, parse_duration_s
from simulator.vocabulary import Finding

RAN, HAS_ERRORS, UNREADABLE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
MAX_FILE_BYTES = 50_000_000
EXAMPLE_PREFIX = "example:"


class Unreadable(Exception):
    """Something the user named cannot be read; the message names it and the way out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except (Unreadable, OverrideError, TraceError) as error:
        return _fail(UNREADABLE, "unreadable", str(error), options)
    except ScenarioError as error:
        code = UNREADABLE if error.findings[0].code == "malformed-json" else HAS_ERRORS
        return _fail(code, error.findings[0].code, f"{options.file}: {_count_of(error.findings)}", options, error.findings)
    except SimulationError as error:
        return _fail(DEFECT, "simulation-error", f"The simulator broke one of its own rules; please report it with the scenario. {error}", options)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RAN


# -- commands -------------------------------------------------------------------------------------------------------


def run(options: argparse.Namespace) -> int:
    """Run a scenario and print its report."""
    simulation = Simulation(_scenario(options))
    interrupted = _advance(simulation, options.progress)
    report = simulation.report().to_json()
    if options.json:
        _print_json(report)
    else:
        terminal.print_report(_stdout(), report)
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
    console = Console(stderr=True, highlight=False)
    for option in getattr(options, "trace", []):
        saved, told = apply_trace(saved, option)
        console.print(told, markup=False)
    saved = apply_settings(saved, getattr(options, "set", []))
    shortcuts = {"seed": getattr(options, "seed", None), "duration_s": getattr(options, "duration", None)}
    given = {name: value for name, value in shortcuts.items() if value is not None}
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


def _example_graph(slug: str) -> dict[str, Any]:
    try:
        return example(slug).graph
    except KeyError:
        raise Unreadable(f"There is no example '{slug}'; there are: {', '.join(entry.slug for entry in examples())}") from None


# -- running --------------------------------------------------------------------------------------------------------


def _advance(simulation: Simulation, wanted: bool | None) -> bool:
    """Run to the end, with a progress bar on standard error; true if interrupted from the keyboard."""
    shown = sys.stderr.isatty() if wanted is None else wanted
    console = Console(stderr=True, force_terminal=True if wanted else None)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    duration_s = simulation.run.duration_s
    try:
        with Progress(*columns, console=console, transient=True) if shown else nullcontext() as progress:
            task = progress.add_task("", total=duration_s) if progress else None
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
    command.add_argument("--seed", type=int, help="random seed")
    command.add_argument("--duration", type=_duration_s, metavar="TIME", help="simulated time, for example 90, 10m, 1h 30m")
    command.add_argument("--trace", action="append", default=[], metavar="NODE=FILE[:INTERVAL]", help="let a source of traffic replay a CSV file of counts in intervals (default 1m); FILE:times for times of arrivals")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Simulate AWS messaging architectures: where do they back up, and why?")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="run a scenario and print its report")
    _add_scenario(running)
    running.add_argument("--progress", action=argparse.BooleanOptionalAction, default=None, help="show a progress bar (default: if standard error is a terminal)")
    running.set_defaults(command=run)
    checking = commands.add_parser("check", help="print what is wrong with a scenario")
    _add_scenario(checking)
    checking.set_defaults(command=check)
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
