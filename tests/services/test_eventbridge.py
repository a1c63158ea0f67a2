"""EventBridge bus: one test for each documented rule, counted at the receivers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog, findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

NOW = {"delivery_latency": INSTANT}


def event(source: str, detail_type: str = "Thing", share: float = 1, size_bytes: int = 1024, **detail: Any) -> dict[str, Any]:
    return {"name": f"{source} {detail_type} {detail}", "share": share, "size_bytes": size_bytes, "body": {"source": source, "detail-type": detail_type, "detail": detail}}


def bus_and_queues(
    source: dict[str, Any], rules: list[dict[str, Any]], bus: dict[str, Any] | None = None, *, queue: dict[str, Any] | None = None, dead: dict[str, Any] | None = None, **run: Any,
) -> dict[str, Any]:
    """A source, a bus and one queue for each rule: q0, q1... With ``dead``, a dead-letter queue wired with these parameters."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "bus": ("eventbridge", NOW | (bus or {}))}
    wires: dict[str, Any] = {"source.out -> bus.in": {}}
    for place, rule in enumerate(rules):
        nodes[f"q{place}"] = ("sqs", queue or {})
        wires[f"bus.out -> q{place}.in"] = rule
    if dead is not None:
        nodes["dead"] = ("sqs", {})
        wires["bus.dlq -> dead.in"] = dead
    return drawing(nodes, wires, **run)


def got(seen: Outcome, queue: str) -> int:
    """Messages the queue has received."""
    return int(seen.report["nodes"][queue]["ledger"]["entered"])


def unavailable(node: str, from_s: float = 0, to_s: float | None = None) -> list[dict[str, Any]]:
    controls: list[dict[str, Any]] = [{"time_s": from_s, "action": "fault", "node": node, "fault": "unavailable"}]
    return controls if to_s is None else [*controls, {"time_s": to_s, "action": "clear_fault", "node": node, "fault": "unavailable"}]


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


# -- rules ----------------------------------------------------------------------------------------------------------


def test_each_rule_gets_the_events_its_pattern_matches() -> None:
    types = [event("shop", total=5), event("shop", total=50), event("stock", total=50)]
    rules = [{"event_pattern": {"source": ["shop"]}}, {"event_pattern": {"detail": {"total": [{"numeric": [">", 10]}]}}}, {}, {"event_pattern": {"source": ["none"]}}]
    seen = outcome(bus_and_queues(at_times(*range(300)) | {"message_types": types}, rules, duration_s=400))
    assert got(seen, "q2") == 300
    assert 150 < got(seen, "q0") < 250
    assert 150 < got(seen, "q1") < 250
    assert got(seen, "q3") == 0
    assert seen.total("bus", "MatchedEvents") == 300
    assert seen.total("bus", "TriggeredRules") == seen.total("bus", "InvocationsCreated") == got(seen, "q0") + got(seen, "q1") + 300


def test_what_matches_no_rule_is_gone_without_an_error() -> None:
    seen = outcome(bus_and_queues(at_times(1, 2) | {"message_types": [event("shop")]}, [{"event_pattern": {"source": ["shpo"]}}], duration_s=10))
    assert got(seen, "q0") == 0
    assert seen.total("bus", "EventsUnmatched") == 2
    assert seen.path("source", "bus")["end"] == "matched no rule"
    assert seen.lost("bus") == {}


def test_a_plain_body_is_the_detail_of_an_event_of_the_types_name() -> None:
    types = [{"name": "order", "body": {"total": 3}}]
    seen = outcome(bus_and_queues(at_times(1) | {"message_types": types}, [{"event_pattern": {"source": ["custom"], "detail-type": ["order"], "detail": {"total": [3]}}}], duration_s=5))
    assert got(seen, "q0") == 1


def test_targets_of_one_rule_trigger_it_once() -> None:
    rule = {"rule": "all", "event_pattern": {"source": ["shop"]}}
    seen = outcome(bus_and_queues(at_times(1) | {"message_types": [event("shop")]}, [rule, rule, {}], duration_s=5))
    assert seen.total("bus", "TriggeredRules") == 2
    assert seen.total("bus", "InvocationsCreated") == got(seen, "q0") + got(seen, "q1") + got(seen, "q2") == 3


def test_a_disabled_rule_gets_nothing_until_it_is_enabled() -> None:
    enable = {"time_s": 5, "action": "parameter", "after_s": 0, "wire": "w1", "parameter": "enabled", "value": True}
    seen = outcome(bus_and_queues(at_times(1, 9) | {"message_types": [event("shop")]}, [{"enabled": False}], duration_s=20), enable)
    assert got(seen, "q0") == 1
    assert seen.total("bus", "EventsUnmatched") == 1


