"""Every example of the gallery runs, shows what it says it teaches, and is cured by what it says cures it."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.examples import Example, example, examples
from simulator.run import simulate
from simulator.scenario import Scenario
from tests.scenarios.reports import about, report_of, total

CARD_WIDTH, CARD_HEIGHT = 184, 64


@pytest.mark.parametrize("slug", [pytest.param(entry.slug, marks=about(entry.slug)) for entry in examples()])
class TestEvery:
    def test_has_words_for_the_gallery(self, slug: str) -> None:
        shown: Example = example(slug)
        for words in (shown.title, shown.summary, shown.teaches, shown.graph["name"], shown.graph["description"]):
            assert words.strip()

    def test_has_no_errors_and_only_the_warnings_it_teaches(self, slug: str) -> None:
        taught = {"throttled-consumer": {"reserved-below-pollers"}, "visibility-timeout-too-short": {"visibility-below-timeout"}, "rebalance-stall": {"poll-interval"}}
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


@about("work-queue")
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


@about("sns-fan-out")
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


@about("visibility-timeout-too-short")
def test_short_visibility_timeout_makes_duplicates_and_stale_deletes() -> None:
    report = report_of("visibility-timeout-too-short")
    assert total(report, "makers", "DuplicatesProcessed") > 100
    assert total(report, "reports", "StaleDeletes") > 100
    for cure in ("reports.visibility_timeout_s=600", "makers.extends_visibility=true"):
        cured = report_of("visibility-timeout-too-short", cure)
        assert total(cured, "makers", "DuplicatesProcessed") == 0
        assert total(cured, "reports", "StaleDeletes") == 0


@about("throttled-consumer")
def test_throttled_consumer_dead_letters_messages_that_never_failed() -> None:
    report = report_of("throttled-consumer")
    assert total(report, "book", "Errors") == 0
    assert total(report, "book", "Throttles") > 0
    dead = report["nodes"]["dead"]["metrics"]["ApproximateNumberOfMessagesVisible"]["last"]
    assert dead > 100
    cured = report_of("throttled-consumer", "w2.maximum_concurrency=2")
    assert total(cured, "book", "Throttles") == 0
    assert total(cured, "queue", "MessagesMovedToDeadLetterQueue") == 0


@about("trace-replay")
def test_trace_replay_jumps_and_the_backlog_outlives_the_jump() -> None:
    report = report_of("trace-replay")
    times, backlog = report["series"]["time_s"], report["series"]["nodes"]["queue"]["ApproximateNumberOfMessagesVisible"]
    jump_ends_s = 18 * 60
    after = next(level for at_s, level in zip(times, backlog, strict=True) if at_s >= jump_ends_s + 120)
    assert after > 0.5 * max(backlog)
    assert backlog[-1] == 0
    assert any("instead of" in sentence for sentence in report["explanation"])


@about("how-busy-is-too-busy")
def test_waiting_grows_faster_than_load() -> None:
    report = report_of("how-busy-is-too-busy", "run.seed=5")
    times, backlog = report["series"]["time_s"], report["series"]["nodes"]["tasks"]["ApproximateNumberOfMessagesVisible"]

    def mean(from_s: float, to_s: float) -> float:
        levels = [level for at_s, level in zip(times, backlog, strict=True) if from_s <= at_s < to_s]
        return float(sum(levels) / len(levels))

    at_70, at_90, at_98 = mean(200, 1200), mean(2600, 3600), mean(3800, 4800)
    assert at_70 < 2
    assert at_98 > 2 * at_90 > 4 * at_70


@about("archive-replay-flood")
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


@about("event-bus-fan-out")
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


@about("slow-webhook")
def test_slow_webhook_stays_full_of_requests_that_no_one_waits_for() -> None:
    report = report_of("slow-webhook")
    assert late_answers(report, 600) > 0.9 * 10 * 300, "seven minutes after the burst, all of its capacity goes into late answers"
    assert total(report, "topic", "NotificationsGivenUp") > 0.5 * total(report, "topic", "NumberOfMessagesPublished")
    assert total(report, "webhook", "Requests") > 3 * total(report, "topic", "NumberOfMessagesPublished")
    for cure in ("w2.max_receives_per_s=9", "webhook.queue_limit=50"):
        assert late_answers(report_of("slow-webhook", cure), 300) == 0
    assert total(report_of("slow-webhook", "w2.max_receives_per_s=9"), "topic", "NotificationsGivenUp") == 0


@about("retry-storm")
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


def backlog_at(report: dict[str, Any], node: str, at_s: float) -> float:
    """Messages that could be received from a queue at this time."""
    times, levels = report["series"]["time_s"], report["series"]["nodes"][node]["ApproximateNumberOfMessagesVisible"]
    return float(next(level for time_s, level in zip(times, levels, strict=True) if time_s >= at_s))


def latency(report: dict[str, Any], source: str) -> dict[str, float]:
    """The latency of what came from a source and was processed."""
    found: dict[str, float] = next(path["latency"] for path in report["paths"] if path["nodes"][0] == source and path["end"] == "processed")
    return found


@about("poison-message")
def test_poison_takes_the_capacity_until_good_messages_wait_and_a_low_receive_count_frees_it() -> None:
    report = report_of("poison-message")
    times, errors = report["series"]["time_s"], report["series"]["nodes"]["workers"]["Errors"]
    after = {at_s: errors[times.index(at_s)] for at_s in (300, 600, 900)}
    assert after[900] - after[600] > 3 * after[300], "each poison message comes again and again, and there are more and more of them"
    assert backlog_at(report, "queue", 600) < 50
    assert backlog_at(report, "queue", 2399) > 500
    assert total(report, "dead", "NumberOfMessagesSent") == 0
    cured = report_of("poison-message", "queue.max_receive_count=3")
    poison = cured["nodes"]["queue"]["metrics"]["MessagesMovedToDeadLetterQueue"]["total"]
    assert poison == pytest.approx(0.005 * total(cured, "jobs", "MessagesCreated"), rel=0.2)
    assert total(cured, "workers", "Errors") == pytest.approx(3 * poison, rel=0.05)
    assert latency(cured, "jobs")["p99"] < 3 < 15 < latency(report, "jobs")["p99"]


@about("fifo-head-of-line")
def test_a_bad_order_locks_its_customer_and_no_other() -> None:
    report = report_of("fifo-head-of-line")
    wait = report["nodes"]["orders"]["metrics"]["MessageWait"]
    assert wait["p50"] < 0.1, "the other customers do not notice"
    assert 270 < wait["max"] <= 300, "visibility timeout times receives"
    first = report["nodes"]["orders"]["waits"][0]
    assert first["cause"] == "message_group"
    assert first["share"] > 0.9
    assert report["nodes"]["workers"]["metrics"]["BusyWorkers"]["mean"] < 2, "the workers have time"
    cured = report_of("fifo-head-of-line", "orders.max_receive_count=2", "orders.visibility_timeout_s=10")
    assert cured["nodes"]["orders"]["metrics"]["MessageWait"]["max"] <= 20
    assert total(cured, "orders", "MessagesMovedToDeadLetterQueue") == 1
    unordered = report_of("fifo-head-of-line", "orders.fifo=false", "dead.fifo=false")
    assert unordered["nodes"]["orders"]["metrics"]["MessageWait"]["max"] < 2, "a standard queue has no groups to lock"


@about("noisy-neighbour")
def test_a_fair_queue_spares_the_neighbours_and_loses_no_capacity() -> None:
    report, fair = report_of("noisy-neighbour"), report_of("noisy-neighbour", "queue.fair=true")
    assert latency(report, "tenants")["p99"] > 200
    assert latency(fair, "tenants")["p99"] < 3
    assert fair["nodes"]["queue"]["metrics"]["MessageWaitInQuietGroups"]["p99"] < 1
    assert fair["nodes"]["queue"]["metrics"]["ApproximateNumberOfNoisyGroups"]["max"] == 1
    for done in (report, fair):
        assert done["nodes"]["queue"]["metrics"]["ApproximateNumberOfMessagesVisible"]["max"] == pytest.approx(8900, rel=0.02)
        assert total(done, "workers", "MessagesProcessed") > 0.99 * total(done, "queue", "NumberOfMessagesSent")


@about("redrive-onto-a-broken-consumer")
def test_a_redrive_onto_a_broken_consumer_returns_everything_and_one_after_the_repair_does_not() -> None:
    report = report_of("redrive-onto-a-broken-consumer")
    moved = total(report, "dead", "MessagesRedriven")
    assert moved > 4000
    assert total(report, "payments", "MessagesMovedToDeadLetterQueue") > 9000 + moved * 0.4, "they failed three times more"
    assert report["nodes"]["dead"]["metrics"]["ApproximateNumberOfMessagesVisible"]["last"] > 6000
    cures = "dead.redrive_start_s=1200", "dead.redrive_messages_per_s=20"
    fast, slow = report_of("redrive-onto-a-broken-consumer", cures[0]), report_of("redrive-onto-a-broken-consumer", *cures)
    for cured in (fast, slow):
        assert cured["nodes"]["dead"]["metrics"]["ApproximateNumberOfMessagesVisible"]["last"] == 0
        assert total(cured, "provider", "Successes") > 0.995 * total(cured, "shop", "MessagesCreated")
    assert backlog_at(slow, "payments", 1230) < 100 < 5000 < backlog_at(fast, "payments", 1230), "at full rate, live payments wait behind the redriven ones"


@about("throttle-cascade")
def test_a_throttle_cascade_outlives_its_burst_and_reserved_concurrency_cures_it() -> None:
    report = report_of("throttle-cascade")
    times, throttles = report["series"]["time_s"], report["series"]["nodes"]["checkout"]["Throttles"]
    assert total(report, "checkout", "Errors") == total(report, "reports", "Errors") == 0, "nothing fails"
    assert total(report, "checkout", "Throttles") > 1000
    assert {loss["cause"] for loss in report["nodes"]["shoppers"]["losses"]} == {"account_concurrency"}
    burst_ends_s = 420
    assert max(at_s for at_s, before, after in zip(times[1:], throttles, throttles[1:], strict=False) if after > before) > burst_ends_s + 60
    assert report["nodes"]["reports"]["metrics"]["AsyncEventAge"]["max"] > 200
    assert report["nodes"]["checkout"]["metrics"]["UnreservedConcurrentExecutions"]["max"] == 200
    for cure in ("checkout.reserved_concurrency=20", "reports.reserved_concurrency=90"):
        cured = report_of("throttle-cascade", cure)
        assert total(cured, "checkout", "Throttles") == 0
        assert cured["nodes"]["shoppers"]["losses"] == []
        assert total(cured, "reports", "Throttles") > 1000, "the reports still wait, for themselves alone"


def with_definition(slug: str, node: str, before: str, after: str) -> dict[str, Any]:
    """The example's report after a change of a definition."""
    graph = example(slug).graph
    parameters = next(entry for entry in graph["nodes"] if entry["id"] == node)["parameters"]
    assert before in parameters["definition"]
    parameters["definition"] = parameters["definition"].replace(before, after)
    return simulate(graph).to_json()


