"""The examples of APIs and tables show what they say they teach, and are cured by what they say cures it."""

from __future__ import annotations

import pytest
from rich.console import Console

from simulator.terminal import print_report
from simulator.units import format_duration
from tests.scenarios.reports import about, report_of, total


@about("slow-backend-behind-an-api")
def test_an_api_gives_up_at_29_s_and_retries_double_the_executions() -> None:
    report = report_of("slow-backend-behind-an-api")
    assert report["nodes"]["api"]["metrics"]["IntegrationLatency"]["max"] == pytest.approx(29)
    executions = total(report, "report", "Invocations")
    assert executions > 1.35 * total(report, "clients", "MessagesCreated")
    assert total(report, "api", "WorkedInVain") > 0.9 * executions
    assert report["nodes"]["report"]["metrics"]["ConcurrentExecutions"]["max"] == 200
    losses = {entry["cause"] for entry in report["nodes"]["clients"]["losses"]}
    assert losses == {"integration_timeout", "integration_throttled"}
    patient = report_of("slow-backend-behind-an-api", "w1.attempts=1")
    assert total(patient, "report", "Throttles") == 0
    assert {entry["cause"] for entry in patient["nodes"]["clients"]["losses"]} == {"integration_timeout"}
    cured = report_of("slow-backend-behind-an-api", 'clients.message_types=[{"name": "POST /jobs"}]')
    assert total(cured, "api", "5XXError") == 0
    assert cured["nodes"]["api"]["metrics"]["Latency"]["p99"] < 0.2
    assert total(cured, "report", "Invocations") == pytest.approx(total(cured, "clients", "MessagesCreated"), abs=5)


@about("back-off-without-jitter")
def test_jitter_halves_the_calls_and_takes_a_tenth_of_the_time() -> None:
    report, cured = report_of("back-off-without-jitter"), report_of("back-off-without-jitter", "w1.backoff=full")
    assert total(report, "clients", "MessagesAccepted") == total(cured, "clients", "MessagesAccepted") == 100
    assert total(cured, "clients", "RequestAttempts") < total(report, "clients", "RequestAttempts") / 2
    assert cured["nodes"]["clients"]["metrics"]["ResponseTime"]["max"] < report["nodes"]["clients"]["metrics"]["ResponseTime"]["max"] / 10


@about("hot-partition")
def test_a_hot_partition_throttles_with_a_tenth_of_the_table_used_and_more_capacity_does_not_help() -> None:
    report = report_of("hot-partition")
    used_per_s = report["nodes"]["table"]["metrics"]["ConsumedWriteCapacityUnits"]["per_s"]
    assert used_per_s == pytest.approx(1000, rel=0.05)
    assert total(report, "clicks", "MessagesRefused") / total(report, "clicks", "MessagesCreated") == pytest.approx(1 / 3, abs=0.03)
    assert total(report_of("hot-partition", "table.write_units_per_s=40000"), "table", "WriteThrottleEvents") == pytest.approx(total(report, "table", "WriteThrottleEvents"), rel=0.02)
    spread = 'clicks.message_types=[{"name": "PUT click", "size_bytes": 700, "key": {"keys": "uniform", "number": 50}}]'
    assert total(report_of("hot-partition", spread), "table", "WriteThrottleEvents") == 0


@about("n-plus-one")
def test_n_plus_one_makes_nulls_under_http_200_and_a_batch_cures_it() -> None:
    report = report_of("n-plus-one")
    requests = total(report, "api", "Requests")
    assert total(report, "api", "DataSourceCalls") == pytest.approx(101 * requests, rel=0.03)
    assert total(report, "api", "5XXError") == total(report, "api", "4XXError") == total(report, "app", "MessagesRefused") == 0
    assert total(report, "api", "GraphQLError") > 0.5 * 100 * requests
    batch = '{"field": "Query.posts", "data_source": "posts", "list_size": 100}, {"field": "Post.author", "data_source": "authors", "max_batch_size": 100}'
    cured = report_of("n-plus-one", f"api.resolvers=[{batch}]")
    assert total(cured, "api", "GraphQLError") == total(cured, "authors", "Throttles") == 0
    assert total(cured, "api", "DataSourceCalls") == pytest.approx(2 * requests, rel=0.03)


@about("cache-stampede")
def test_a_stampede_at_each_expiry_overruns_the_backend() -> None:
    report = report_of("cache-stampede")
    assert total(report, "api", "CacheHitCount") / total(report, "api", "Count") > 0.96
    assert total(report, "site", "Overflowed") > 400
    assert total(report, "site", "Requests") == pytest.approx(5 * 190, rel=0.1), "five expiries, the first filling among them"
    assert total(report_of("cache-stampede", 'site.latency={"type": "constant", "value_s": 0.2}'), "site", "Overflowed") == 0
    rarer = report_of("cache-stampede", 'api.routes=[{"route": "GET /front", "caching_enabled": true, "cache_ttl_s": 3600, "cache_by_key": false}]')
    assert total(rarer, "site", "Overflowed") == pytest.approx(total(report, "site", "Overflowed") / 5, rel=0.35)


def test_the_printed_time_of_a_message_is_over_all_that_came_not_only_what_was_answered(capsys: pytest.CaptureFixture[str]) -> None:
    """The API answers 1 request in 50 well; the time that the others waited is not theirs."""
    report = report_of("slow-backend-behind-an-api")
    (waited,) = (wait for wait in report["nodes"]["api"]["waits"] if wait["cause"] == "integration_timeout")
    assert waited["message_s"] == pytest.approx(29 * total(report, "api", "IntegrationTimeouts"))
    assert report["nodes"]["api"]["arrived"] == pytest.approx(total(report, "api", "Count"), rel=0.01)
    print_report(Console(width=160), report)
    line = next(line for line in capsys.readouterr().out.split("Where time went")[1].splitlines() if line.strip().startswith("Reports API"))
    assert format_duration(waited["message_s"] / report["nodes"]["api"]["arrived"]) in line
    assert 12 < waited["message_s"] / report["nodes"]["api"]["arrived"] < 14