def test_a_pattern_can_be_changed_while_the_run_goes_on() -> None:
    change = {"time_s": 5, "action": "parameter", "after_s": 0, "wire": "w1", "parameter": "event_pattern", "value": {"source": ["other"]}}
    seen = outcome(bus_and_queues(at_times(1, 2, 9) | {"message_types": [event("shop")]}, [{}], duration_s=20), change)
    assert got(seen, "q0") == 2


def test_an_input_transformer_changes_the_size_and_nothing_else() -> None:
    seen = outcome(bus_and_queues(at_times(1) | {"message_types": [event("shop", size_bytes=90_000)]}, [{"input_bytes": 200}, {}], duration_s=5))
    assert seen.metric("q0", "SentMessageSize")["max"] == 200
    assert seen.metric("q1", "SentMessageSize")["max"] == pytest.approx(90_000, rel=0.02)


# -- publishing -----------------------------------------------------------------------------------------------------


def test_put_events_over_the_quota_is_refused_and_counts_requests_not_events() -> None:
    steady = {"load": rate(50), "arrivals": "even"}
    account = {"eventbridge": {"put_events_per_s": 10}}
    alone = outcome(bus_and_queues(steady, [{}], duration_s=20, account=account))
    assert got(alone, "q0") == pytest.approx(10 * 20 + 10, abs=3)
    assert alone.lost("source")["put_events_quota"] + got(alone, "q0") == alone.total("source", "MessagesCreated")
    assert alone.total("bus", "PutEventsApproximateThrottledCount") == alone.lost("source")["put_events_quota"]
    batched = outcome(bus_and_queues(steady, [{}], {"entries_per_request": 10}, duration_s=20, account=account))
    assert batched.lost("source") == {}
    assert batched.total("bus", "PutEventsApproximateCallCount") == pytest.approx(100, abs=1)


def test_buses_of_one_account_share_the_quota() -> None:
    nodes = {"source": ("traffic", {"load": rate(20), "arrivals": "even"}), "b1": ("eventbridge", NOW), "b2": ("eventbridge", NOW), "q1": ("sqs", {}), "q2": ("sqs", {})}
    wires: dict[str, Any] = {"source.out -> b1.in": {}, "source.out -> b2.in": {}, "b1.out -> q1.in": {}, "b2.out -> q2.in": {}}
    seen = outcome(drawing(nodes, wires, account={"eventbridge": {"put_events_per_s": 10}}, duration_s=20))
    assert got(seen, "q1") + got(seen, "q2") == pytest.approx(210, abs=3)


def test_events_of_aws_services_are_free_and_outside_the_quota() -> None:
    types = {"message_types": [event("aws.s3", "Object Created")]}
    seen = outcome(bus_and_queues({"load": rate(50), "arrivals": "even"} | types, [{}], duration_s=20, account={"eventbridge": {"put_events_per_s": 1}}))
    assert seen.lost("source") == {}
    assert got(seen, "q0") == seen.total("source", "MessagesCreated") > 900
    assert seen.quantity("bus", "Custom and partner events") == 0


def test_partner_events_have_a_quota_of_their_own() -> None:
    types = {"message_types": [event("aws.partner/saas.example/1", "Ticket")]}
    account = {"eventbridge": {"put_events_per_s": 1, "put_partner_events_per_s": 14}}
    seen = outcome(bus_and_queues({"load": rate(50), "arrivals": "even"} | types, [{}], duration_s=20, account=account))
    assert got(seen, "q0") == pytest.approx(14 * 20 + 36, abs=3)
    assert seen.quantity("bus", "Custom and partner events") == got(seen, "q0")


def test_an_event_over_the_largest_size_fails_alone() -> None:
    types = {"message_types": [event("shop", size_bytes=300_000)]}
    seen = outcome(bus_and_queues(at_times(1, 2) | types, [{}], {"maximum_entry_size_bytes": 262_144}, duration_s=5))
    assert seen.total("bus", "PutEventsFailedEntriesCount") == 2
    assert seen.lost("source") == {"too_large": 2}
    assert seen.quantity("bus", "Custom and partner events") == 0


