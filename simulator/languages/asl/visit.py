"""One visit to one state: how its input and output are made from the data, in either query language."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from simulator.languages.asl.errors import QUERY_ERROR, RUNTIME, StatesError
from simulator.languages.asl.paths import NoResult, parse_path, reference_path
from simulator.languages.asl.queries import Place, is_jsonata

if TYPE_CHECKING:
    from simulator.languages.asl.interpreter import Execution

Left = tuple[str | None, Any]
"""The name of the next state (None: the machine ends) and the output."""
Steps = Generator[Any, Any, Left]


class Visit:
    """One visit to one state; subclasses are the types of states."""

    def __init__(self, execution: Execution, name: str, definition: Mapping[str, Any], data: Any, variables: dict[str, Any], extra: Mapping[str, Any], language: str) -> None:
        self.execution = execution
        self.name = name
        self.definition = definition
        self.data = data
        self.variables = variables
        self.jsonata = language == "JSONata"
        self.language = language
        self.entered = 0
        self.context: dict[str, Any] = {**execution.context, **extra, "State": {"Name": name, "EnteredTime": execution.time_text()}}
        self.extra = extra
        self.place = Place(self.context, variables, execution.host.draw)

    def run(self) -> Steps:
        """Do what the state does."""
        raise NotImplementedError

    def after(self) -> str | None:
        """The next state, if this one goes on as it should."""
        following: str | None = None if self.definition.get("End") else self.definition.get("Next")
        return following

    def taken_in(self) -> Any:
        """The input after InputPath."""
        if self.jsonata or "InputPath" not in self.definition:
            return self.data
        text = self.definition["InputPath"]
        return {} if text is None else self.at(text, self.data)

    def at(self, text: str, data: Any) -> Any:
        """The value at a path; raises `StatesError`."""
        try:
            return self.place.read(parse_path(text), data)
        except NoResult:
            raise StatesError(RUNTIME, f"Invalid path '{text}': No results for path: {text}") from None

    def arguments(self, data: Any) -> Any:
        """What the state works on: Parameters or Arguments filled in."""
        if self.jsonata:
            return self.evaluate(self.definition["Arguments"]) if "Arguments" in self.definition else data
        return self.place.fill(self.definition["Parameters"], data) if "Parameters" in self.definition else data

    def evaluate(self, template: Any, **more: Any) -> Any:
        """A value with its JSONata evaluated."""
        return self.place.evaluate(template, {"input": self.data, **more})

    def assign(self, source: Mapping[str, Any], data: Any, **more: Any) -> None:
        """Set the variables that ``source`` (a state, rule or catcher) assigns."""
        if "Assign" in source:
            given = self.evaluate(source["Assign"], **more) if self.jsonata else self.place.fill(source["Assign"], data)
            self.variables.update(given)

    def finished(self, result: Any) -> Any:
        """The output of a state with a result."""
        definition = self.definition
        if self.jsonata:
            output = self.evaluate(definition["Output"], result=result) if "Output" in definition else result
            self.assign(definition, result, result=result)
            return self.execution.sized(output, "output")
        selected = self.place.fill(definition["ResultSelector"], result) if "ResultSelector" in definition else result
        output = self.out(self.placed(definition, selected))
        self.assign(definition, result)
        return self.execution.sized(output, "output")

    def placed(self, source: Mapping[str, Any], result: Any) -> Any:
        """The input with ``result`` at ResultPath."""
        text = source.get("ResultPath", "$")
        return self.data if text is None else reference_path(text).write(self.data, result)

    def out(self, data: Any) -> Any:
        """What OutputPath leaves of it."""
        if "OutputPath" not in self.definition:
            return data
        text = self.definition["OutputPath"]
        return {} if text is None else self.at(text, data)

    def through(self, data: Any) -> Any:
        """The output of a state that only lets its input through."""
        if self.jsonata:
            output = self.evaluate(self.definition["Output"]) if "Output" in self.definition else self.data
        else:
            output = self.out(data)
        self.assign(self.definition, data)
        return self.execution.sized(output, "output")

    def caught(self, catcher: Mapping[str, Any], error: StatesError) -> Any:
        """The output of a state whose error a catcher takes."""
        told = error.output()
        if self.jsonata:
            output = self.evaluate(catcher["Output"], errorOutput=told) if "Output" in catcher else told
        else:
            output = self.placed(catcher, told)
        self.assign(catcher, told, errorOutput=told)
        return output

    def number(self, field_name: str, data: Any, least: int = 0) -> Any:
        """A number given as it is, as ``…Path``, or by JSONata; None if not given. Raises `StatesError`."""
        if f"{field_name}Path" in self.definition:
            text = self.definition[f"{field_name}Path"]
            value = self.at(text, data)
            if not isinstance(value, int) or isinstance(value, bool):
                if field_name == "Seconds":
                    raise StatesError(RUNTIME, f"The SecondsPath parameter cannot be parsed as a long value: {text} == {json.dumps(value)}")
                raise StatesError(RUNTIME, f"The {field_name}Path field refers to value \"{json.dumps(value)}\" which is not a valid integer: {text}")
        else:
            value = self.definition.get(field_name)
            if is_jsonata(value):
                value = self.evaluate(value)
                if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
                    raise StatesError(QUERY_ERROR, f"The JSONata expression for {field_name} returned {json.dumps(value)}, which is not a number")
        if value is not None and value < least:
            raise StatesError(RUNTIME, f"{field_name} must be {least} or more, but is {json.dumps(value)}")
        return value