@about("order-saga")
def test_a_saga_gives_back_what_it_reserved_and_a_retry_saves_most_orders() -> None:
    report = report_of("order-saga")
    reserved, shipped, released = (total(report, node, "MessagesProcessed") for node in ("reserve", "ship", "release"))
    assert reserved == pytest.approx(shipped + released, abs=10)
    assert released > 300
    assert total(report, "saga", "ExecutionsFailed") == released
    cured = with_definition("order-saga", "saga", "[Lambda.TooManyRequestsException,", "[Exception, Lambda.TooManyRequestsException,")
    assert total(cured, "saga", "ExecutionsFailed") < 20
    assert total(cured, "charge", "Invocations") > total(report, "charge", "Invocations") + 300


@about("callback-never-returned")
def test_tokens_that_never_return_fill_the_account_and_a_timeout_empties_it() -> None:
    report = report_of("callback-never-returned")
    assert report["nodes"]["approval"]["metrics"]["OpenExecutionCount"]["last"] == 400
    assert total(report, "approval", "StartsRefused") > 3000
    assert "400 open executions" in report["nodes"]["approval"]["sentence"]
    cured = with_definition("callback-never-returned", "approval", "waitForTaskToken\n", "waitForTaskToken\n    TimeoutSeconds: 120\n")
    assert total(cured, "approval", "StartsRefused") == 0
    assert cured["nodes"]["approval"]["metrics"]["OpenExecutionCount"]["last"] < 250


