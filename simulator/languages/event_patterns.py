"""EventBridge event patterns: does an event match, and if not, why not?

Sources: EventBridge User Guide, "Event patterns" and "Comparison operators", and the README of Event Ruler, the open library
EventBridge matches with; read 2026-11. An event is a set of fields: the path of each leaf, joined with dots, and its value;
the elements of a list are several values at one path. A pattern is a set of paths with conditions. Each path must have a
value that meets one of its conditions, and where the values lie in a list of objects, all must come from the same object.
The guide says that plain numbers are compared as text; Event Ruler compares them by value too, and so does this.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from simulator.languages.conditions import Dialect, Test, compile_condition, exists, faults, is_alternatives

EVENTBRIDGE = Dialect(
    name="EventBridge",
    operators=frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr", "anything-but"}),
    inside_anything_but=frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"}),
    number_limit=5e9,
    ignores_case_inside=True,
    digits=6,
    lists_inside_anything_but=True,
    empty_text=True,
    null_is_a_value=True,
    plain_numbers_unbounded=True,
    mixed_exclusions=False,
    single_addresses=False,
)

MAX_CHARACTERS = 4096
"""Of the API. The quota of a bus is lower, and can be raised (`QUOTA_CHARACTERS`)."""
QUOTA_CHARACTERS = 2048
MAX_COMBINATIONS = 1000
"""Of alternatives of all ``$or`` together."""

Matcher = Callable[[Any], bool]
Places = frozenset[tuple[int, int]]
"""In which elements of which lists a value lies: (number of the list, place in it)."""
Fields = dict[str, list[tuple[Any, Places]]]


class PatternError(ValueError):
    """A pattern that EventBridge would reject; ``problems`` lists every fault with its path."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Condition:
    """What the value at a path must be: one of the tests holds, or the path is ``absent`` where that is asked for."""

    path: str
    tests: tuple[Test, ...]
    absent: bool
    wanted: str


def compile_pattern(pattern: Any) -> Matcher:
    """A function of a parsed JSON event that says whether it matches. None matches everything, as a rule without filter.

    Raises `PatternError` if the pattern is not valid.
    """
    branches = _compile(pattern)

    def matches(event: Any) -> bool:
        fields = _fields_of(event)
        return any(_holds(branch, fields) for branch in branches)

    return matches


def pattern_problems(pattern: Any) -> list[str]:
    """Why EventBridge would reject this pattern, each with the path of the fault; empty if it would not."""
    if pattern is None:
        return []
    if not isinstance(pattern, dict):
        return ["an event pattern is a JSON object"]
    if not pattern:
        return ["the pattern is empty; it needs at least one field"]
    problems = list(faults(pattern, EVENTBRIDGE, nested=True))
    length = pattern_length(pattern)
    if length > MAX_CHARACTERS:
        problems.append(f"the pattern has {length:,} characters; at most {MAX_CHARACTERS:,} are allowed")
    combinations = _combinations(pattern)
    if combinations > MAX_COMBINATIONS:
        problems.append(f"the alternatives of '$or' make {combinations:,} combinations; at most {MAX_COMBINATIONS:,} are allowed")
    return problems


def pattern_length(pattern: Any) -> int:
    """Characters of the pattern as compact JSON, which is what the quota counts."""
    return len(json.dumps(pattern, ensure_ascii=False, separators=(",", ":")))


def has_wildcard(pattern: Any) -> bool:
    """Whether ``wildcard`` stands anywhere in the pattern; EventBridge allows fewer such rules."""
    if isinstance(pattern, dict):
        return any(has_wildcard(part) for part in pattern.values())
    if not isinstance(pattern, list):
        return False
    return any(isinstance(part, dict) and ("wildcard" in part or has_wildcard(part) or has_wildcard([part.get("anything-but")])) for part in pattern)


def explain(pattern: Any, event: Any) -> tuple[bool, str]:
    """Whether the event matches, and why, as a sentence. Raises `PatternError` if the pattern is not valid."""
    closest: list[str] | None = None
    fields = _fields_of(event)
    for branch in _compile(pattern):
        failing = [condition for condition in branch if not _alone(condition, fields)]
        if not failing and _holds(branch, fields):
            names = ", ".join(condition.path for condition in branch)
            return True, f"Every field of the pattern matches: {names}" if branch else "Without a pattern, everything matches"
        reasons = [_reason(condition, fields) for condition in failing] or ["Each field matches, but not all in the same element of a list"]
        if closest is None or len(reasons) < len(closest):
            closest = reasons
    return False, "; ".join(closest or [])


def explain_any(patterns: Sequence[Any], event: Any) -> tuple[bool, str]:
    """Whether the event matches one of the patterns, and why; without patterns, everything does. Raises `PatternError` as `explain`."""
    if not patterns:
        return True, "Without a pattern, everything matches"
    answers = [explain(pattern, event) for pattern in patterns]
    for number, (matches, reason) in enumerate(answers, start=1):
        if matches:
            return True, f"Pattern {number}: {reason}" if len(answers) > 1 else reason
    return False, "; ".join(f"pattern {number}: {reason}" if len(answers) > 1 else reason for number, (_, reason) in enumerate(answers, start=1))


