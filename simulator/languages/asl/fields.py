"""What may stand in the fields of a state: numbers, paths, templates, retriers, catchers, rules. Findings carry the path of the fault."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from jsonata.jexception import JException

from simulator.languages.asl.choices import TESTS, TYPES, moment
from simulator.languages.asl.errors import Problem
from simulator.languages.asl.paths import PathError, parse_path, reference_path
from simulator.languages.asl.queries import CLOSE, OPEN, compiled, is_jsonata, parse_query

LONGEST_S = 99_999_999
LONGEST_DELAY_S = 31_622_400
PLACEHOLDER = re.compile(r"\$\{[^}]+\}")
"""What is only filled in when a template is deployed."""
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def joined(path: str, step: str | int) -> str:
    """The path of a part."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if PLAIN.fullmatch(step) else f"{path}['{step}']"


class Findings:
    """Collects what is wrong, each with its path."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def error(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def warning(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message, "warning"))

    # -- values -----------------------------------------------------------------------------------------------------

    def of_type(self, value: Any, kind: type | tuple[type, ...], path: str, word: str) -> bool:
        """Whether a value has the type; a finding if not."""
        if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
            return True
        self.error(path, f"must be {word}")
        return False

    def number(self, holder: Mapping[str, Any], name: str, path: str, least: float, most: float, *, whole: bool = True, jsonata: bool = False) -> None:
        """A number within its bounds, a text that JSONata evaluates, or what a deployment fills in."""
        if name not in holder:
            return
        value, place = holder[name], joined(path, name)
        if isinstance(value, str):
            if is_jsonata(value) and jsonata:
                self.jsonata(value, place)
                return
            if PLACEHOLDER.search(value):
                self.error(place, f"{value} must be filled in with a number before it can run")
                return
        if self.of_type(value, int if whole else (int, float), place, "a whole number" if whole else "a number") and not least <= value <= most:
            bounds = f"{least:,} or more" if most == math.inf else f"from {least:,} to {most:,}"
            self.error(place, f"must be {bounds}, but is {value:,}")

    def path(self, holder: Mapping[str, Any], name: str, path: str, *, reference: bool = False, nullable: bool = False, queries: bool = False) -> None:
        """A path; with ``reference`` one that names a single place; with ``queries`` an intrinsic function, too."""
        if name not in holder or (nullable and holder[name] is None):
            return
        value, place = holder[name], joined(path, name)
        if self.of_type(value, str, place, "a path" + (" or null" if nullable else "")):
            self._parsed(value, place, reference_path if reference else parse_query if queries else parse_path)

    def _parsed(self, text: str, path: str, parse: Callable[[str], Any]) -> None:
        try:
            parse(text)
        except PathError as error:
            self.error(path, str(error))

    def template(self, value: Any, path: str, jsonata: bool) -> None:
        """A payload template, or a value with JSONata in it."""
        if isinstance(value, dict):
            for name, entry in value.items():
                if name.endswith(".$") and not jsonata:
                    if self.of_type(entry, str, joined(path, name), "a path or an intrinsic function, because its name ends in .$"):
                        self._parsed(entry, joined(path, name), parse_query)
                else:
                    self.template(entry, joined(path, name), jsonata)
        elif isinstance(value, list):
            for place, entry in enumerate(value):
                self.template(entry, joined(path, place), jsonata)
        elif jsonata and isinstance(value, str):
            self.jsonata(value, path)

    def jsonata(self, text: str, path: str, required: bool = False) -> None:
        """A text that may (or must) be JSONata."""
        if not is_jsonata(text):
            if text.startswith(OPEN) or text.endswith(CLOSE):
                self.error(path, "JSONata stands between {% and %}, and nothing beside them")
            elif required:
                self.error(path, "must be JSONata: {% … %}")
            return
        try:
            compiled(text[len(OPEN):-len(CLOSE)].strip())
        except JException as error:
            self.error(path, f"is not JSONata: {error}")
        except (ArithmeticError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            self.error(path, "is not JSONata")

    # -- retriers and catchers --------------------------------------------------------------------------------------

    def error_names(self, entry: Mapping[str, Any], path: str, last: bool) -> None:
        """ErrorEquals of a retrier or catcher."""
        names, place = entry.get("ErrorEquals"), joined(path, "ErrorEquals")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            self.error(place, "must be a list of names of errors, and not empty")
        elif "States.ALL" in names and len(names) > 1:
            self.error(place, "States.ALL must stand alone")
        elif "States.ALL" in names and not last:
            self.error(place, "States.ALL must stand in the last entry")

    def retriers(self, state: Mapping[str, Any], path: str) -> None:
        """Retry."""
        for entry, place, last in self.entries(state, "Retry", path):
            self.error_names(entry, place, last)
            self.number(entry, "IntervalSeconds", place, 1, LONGEST_S)
            self.number(entry, "MaxAttempts", place, 0, LONGEST_S)
            self.number(entry, "BackoffRate", place, 1, math.inf, whole=False)
            self.number(entry, "MaxDelaySeconds", place, 1, LONGEST_DELAY_S)
            if entry.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
                self.error(joined(place, "JitterStrategy"), "must be FULL or NONE")
            self.unknown(entry, {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}, place, "a retrier")

    def entries(self, holder: Mapping[str, Any], name: str, path: str) -> list[tuple[Mapping[str, Any], str, bool]]:
        """The objects of a list, each with its path and whether it is the last."""
        if name not in holder:
            return []
        listed, place = holder[name], joined(path, name)
        if not self.of_type(listed, list, place, "a list"):
            return []
        return [(entry, joined(place, index), index == len(listed) - 1) for index, entry in enumerate(listed) if self.of_type(entry, dict, joined(place, index), "an object")]

    def unknown(self, holder: Mapping[str, Any], known: set[str], path: str, what: str) -> None:
        """Fields that nothing knows."""
        for name in holder:
            if name not in known:
                self.warning(joined(path, name), f"is not a field of {what}")

    # -- rules of a Choice ------------------------------------------------------------------------------------------

    def rule(self, rule: Any, path: str, depth: int = 0) -> None:
        """A rule in JSONPath, or a part of one."""
        if not self.of_type(rule, dict, path, "an object") or depth > 50:
            return
        combined = [name for name in ("And", "Or", "Not") if name in rule]
        tests = [name for name in rule if name in TESTS]
        if len(combined) + len(tests) != 1:
            self.error(path, "needs exactly one comparison, or And, Or or Not")
            return
        if depth and "Next" in rule:
            self.error(joined(path, "Next"), "only a whole rule has a Next, not a part of it")
        if combined:
            self._combined(rule[combined[0]], joined(path, combined[0]), combined[0], depth)
            return
        if "Variable" not in rule:
            self.error(path, "needs a Variable")
        self.path(rule, "Variable", path)
        self._compared_with(rule, tests[0], path)

    def _combined(self, parts: Any, path: str, name: str, depth: int) -> None:
        if name == "Not":
            self.rule(parts, path, depth + 1)
        elif self.of_type(parts, list, path, "a list of comparisons"):
            if not parts:
                self.error(path, "must not be empty")
            for place, part in enumerate(parts):
                self.rule(part, joined(path, place), depth + 1)

    def _compared_with(self, rule: Mapping[str, Any], test: str, path: str) -> None:
        value, place = rule[test], joined(path, test)
        if test.endswith("Path"):
            self.path(rule, test, path)
        elif test in TYPES or test == "IsPresent" or test.startswith("Boolean"):
            self.of_type(value, bool, place, "true or false")
        elif test.startswith("Numeric"):
            self.of_type(value, (int, float), place, "a number")
        elif self.of_type(value, str, place, "a text") and test.startswith("Timestamp") and moment(value) is None:
            self.error(place, f"'{value}' is not a timestamp like 2026-01-31T12:00:00Z")