@about("map-starves-its-function")
def test_a_map_fails_whole_where_its_function_throttles_and_its_concurrency_cures_it() -> None:
    report = report_of("map-starves-its-function")
    assert total(report, "flow", "ExecutionsSucceeded") == 0
    assert total(report, "flow", "ExecutionsFailed") == total(report, "resize", "Throttles") == 9
    assert total(report, "resize", "MessagesProcessed") == 450  # worked on and paid for, after the albums had failed
    cured = with_definition("map-starves-its-function", "flow", "Type: Map\n", "Type: Map\n    MaxConcurrency: 50\n")
    assert total(cured, "flow", "ExecutionsSucceeded") == 9
    assert total(cured, "resize", "Throttles") == 0
    assert total(cured, "resize", "MessagesProcessed") == 9 * 600


@about("slow-consumer-large-prefetch")
def test_a_large_prefetch_leaves_late_consumers_idle_and_a_small_one_shares_the_work() -> None:
    report = report_of("slow-consumer-large-prefetch")
    assert total(report, "late", "MessagesProcessed") == 0
    assert report["nodes"]["first"]["metrics"]["PrefetchedMessages"]["max"] > 700
    waits = report["nodes"]["broker"]["waits"][0]
    assert (waits["cause"], waits["culprit"]["parameter"]) == ("prefetched", "prefetch")
    cured = report_of("slow-consumer-large-prefetch", "w2.prefetch=1", "w3.prefetch=1")
    assert total(cured, "late", "MessagesProcessed") > 650
    ends = [max(path["latency"]["max"] for path in each["paths"] if path["nodes"][-1] in ("first", "late")) for each in (report, cured)]
    assert ends[0] > 750
    assert ends[1] < 150


