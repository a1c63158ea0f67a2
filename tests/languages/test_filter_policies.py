"""SNS filter policies: a case for each operator and its edges, for attributes and bodies, and for each reason to be refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.languages.conditions import ConditionError, compile_condition
from simulator.languages.filter_policies import SNS, PolicyError, attribute_values, compile_policy, policy_problems


def by_body(policy: Any, body: Any) -> bool:
    return compile_policy(policy, "MessageBody")({}, body)


def by_attributes(policy: Any, **attributes: tuple[str, Any]) -> bool:
    return compile_policy(policy)({name: {"Type": kind, "Value": value} for name, (kind, value) in attributes.items()}, None)


CONDITIONS = [
    # (conditions of x, values that match, values that do not)
    (["run"], ["run", ["stop", "run"]], ["Run", "", 1, None, True, ["stop"], {"y": "run"}]),
    ([3], [3, 3.0, 3.000001, [1, 3]], ["3", 3.001, True, None]),
    ([1], [1, 1.0], [True]),
    ([True], [True], [1, "true", False]),
    ([None], [None], [0, "", False]),
    ([{"prefix": "eu-"}], ["eu-", "eu-west-1", ["us", "eu-1"]], ["EU-west-1", "e", 3, None]),
    ([{"suffix": ".png"}], ["a.png", ".png"], ["a.PNG", "png", 1]),
    ([{"equals-ignore-case": "Alice"}], ["alice", "ALICE"], ["alic", "alices", 1]),
    ([{"anything-but": "a"}], ["b", "", 1, ["a", "b"]], ["a", None]),
    ([{"anything-but": ["a", 2]}], ["b", 3], ["a", 2, 2.0]),
    ([{"anything-but": {"prefix": "eu-"}}], ["us-east-1", "EU-1"], ["eu-west-1"]),
    ([{"numeric": ["=", 3]}], [3, 3.0, 3.000004], ["3", 3.1]),
    ([{"numeric": [">", 0]}], [1e-5, 5], [0, -1, "1", True]),
    ([{"numeric": ["<", 0]}], [-1], [0, 1]),
    ([{"numeric": [">=", 0, "<", 10]}], [0, 9.99999], [-1, 10]),
    ([{"numeric": [">", 0, "<=", 10]}], [10], [0, 10.1]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "text", "::1", 10]),
    ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
    ([{"exists": True}], ["x", 0, False, ["a"]], []),
    (["a", {"prefix": "b"}, {"numeric": [">", 5]}], ["a", "bc", 6], ["c", 5]),
]


@pytest.mark.parametrize(("conditions", "matching", "others"), CONDITIONS, ids=[str(entry[0]) for entry in CONDITIONS])
def test_conditions_on_a_field_of_the_body(conditions: list[Any], matching: list[Any], others: list[Any]) -> None:
    assert [value for value in matching if not by_body({"x": conditions}, {"x": value})] == []
    assert [value for value in others if by_body({"x": conditions}, {"x": value})] == []
    nested = {"a": {"b": {"x": conditions}}}
    assert [value for value in matching if not by_body(nested, {"a": {"b": {"x": value}}})] == []
    assert [value for value in others if by_body(nested, {"a": {"b": {"x": value}}})] == []


def test_every_operator_needs_the_field_unless_it_asks_for_absence() -> None:
    for conditions, _, _ in CONDITIONS:
        assert not by_body({"x": conditions}, {"y": "something"}), conditions
    assert by_body({"x": [{"exists": False}]}, {"y": 1})
    assert not by_body({"x": [{"exists": False}]}, {"x": 1})
    assert by_body({"x": [{"exists": False}, "a"]}, {"x": "a"})


def test_all_keys_must_match_and_any_value_of_a_key() -> None:
    policy = {"kind": ["order", "refund"], "price": [{"numeric": [">", 100]}]}
    assert by_body(policy, {"kind": "refund", "price": 101, "more": 1})
    assert not by_body(policy, {"kind": "refund", "price": 100})
    assert not by_body(policy, {"kind": "other", "price": 101})


def test_or_needs_one_alternative_and_the_keys_beside_it() -> None:
    policy = {"source": ["shop"], "$or": [{"kind": ["order"]}, {"price": [{"numeric": [">", 100]}], "vip": [True]}]}
    assert by_body(policy, {"source": "shop", "kind": "order"})
    assert by_body(policy, {"source": "shop", "kind": "x", "price": 200, "vip": True})
    assert not by_body(policy, {"source": "shop", "kind": "x", "price": 200, "vip": False})
    assert not by_body(policy, {"source": "other", "kind": "order"})
    assert by_body({"a": {"$or": [{"b": [1]}, {"c": [2]}]}}, {"a": {"c": 2}}), "inside an object too"


@pytest.mark.parametrize("rule", [["$or as a field"], [{"prefix": "x"}, {"prefix": "y"}], [{"a": [1]}]])
def test_or_is_the_name_of_a_field_where_it_cannot_be_the_operator(rule: list[Any]) -> None:
    if isinstance(rule[0], str):
        assert by_body({"$or": rule}, {"$or": rule[0]})
    elif len(rule) == 2:
        assert by_body({"$or": rule}, {"$or": "yes"})
        assert not by_body({"$or": rule}, {"$or": "no"})
    else:
        assert policy_problems({"$or": rule}, "MessageBody")


def test_a_list_of_objects_matches_when_one_of_them_matches_all_nested_keys() -> None:
    policy = {"lines": {"sku": ["a"], "count": [2]}}
    assert by_body(policy, {"lines": [{"sku": "b", "count": 1}, {"sku": "a", "count": 2}]})
    assert not by_body(policy, {"lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]})


@pytest.mark.parametrize("body", [None, "text", 3, ["order"], {}])
def test_a_body_that_is_no_object_with_the_field_matches_nothing(body: Any) -> None:
    assert not by_body({"kind": ["order"]}, body)
    assert by_body(None, body)
    assert by_body({}, body)


def test_attributes_are_compared_by_their_type() -> None:
    assert by_attributes({"n": [100]}, n=("Number", "100.0"))
    assert not by_attributes({"n": ["100"]}, n=("Number", "100"))
    assert by_attributes({"n": ["100"]}, n=("String", "100"))
    assert not by_attributes({"n": [{"numeric": ["=", 100]}]}, n=("String", "100"))
    assert by_attributes({"t": ["b"]}, t=("String.Array", '["a", "b"]'))
    assert by_attributes({"t": [{"numeric": [">", 1]}]}, t=("String.Array", "[1, 2]"))
    assert by_attributes({"t": [True]}, t=("String.Array", "[true]"))
    assert not by_attributes({"t": ["a"]}, t=("String", '["a"]'))


def test_attributes_that_cannot_be_read_are_as_if_absent() -> None:
    assert attribute_values({"a": {"Type": "Binary", "Value": "AA=="}, "b": {"Type": "Number", "Value": "many"}, "c": {"Type": "String.Array", "Value": "["}, "d": {"Type": "String.Array", "Value": "3"}}) == {}
    assert by_attributes({"a": [{"exists": False}]}, a=("Binary", "AA=="))


def test_a_message_without_attributes_matches_no_policy_on_attributes() -> None:
    assert not by_attributes({"a": [{"exists": False}]})
    assert by_attributes({"a": [{"exists": False}]}, b=("String", "x"))
    assert by_attributes(None)


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ([], "MessageAttributes", "a JSON object"),
        ({"a": "b"}, "MessageAttributes", "must be a list"),
        ({"a": []}, "MessageAttributes", "the list of values is empty"),
        ({"a": {"b": ["c"]}}, "MessageAttributes", "nested keys"),
        ({"a": {}}, "MessageBody", "at least one key"),
        ({"a": {"b": []}}, "MessageBody", "a.b: the list"),
        ({"a": [["b"]]}, "MessageAttributes", "a list inside a list"),
        ({"a": [{"wildcard": "*"}]}, "MessageAttributes", "no operator 'wildcard'"),
        ({"a": [{"prefix": "b", "suffix": "c"}]}, "MessageAttributes", "exactly one key"),
        ({"a": [{"prefix": ""}]}, "MessageAttributes", "not empty"),
        ({"a": [{"prefix": 3}]}, "MessageAttributes", "needs a string"),
        ({"a": [{"exists": "yes"}]}, "MessageAttributes", "true or false"),
        ({"a": [{"anything-but": []}]}, "MessageAttributes", "at least one"),
        ({"a": [{"anything-but": {"suffix": "x"}}]}, "MessageAttributes", "prefix"),
        ({"a": [{"anything-but": True}]}, "MessageAttributes", "strings or numbers"),
        ({"a": [{"numeric": [">"]}]}, "MessageAttributes", "needs a list"),
        ({"a": [{"numeric": ["!=", 3]}]}, "MessageAttributes", "not a comparison"),
        ({"a": [{"numeric": [">", "3"]}]}, "MessageAttributes", "compares with a number"),
        ({"a": [{"numeric": [">", 5, "<", 3]}]}, "MessageAttributes", "lower bound"),
        ({"a": [{"numeric": ["<", 5, ">", 3]}]}, "MessageAttributes", "lower bound"),
        ({"a": [{"numeric": [">", 1e10]}]}, "MessageAttributes", "1e+09"),
        ({"a": [1e10]}, "MessageAttributes", "1e+09"),
        ({"a": [{"cidr": "10.0.0.0/40"}]}, "MessageAttributes", "address range"),
        ({name: ["x"] for name in "abcdef"}, "MessageAttributes", "6 keys"),
        ({"a": [str(number) for number in range(151)]}, "MessageAttributes", "151 combinations"),
    ],
)
def test_what_sns_would_not_take_is_refused_with_a_reason(policy: Any, scope: Any, reason: str) -> None:
    assert any(reason in problem for problem in policy_problems(policy, scope)), policy_problems(policy, scope)
    with pytest.raises(PolicyError):
        compile_policy(policy, scope)


def test_all_faults_are_told_at_once_with_their_places() -> None:
    problems = policy_problems({"a": "b", "c": {"d": [{"prefix": ""}]}, "e": ["fine"]}, "MessageBody")
    assert [problem.split(":")[0] for problem in problems] == ["a", "c.d[0]"]


def test_combinations_multiply_values_and_levels() -> None:
    """Four values three levels down, three two levels down, three on top: 4 x 3 times 3 x 2 times 3 are 216, above 150."""
    policy = {"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": ["1", "2", "3"]}
    assert any("216 combinations" in problem for problem in policy_problems(policy, "MessageBody"))
    assert policy_problems({**policy, "f": ["1", "2"]}, "MessageBody") == []


@given(st.one_of(st.text(), st.integers(-10**9, 10**9), st.booleans(), st.none()))
def test_a_value_matches_itself_and_never_its_exclusion(value: Any) -> None:
    assert by_body({"x": [value]}, {"x": value})
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        assert not by_body({"x": [{"anything-but": [value]}]}, {"x": value})


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["prefix", "numeric", "exists", "anything-but", "cidr", "x"]), inner, max_size=2), max_leaves=8))
def test_any_condition_is_compiled_or_refused(condition: Any) -> None:
    """Nothing but a `ConditionError` comes out, and what is compiled answers for any value."""
    try:
        test = compile_condition(condition, SNS)
    except ConditionError:
        return
    for value in ("x", 1, 0.5, True, None, ""):
        assert test(value) in (True, False)
