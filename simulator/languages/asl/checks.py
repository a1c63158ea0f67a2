"""What is wrong with a definition: every fault that Step Functions would refuse, with its path, all at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from simulator.languages.asl.choices import moment
from simulator.languages.asl.errors import InvalidDefinition, Problem
from simulator.languages.asl.fields import LONGEST_S, PLACEHOLDER, Findings, joined
from simulator.languages.asl.queries import is_jsonata
from simulator.languages.asl.resources import parse_resource

LONGEST_NAME = 80
MOST_DEPTH = 50
LANGUAGES = ("JSONPath", "JSONata")
WORKING = {"Retry", "Catch", "Assign", "Next", "End", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Output"}
FIELDS: Mapping[str, set[str]] = {
    "Task": {*WORKING, "Resource", "Parameters", "Arguments", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials"},
    "Parallel": {*WORKING, "Branches", "Parameters", "Arguments"},
    "Map": {*WORKING, "Iterator", "ItemProcessor", "ItemsPath", "Items", "ItemSelector", "Parameters", "ItemReader", "ItemBatcher", "ResultWriter", "MaxConcurrency", "MaxConcurrencyPath",
            "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "ToleratedFailureCount", "ToleratedFailureCountPath", "Label"},
    "Pass": {"Result", "Parameters", "ResultPath", "InputPath", "OutputPath", "Output", "Assign", "Next", "End"},
    "Choice": {"Choices", "Default", "InputPath", "OutputPath", "Output", "Assign"},
    "Wait": {"Seconds", "SecondsPath", "Timestamp", "TimestampPath", "InputPath", "OutputPath", "Output", "Assign", "Next", "End"},
    "Succeed": {"InputPath", "OutputPath", "Output"},
    "Fail": {"Error", "ErrorPath", "Cause", "CausePath"},
}
JSONPATH_ONLY = {"InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath",
                 "ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "ErrorPath", "CausePath"}
JSONATA_ONLY = {"Arguments", "Output", "Items"}


def check_definition(definition: Any, express: bool = False) -> list[Problem]:
    """What is wrong with a definition, errors first; with ``express`` also what an Express state machine may not do."""
    checker = _Checker(express)
    checker.top(definition)
    return sorted(checker.found.problems, key=lambda problem: problem.severity != "error")


def refuse_invalid(definition: Any, express: bool = False) -> None:
    """Raise `InvalidDefinition` if the definition has errors."""
    errors = [problem for problem in check_definition(definition, express) if problem.severity == "error"]
    if errors:
        raise InvalidDefinition(errors)


class _Checker:
    def __init__(self, express: bool) -> None:
        self.found = Findings()
        self.express = express
        self.names: dict[str, str] = {}

    def top(self, machine: Any) -> None:
        found = self.found
        if not found.of_type(machine, dict, "$", "an object with StartAt and States"):
            return
        found.number(machine, "TimeoutSeconds", "$", 1, LONGEST_S)
        found.unknown(machine, {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage", "ProcessorConfig"}, "$", "a state machine")
        self.machine(machine, "$", self.language(machine, "$", "JSONPath"), 0)

    def language(self, holder: Mapping[str, Any], path: str, outer: str) -> str:
        language = holder.get("QueryLanguage", outer)
        if language not in LANGUAGES:
            self.found.error(joined(path, "QueryLanguage"), "must be JSONPath or JSONata")
            return outer
        if outer == "JSONata" and language == "JSONPath":
            self.found.error(joined(path, "QueryLanguage"), "a machine in JSONata has no states in JSONPath")
        return str(language)

    def machine(self, machine: Mapping[str, Any], path: str, language: str, depth: int) -> None:
        found = self.found
        states, start = machine.get("States"), machine.get("StartAt")
        if depth > MOST_DEPTH:
            found.error(path, f"is nested more than {MOST_DEPTH} levels deep")
            return
        if not found.of_type(states, dict, joined(path, "States"), "an object with at least one state"):
            return
        if not states:
            found.error(joined(path, "States"), "has no states")
            return
        self.target(start, states, joined(path, "StartAt"))
        for name, state in states.items():
            self.state(name, state, states, joined(joined(path, "States"), name), language, depth)
        self.unreached(states, start, path)

    def target(self, name: Any, states: Mapping[str, Any], path: str) -> None:
        if self.found.of_type(name, str, path, "the name of a state") and name not in states:
            self.found.error(path, f"there is no state '{name}' here; there are: {', '.join(list(states)[:12])}")

    def unreached(self, states: Mapping[str, Any], start: Any, path: str) -> None:
        seen: set[str] = set()
        ahead = [start] if isinstance(start, str) else list(states)
        while ahead:
            name = ahead.pop()
            if name in seen or not isinstance(states.get(name), dict):
                continue
            seen.add(name)
            ahead.extend(following(states[name]))
        for name in states:
            if name not in seen:
                self.found.warning(joined(joined(path, "States"), name), f"no state leads to '{name}'")

    # -- a state ----------------------------------------------------------------------------------------------------

    def state(self, name: str, state: Any, states: Mapping[str, Any], path: str, outer: str, depth: int) -> None:
        found = self.found
        if len(name) > LONGEST_NAME:
            found.error(path, f"the name of a state has {LONGEST_NAME} characters at most")
        if name in self.names:
            found.error(path, f"two states have the name '{name}'; the other is {self.names[name]}")
        self.names[name] = path
        if not found.of_type(state, dict, path, "an object"):
            return
        kind = state.get("Type")
        if not isinstance(kind, str) or kind not in FIELDS:
            given = f"but is {json.dumps(kind, ensure_ascii=False, default=str)}" if "Type" in state else "but is missing"
            found.error(joined(path, "Type"), f"must be one of {', '.join(FIELDS)}, {given}")
            return
        language = self.language(state, path, outer)
        found.unknown(state, {*FIELDS[kind], "Type", "Comment", "QueryLanguage"}, path, f"a {kind} state")
        self.fields_of_language(state, path, language, kind)
        if kind not in ("Choice", "Succeed", "Fail"):
            self.transition(state, states, path)
        checks: Mapping[str, Callable[[Mapping[str, Any], str, Mapping[str, Any], bool, int], None]] = {
            "Task": self.task, "Choice": self.choice, "Wait": self.wait, "Parallel": self.parallel, "Map": self.map, "Fail": self.fail,
        }
        if kind in checks:
            checks[kind](state, path, states, language == "JSONata", depth)
        if kind in ("Task", "Parallel", "Map"):
            self.found.retriers(state, path)
            self.catchers(state, states, path, language == "JSONata")

    def fields_of_language(self, state: Mapping[str, Any], path: str, language: str, kind: str) -> None:
        found, jsonata = self.found, language == "JSONata"
        for name in sorted(set(state) & (JSONPATH_ONLY if jsonata else JSONATA_ONLY) & FIELDS[kind]):
            found.error(joined(path, name), f"is not known in {language}; it belongs to {'JSONPath' if jsonata else 'JSONata'}")
        if not jsonata:
            for name in ("InputPath", "OutputPath"):
                found.path(state, name, path, nullable=True)
            found.path(state, "ResultPath", path, reference=True, nullable=True)
        for name in ("Parameters", "ResultSelector", "Arguments", "Output", "ItemSelector"):
            if name in state:
                found.template(state[name], joined(path, name), jsonata)
        self.assigned(state, path, jsonata)

    def assigned(self, holder: Mapping[str, Any], path: str, jsonata: bool) -> None:
        if "Assign" in holder and self.found.of_type(holder["Assign"], dict, joined(path, "Assign"), "an object with a variable for each field"):
            self.found.template(holder["Assign"], joined(path, "Assign"), jsonata)

    def transition(self, state: Mapping[str, Any], states: Mapping[str, Any], path: str) -> None:
        found = self.found
        if "End" in state and state["End"] is not True:
            found.error(joined(path, "End"), "must be true")
        elif "End" in state and "Next" in state:
            found.error(path, "has both Next and End; one of them says where it goes on")
        elif "Next" in state:
            self.target(state["Next"], states, joined(path, "Next"))
        elif "End" not in state:
            found.error(path, "needs Next or \"End\": true")

    def catchers(self, state: Mapping[str, Any], states: Mapping[str, Any], path: str, jsonata: bool) -> None:
        for entry, place, last in self.found.entries(state, "Catch", path):
            self.found.error_names(entry, place, last)
            self.target(entry.get("Next"), states, joined(place, "Next"))
            if not jsonata:
                self.found.path(entry, "ResultPath", place, reference=True, nullable=True)
            elif "Output" in entry:
                self.found.template(entry["Output"], joined(place, "Output"), True)
            self.assigned(entry, place, jsonata)
            self.found.unknown(entry, {"ErrorEquals", "Next", "Comment", "Assign", "Output" if jsonata else "ResultPath"}, place, "a catcher")

    # -- each type --------------------------------------------------------------------------------------------------

    def task(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        found = self.found
        if not found.of_type(state.get("Resource"), str, joined(path, "Resource"), "the ARN of what the task calls"):
            return
        for name in ("TimeoutSeconds", "HeartbeatSeconds"):
            found.number(state, name, path, 1, LONGEST_S, jsonata=jsonata)
            found.path(state, f"{name}Path", path, reference=True)
            if name in state and f"{name}Path" in state:
                found.error(path, f"has both {name} and {name}Path")
        timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
            found.error(joined(path, "HeartbeatSeconds"), f"must be less than TimeoutSeconds ({timeout})")
        resource = parse_resource(state["Resource"])
        if self.express and (resource.runs_a_job or resource.waits_for_token):
            found.error(joined(path, "Resource"), f"an Express state machine has no {'activities' if resource.service == 'activity' else resource.pattern + ' tasks'}; make it a Standard one")

    def choice(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        found = self.found
        if "Default" in state:
            self.target(state["Default"], states, joined(path, "Default"))
        if not state.get("Choices"):
            found.error(joined(path, "Choices"), "must be a list of rules, and not empty")
        for rule, place, _ in found.entries(state, "Choices", path):
            self.target(rule.get("Next"), states, joined(place, "Next"))
            self.assigned(rule, place, jsonata)
            if not jsonata:
                found.rule(rule, place)
                continue
            if found.of_type(rule.get("Condition"), str, joined(place, "Condition"), "JSONata: {% … %}"):
                found.jsonata(rule["Condition"], joined(place, "Condition"), required=True)
            if "Output" in rule:
                found.template(rule["Output"], joined(place, "Output"), True)

    def wait(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        found = self.found
        given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state]
        if len(given) != 1:
            found.error(path, "needs exactly one of Seconds, SecondsPath, Timestamp and TimestampPath")
        found.number(state, "Seconds", path, 0, LONGEST_S, jsonata=jsonata)
        for name in ("SecondsPath", "TimestampPath"):
            found.path(state, name, path)
        when, place = state.get("Timestamp"), joined(path, "Timestamp")
        if "Timestamp" in state and found.of_type(when, str, place, "a timestamp") and isinstance(when, str):
            if is_jsonata(when) and jsonata:
                found.jsonata(when, place)
            elif moment(when) is None and not PLACEHOLDER.search(when):
                found.error(place, f"'{when}' is not a timestamp like 2026-01-31T12:00:00Z")

    def fail(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        for name in ("Error", "Cause"):
            self.found.path(state, f"{name}Path", path, queries=True)
            if name in state and self.found.of_type(state[name], str, joined(path, name), "a text") and jsonata:
                self.found.jsonata(state[name], joined(path, name))

    def parallel(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        if not state.get("Branches"):
            self.found.error(joined(path, "Branches"), "must be a list of branches, and not empty")
        for branch, place, _ in self.found.entries(state, "Branches", path):
            self.machine(branch, place, "JSONata" if jsonata else "JSONPath", depth + 1)

    def map(self, state: Mapping[str, Any], path: str, states: Mapping[str, Any], jsonata: bool, depth: int) -> None:
        found = self.found
        name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        if "ItemProcessor" in state and "Iterator" in state:
            found.error(path, "has both ItemProcessor and Iterator")
        processor, place = state.get(name), joined(path, name)
        if found.of_type(processor, dict, joined(path, "ItemProcessor") if processor is None else place, "an object with StartAt and States") and isinstance(processor, dict):
            self.machine(processor, place, self.language(processor, place, "JSONata" if jsonata else "JSONPath"), depth + 1)
            self.processor_config(state, processor.get("ProcessorConfig", {}), path, joined(place, "ProcessorConfig"))
        self.items(state, path, jsonata)
        for name, most in (("MaxConcurrency", LONGEST_S), ("ToleratedFailureCount", LONGEST_S), ("ToleratedFailurePercentage", 100)):
            found.number(state, name, path, 0, most, whole=name != "ToleratedFailurePercentage", jsonata=jsonata)
            found.path(state, f"{name}Path", path, reference=True)

    def processor_config(self, state: Mapping[str, Any], config: Any, path: str, place: str) -> None:
        found = self.found
        if not found.of_type(config, dict, place, "an object"):
            return
        mode, kind = config.get("Mode", "INLINE"), config.get("ExecutionType")
        if mode not in ("INLINE", "DISTRIBUTED"):
            found.error(joined(place, "Mode"), "must be INLINE or DISTRIBUTED")
        elif mode == "DISTRIBUTED":
            if kind not in ("STANDARD", "EXPRESS"):
                found.error(joined(place, "ExecutionType"), "a distributed Map needs an ExecutionType: STANDARD or EXPRESS")
            if self.express:
                found.error(joined(place, "Mode"), "an Express state machine has no distributed Map; make it a Standard one")
        else:
            for name in ("ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailurePercentage", "ToleratedFailureCount"):
                if name in state:
                    found.error(joined(path, name), "only a distributed Map has it: set ProcessorConfig.Mode to DISTRIBUTED")

    def items(self, state: Mapping[str, Any], path: str, jsonata: bool) -> None:
        found = self.found
        found.path(state, "ItemsPath", path)
        if "Items" in state and jsonata:
            if not isinstance(state["Items"], (str, list, dict)):
                found.error(joined(path, "Items"), "must be a list, or JSONata that gives one")
            found.template(state["Items"], joined(path, "Items"), True)
        for name in ("ItemReader", "ResultWriter"):
            part, place = state.get(name), joined(path, name)
            if name in state and found.of_type(part, dict, place, "an object") and isinstance(part, dict):
                found.of_type(part.get("Resource"), str, joined(place, "Resource"), "the ARN of what reads or writes")
                for template in ("Parameters", "Arguments"):
                    if template in part:
                        found.template(part[template], joined(place, template), jsonata)
                if found.of_type(part.get("ReaderConfig", {}), dict, joined(place, "ReaderConfig"), "an object"):
                    found.number(part.get("ReaderConfig", {}), "MaxItems", joined(place, "ReaderConfig"), 0, 100_000_000)
        batcher, place = state.get("ItemBatcher"), joined(path, "ItemBatcher")
        if "ItemBatcher" in state and found.of_type(batcher, dict, place, "an object") and isinstance(batcher, dict):
            found.number(batcher, "MaxItemsPerBatch", place, 1, LONGEST_S, jsonata=jsonata)
            found.number(batcher, "MaxInputBytesPerBatch", place, 1, 262_144, jsonata=jsonata)
            for name in ("MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath"):
                found.path(batcher, name, place, reference=True)
            if not {"MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"} & set(batcher):
                found.error(place, "needs MaxItemsPerBatch, MaxInputBytesPerBatch, or both")
            if "BatchInput" in batcher:
                found.template(batcher["BatchInput"], joined(place, "BatchInput"), jsonata)


def following(state: Mapping[str, Any]) -> list[str]:
    """The names of the states that may come after this one."""
    listed = [entry for name in ("Choices", "Catch") if isinstance(state.get(name), list) for entry in state[name] if isinstance(entry, dict)]
    found = [state.get("Next"), state.get("Default"), *(entry.get("Next") for entry in listed)]
    return [name for name in found if isinstance(name, str)]