def test_events_are_billed_by_64_kb() -> None:
    types = {"message_types": [event("shop", size_bytes=150_000)]}
    seen = outcome(bus_and_queues(at_times(1, 2) | types, [{}, {}], duration_s=5))
    assert seen.quantity("bus", "Custom and partner events") == 6


def test_invocations_over_the_quota_are_delayed_not_refused() -> None:
    """Four targets of 10 events a second against 20 invocations a second: half the events of 10 s wait for the next 10 s."""
    source = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 10}, {"at_s": 10, "rate_per_s": 0}]}, "arrivals": "even"}
    seen = outcome(bus_and_queues(source, [{}] * 4, duration_s=30, account={"eventbridge": {"invocations_per_s": 20}}))
    created = seen.total("bus", "InvocationsCreated")
    assert created == sum(got(seen, f"q{place}") for place in range(4)) == 4 * seen.total("source", "MessagesCreated")
    assert seen.total("bus", "ThrottledRules") > 150
    assert seen.metric("bus", "InvocationsPending")["max"] == pytest.approx(400 - 200 - 20, abs=15)
    assert seen.waits("bus")["invocation_quota"] > 500
    assert seen.lost("bus") == {}


# -- delivery -------------------------------------------------------------------------------------------------------


def test_delivery_takes_the_published_latency() -> None:
    scenario = bus_and_queues({"load": rate(200)}, [{}], duration_s=60)
    del scenario["nodes"][1]["parameters"]["delivery_latency"]
    latency = outcome(scenario).metric("bus", "IngestiontoInvocationStartLatency")
    assert (latency["p50"], latency["p90"]) == pytest.approx((0.148, 0.241), rel=0.05)
    assert latency["p99"] == pytest.approx(0.387, rel=0.1)


def test_the_preset_with_the_newer_latency_has_the_percentiles_that_were_told() -> None:
    """130 ms at p99 (AWS, August 2024), 80 ms at p90 (2026)."""
    scenario = bus_and_queues({"load": rate(200)}, [{}], duration_s=60)
    [preset] = [preset for preset in catalog.service("eventbridge").presets if preset.name == "recent_latency"]
    scenario["nodes"][1]["parameters"] |= preset.parameters
    latency = outcome(scenario).metric("bus", "IngestiontoInvocationStartLatency")
    assert latency["p99"] == pytest.approx(0.130, rel=0.1)
    assert latency["p90"] == pytest.approx(0.080, rel=0.1)


def test_a_target_that_fails_is_retried_with_growing_pauses_until_it_is_back() -> None:
    """With pauses of 1, 2, 4, 8 s (half of it up and down), an outage of 10 s is over at the fifth attempt at the latest."""
    seen = outcome(bus_and_queues(at_times(1), [{}], duration_s=60), *unavailable("q0", 0, 10))
    assert got(seen, "q0") == 1
    assert 3 <= seen.total("bus", "RetryInvocationAttempts") <= 5
    assert seen.total("bus", "Invocations") == seen.total("bus", "SuccessfulInvocationAttempts") == 1
    assert seen.total("bus", "InvocationAttempts") == 1 + seen.total("bus", "RetryInvocationAttempts")
    assert seen.metric("bus", "IngestionToInvocationSuccessLatency")["max"] == pytest.approx(seen.waits("bus")["retry"], rel=0.02)
    assert seen.total("bus", "FailedInvocations") == 0


@pytest.mark.parametrize(("policy", "attempts", "cause"), [
    ({"maximum_retry_attempts": 3}, 4, "retry_attempts"),
    ({"maximum_retry_attempts": 0}, 1, "retry_attempts"),
    ({"maximum_event_age_s": 60, "retry_backoff_max_s": 10}, None, "event_age"),
])  # fmt: skip
def test_retries_end_by_number_or_by_age_then_the_event_is_lost(policy: dict[str, Any], attempts: int | None, cause: str) -> None:
    seen = outcome(bus_and_queues(at_times(1), [policy], duration_s=120), *unavailable("q0"))
    assert seen.lost("bus") == {cause: 1}
    if attempts is None:
        assert seen.waits("bus")["retry"] == pytest.approx(60)
        assert 7 <= seen.total("bus", "InvocationAttempts") <= 14
    else:
        assert seen.total("bus", "InvocationAttempts") == attempts
    assert seen.total("bus", "FailedInvocations") == seen.total("bus", "Invocations") == 1


def test_the_default_policy_ends_at_24_hours_before_185_retries() -> None:
    seen = outcome(bus_and_queues(at_times(1), [{}], duration_s=90_000, frame_interval_s=300), *unavailable("q0"))
    assert seen.lost("bus") == {"event_age": 1}
    assert seen.waits("bus")["retry"] == pytest.approx(86400)
    assert 130 < seen.total("bus", "InvocationAttempts") < 186


