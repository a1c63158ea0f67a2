"""Trying an event pattern or a filter policy on a message, as AWS's own testers do."""

from __future__ import annotations

from typing import Any

from simulator.languages import event_patterns, filter_policies
from simulator.web.errors import ApiError

RECORDS = {"record_patterns": event_patterns.queue_record_of, "data_patterns": event_patterns.data_record_of, "value_patterns": event_patterns.value_record_of}
"""What lists of patterns, of which one has to match, see of a message."""

SINGLE_RECORDS = {kind.removesuffix("s"): record_of for kind, record_of in RECORDS.items()}
"""What a single pattern sees of a message."""

KINDS = ("event_pattern", "filter_policy", *SINGLE_RECORDS, *RECORDS)


def answer(kind: str, pattern: Any, message: Any, scope: Any, name: str = "message") -> dict[str, Any]:
    """Whether ``message`` matches ``pattern``, and why (docs/reference/contracts.md, section 7); raise `ApiError` if the message is of no use."""
    try:
        if kind == "event_pattern":
            matches, reason = _event_pattern(pattern, message, name)
        elif kind in SINGLE_RECORDS:
            matches, reason = event_patterns.explain(pattern, SINGLE_RECORDS[kind](*_parts(message)))
        elif kind in RECORDS:
            matches, reason = event_patterns.explain_any(_listed(pattern), RECORDS[kind](*_parts(message)))
        else:
            matches, reason = filter_policies.explain(pattern, scope, *_parts(message))
    except (event_patterns.PatternError, filter_policies.PolicyError) as error:
        return {"valid": False, "match": None, "reason": f"AWS would reject this: {error.problems[0]}", "problems": error.problems}
    return {"valid": True, "match": matches, "reason": reason, "problems": []}


def _event_pattern(pattern: Any, message: Any, name: str) -> tuple[bool, str]:
    if not isinstance(message, dict):
        raise ApiError(400, "invalid-request", "'message' must be a JSON object: an event, or its detail", 'Send for example {"source": "shop", "detail-type": "order", "detail": {}}')
    return event_patterns.explain(pattern, event_patterns.event_of(name, message))


def _listed(patterns: Any) -> list[Any]:
    if patterns is None:
        return []
    if not isinstance(patterns, list):
        raise ApiError(400, "invalid-request", "'pattern' must be a list of patterns", 'Send for example [{"body": {"status": ["paid"]}}]')
    return patterns


def _parts(message: Any) -> tuple[dict[str, Any], Any]:
    """Attributes and body of a queued or published message."""
    attributes = message.get("attributes") if isinstance(message, dict) else None
    attributes = {} if attributes is None else attributes
    if not isinstance(message, dict) or not isinstance(attributes, dict) or not all(isinstance(entry, dict) for entry in attributes.values()):
        raise ApiError(400, "invalid-request", "'message' must be an object with 'attributes' and 'body'",
                       'Send for example {"attributes": {"kind": {"Type": "String", "Value": "order"}}, "body": {}}')
    return attributes, message.get("body")
