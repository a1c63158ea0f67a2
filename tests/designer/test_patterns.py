"""The tester of patterns and policies over the API."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import pytest
from django.test import Client

EVENT = {"source": "shop", "detail-type": "order", "detail": {"price": 40}}
ORDER = {"attributes": {"kind": {"Type": "String", "Value": "order"}, "price": {"Type": "Number", "Value": "40"}}, "body": {"customer": {"country": "DE"}}}


def ask(kind: str, pattern: Any, message: Any, **more: Any) -> Any:
    return Client().post("/api/patterns/test/", {"kind": kind, "pattern": pattern, "message": message, **more}, content_type="application/json")


@pytest.mark.parametrize(
    ("kind", "pattern", "message", "more", "match", "reason"),
    [
        ("event_pattern", {"detail": {"price": [{"numeric": [">", 30]}]}}, EVENT, {}, True, "detail.price"),
        ("event_pattern", {"detail": {"price": [{"numeric": [">", 50]}]}}, EVENT, {}, False, "detail.price is 40"),
        ("event_pattern", {"detail": {"price": [40]}}, {"price": 40}, {}, True, "detail.price"),
        ("event_pattern", {"detail-type": ["order"]}, {"price": 40}, {"name": "order"}, True, "detail-type"),
        ("record_pattern", {"body": {"customer": {"country": ["DE"]}}}, ORDER, {}, True, "body.customer.country"),
        ("record_pattern", {"messageAttributes": {"kind": {"stringValue": ["refund"]}}}, ORDER, {}, False, "messageAttributes.kind.stringValue is"),
        ("event_pattern", None, EVENT, {}, True, "everything"),
        ("data_pattern", {"data": {"customer": {"country": ["DE"]}}}, ORDER, {}, True, "data.customer.country"),
        ("data_pattern", {"body": {"customer": {"country": ["DE"]}}}, ORDER, {}, False, "body.customer.country"),
        ("value_pattern", {"value": {"customer": {"country": ["US"]}}}, ORDER, {}, False, "value.customer.country"),
        ("record_patterns", [{"body": {"customer": {"country": ["US"]}}}, {"messageAttributes": {"kind": {"stringValue": ["order"]}}}], ORDER, {}, True, "Pattern 2: "),
        ("data_patterns", [{"data": {"customer": {"country": ["DE"]}}}], ORDER, {}, True, "data.customer.country"),
        ("value_patterns", [{"data": {"a": [1]}}, {"value": {"customer": {"country": ["US"]}}}], ORDER, {}, False, "pattern 2: value.customer.country"),
        ("value_patterns", [], ORDER, {}, True, "everything"),
        ("filter_policy", {"kind": ["order"]}, ORDER, {}, True, "kind"),
        ("filter_policy", {"kind": ["order"], "price": [{"numeric": ["<", 10]}]}, ORDER, {}, False, "price is 40"),
        ("filter_policy", {"kind": ["order"]}, {"body": {}}, {}, False, "has none"),
        ("filter_policy", {"customer": {"country": ["DE"]}}, ORDER, {"scope": "MessageBody"}, True, "customer"),
        ("filter_policy", {"customer": {"country": ["US"]}}, ORDER, {"scope": "MessageBody"}, False, "customer is"),
        ("filter_policy", {"x": ["US"]}, {"body": "text"}, {"scope": "MessageBody"}, False, "not a JSON object"),
        ("filter_policy", {"x": ["US"], "$or": [{"kind": ["a"]}, {"kind": ["b"]}]}, ORDER, {}, False, "x is not there; no alternative of $or matches"),
        ("filter_policy", None, ORDER, {}, True, "everything"),
    ],
)  # fmt: skip
def test_says_whether_and_why(kind: str, pattern: Any, message: Any, more: dict[str, Any], match: bool, reason: str) -> None:
    answered = ask(kind, pattern, message, **more)
    assert answered.status_code == 200, answered.content
    found = answered.json()
    assert (found["valid"], found["match"], found["problems"]) == (True, match, [])
    assert reason in found["reason"]


@pytest.mark.parametrize("kind", ["event_pattern", "filter_policy"])
def test_a_pattern_that_aws_rejects_is_answered_with_its_faults(kind: str) -> None:
    found = ask(kind, {"a": "x", "b": [{"numeric": []}]}, ORDER).json()
    assert (found["valid"], found["match"]) == (False, None)
    assert [problem.split(":")[0] for problem in found["problems"]] == ["a", "b[0]"]
    assert found["problems"][0] in found["reason"]


@pytest.mark.parametrize(
    "body",
    [{"kind": "regex", "pattern": {}, "message": {}}, {"kind": "event_pattern", "message": {}}, {"kind": "event_pattern", "pattern": {"a": [1]}, "message": []},
     {"kind": "filter_policy", "pattern": {"a": [1]}, "message": {"attributes": {"kind": "order"}}}, [1],
     {"kind": "data_patterns", "pattern": {"a": [1]}, "message": {"body": {}}}],
    ids=["kind", "no pattern", "message", "attributes", "no object", "no list"],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused_in_the_one_error_shape(body: Any) -> None:
    answered = Client().post("/api/patterns/test/", body, content_type="application/json")
    assert answered.status_code == 400
    assert set(answered.json()["error"]) == {"code", "message", "hint", "findings"}


def test_nesting_without_end_is_refused(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(partial(sys.setrecursionlimit, sys.getrecursionlimit()))
    sys.setrecursionlimit(1000)  # Python's own: a library that other tests load raises it
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    answered = Client().post("/api/patterns/test/", f'{{"kind": "event_pattern", "pattern": null, "message": {deep}}}', content_type="application/json")
    assert answered.status_code == 400
    assert "nested too deeply" in answered.json()["error"]["message"]