@about("producer-flow-control")
def test_a_full_store_blocks_the_producers_of_an_idle_queue_too() -> None:
    report = report_of("producer-flow-control")
    broker = report["nodes"]["broker"]
    assert broker["metrics"]["StorePercentUsage"]["last"] >= 1
    assert broker["metrics"]["WaitingSends"]["last"] > 5000
    assert total(report, "broker", "SendsFailed") == 0
    assert "blocked: message store full" in broker["sentence"]
    assert total(report, "billing", "MessagesProcessed") < 0.7 * total(report, "orders", "MessagesCreated")
    cured = report_of("producer-flow-control", "w2.time_to_live_s=60", "broker.dead_letter_strategy=discarding")
    assert cured["nodes"]["broker"]["metrics"]["StorePercentUsage"]["max"] < 0.9
    assert total(cured, "billing", "MessagesProcessed") > 0.99 * total(cured, "orders", "MessagesCreated")


@about("broker-failover")
def test_a_standby_shortens_the_pause_of_a_failover() -> None:
    def longest_s(report: dict[str, Any]) -> float:
        return float(max(path["latency"]["max"] for path in report["paths"] if path["nodes"][-1] == "billing"))

    report = report_of("broker-failover")
    assert longest_s(report) > 300
    assert report["nodes"]["broker"]["waits"][0]["cause"] in ("broker_down", "prefetch_full")
    assert total(report, "billing", "DuplicatesProcessed") > 0
    cured = report_of("broker-failover", "broker.deployment_mode=ACTIVE_STANDBY_MULTI_AZ")
    assert longest_s(cured) < longest_s(report) / 3
    for each in (report, cured):
        assert total(each, "billing", "MessagesProcessed") > 0.98 * total(each, "orders", "MessagesCreated")