def event_of(name: str, body: Any) -> Any:
    """The event that a message is on a bus: its body if that is one (``source`` and ``detail-type`` are there), else an event with it as detail.

    ``name`` is then the detail type, and ``custom`` the source. What EventBridge adds to every entry is there in both cases.
    """
    envelope = {
        "version": "0", "id": "00000000-0000-0000-0000-000000000000", "detail-type": name, "source": "custom", "account": "123456789012",
        "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {},
    }
    if isinstance(body, dict) and isinstance(body.get("source"), str) and isinstance(body.get("detail-type"), str):
        return {**envelope, **body}
    return {**envelope, "detail": body} if isinstance(body, dict) else envelope


def queue_record_of(attributes: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The record that filters of Pipes and of event source mappings see of a queued message; the body is JSON, or None if it is not."""
    seen = {name: {"stringValue": entry.get("Value"), "dataType": entry.get("Type", "String")} for name, entry in attributes.items()}
    return {"eventSource": "aws:sqs", "awsRegion": "us-east-1", "body": body, "messageAttributes": seen}


def data_record_of(attributes: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The record that filters see of what comes from a stream or a broker: its data."""
    return {"data": body}


def value_record_of(attributes: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The record that filters see of what comes from a topic of Kafka: its value."""
    return {"value": body}


# -- compiling ------------------------------------------------------------------------------------------------------


def _compile(pattern: Any) -> list[list[Condition]]:
    problems = pattern_problems(pattern)
    if problems:
        raise PatternError(problems)
    return [sorted(branch, key=lambda condition: condition.path.split(".")) for branch in _branches(pattern or {}, "")]


def _branches(pattern: Mapping[str, Any], path: str) -> list[list[Condition]]:
    """The ways to meet the pattern: one, but for the alternatives of ``$or``."""
    ways: list[list[Condition]] = [[]]
    for key, rule in pattern.items():
        place = f"{path}.{key}" if path else key
        if key == "$or" and is_alternatives(rule):
            more = [way for alternative in rule for way in _branches(alternative, path)]
        elif isinstance(rule, dict):
            more = _branches(rule, place)
        else:
            more = [[_condition(place, rule)]]
        ways = [[*way, *other] for way in ways for other in more]
    return ways


def _condition(path: str, conditions: list[Any]) -> Condition:
    tests = [compile_condition(condition, EVENTBRIDGE) for condition in conditions if exists(condition) is None]
    if any(exists(condition) is True for condition in conditions):
        tests.append(lambda value: True)
    return Condition(path, tuple(tests), any(exists(condition) is False for condition in conditions), json.dumps(conditions, ensure_ascii=False))


def _combinations(pattern: Mapping[str, Any]) -> int:
    product = 1
    for key, rule in pattern.items():
        if key == "$or" and is_alternatives(rule):
            product *= sum(_combinations(alternative) for alternative in rule)
        elif isinstance(rule, dict):
            product *= _combinations(rule)
    return product


# -- matching -------------------------------------------------------------------------------------------------------


def _fields_of(event: Any) -> Fields:
    fields: Fields = {}
    _flatten(event if isinstance(event, dict) else {}, "", frozenset(), fields, count())
    return fields


def _flatten(value: Any, path: str, places: Places, fields: Fields, numbers: Iterator[int]) -> None:
    if isinstance(value, dict):
        for key, child in value.items():
            _flatten(child, f"{path}.{key}" if path else key, places, fields, numbers)
    elif isinstance(value, list):
        number = next(numbers)
        for place, element in enumerate(value):
            within = places | {(number, place)} if isinstance(element, (dict, list)) else places
            _flatten(element, path, within, fields, numbers)
    else:
        fields.setdefault(path, []).append((value, places))


def _holds(conditions: Sequence[Condition], fields: Fields) -> bool:
    """Whether values can be chosen that meet all conditions and lie in the same elements of lists.

    Goes from condition to condition with the set of choices that are still open, and forgets lists that no later condition
    looks into, so that independent lists do not multiply.
    """
    later: list[set[int]] = [set()]
    for condition in reversed(conditions):
        later.append(later[-1] | {number for _, places in fields.get(condition.path, ()) for number, _ in places})
    later.pop()
    ways: set[Places] = {frozenset()}
    for condition in conditions:
        matters = later.pop()
        if condition.path not in fields:
            if not condition.absent:
                return False
            continue
        fitting = {places for value, places in fields[condition.path] if any(test(value) for test in condition.tests)}
        ways = {frozenset(entry for entry in way | places if entry[0] in matters) for way in ways for places in fitting if _agree(way, places)}
        if not ways:
            return False
    return True


def _agree(way: Places, places: Places) -> bool:
    together = way | places
    return len({number for number, _ in together}) == len(together)


def _alone(condition: Condition, fields: Fields) -> bool:
    return _holds((condition,), fields)


def _reason(condition: Condition, fields: Fields) -> str:
    path = condition.path
    if path in fields:
        values = " or ".join(json.dumps(value, ensure_ascii=False) for value, _ in fields[path][:5])
        return f"{path} is {values}, but should be {condition.wanted}" if condition.tests else f"{path} is there ({values}), but should not be"
    if any(other.startswith(f"{path}.") for other in fields):
        return f"{path} is an object; conditions look at leaves only"
    return f"{path} is not there{_suggestion(path, fields)}"


def _suggestion(path: str, fields: Iterable[str]) -> str:
    close = difflib.get_close_matches(path, list(fields), n=1, cutoff=0.75)
    return f"; did you mean {close[0]}?" if close else ""