def test_undeliverable_events_go_to_the_dead_letter_queue_of_their_target() -> None:
    scenario = bus_and_queues(at_times(1, 2), [{"maximum_retry_attempts": 1}, {"maximum_retry_attempts": 1}, {}], dead={"target": "q1"}, duration_s=30)
    seen = outcome(scenario, *unavailable("q0"), *unavailable("q1"))
    assert got(seen, "dead") == seen.total("bus", "InvocationsSentToDlq") == 2
    assert seen.lost("bus") == {"retry_attempts": 2}
    assert got(seen, "q2") == 2


def test_without_a_target_named_the_dead_letter_queue_serves_all() -> None:
    seen = outcome(bus_and_queues(at_times(1), [{"maximum_retry_attempts": 0}] * 2, dead={}, duration_s=30), *unavailable("q0"), *unavailable("q1"))
    assert got(seen, "dead") == 2


def test_what_the_dead_letter_queue_refuses_is_lost() -> None:
    seen = outcome(bus_and_queues(at_times(1), [{"maximum_retry_attempts": 0}], dead={}, duration_s=30), *unavailable("q0"), *unavailable("dead"))
    assert seen.total("bus", "InvocationsFailedToBeSentToDlq") == 1
    assert seen.lost("bus") == {"retry_attempts": 1}


def test_a_failure_that_a_retry_cannot_mend_is_not_retried() -> None:
    types = {"message_types": [event("shop", size_bytes=5000)]}
    seen = outcome(bus_and_queues(at_times(1) | types, [{}], queue={"maximum_message_size_bytes": 1024}, dead={}, duration_s=30))
    assert seen.total("bus", "InvocationAttempts") == 1
    assert (got(seen, "dead"), got(seen, "q0")) == (1, 0)


def test_a_removed_permission_dead_letters_at_once_and_only_that_target() -> None:
    removed = {"time_s": 0, "action": "fault", "node": "bus", "fault": "permission_removed", "value": {"target": "q0"}}
    restored = {"time_s": 5, "action": "clear_fault", "node": "bus", "fault": "permission_removed"}
    seen = outcome(bus_and_queues(at_times(1, 9), [{}, {}], dead={}, duration_s=20), removed, restored)
    assert (got(seen, "q0"), got(seen, "q1"), got(seen, "dead")) == (1, 2, 1)
    assert seen.total("bus", "RetryInvocationAttempts") == 0


def test_a_function_accepts_at_once_and_retries_for_itself() -> None:
    nodes = {"source": ("traffic", at_times(1)), "bus": ("eventbridge", NOW), "f": ("lambda", {"failure_probability": 1, "maximum_retry_attempts": 1})}
    seen = outcome(drawing(nodes, {"source.out -> bus.in": {}, "bus.out -> f.events": {}}, duration_s=200))
    assert seen.total("bus", "InvocationAttempts") == seen.total("bus", "SuccessfulInvocationAttempts") == 1
    assert seen.total("f", "Errors") == 2


# -- other buses ----------------------------------------------------------------------------------------------------


def test_events_for_another_bus_are_billed_once_and_are_no_put_events() -> None:
    nodes = {"source": ("traffic", at_times(1, 2)), "b1": ("eventbridge", NOW), "b2": ("eventbridge", NOW), "q": ("sqs", {})}
    seen = outcome(drawing(nodes, {"source.out -> b1.in": {}, "b1.out -> b2.in": {}, "b2.out -> q.in": {}}, duration_s=10))
    assert got(seen, "q") == 2
    assert seen.quantity("b1", "Events sent to another bus") == 2
    assert seen.quantity("b2", "Custom and partner events") == 0
    assert seen.total("b2", "PutEventsEntriesCount") == 0


# -- archive and replay ---------------------------------------------------------------------------------------------

ARCHIVE = {"archive": True, "archive_lag_s": 0, "replay_rate_per_s": 100}


def test_a_replay_sends_what_came_in_its_minutes_again() -> None:
    bus = ARCHIVE | {"replays": [{"at_s": 200, "from_s": 0, "to_s": 60}]}
    seen = outcome(bus_and_queues(at_times(1, 59, 61, 119), [{}], bus, duration_s=300))
    assert seen.total("bus", "ReplayedEvents") == 2
    assert got(seen, "q0") == 6
    assert seen.quantity("bus", "Replayed events") == 2


