"""Scenario in; Frames, then a Report, out. Controls are applied between frames, those of a script at their times, and recorded."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from simulator import fidelity, findings
from simulator.building import build_network
from simulator.controls import Controls, from_script
from simulator.engine.node import Node
from simulator.frames import FRAME_VERSION, ControlError, Frame, FrameShape, NodeFrame, Report, State, WireFrame, read_control
from simulator.measures import Gauge, Spread
from simulator.measures.steadiness import mser_5
from simulator.observer import NodeObserver, wire_state
from simulator.reporting import Recorder, build_report
from simulator.scenario import RunSettings, Scenario
from simulator.vocabulary import Finding

WARM_UP_METHOD = "MSER-5"
COLLECT_AFTER_OBJECTS = 200_000


@dataclass(frozen=True, slots=True)
class WarmUp:
    """When statistics begin, and how that was decided. ``settled`` is false where no steady state was found."""

    s: float
    method: str
    settled: bool = True
    pilots: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"s": self.s, "method": self.method, "settled": self.settled, "pilots": self.pilots}


class Simulation:
    """One run of a scenario, slice by slice.

    Iterate `frames`; between frames, `apply` controls; at the end, ask for the `report`. The scenario's script, and ``controls`` (each with
    the ``time_s`` at which it takes effect; those marked ``scripted`` are the script's own), are carried out by themselves: the same scenario
    with the same controls gives the same frames and report. ``tick_s`` overrules
    the scenario's fidelity: the stretch of time that cohorts gather, 0 for single messages.

    Raises `simulator.findings.InvalidScenario` if the scenario has errors, and
    `simulator.engine.errors.SimulationError` from `frames` if the engine breaks a rule of its own.
    """

    def __init__(self, scenario: Scenario | Mapping[str, Any], controls: Sequence[Mapping[str, Any]] = (), tick_s: float | None = None) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else Scenario.from_json(dict(scenario))
        prepared, found = findings.prepare(self.scenario)
        self.findings: list[Finding] = found
        self.run = self.scenario.run
        self.interval_s = self.run.interval_s()
        self.network = build_network(prepared)
        self.placed = findings.placements(self.scenario, prepared)
        self.network.tick_s = fidelity.choose_tick_s(self.network, self.run) if tick_s is None else tick_s
        self.time_s = 0.0
        self.stopped = False
        self.controls: list[dict[str, Any]] = []
        script = [{**control, "scripted": True} for control in self.scenario.script_json()]
        self._scripted = deque(from_script([*script, *(dict(control) for control in controls if not control.get("scripted"))]))
        self._controls = Controls(self.network, self.scenario.groups())
        self._seq = 0
        self._observers = {node.id: NodeObserver(node, self.run.most_parts) for node in self.network.nodes.values()}
        self._wires_before: dict[str, tuple[int, int]] = dict.fromkeys(self.network.wires, (0, 0))
        self._recorder = Recorder(self.network)
        self._frames: Iterator[Frame] | None = None
        self._wall_s = 0.0
        fixed = self.run.warm_up_s
        self.warm_up: WarmUp | None = None if fixed == "auto" else WarmUp(fixed, "fixed")
        """When statistics begin; None until a pilot run has found it."""
        self.on_pilot: Callable[[float], None] = lambda time_s: None
        """Called with the simulated time between slices of the pilot run, if there is one; may `stop` the run."""

    # -- running ----------------------------------------------------------------------------------------------------

    def frames(self) -> Iterator[Frame]:
        """The frames of the run, from time 0 to its end (or until it is stopped)."""
        if self._frames is None:
            self._frames = self._run()
        return self._frames

    def _run(self) -> Iterator[Frame]:
        if self.warm_up is None:
            self.warm_up = self._find_warm_up()
        self.network.start()
        self.network.log("info", None, "The run starts.")
        yield self._frame()
        step = 0
        with rare_collections():
            while not self.stopped and self.time_s < self.run.duration_s:
                self._control_until(self.time_s, inclusive=True)
                step += 1
                target_s = min(step * self.interval_s, self.run.duration_s)
                self._advance(target_s)
                yield self._frame()
        self.network.check_conservation()

    def _find_warm_up(self) -> WarmUp:
        """Run the scenario once without warm-up, and look when the number in the system has settled."""
        started = time.perf_counter()
        pilot = Simulation(self.scenario.model_copy(update={"run": self.run.model_copy(update={"warm_up_s": 0.0})}))
        levels = []
        for frame in pilot.frames():
            levels.append(number_in_system(frame))
            self.on_pilot(frame.time_s)
            if self.stopped:
                break
        self._wall_s += time.perf_counter() - started
        return find_warm_up([levels], self.run)

    def _advance(self, target_s: float) -> None:
        started = time.perf_counter()
        self._control_until(target_s, inclusive=False)
        if not self.stopped:
            self._run_to(target_s)
        self._wall_s += time.perf_counter() - started

    def _run_to(self, target_s: float) -> None:
        """Let time pass, up to ``target_s`` (exclusive); the warm-up may end on the way."""
        warm_up_s = self.warm_up.s if self.warm_up else 0.0
        if self.time_s < warm_up_s <= target_s:
            self.network.agenda.run_before(warm_up_s)
            self._end_warm_up(warm_up_s)
        if target_s > self.time_s:
            self.network.agenda.run_before(target_s)
        self.time_s = target_s

    def _end_warm_up(self, now_s: float) -> None:
        self.network.settle()
        for node in self.network.nodes.values():
            node.before_slice()
            restart_statistics(node, now_s)
        self.network.restart_statistics()
        self._recorder.end_warm_up(now_s)
        self.network.log("info", None, "The warm-up ends; statistics begin.")

    def stop(self) -> None:
        """End the run at the current time."""
        self.stopped = True

    # -- frames -----------------------------------------------------------------------------------------------------

    def _frame(self) -> Frame:
        started = time.perf_counter()
        nodes: dict[str, NodeFrame] = {}
        self.network.settle()
        if self.network.tick_s > 0:
            self.network.note_levels()
        for node_id, observer in self._observers.items():
            observer.node.housekeep()
            observer.node.before_slice()
            nodes[node_id] = observer.observe(self.time_s)
        content: FrameShape = {
            "version": FRAME_VERSION, "seq": self._seq, "time_s": self.time_s, "nodes": nodes,
            "wires": {wire_id: self._wire(wire_id, nodes) for wire_id in self.network.wires},
            "totals": self._totals(), "load": self.network.load, "log": self.network.take_log(),  # type: ignore[typeddict-item]
        }
        if faults := self._controls.in_force():
            content["faults"] = faults
        if pending := self._controls.pending():
            content["pending"] = pending
        self._seq += 1
        self._recorder.record(content)
        self._wall_s += time.perf_counter() - started
        return Frame(content)

    def _wire(self, wire_id: str, nodes: Mapping[str, NodeFrame]) -> WireFrame:
        wire = self.network.wires[wire_id]
        before = self._wires_before[wire_id]
        self._wires_before[wire_id] = (wire.sent, wire.refused)
        state: State = wire_state(wire, wire.sent - before[0], wire.refused - before[1], nodes)
        frame: WireFrame = {"state": state, "sent": wire.sent, "delivered": wire.delivered, "refused": wire.refused, "in_transit": wire.in_transit}
        behind = wire.source.consumer_behind(wire)
        if behind is not None:
            frame["behind"] = {"messages": behind[0], "age_s": behind[1]}
        return frame

    def _totals(self) -> Any:
        nodes = self.network.nodes.values()
        created = sum(node.created + node.copied for node in nodes)
        finished, lost = sum(node.finished for node in nodes), sum(node.lost for node in nodes)
        return {"created": created, "finished": finished, "lost": lost, "unfinished": created - finished - lost}

    # -- controls ---------------------------------------------------------------------------------------------------

    def apply(self, control: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out a control now; return it as recorded, with its ``time_s``. Raise `ControlError` if it cannot be.

        ``pause``, ``resume``, ``step`` and ``speed`` concern whoever paces the run; here they are only recorded.
        """
        read = read_control({key: value for key, value in control.items() if key not in ("time_s", "scripted")})
        if read["action"] == "stop":
            self.stop()
        self._controls.apply(read, self.time_s)
        recorded = {"time_s": self.time_s, **read, **({"scripted": True} if control.get("scripted") else {})}
        self.controls.append(recorded)
        return recorded

    def _control_until(self, time_s: float, *, inclusive: bool) -> None:
        """Run up to each moment before ``time_s`` (or at it) at which the script, or something that ends by itself, has its turn."""
        while not self.stopped:
            due = [moment for moment in (self._scripted[0]["time_s"] if self._scripted else None, self._controls.next_s()) if moment is not None]
            if not due or (min(due) > time_s if inclusive else min(due) >= time_s):
                return
            moment = max(min(due), self.time_s)
            self._run_to(moment)
            self._controls.carry_out_due(moment)
            while self._scripted and self._scripted[0]["time_s"] <= moment and not self.stopped:
                self._apply_scripted(self._scripted.popleft())

    def _apply_scripted(self, control: dict[str, Any]) -> None:
        try:
            self.apply(control)
        except ControlError as error:
            # Checked when the scenario was; what is left depends on what was changed meanwhile.
            self.network.log("error", None, f"The script could not do what it says: {error}")

    # -- the end ----------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        """The outcome so far (usually: of the finished run); raise `SimulationError` if messages are unaccounted for."""
        self.network.check_conservation()
        return Report(build_report(self, self._recorder, self._wall_s))


