"""Event patterns: the cases AWS answered, and one case for each operator and each reason to be rejected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.languages.event_patterns import PatternError, compile_pattern, event_of, explain, has_wildcard, pattern_problems

CASES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "event-patterns" / "cases.jsonl"
RECORDED = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()] if CASES.exists() else []


def answer(pattern: Any, event: Any) -> str:
    try:
        matches = compile_pattern(pattern)(event)
    except PatternError:
        return "rejected"
    assert explain(pattern, event)[0] == matches, "the explanation says something else"
    return "match" if matches else "no-match"


@pytest.mark.skipif(not RECORDED, reason=f"the recorded cases are not at {CASES}")
def test_all_recorded_cases_are_answered_as_aws_answered_them() -> None:
    wrong = [case["name"] for case in RECORDED if answer(case["pattern"], case["event"]) != case["expect"]]
    assert len(RECORDED) == 40
    assert wrong == []


TEMPLATES = CASES.parents[1] / "cloudformation"


class Template(yaml.SafeLoader):
    """Reads CloudFormation, whose short functions (!Ref, !Sub...) become their arguments."""


Template.add_multi_constructor("!", lambda loader, _, node: getattr(loader, f"construct_{node.id}")(node))


def patterns_in(part: Any) -> list[Any]:
    """Every event pattern of a template."""
    if isinstance(part, list):
        return [pattern for entry in part for pattern in patterns_in(entry)]
    if not isinstance(part, dict):
        return []
    return [found for key, entry in part.items() for found in ([entry] if key in ("EventPattern", "Pattern") and isinstance(entry, dict) else patterns_in(entry))]


@pytest.mark.skipif(not TEMPLATES.exists(), reason=f"the templates are not at {TEMPLATES}")
def test_patterns_of_real_templates_are_accepted_and_match_what_they_ask_for() -> None:
    files = sorted(path for path in TEMPLATES.glob("*/*") if path.suffix in (".yml", ".yaml"))
    patterns = [pattern for file in files for pattern in patterns_in(yaml.load(file.read_text(encoding="utf-8"), Template))]  # noqa: S506 - a safe loader
    assert len(patterns) >= 6
    for pattern in patterns:
        event = asked_for(pattern)
        assert explain(pattern, event)[0]
        assert not compile_pattern(pattern)({**event, next(iter(pattern)): "something else"})


def asked_for(pattern: Any) -> Any:
    """An event with the first value that each field asks for."""
    return {key: asked_for(rule) if isinstance(rule, dict) else rule[0] for key, rule in pattern.items()}


MATCHING = [
    # (conditions of detail.x, values that match, values that do not); None in a list of values is JSON's null
    (["run", 3, True, None], ["run", 3, 3.0, True, None, ["stop", "run"]], ["Run", "3", 4, False, 1.0001, {"y": "run"}, []]),
    ([300], [300, 300.0, 3e2], ["300"]),
    ([123456789012], [123456789012], [123456789013]),
    ([{"prefix": "eu-"}], ["eu-west-1", ["us-east-1", "eu-west-1"]], ["EU-west-1", 3, None]),
    ([{"prefix": {"equals-ignore-case": "EU-"}}], ["eu-west-1", "Eu-west-1"], ["us-east-1"]),
    ([{"suffix": ".png"}], ["a.png", ".png"], ["a.PNG", "png", 1]),
    ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.jpg"]),
    ([{"equals-ignore-case": "alice"}], ["ALICE"], ["alice2", None]),
    ([{"wildcard": "dir/*/file"}], ["dir/a/file", "dir//file", "dir/a/b/file"], ["dir/file", "xdir/a/file", "dir/a/file2"]),
    ([{"wildcard": "*a*ba"}], ["aba", "xaxxba", "aaba"], ["ba", "ab", "abab"]),
    ([{"wildcard": r"1\*2\\*"}], ["1*2\\", "1*2\\3"], ["1x2\\", "1*2"]),
    ([{"wildcard": "a\nb*"}], ["a\nbc"], ["ab"]),
    ([{"anything-but": "stopped"}], ["running", 3, None, ["stopped", "running"]], ["stopped", ["stopped"]]),
    ([{"anything-but": [100, 200]}], [300, "100"], [100, 200.0]),
    ([{"anything-but": {"prefix": "init"}}], ["post-init", 4], ["initial"]),
    ([{"anything-but": {"suffix": ["x", "y"]}}], ["z"], ["ax", "ay"]),
    ([{"anything-but": {"equals-ignore-case": ["A", "b"]}}], ["c"], ["a", "B"]),
    ([{"anything-but": {"wildcard": "a*c"}}], ["ab"], ["abc", "ac"]),
    ([{"numeric": [">", 0, "<=", 5]}], [0.1, 5, [9, 3]], [0, 5.000001, "3", None, True]),
    ([{"numeric": ["=", 3.018e2]}], [301.8], [301.80001]),
    ([{"numeric": ["<", 10]}], [-5e9], [10]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "text", "10.0.0", 10]),
    ([{"cidr": "2001:db8::/64"}], ["2001:db8::1"], ["2001:db8:0:1::1", "10.0.0.1"]),
    ([{"exists": True}], ["", 0, None, False], [[], {"y": 1}]),
    ([{"exists": False}], [[], {"y": 1}], [None, ""]),
    (["a", {"exists": False}], ["a", []], ["b"]),
]


@pytest.mark.parametrize(("conditions", "good", "bad"), MATCHING, ids=lambda entry: json.dumps(entry) if isinstance(entry, list) and entry else "")
def test_operators(conditions: list[Any], good: list[Any], bad: list[Any]) -> None:
    pattern = {"detail": {"x": conditions}}
    for value in good:
        assert answer(pattern, {"detail": {"x": value}}) == "match", value
    for value in bad:
        assert answer(pattern, {"detail": {"x": value}}) == "no-match", value


@pytest.mark.parametrize("conditions", [[{"anything-but": "a"}], [{"exists": True}], ["a"], [None]], ids=json.dumps)
def test_a_missing_field_matches_only_what_asks_for_absence(conditions: list[Any]) -> None:
    assert answer({"detail": {"x": conditions}}, {"detail": {}}) == "no-match"
    assert answer({"detail": {"x": [{"exists": False}]}}, {"detail": {}}) == "match"


REJECTED = [
    ([], "JSON object"),
    ({}, "empty"),
    ({"detail": {}}, "at least one key"),
    ({"source": "a"}, 'for example \\["a"\\]'),
    ({"source": []}, "empty"),
    ({"source": [["a"]]}, "list inside a list"),
    ({"source": [{"begins": "a"}]}, "no operator 'begins'"),
    ({"source": [{"prefix": "a", "suffix": "b"}]}, "exactly one key"),
    ({"source": [{"wildcard": "a**b"}]}, "two \\* in a row"),
    ({"source": [{"wildcard": "a\\b"}]}, "backslash"),
    ({"source": [{"anything-but": []}]}, "at least one"),
    ({"source": [{"anything-but": ["a", 1]}]}, "not both"),
    ({"source": [{"anything-but": True}]}, "strings or numbers"),
    ({"source": [{"anything-but": {"prefix": ""}}]}, "not empty"),
    ({"source": [{"anything-but": {"numeric": ["=", 1]}}]}, "one of"),
    ({"source": [{"anything-but": 6e9}]}, "compares numbers"),
    ({"source": [{"numeric": [">", 5, "<", 5]}]}, "range"),
    ({"source": [{"numeric": ["<", 5, ">", 1]}]}, "range"),
    ({"source": [{"numeric": ["=", 6e9]}]}, "compares numbers"),
    ({"source": [{"numeric": ["!=", 1]}]}, "not a comparison"),
    ({"source": [{"cidr": "10.0.0.1/32"}]}, "more than one address"),
    ({"source": [{"cidr": 10}]}, "needs a string"),
    ({"source": [{"exists": "yes"}]}, "true or false"),
    ({"source": ["x" * 5000]}, "4,096"),
    ({f"f{place}": {"$or": [{f"k{number}": ["x"]} for number in range(11)]} for place in range(3)}, "1,331 combinations"),
]


@pytest.mark.parametrize(("pattern", "reason"), REJECTED, ids=lambda entry: json.dumps(entry)[:60])
def test_what_is_rejected_and_why(pattern: Any, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        compile_pattern(pattern)
    assert pattern_problems(pattern)


def test_all_faults_come_at_once_with_their_paths() -> None:
    problems = pattern_problems({"source": "a", "detail": {"x": [{"numeric": []}, {"prefix": 1}]}})
    assert [problem.split(":")[0] for problem in problems] == ["source", "detail.x[0]", "detail.x[1]"]


def test_fields_are_anded_and_alternatives_ored() -> None:
    pattern = {"source": ["s"], "$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]}
    assert answer(pattern, {"source": "s", "a": 1}) == "match"
    assert answer(pattern, {"source": "s", "b": 2, "d": 4}) == "match"
    assert answer(pattern, {"source": "s", "b": 2}) == "no-match"
    assert answer(pattern, {"source": "t", "a": 1}) == "no-match"


def test_or_is_a_field_where_it_cannot_be_the_operator() -> None:
    assert answer({"$or": ["x"]}, {"$or": "x"}) == "match"
    assert answer({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"$or": "bc"}) == "match"


def test_fields_in_a_list_of_objects_match_within_one_object() -> None:
    pattern = {"detail": {"lines": {"sku": ["lamp"], "count": [{"numeric": [">", 1]}]}}}
    assert answer(pattern, {"detail": {"lines": [{"sku": "desk", "count": 9}, {"sku": "lamp", "count": 2}]}}) == "match"
    apart = {"detail": {"lines": [{"sku": "desk", "count": 9}, {"sku": "lamp", "count": 1}]}}
    assert answer(pattern, apart) == "no-match"
    assert "same element" in explain(pattern, apart)[1]


def test_independent_lists_do_not_multiply() -> None:
    """Twelve lists of forty elements each, whose fields never lie together: 40 ** 12 choices if they were tried one by one."""
    event = {f"l{name}": [{"x": number % 2, "y": 1 - number % 2} for number in range(40)] for name in range(12)}
    pattern = {f"l{name}": {"x": [0, 1], "y": [0, 1]} for name in range(11)} | {"l11": {"x": [1], "y": [1]}}
    assert answer(pattern, event) == "no-match"


def test_absence_is_judged_over_the_whole_list() -> None:
    assert answer({"a": {"b": [{"exists": False}]}}, {"a": [{"c": 1}, {"b": 2}]}) == "no-match"


def test_without_a_pattern_everything_matches() -> None:
    assert answer(None, {"source": "x"}) == "match"


def test_the_reason_names_the_field_its_value_and_what_was_wanted() -> None:
    matches, reason = explain({"source": ["shop"], "detail": {"statsu": ["paid"]}}, {"source": "shop", "detail": {"status": "paid"}})
    assert not matches
    assert reason == "detail.statsu is not there; did you mean detail.status?"
    assert explain({"source": ["a"]}, {"source": "b"})[1] == 'source is "b", but should be ["a"]'


def test_a_body_that_is_an_event_stays_one_and_others_become_its_detail() -> None:
    event = event_of("ignored", {"source": "aws.s3", "detail-type": "Object Created", "detail": {"size": 3}})
    assert (event["source"], event["detail-type"], event["detail"], event["region"]) == ("aws.s3", "Object Created", {"size": 3}, "us-east-1")
    wrapped = event_of("order", {"price": 4})
    assert (wrapped["source"], wrapped["detail-type"], wrapped["detail"]) == ("custom", "order", {"price": 4})
    assert event_of("order", None)["detail"] == {}


def test_wildcards_are_found_wherever_they_stand() -> None:
    assert has_wildcard({"detail": {"x": [{"anything-but": {"wildcard": "a*"}}]}})
    assert has_wildcard({"$or": [{"a": [{"wildcard": "a*"}]}, {"b": ["x"]}]})
    assert not has_wildcard({"detail": {"x": ["wildcard"], "wildcard": ["x", {"anything-but": "wildcard"}]}})