def test_events_younger_than_the_lag_are_not_replayed_and_the_check_says_so() -> None:
    bus = ARCHIVE | {"archive_lag_s": 600, "replays": [{"at_s": 700, "from_s": 0, "to_s": 300}]}
    scenario = bus_and_queues(at_times(1, 200), [{}], bus, duration_s=900)
    assert outcome(scenario).total("bus", "ReplayedEvents") == 1
    assert "replay-before-archived" in codes(scenario)


def test_replayed_events_are_not_archived_again_nor_are_they_put_events() -> None:
    bus = ARCHIVE | {"replays": [{"at_s": 100, "from_s": 0, "to_s": 60}, {"at_s": 200, "from_s": 0, "to_s": 180}]}
    seen = outcome(bus_and_queues(at_times(1, 2), [{}], bus, duration_s=300))
    assert seen.total("bus", "ReplayedEvents") == 4
    assert seen.total("bus", "PutEventsEntriesCount") == 2
    assert seen.last("bus", "ArchivedBytes") == 2 * 1024


def test_a_replay_to_some_rules_leaves_the_others_alone() -> None:
    bus = ARCHIVE | {"replays": [{"at_s": 100, "from_s": 0, "to_s": 60, "rules": ["audit"]}]}
    seen = outcome(bus_and_queues(at_times(1), [{"rule": "audit"}, {"rule": "orders"}], bus, duration_s=200))
    assert (got(seen, "q0"), got(seen, "q1")) == (2, 1)


def test_a_pattern_can_keep_replayed_events_away() -> None:
    bus = ARCHIVE | {"replays": [{"at_s": 100, "from_s": 0, "to_s": 60}]}
    seen = outcome(bus_and_queues(at_times(1), [{"event_pattern": {"replay-name": [{"exists": False}]}}, {}], bus, duration_s=200))
    assert (got(seen, "q0"), got(seen, "q1")) == (1, 2)


def test_an_archive_pattern_chooses_what_is_kept() -> None:
    bus = ARCHIVE | {"archive_pattern": {"source": ["shop"]}, "replays": [{"at_s": 100, "from_s": 0, "to_s": 60}]}
    types = {"message_types": [event("shop"), event("stock")]}
    seen = outcome(bus_and_queues(at_times(*range(50)) | types, [{"event_pattern": {"source": ["stock"]}}, {}], bus, duration_s=200))
    assert seen.total("bus", "ReplayedEvents") == 50 - got(seen, "q0")


def test_archived_events_expire() -> None:
    bus = ARCHIVE | {"archive_retention_s": 100, "replays": [{"at_s": 170, "from_s": 0, "to_s": 120}]}
    seen = outcome(bus_and_queues(at_times(1, 70), [{}], bus, duration_s=200))
    assert seen.total("bus", "ReplayedEvents") == 1


def test_a_replay_goes_at_its_own_speed_and_can_be_cancelled() -> None:
    source = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 50}, {"at_s": 60, "rate_per_s": 0}]}, "arrivals": "even"}
    start = {"time_s": 100, "action": "fault", "node": "bus", "fault": "replay", "value": {"last_s": 200}}
    cancel = {"time_s": 110, "action": "clear_fault", "node": "bus", "fault": "replay"}
    seen = outcome(bus_and_queues(source, [{}], ARCHIVE, duration_s=200), start, cancel)
    assert seen.total("bus", "ReplayedEvents") == pytest.approx(1000, abs=60)
    assert got(seen, "q0") == seen.total("bus", "PutEventsEntriesCount") + seen.total("bus", "ReplayedEvents")
    assert outcome(bus_and_queues(source, [{}], ARCHIVE, duration_s=200), start).total("bus", "ReplayedEvents") == seen.total("bus", "PutEventsEntriesCount")


def test_storage_is_billed_by_size_and_time() -> None:
    types = {"message_types": [event("shop", size_bytes=1_000_000)]}
    seen = outcome(bus_and_queues(at_times(0) | types, [{"input_bytes": 100}], ARCHIVE, duration_s=864, frame_interval_s=8))
    assert seen.quantity("bus", "Archive processing") == pytest.approx(0.001)
    assert seen.quantity("bus", "Archive storage") == pytest.approx(0.001 * 864 / (30 * 86400), rel=0.01)