def number_in_system(frame: Frame) -> float:
    """Messages that are somewhere in the system: made, and neither finished nor lost."""
    return frame.content["totals"]["unfinished"]


def find_warm_up(series: Sequence[Sequence[float]], run: RunSettings) -> WarmUp:
    """Where MSER-5 cuts the mean of these pilot runs' numbers in the system, one value a frame (docs/explanation/intervals.md)."""
    values = min(len(levels) for levels in series)
    mean = [sum(levels[place] for levels in series) / len(series) for place in range(values)]
    cut = mser_5(mean)
    return WarmUp(min(cut.values * run.interval_s(), run.duration_s / 2), WARM_UP_METHOD, cut.settled, len(series))


def simulate(scenario: Scenario | Mapping[str, Any], controls: Sequence[Mapping[str, Any]] = ()) -> Report:
    """Run a scenario to its end and return the report."""
    simulation = Simulation(scenario, controls)
    for _ in simulation.frames():
        pass
    return simulation.report()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for garbage cycles more rarely while a run goes on: messages make none, and there are many of them."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def restart_statistics(node: Node, now_s: float) -> None:
    """Let the gauges, spreads and limits of ``node`` begin anew at ``now_s``."""
    measures = [*(getattr(node, metric.attribute) for metric in node.metrics), *node.limits.values()]
    for measure in {id(measure): measure for measure in measures}.values():
        if isinstance(measure, Gauge):
            measure.restart(now_s)
        elif isinstance(measure, Spread):
            measure.restart()


