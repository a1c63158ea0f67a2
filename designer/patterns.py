"""Trying an event pattern or a filter policy on a message, as AWS's own testers do."""

from __future__ import annotations

from typing import Any

from simulator.languages import event_patterns, filter_policies
from simulator.web.errors import ApiError


def answer(kind: str, pattern: Any, message: Any, scope: Any) -> dict[str, Any]:
    """Whether ``message`` matches ``pattern``, and why (docs/reference/contracts.md, section 7); raise `ApiError` if the message is of no use."""
    try:
        matches, reason = _event_pattern(pattern, message) if kind == "event_pattern" else _filter_policy(pattern, message, scope)
    except (event_patterns.PatternError, filter_policies.PolicyError) as error:
        return {"valid": False, "match": None, "reason": f"AWS would reject this: {error.problems[0]}", "problems": error.problems}
    return {"valid": True, "match": matches, "reason": reason, "problems": []}


def _event_pattern(pattern: Any, message: Any) -> tuple[bool, str]:
    if not isinstance(message, dict):
        raise ApiError(400, "invalid-request", "'message' must be a JSON object: an event, or its detail", 'Send for example {"source": "shop", "detail-type": "order", "detail": {}}')
    return event_patterns.explain(pattern, event_patterns.event_of("message", message))


def _filter_policy(policy: Any, message: Any, scope: Any) -> tuple[bool, str]:
    attributes = message.get("attributes") if isinstance(message, dict) else None
    attributes = {} if attributes is None else attributes
    if not isinstance(message, dict) or not isinstance(attributes, dict) or not all(isinstance(entry, dict) for entry in attributes.values()):
        raise ApiError(400, "invalid-request", "'message' must be an object with 'attributes' and 'body'",
                       'Send for example {"attributes": {"kind": {"Type": "String", "Value": "order"}}, "body": {}}')
    return filter_policies.explain(policy, scope, attributes, message.get("body"))
