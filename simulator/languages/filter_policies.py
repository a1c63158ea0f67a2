"""SNS subscription filter policies: does a message match, judged by its attributes or by its body?

Source: SNS Developer Guide, "Amazon SNS subscription filter policies": string, numeric and key matching, AND/OR logic and
filter policy constraints, read 2026-11. Where a body holds a list of objects, one of them has to match all nested keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from simulator.languages.conditions import Dialect, Test, compile_condition, exists, faults, is_alternatives

Scope = Literal["MessageAttributes", "MessageBody"]
Matcher = Callable[[Mapping[str, Any], Any], bool]
Fields = Callable[[Mapping[str, Any]], bool]

MAX_KEYS = 5
MAX_COMBINATIONS = 150
MAX_BYTES = 262_144

SNS = Dialect(
    name="SNS",
    operators=frozenset({"prefix", "suffix", "equals-ignore-case", "numeric", "cidr", "anything-but"}),
    inside_anything_but=frozenset({"prefix"}),
    number_limit=1e9,
)


class PolicyError(ValueError):
    """A policy that SNS would not take; ``problems`` lists every fault with its path."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def compile_policy(policy: Any, scope: Scope = "MessageAttributes") -> Matcher:
    """A function of (attributes, body) that says whether the message is delivered. None or ``{}`` matches everything.

    ``attributes`` is ``{"name": {"Type": "String", "Value": "x"}}``; ``body`` is parsed JSON, or None if it is none.
    Raises `PolicyError` if the policy is not valid.
    """
    problems = policy_problems(policy, scope)
    if problems:
        raise PolicyError(problems)
    if not policy:
        return lambda attributes, body: True
    matches = _object(policy, nested=scope == "MessageBody")
    if scope == "MessageBody":
        return lambda attributes, body: isinstance(body, dict) and matches(body)
    # a message without any attribute matches no policy on attributes, not even one that asks for absence
    return lambda attributes, body: bool(attributes) and matches(attribute_values(attributes))


def policy_problems(policy: Any, scope: Scope = "MessageAttributes") -> list[str]:
    """Why SNS would not take this policy, each with the path of the fault; empty if it would."""
    if policy is None:
        return []
    if not isinstance(policy, dict):
        return ["a filter policy is a JSON object"]
    problems = list(faults(policy, SNS, nested=scope == "MessageBody"))
    size = len(json.dumps(policy, ensure_ascii=False).encode())
    if size > MAX_BYTES:
        problems.append(f"the policy has {size:,} bytes; at most {MAX_BYTES:,} are allowed")
    if len(policy) > MAX_KEYS:
        problems.append(f"the policy has {len(policy)} keys ({', '.join(policy)}); at most {MAX_KEYS} are allowed, not counting nested ones")
    combinations = _combinations(policy, 1)
    if combinations > MAX_COMBINATIONS:
        problems.append(f"the policy has {combinations} combinations of values; at most {MAX_COMBINATIONS} are allowed")
    return problems


def explain(policy: Any, scope: Scope, attributes: Mapping[str, Any], body: Any) -> tuple[bool, str]:
    """Whether the message is delivered, and why, as a sentence. Raises `PolicyError` if the policy is not valid."""
    if compile_policy(policy, scope)(attributes, body):
        return True, f"Every key of the policy matches: {', '.join(policy)}" if policy else "Without a policy, everything is delivered"
    if scope == "MessageBody" and not isinstance(body, dict):
        return False, "The policy looks at the body, and the body is not a JSON object"
    if scope == "MessageAttributes" and not attributes:
        return False, "The policy looks at attributes, and the message has none"
    seen = body if scope == "MessageBody" else attribute_values(attributes)
    reasons = []
    for key, rule in policy.items():
        if compile_policy({key: rule}, scope)(attributes, body):
            continue
        if key == "$or" and is_alternatives(rule):
            reasons.append("no alternative of $or matches")
        elif key not in seen:
            reasons.append(f"{key} is not there")
        else:
            reasons.append(f"{key} is {json.dumps(seen[key], ensure_ascii=False)}, but should be {json.dumps(rule, ensure_ascii=False)}")
    return False, "; ".join(reasons)


def attribute_values(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What the policy is compared with: strings, numbers, or the elements of an array. Binary ones are ignored."""
    values: dict[str, Any] = {}
    for name, attribute in attributes.items():
        kind, value = attribute.get("Type", "String"), attribute.get("Value")
        if kind == "Number":
            try:
                values[name] = float(value)
            except (TypeError, ValueError):
                continue
        elif kind in ("String.Array", "Number.Array"):
            try:
                elements = json.loads(value) if isinstance(value, str) else value
            except json.JSONDecodeError:
                continue
            if isinstance(elements, list):
                values[name] = elements
        elif kind == "String":
            values[name] = value
    return values


# -- matching -------------------------------------------------------------------------------------------------------


def _object(policy: Mapping[str, Any], *, nested: bool) -> Fields:
    """All keys must match; below ``$or``, at least one alternative."""
    tests: list[Fields] = []
    for key, rule in policy.items():
        if key == "$or" and is_alternatives(rule):
            alternatives = [_object(alternative, nested=nested) for alternative in rule]
            tests.append(lambda fields, alternatives=alternatives: any(matches(fields) for matches in alternatives))  # type: ignore[misc]
        elif isinstance(rule, dict):
            tests.append(_nested_field(key, _object(rule, nested=nested)))
        else:
            tests.append(_field(key, rule))
    return lambda fields: all(test(fields) for test in tests)


def _nested_field(key: str, matches: Fields) -> Fields:
    def test(fields: Mapping[str, Any]) -> bool:
        value = fields.get(key)
        candidates = value if isinstance(value, list) else [value]
        return any(isinstance(candidate, dict) and matches(candidate) for candidate in candidates)

    return test


def _field(key: str, conditions: list[Any]) -> Fields:
    """One of the conditions must hold for the value, or for an element if the value is a list."""
    present = any(exists(condition) is True for condition in conditions)
    absent = any(exists(condition) is False for condition in conditions)
    tests: list[Test] = [compile_condition(condition, SNS) for condition in conditions if exists(condition) is None]

    def test(fields: Mapping[str, Any]) -> bool:
        if key not in fields:
            return absent
        value = fields[key]
        candidates = value if isinstance(value, list) else [value]
        if present and any(candidate not in (None, "") and not isinstance(candidate, dict) for candidate in candidates):
            return True
        return any(check(candidate) for check in tests for candidate in candidates if not isinstance(candidate, (dict, list)))

    return test


def _combinations(policy: Mapping[str, Any], depth: int) -> int:
    """The product over all keys of the number of values times the level of nesting; alternatives of ``$or`` add up."""
    product = 1
    for key, rule in policy.items():
        if key == "$or" and is_alternatives(rule):
            product *= sum(_combinations(alternative, depth) for alternative in rule)
        elif isinstance(rule, dict):
            product *= _combinations(rule, depth + 1)
        else:
            product *= depth * max(1, len(rule) if isinstance(rule, list) else 1)
    return product
