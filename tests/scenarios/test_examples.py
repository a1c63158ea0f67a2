"""Every example of the gallery runs, shows what it says it teaches, and is cured by what it says cures it."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.examples import Example, example, examples
from simulator.overrides import apply_settings
from simulator.run import simulate
from simulator.scenario import Scenario

SLUGS = [entry.slug for entry in examples()]
CARD_WIDTH, CARD_HEIGHT = 184, 64


def report_of(slug: str, *settings: str) -> dict[str, Any]:
    return simulate(apply_settings(example(slug).graph, settings)).to_json()


def total(report: dict[str, Any], node: str, metric: str) -> float:
    return float(report["nodes"][node]["metrics"][metric]["total"])


@pytest.mark.parametrize("slug", SLUGS)
class TestEvery:
    def test_has_words_for_the_gallery(self, slug: str) -> None:
        shown: Example = example(slug)
        for words in (shown.title, shown.summary, shown.teaches, shown.graph["name"], shown.graph["description"]):
            assert words.strip()

    def test_has_no_errors_and_only_the_warnings_it_teaches(self, slug: str) -> None:
        taught = {"throttled-consumer": {"reserved-below-pollers"}, "visibility-timeout-too-short": {"visibility-below-timeout"}}
        found = findings.check(Scenario.from_json(example(slug).graph))
        assert {finding.code for finding in found if finding.severity != "note"} <= taught.get(slug, set())

    def test_cards_lie_on_the_grid_and_do_not_overlap(self, slug: str) -> None:
        graph = example(slug).graph
        positions = graph["view"]["positions"]
        assert set(positions) == {node["id"] for node in graph["nodes"]}
        placed = list(positions.values())
        for place, (left, top) in enumerate(placed):
            assert left % 4 == 0
            assert top % 4 == 0
            for other_left, other_top in placed[place + 1 :]:
                assert abs(left - other_left) >= CARD_WIDTH + 40 or abs(top - other_top) >= CARD_HEIGHT + 24

    def test_runs_and_conserves_messages(self, slug: str) -> None:
        report = report_of(slug)
        assert report["conservation"]["residual"] == 0
        assert report["conservation"]["finished"] > 0
        assert report["explanation"]

    def test_graph_is_a_fresh_copy(self, slug: str) -> None:
        example(slug).graph["nodes"].clear()
        assert example(slug).graph["nodes"]


def test_work_queue_drains_at_the_rate_the_concurrency_allows() -> None:
    report = report_of("work-queue")
    backlog = report["nodes"]["jobs"]["metrics"]["ApproximateNumberOfMessagesVisible"]
    assert backlog["max"] > 5000
    assert backlog["last"] < 100
    first = report["nodes"]["jobs"]["waits"][0]
    assert first["cause"] == "maximum_concurrency"
    assert first["culprit"] == {"node": "resize", "wire": "w2", "parameter": "maximum_concurrency"}
    wider = report_of("work-queue", "w2.maximum_concurrency=160")
    assert wider["nodes"]["jobs"]["metrics"]["MessageWait"]["p95"] < report["nodes"]["jobs"]["metrics"]["MessageWait"]["p95"] / 2


def test_fan_out_evaluates_filters_and_dead_letters_the_poison_with_its_batch() -> None:
    report = report_of("sns-fan-out")
    published = total(report, "topic", "NumberOfMessagesPublished")
    sent = {queue: total(report, queue, "NumberOfMessagesSent") / published for queue in ("billing", "shipping", "analytics")}
    assert sent["billing"] == pytest.approx(81 / 200, rel=0.05)
    assert sent["shipping"] == pytest.approx(20 / 200, rel=0.05)
    assert sent["analytics"] == pytest.approx(119 / 200, rel=0.05)
    assert total(report, "topic", "NumberOfNotificationsFilteredOut") == 3 * published - total(report, "topic", "NumberOfNotificationsDelivered") - report["nodes"]["topic"]["ledger"]["unfinished"]
    dead = total(report, "billing", "MessagesMovedToDeadLetterQueue")
    cured = total(report_of("sns-fan-out", "w5.report_batch_item_failures=true"), "billing", "MessagesMovedToDeadLetterQueue")
    poison = published / 200
    assert dead > 1.4 * poison
    assert 0.4 * poison < cured <= poison * 1.3


def test_short_visibility_timeout_makes_duplicates_and_stale_deletes() -> None:
    report = report_of("visibility-timeout-too-short")
    assert total(report, "makers", "DuplicatesProcessed") > 100
    assert total(report, "reports", "StaleDeletes") > 100
    for cure in ("reports.visibility_timeout_s=600", "makers.extends_visibility=true"):
        cured = report_of("visibility-timeout-too-short", cure)
        assert total(cured, "makers", "DuplicatesProcessed") == 0
        assert total(cured, "reports", "StaleDeletes") == 0


def test_throttled_consumer_dead_letters_messages_that_never_failed() -> None:
    report = report_of("throttled-consumer")
    assert total(report, "book", "Errors") == 0
    assert total(report, "book", "Throttles") > 0
    dead = report["nodes"]["dead"]["metrics"]["ApproximateNumberOfMessagesVisible"]["last"]
    assert dead > 100
    cured = report_of("throttled-consumer", "w2.maximum_concurrency=2")
    assert total(cured, "book", "Throttles") == 0
    assert total(cured, "queue", "MessagesMovedToDeadLetterQueue") == 0


def test_trace_replay_jumps_and_the_backlog_outlives_the_jump() -> None:
    report = report_of("trace-replay")
    times, backlog = report["series"]["time_s"], report["series"]["nodes"]["queue"]["ApproximateNumberOfMessagesVisible"]
    jump_ends_s = 18 * 60
    after = next(level for at_s, level in zip(times, backlog, strict=True) if at_s >= jump_ends_s + 120)
    assert after > 0.5 * max(backlog)
    assert backlog[-1] == 0
    assert any("instead of" in sentence for sentence in report["explanation"])


def test_waiting_grows_faster_than_load() -> None:
    report = report_of("how-busy-is-too-busy", "run.seed=5")
    times, backlog = report["series"]["time_s"], report["series"]["nodes"]["tasks"]["ApproximateNumberOfMessagesVisible"]

    def mean(from_s: float, to_s: float) -> float:
        levels = [level for at_s, level in zip(times, backlog, strict=True) if from_s <= at_s < to_s]
        return float(sum(levels) / len(levels))

    at_70, at_90, at_98 = mean(200, 1200), mean(2600, 3600), mean(3800, 4800)
    assert at_70 < 2
    assert at_98 > 2 * at_90 > 4 * at_70


def test_a_replay_to_all_rules_floods_the_live_system_and_one_to_its_own_rule_does_not() -> None:
    report = report_of("archive-replay-flood")
    replayed = total(report, "bus", "ReplayedEvents")
    orders = report["nodes"]["orders"]["metrics"]
    assert replayed == pytest.approx(6000, rel=0.05)
    assert orders["ApproximateNumberOfMessagesVisible"]["max"] > 0.9 * replayed
    assert orders["MessageWait"]["max"] > 300
    assert total(report, "fulfil", "MessagesProcessed") == pytest.approx(total(report, "bus", "PutEventsEntriesCount") + replayed, abs=5)
    only_index = 'bus.replays=[{"name": "rebuild", "at_s": 1200, "from_s": 0, "to_s": 600, "rules": ["index"]}]'
    without_replayed = 'w2.event_pattern={"detail-type": ["OrderPlaced"], "replay-name": [{"exists": false}]}'
    for cure in (only_index, without_replayed):
        cured = report_of("archive-replay-flood", cure)
        assert cured["nodes"]["orders"]["metrics"]["MessageWait"]["max"] < 5
        assert total(cured, "fulfil", "MessagesProcessed") == pytest.approx(total(cured, "bus", "PutEventsEntriesCount"), abs=5)
        assert total(cured, "indexer", "MessagesProcessed") == total(report, "indexer", "MessagesProcessed")


def test_a_rate_limit_hides_a_backlog_until_it_is_raised_or_the_pattern_asks_for_less() -> None:
    report = report_of("event-bus-fan-out")
    assert report["nodes"]["crm"]["metrics"]["CallsWaiting"]["max"] > 5000
    assert report["nodes"]["bus"]["metrics"]["IngestionToInvocationSuccessLatency"]["p99"] > 200
    assert report["nodes"]["crm"]["waits"][0]["culprit"]["parameter"] == "invocation_rate_limit_per_s"
    assert report["nodes"]["billing"]["metrics"]["MessageWait"]["p99"] < 1
    fewer = 'w6.event_pattern={"detail-type": ["OrderPlaced"], "detail": {"total": [{"numeric": [">", 100]}]}}'
    for cure in ("crm.invocation_rate_limit_per_s=60", fewer):
        cured = report_of("event-bus-fan-out", cure)
        assert cured["nodes"]["crm"]["metrics"]["CallsWaiting"]["max"] < 50
        assert cured["nodes"]["bus"]["metrics"]["IngestionToInvocationSuccessLatency"]["p99"] < 3


def late_answers(report: dict[str, Any], from_s: float) -> float:
    """Requests that the webhook answered too late from this time on."""
    times, counts = report["series"]["time_s"], report["series"]["nodes"]["webhook"]["AnsweredTooLate"]
    return float(counts[-1] - next(count for at_s, count in zip(times, counts, strict=True) if at_s >= from_s))


def test_slow_webhook_stays_full_of_requests_that_no_one_waits_for() -> None:
    report = report_of("slow-webhook")
    assert late_answers(report, 600) > 0.9 * 10 * 300, "seven minutes after the burst, all of its capacity goes into late answers"
    assert total(report, "topic", "NotificationsGivenUp") > 0.5 * total(report, "topic", "NumberOfMessagesPublished")
    assert total(report, "webhook", "Requests") > 3 * total(report, "topic", "NumberOfMessagesPublished")
    for cure in ("w2.max_receives_per_s=9", "webhook.queue_limit=50"):
        assert late_answers(report_of("slow-webhook", cure), 300) == 0
    assert total(report_of("slow-webhook", "w2.max_receives_per_s=9"), "topic", "NotificationsGivenUp") == 0


def test_retry_storm_multiplies_the_load_and_growing_pauses_calm_it() -> None:
    def peak_per_s(report: dict[str, Any]) -> float:
        times, counts = report["series"]["time_s"], report["series"]["nodes"]["api"]["Requests"]
        return max((counts[place + 10] - counts[place]) / (times[place + 10] - times[place]) for place in range(len(times) - 10))

    storm = report_of("retry-storm")
    calm = report_of("retry-storm", "w2.max_delay_target_s=60", "w2.num_retries=12", "w2.backoff_function=geometric")
    assert peak_per_s(storm) > 50 * 30
    assert peak_per_s(calm) < peak_per_s(storm) / 5
    assert total(calm, "topic", "NotificationsGivenUp") == 0
    for report in (storm, calm):
        assert total(report, "api", "Successes") > 0.99 * total(report, "topic", "NumberOfMessagesPublished")