# -- what the checks say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rules", "bus", "dead", "code"), [
    ([], {}, None, "no-rules"),
    ([{"event_pattern": {"source": "x"}}], {}, None, "event-pattern"),
    ([{"event_pattern": {"source": ["x" * 3000, "custom"]}}], {}, None, "event-pattern-quota"),
    ([{"event_pattern": {"source": ["x"]}}], {}, None, "rule-matches-nothing"),
    ([{"rule": "r"}] * 6, {}, None, "targets-of-a-rule"),
    ([{"rule": "r"}, {"rule": "r", "event_pattern": {"source": ["custom"]}}], {}, None, "rule-patterns-differ"),
    ([{}], {"archive_pattern": {}}, None, "event-pattern"),
    ([{}], {"replays": [{}]}, None, "replay-without-archive"),
    ([{}], {}, {"target": "source"}, "unknown-target"),
    ([{}], {}, None, "no-target-dead-letter-queue"),
    ([{"event_pattern": {"source": [{"wildcard": f"cus*{place}"}, "custom"]}} for place in range(31)], {}, None, "rule-quota"),
])  # fmt: skip
def test_findings(rules: list[dict[str, Any]], bus: dict[str, Any], dead: dict[str, Any] | None, code: str) -> None:
    found = codes(bus_and_queues(at_times(1), rules, bus, dead=dead, duration_s=10))
    assert code in found
    assert code not in codes(bus_and_queues(at_times(1), [{}], {}, dead={}, duration_s=10))


def test_patterns_are_not_judged_against_sources_that_cannot_be_known() -> None:
    nodes = {"source": ("traffic", {}), "f": ("lambda", {}), "bus": ("eventbridge", {}), "q": ("sqs", {})}
    scenario = drawing(nodes, {"source.out -> f.events": {}, "f.out -> bus.in": {}, "bus.out -> q.in": {"event_pattern": {"source": ["x"]}}}, duration_s=10)
    assert "rule-matches-nothing" not in codes(scenario)


def test_a_loop_through_a_function_comes_back_and_costs_each_time() -> None:
    nodes = {"source": ("traffic", at_times(1)), "bus": ("eventbridge", {"delivery_latency": constant(1)}), "f": ("lambda", {"duration": constant(1)})}
    scenario = drawing(nodes, {"source.out -> bus.in": {}, "bus.out -> f.events": {}, "f.out -> bus.in": {}}, duration_s=42)
    assert "event-loop" in codes(scenario)
    seen = outcome(scenario)
    assert seen.total("bus", "PutEventsEntriesCount") == pytest.approx(20, abs=1)
    assert seen.quantity("bus", "Custom and partner events") == seen.total("bus", "PutEventsEntriesCount")


def test_the_preset_of_the_faq_has_the_typical_half_second() -> None:
    [preset] = [preset for preset in catalog.service("eventbridge").presets if preset.name == "faq_latency"]
    latency = outcome(bus_and_queues({"load": rate(200)}, [{}], dict(preset.parameters), duration_s=60)).metric("bus", "IngestiontoInvocationStartLatency")
    assert (latency["p50"], latency["p99"]) == pytest.approx((0.5, 2.2), rel=0.1)


def test_the_preset_has_the_newer_figures() -> None:
    preset = next(entry for entry in catalog.describe("eventbridge")["presets"] if entry["name"] == "recent_latency")
    scenario = bus_and_queues({"load": rate(200)}, [{}], preset["parameters"], duration_s=60)
    latency = outcome(scenario).metric("bus", "IngestiontoInvocationStartLatency")
    assert latency["p99"] == pytest.approx(0.130, rel=0.1)
    assert latency["p90"] == pytest.approx(0.080, rel=0.1)


@pytest.mark.parametrize(("queue", "dead", "codes"), [
    ({"fifo": True}, {}, {"fifo-target-deduplication"}),
    ({"fifo": True, "content_based_deduplication": True}, {}, set()),
    ({}, {"fifo": True}, {"dead-letter-type"}),
])
def test_fifo_targets_need_deduplication_by_content_and_dead_letters_a_standard_queue(queue: dict[str, Any], dead: dict[str, Any], codes: set[str]) -> None:
    scenario = drawing(
        {"source": ("traffic", at_times(1)), "bus": ("eventbridge", {}), "queue": ("sqs", queue), "dead": ("sqs", dead)},
        {"source.out -> bus.in": {}, "bus.out -> queue.in": {}, "bus.dlq -> dead.in": {}}, duration_s=10)
    assert {finding.code for finding in findings.check(Scenario.from_json(scenario)) if finding.severity == "error"} == codes
