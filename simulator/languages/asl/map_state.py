"""Map: one iteration for each item, inside this execution or, distributed, as child executions of a Map Run."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.languages.asl.errors import EXCEEDS_TOLERANCE, RUNTIME, TIMEOUT, StatesError
from simulator.languages.asl.queries import Place
from simulator.languages.asl.resources import parse_resource
from simulator.languages.asl.strands import Fork, Strand, Thread
from simulator.languages.asl.task import Task
from simulator.languages.asl.working_states import WorkingState

INLINE_CONCURRENCY, DISTRIBUTED_CONCURRENCY = 40, 10_000
BATCH_BYTES = 262_144


@dataclass
class MapRun:
    """A Map Run: its child executions, and how far they are. ``items`` counts what is in the batches, too."""

    state: str
    children: int
    items: int
    express: bool
    waiting: int = 0
    failed_items: int = 0


class MapState(WorkingState):
    """Runs its processor for each item."""

    def work(self) -> Generator[Any, Any, Any]:
        execution, definition = self.execution, self.definition
        processor = definition.get("ItemProcessor") or definition["Iterator"]
        data = self.taken_in()
        found = yield from self._found(data)
        inputs = self._batched([execution.sized(self._item(entry, place, data), "item") for place, entry in enumerate(found)])
        execution.event("MapStateStarted", length=len(found))
        if processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            return (yield from self._distributed(processor, data, inputs, len(found)))
        return (yield from self._inline(processor, data, inputs, found))

    def _concurrency(self, data: Any, ceiling: int) -> int:
        return min(int(self.number("MaxConcurrency", data) or ceiling), ceiling)

    # -- inline -----------------------------------------------------------------------------------------------------

    def _inline(self, processor: Mapping[str, Any], data: Any, inputs: list[Any], found: list[Any]) -> Generator[Any, Any, Any]:
        execution, thread = self.execution, self.execution.current
        most = self._concurrency(data, INLINE_CONCURRENCY)

        def begun(place: int, child: Thread) -> None:
            execution.event("MapIterationStarted", thread=child, name=self.name, index=place)

        def finished(place: int, error: StatesError | None) -> bool:
            execution.event("MapIterationFailed" if error else "MapIterationSucceeded", aside=True, name=self.name, index=place)
            return False

        strands = [lambda place=place, entry=entry: self._iteration(processor, place, entry, found) for place, entry in enumerate(inputs)]
        try:
            outputs = yield lambda thread: Fork(thread, strands, most, begun, finished).start()
        except StatesError:
            execution.current = thread
            execution.event("MapStateFailed")
            raise
        if inputs:
            thread.previous = execution.events
        execution.event("MapStateSucceeded", aside=True)
        return outputs

    def _iteration(self, processor: Mapping[str, Any], place: int, entry: Any, found: list[Any]) -> Strand:
        value = found[place] if place < len(found) else entry
        extra = {**self.extra, "Map": {"Item": {"Index": place, "Value": value}}}
        return self.execution.machine(processor, entry, self.variables, extra, self.language)

    # -- distributed ------------------------------------------------------------------------------------------------

    def _distributed(self, processor: Mapping[str, Any], data: Any, inputs: list[Any], items: int) -> Generator[Any, Any, Any]:
        execution, thread, definition = self.execution, self.execution.current, self.definition
        tolerated, share = self.number("ToleratedFailureCount", data), self.number("ToleratedFailurePercentage", data)
        most = self._concurrency(data, DISTRIBUTED_CONCURRENCY)
        batched = "ItemBatcher" in definition
        run = MapRun(self.name, len(inputs), items, processor.get("ProcessorConfig", {}).get("ExecutionType") == "EXPRESS", waiting=len(inputs))
        yield lambda thread: execution.host.map_run(execution, run, thread)
        execution.event("MapRunStarted")

        def finished(place: int, error: StatesError | None) -> bool:
            if error is not None:
                run.failed_items += len(inputs[place]["Items"]) if batched else 1
            return tolerates(run, tolerated, share)

        strands = [lambda place=place, entry=entry: self._child(processor, run, place, entry) for place, entry in enumerate(inputs)]
        try:
            outputs = yield lambda thread: Fork(thread, strands, most, lambda place, child: None, finished).start()
        except StatesError:
            execution.host.map_run_ended(execution, run)
            execution.current = thread
            execution.event("MapRunFailed")
            execution.event("MapStateFailed")
            raise StatesError(EXCEEDS_TOLERANCE, "The specified tolerated failure threshold was exceeded") from None
        except GeneratorExit:
            execution.host.map_run_ended(execution, run)
            raise
        execution.host.map_run_ended(execution, run)
        execution.event("MapRunSucceeded")
        execution.event("MapStateSucceeded", aside=True)
        if "ResultWriter" in definition:
            return {"MapRunArn": f"{execution.account}:mapRun:{self.name}", "ResultWriterDetails": definition["ResultWriter"].get("Parameters", {})}
        return [output for output in outputs if not isinstance(output, StatesError)]

    def _child(self, processor: Mapping[str, Any], run: MapRun, place: int, entry: Any) -> Strand:
        """A strand that waits for a child execution of its own history, counts and limits."""
        execution = self.execution

        def begin(thread: Thread) -> None:
            def ended() -> None:
                execution.host.child_ended(child)
                if child.status == "SUCCEEDED":
                    thread.resume(child.output)
                else:
                    thread.throw(StatesError(child.error or TIMEOUT, child.cause))

            def dispatched() -> None:
                run.waiting -= 1
                if child.status == "RUNNING":
                    child.start()

            child = execution.child(processor, entry, f"{self.name}-{place}", express=run.express, language=self.language, ended=ended)
            thread.inner = child
            execution.host.dispatch(execution, run, dispatched)

        return (yield begin)

    # -- items ------------------------------------------------------------------------------------------------------

    def _found(self, data: Any) -> Generator[Any, Any, list[Any]]:
        """The items, read by the host if the state has an ItemReader."""
        definition = self.definition
        if "ItemReader" in definition:
            found = yield from self._read(definition["ItemReader"], data)
        elif self.jsonata:
            found = self.evaluate(definition["Items"]) if "Items" in definition else data
        else:
            found = self.at(definition["ItemsPath"], data) if "ItemsPath" in definition else data
        if isinstance(found, dict):
            found = [{"Key": key, "Value": value} for key, value in found.items()]
        if not isinstance(found, list):
            raise StatesError(RUNTIME, f"Reference path \"{definition.get('ItemsPath', '$')}\" must point to array.")
        return found

    def _read(self, reader: Mapping[str, Any], data: Any) -> Generator[Any, Any, Any]:
        execution = self.execution
        template = reader.get("Arguments", reader.get("Parameters", {}))
        arguments = self.evaluate(template) if self.jsonata else self.place.fill(template, data)
        task = Task(execution, self.name, parse_resource(reader["Resource"]), arguments, "", execution.current, reader, reads=True)

        def begin(thread: Thread) -> None:
            thread.task = task
            execution.host.do(task)

        try:
            found = yield begin
        except StatesError as error:
            raise StatesError("States.ItemReaderFailed", error.cause or error.name) from None
        if isinstance(found, dict) and "ItemsPath" in self.definition:
            found = self.at(self.definition["ItemsPath"], found)
        most = reader.get("ReaderConfig", {}).get("MaxItems")
        return found[:most] if isinstance(found, list) and isinstance(most, int) else found

    def _item(self, entry: Any, place: int, data: Any) -> Any:
        template = self.definition.get("ItemSelector", self.definition.get("Parameters"))
        if template is None:
            return entry
        context = {**self.context, "Map": {"Item": {"Index": place, "Value": entry}}}
        there = Place(context, self.variables, self.execution.host.draw)
        return there.evaluate(template, {"input": self.data}) if self.jsonata else there.fill(template, data)

    def _batched(self, inputs: list[Any]) -> list[Any]:
        batcher = self.definition.get("ItemBatcher")
        if not batcher:
            return inputs
        most, most_bytes = self._batch_limit(batcher, "MaxItemsPerBatch"), min(self._batch_limit(batcher, "MaxInputBytesPerBatch"), BATCH_BYTES)
        batches: list[list[Any]] = []
        size = 0
        for entry in inputs:
            entry_bytes = len(json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode())
            if not batches or len(batches[-1]) >= most or size + entry_bytes > most_bytes:
                batches.append([])
                size = 0
            batches[-1].append(entry)
            size += entry_bytes
        shared = {"BatchInput": self.evaluate(batcher["BatchInput"]) if self.jsonata else self.place.fill(batcher["BatchInput"], self.data)} if "BatchInput" in batcher else {}
        return [{**shared, "Items": batch} for batch in batches]

    def _batch_limit(self, batcher: Mapping[str, Any], name: str) -> float:
        value = self.at(batcher[f"{name}Path"], self.data) if f"{name}Path" in batcher else batcher.get(name)
        value = self.evaluate(value) if isinstance(value, str) else value
        if value is None:
            return math.inf
        if not isinstance(value, (int, float)) or isinstance(value, bool) or value < 1:
            raise StatesError(RUNTIME, f"{name} must be a positive number, but is {json.dumps(value)}")
        return float(value)


def tolerates(run: MapRun, count: float | None, percentage: float | None) -> bool:
    """Whether a Map Run goes on with so many failed items; exceeding either threshold ends it, and without one any failure does."""
    if count is None and percentage is None:
        return run.failed_items == 0
    within_count = count is None or run.failed_items <= count
    within_share = percentage is None or 100.0 * run.failed_items <= percentage * run.items
    return within_count and within_share
