"""The states that work on data alone: Pass, Succeed, Fail, Wait, Choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator.languages.asl.choices import holds, moment
from simulator.languages.asl.errors import QUERY_ERROR, RUNTIME, StatesError
from simulator.languages.asl.queries import is_jsonata
from simulator.languages.asl.visit import Left, Steps, Visit

LONGEST_WAIT_S = 99_999_999


class PassState(Visit):
    """Hands its input on, or puts something in its place."""

    def run(self) -> Steps:
        yield from ()
        if self.jsonata:
            return self.after(), self.through(self.data)
        data = self.arguments(self.taken_in())
        result = self.definition.get("Result", data)
        output = self.out(self.placed(self.definition, result))
        self.assign(self.definition, result)
        return self.after(), self.execution.sized(output, "output")


class SucceedState(Visit):
    """Ends the machine."""

    def run(self) -> Steps:
        yield from ()
        return None, self.through(self.taken_in())


class FailState(Visit):
    """Ends the machine with an error."""

    def run(self) -> Steps:
        yield from ()
        told: list[Any] = []
        for word in ("Error", "Cause"):
            value = self.definition.get(word)
            if f"{word}Path" in self.definition:
                value = self.place.query(self.definition[f"{word}Path"], self.taken_in())
            elif self.jsonata and value is not None:
                value = self.evaluate(value)
            if value is not None and not isinstance(value, str):
                raise StatesError(RUNTIME, f"{word} must be a text, but is {json.dumps(value)}")
            told.append(value)
        raise StatesError(told[0], told[1])


class WaitState(Visit):
    """Lets time pass."""

    def run(self) -> Steps:
        data = self.taken_in()
        seconds = self.number("Seconds", data)
        if seconds is None:
            seconds = self._until(data)
        elif seconds > LONGEST_WAIT_S:
            raise StatesError(RUNTIME, f"A Wait takes {LONGEST_WAIT_S} seconds at most, but is given {json.dumps(seconds)}")
        yield lambda thread: self.execution.host.wait(self.execution, self.name, max(0.0, float(seconds)), thread)
        return self.after(), self.through(data)

    def _until(self, data: Any) -> float:
        text = self.at(self.definition["TimestampPath"], data) if "TimestampPath" in self.definition else self.definition["Timestamp"]
        text = self.evaluate(text) if is_jsonata(text) else text
        when = moment(text) if isinstance(text, str) else None
        if when is None:
            raise StatesError(RUNTIME, f"The Timestamp parameter cannot be parsed as a timestamp: {json.dumps(text)}")
        return self.execution.seconds_until(when)


class ChoiceState(Visit):
    """Goes on where the first rule that is true says."""

    def run(self) -> Steps:
        yield from ()
        data = self.taken_in()
        asked = self.execution.host.decide(self.execution, self.name)
        if asked is not None:
            return asked, self.out(data)
        try:
            return self._decided(data)
        except StatesError as error:
            following = self.execution.host.undecided(self.execution, self.name, error)
            if following is None:
                raise
            return following, data

    def _decided(self, data: Any) -> Left:
        for rule in self.definition["Choices"]:
            if self._holds(rule, data):
                if not self.jsonata:
                    self.assign(rule, data)
                    return rule["Next"], self.out(data)
                output = self.evaluate(rule["Output"]) if "Output" in rule else self.data
                self.assign(rule, data)
                return rule["Next"], self.execution.sized(output, "output")
        if "Default" in self.definition:
            return self.definition["Default"], self.through(data)
        raise StatesError("States.NoChoiceMatched", f"An error occurred while executing the state '{self.name}' (entered at the event id #{self.entered}). Failed to transition out of the state. The choice state has no matching rule and no Default.")

    def _holds(self, rule: Mapping[str, Any], data: Any) -> bool:
        if not self.jsonata:
            return holds(rule, self.place, data)
        value = self.evaluate(rule["Condition"])
        if not isinstance(value, bool):
            raise StatesError(QUERY_ERROR, f"The JSONata expression for Condition returned {json.dumps(value)}, which is not a boolean")
        return value
