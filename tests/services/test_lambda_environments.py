"""Lambda's execution environments: provisioned concurrency, SnapStart, initialisation, memory, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import check
from simulator.mechanics.functions.cold_starts import duration_factor, first_run_s
from simulator.scenario import Scenario
from simulator.services.lambda_ import FunctionParameters
from simulator.vocabulary import Values
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

WARM = {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400}


def called(source: dict[str, Any], function: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """Callers that wait for the answer."""
    return drawing({"source": ("traffic", source), "function": ("lambda", WARM | (function or {}))}, {"source.requests -> function.requests": {}},
                   account={"lambda": account} if account else {}, **run)


def codes(*functions: dict[str, Any], limit: int = 1000) -> set[str]:
    nodes: dict[str, Any] = {f"f{place}": ("lambda", function) for place, function in enumerate(functions)}
    return {finding.code for finding in check(Scenario.from_json(drawing(nodes, {}, account={"lambda": {"concurrent_executions": limit}}, duration_s=1)))}


def setting(name: str, time_s: float, value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "parameter", "after_s": 0, "node": "function", "parameter": name, "value": value}


# -- provisioned concurrency ----------------------------------------------------------------------------------------


def test_provisioned_environments_start_warm_and_the_rest_spills_over() -> None:
    """Five of eight at once run in provisioned environments, three start cold."""
    seen = outcome(called(at_times(*[1] * 8), {"provisioned_concurrency": 5, "duration": constant(1)}, duration_s=10))
    assert seen.total("function", "ProvisionedConcurrencyInvocations") == 5
    assert seen.total("function", "ProvisionedConcurrencySpilloverInvocations") == seen.total("function", "ColdStarts") == 3
    assert seen.total("function", "Invocations") == 8
    assert seen.metric("function", "ProvisionedConcurrentExecutions")["max"] == 5
    assert seen.metric("function", "ProvisionedConcurrencyUtilization")["max"] == 1
    assert seen.metric("function", "ConcurrentExecutions")["max"] == 8


def test_provisioned_environments_take_ten_requests_a_second_each() -> None:
    """Two of them could serve 2,000 requests of 1 ms a second; 20 a second run there, the others spill over."""
    seen = outcome(called({"load": rate(100), "arrivals": "even"}, {"provisioned_concurrency": 2, "duration": constant(0.001)}, duration_s=100))
    assert seen.total("function", "ProvisionedConcurrencyInvocations") == pytest.approx(20 * 100 + 20, abs=5)
    assert seen.total("function", "Throttles") == 0


def test_new_ones_can_be_used_when_all_are_ready() -> None:
    """Asked for at 100 s: 90 s and 600 / 6,000 of a minute later all 600 are there, and not one before."""
    scenario = called({"load": rate(50), "arrivals": "even"}, {"duration": constant(1)}, duration_s=300, frame_interval_s=1)
    seen = outcome(scenario, setting("provisioned_concurrency", 100, 600))
    used = seen.series("function", "ProvisionedConcurrencyInvocations") if "ProvisionedConcurrencyInvocations" in seen.report["series"]["nodes"]["function"] else None
    assert used is None, "no primary metric: it is read at the end"
    assert seen.total("function", "ProvisionedConcurrencyInvocations") == pytest.approx(50 * (300 - 196), rel=0.02)
    assert outcome(called({"load": rate(50)}, {"provisioned_concurrency": 60, "provisioned_at_start": False, "duration": constant(1)}, duration_s=60)).total("function", "ProvisionedConcurrencyInvocations") == 0


def test_fewer_are_left_at_once() -> None:
    seen = outcome(called({"load": rate(20), "arrivals": "even"}, {"provisioned_concurrency": 30, "duration": constant(1)}, duration_s=100), setting("provisioned_concurrency", 50, 5))
    assert seen.total("function", "ProvisionedConcurrencyInvocations") == pytest.approx(50 * 20 + 50 * 5, rel=0.05)


def two_functions(first: dict[str, Any], second: dict[str, Any], limit: int, first_source: dict[str, Any], second_source: dict[str, Any]) -> Outcome:
    return outcome(drawing(
        {"one": ("traffic", first_source), "two": ("traffic", second_source), "first": ("lambda", WARM | first), "second": ("lambda", WARM | second)},
        {"one.requests -> first.requests": {}, "two.requests -> second.requests": {}}, account={"lambda": {"concurrent_executions": limit}}, duration_s=30))


def test_provisioned_concurrency_is_taken_from_what_the_account_has_unreserved() -> None:
    """Of 20 the first function holds 15 and uses none: the second may use 5. The first has its 15, and none beyond them."""
    long = {"duration": constant(10), "timeout_s": 60}
    seen = two_functions(long | {"provisioned_concurrency": 15}, long, 20, at_times(*[5] * 18), at_times(*[1] * 9))
    assert seen.total("second", "Invocations") == 5
    assert seen.lost("two") == {"account_concurrency": 4}
    assert seen.total("first", "Invocations") == 15
    assert seen.lost("one") == {"account_concurrency": 3}
    assert seen.metric("second", "ClaimedAccountConcurrency")["max"] == 20
    assert seen.metric("second", "UnreservedConcurrentExecutions")["max"] == 5


def test_inside_a_reservation_provisioned_concurrency_keeps_its_part() -> None:
    """Ten reserved, six of them provisioned: four run on demand beside them."""
    seen = outcome(called(at_times(*[1] * 12), {"reserved_concurrency": 10, "provisioned_concurrency": 6, "duration": constant(1)}, duration_s=10))
    assert seen.total("function", "ProvisionedConcurrencyInvocations") == 6
    assert seen.total("function", "Invocations") == 10
    assert seen.lost("source") == {"reserved_concurrency": 2}
    allocating = outcome(called(at_times(*[1] * 12), {"reserved_concurrency": 10, "provisioned_concurrency": 6, "provisioned_at_start": False, "duration": constant(1)}, duration_s=10))
    assert allocating.total("function", "Invocations") == 4, "the part of those that are being allocated is taken already"


def test_scaling_follows_the_target_utilisation_out_and_in() -> None:
    """10 busy of 10: after three minutes 15 are wanted; with 2 busy, after fifteen more, the minimum of 10 is back."""
    load = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 10}, {"at_s": 600, "rate_per_s": 2}]}, "arrivals": "even"}
    function = {"provisioned_concurrency": 10, "provisioned_maximum": 50, "duration": constant(1)}
    busy = outcome(called(load, function, duration_s=590))
    assert busy.metric("function", "ProvisionedConcurrencyAllocated")["last"] == 15
    quiet = outcome(called(load, function, duration_s=600 + 16 * 60))
    assert quiet.metric("function", "ProvisionedConcurrencyAllocated")["last"] == 10
    capped = outcome(called(load, function | {"provisioned_maximum": 12}, duration_s=590))
    assert capped.metric("function", "ProvisionedConcurrencyAllocated")["last"] == 12


def test_provisioned_concurrency_costs_while_it_is_held_and_less_while_it_runs() -> None:
    seen = outcome(called({"load": rate(2), "arrivals": "even"}, {"provisioned_concurrency": 10, "duration": constant(0.5), "memory_mb": 2048}, duration_s=100.01))
    assert seen.quantity("function", "Provisioned concurrency, x86_64") == pytest.approx(10 * 100 * 2, rel=0.001)
    assert seen.quantity("function", "Compute in provisioned concurrency, x86_64") == pytest.approx(200 * 0.5 * 2, rel=0.02)
    assert seen.quantity("function", "Compute, x86_64") == 0


def test_what_provisioned_concurrency_cannot_be() -> None:
    assert "provisioned-over-reserved" in codes({"provisioned_concurrency": 20, "reserved_concurrency": 10})
    assert "provisioned-bounds" in codes({"provisioned_concurrency": 20, "provisioned_maximum": 10})
    assert {"snap-start-provisioned"} <= codes({"provisioned_concurrency": 20, "snap_start": True})


def test_one_hundred_of_the_account_stay_unreserved() -> None:
    """By all functions together: reservations, and what those without one have provisioned."""
    assert "reserved-over-account" not in codes({"reserved_concurrency": 500}, {"reserved_concurrency": 400})
    assert "reserved-over-account" in codes({"reserved_concurrency": 500}, {"reserved_concurrency": 401})
    assert "reserved-over-account" in codes({"reserved_concurrency": 500}, {"provisioned_concurrency": 401})
    assert "reserved-over-account" not in codes({"reserved_concurrency": 500, "provisioned_concurrency": 500}, {"reserved_concurrency": 400})
    assert "reserved-over-account" not in codes({}, {}, limit=50)


# -- initialisation -------------------------------------------------------------------------------------------------


def test_an_environment_that_timed_out_initialises_inside_its_next_invocation() -> None:
    """The first run times out. The second finds the environment, and initialises in its own time, without a new sandbox."""
    function = {"sandbox_start_s": 2, "init_code": constant(1), "duration": constant(1), "timeout_s": 3, "idle_half_life_s": 86400}
    slow = {"time_s": 0, "action": "fault", "node": "function", "fault": "slows", "value": {"factor": 10}}
    seen = outcome(called(at_times(1, 30), function, duration_s=60), slow, {"time_s": 20, "action": "clear_fault", "node": "function", "fault": "slows"})
    assert seen.total("function", "Errors") == 1
    assert seen.total("function", "ColdStarts") == 2
    assert seen.path("source", "function")["latency"]["max"] == pytest.approx(1 + 1 + 0.016, abs=0.1), "initialisation and work, no sandbox"
    assert seen.metric("function", "Duration")["p50"] < 3


def test_a_crash_resets_the_environment_and_an_error_does_not() -> None:
    function = {"failure_probability": 1, "duration": constant(0.1)}
    assert outcome(called(at_times(1, 2, 3, 4), function | {"crash_share": 1}, duration_s=10)).total("function", "ColdStarts") == 4
    assert outcome(called(at_times(1, 2, 3, 4), function, duration_s=10)).total("function", "ColdStarts") == 1


def test_initialisation_over_ten_seconds_happens_twice() -> None:
    """12 s of initialisation: given up after 10 s, and done again inside the invocation, which takes 12 s more."""
    function = {"init_code": constant(12), "duration": constant(1), "memory_mb": 1024}
    seen = outcome(called(at_times(1), function | {"timeout_s": 60}, duration_s=60))
    assert seen.path("source", "function")["latency"]["max"] == pytest.approx(10 + 12 + 1, abs=0.1)
    assert seen.metric("function", "Duration")["max"] == pytest.approx(13, abs=0.1)
    assert seen.quantity("function", "Compute, x86_64") == pytest.approx(10 + 13, abs=0.1)
    assert outcome(called(at_times(1), function | {"timeout_s": 10}, duration_s=60)).total("function", "Errors") == 1
    assert "init-over-10-s" in codes(function)
    assert "init-over-10-s" not in codes(function | {"provisioned_concurrency": 1})


def test_a_large_package_has_to_be_fetched() -> None:
    seen = outcome(called(at_times(1), {"package_mb": 390, "code_fetch_bytes_per_s": 78e6, "duration": constant(1)}, duration_s=30))
    assert seen.metric("function", "InitDuration")["max"] == pytest.approx(5 + 0.02, abs=0.1)
    assert seen.quantity("function", "Compute, x86_64") == pytest.approx(1.02 / 8, abs=0.01), "fetching is not billed"


def test_snap_start_restores_instead_of_initialising() -> None:
    function = {"runtime": "java21", "init_code": constant(5), "duration": constant(0.1), "memory_mb": 2048, "first_run_s": 0}
    slow = outcome(called(at_times(*[1] * 10), function, duration_s=100))
    fast = outcome(called(at_times(*[1] * 10), function | {"snap_start": True, "restore": constant(0.25)}, duration_s=100))
    assert slow.metric("function", "InitDuration")["p50"] > 5
    assert fast.metric("function", "InitDuration")["max"] == 0.25
    assert fast.quantity("function", "SnapStart, cached snapshot") == 2 * 100
    assert fast.quantity("function", "SnapStart, restored snapshots") == 2 * 10
    assert fast.quantity("function", "Compute, x86_64") == pytest.approx(10 * 0.1 * 2)


def test_what_snap_start_does_not_go_with() -> None:
    assert "snap-start-runtime" in codes({"snap_start": True, "runtime": "rust"})
    assert "snap-start-runtime" in codes({"snap_start": True, "runtime": "java21", "package": "image"})
    assert "snap-start-storage" in codes({"snap_start": True, "ephemeral_storage_mb": 1024})
    assert not {code for code in codes({"snap_start": True, "runtime": "java21"}) if code.startswith("snap")}


@pytest.mark.parametrize(("runtime", "memory_mb", "extra_ms"), [("dotnet8", 128, 712), ("dotnet8", 512, 164), ("dotnet8", 2048, 74), ("java21", 1024, 7), ("nodejs24.x", 512, 3), ("python3.13", 128, 0)])
def test_the_first_run_takes_longer_as_it_was_measured(runtime: str, memory_mb: int, extra_ms: float) -> None:
    seen = outcome(called(at_times(1, 10), {"runtime": runtime, "memory_mb": memory_mb, "duration": constant(0.1)}, duration_s=20))
    durations = seen.metric("function", "Duration")
    assert durations["max"] == pytest.approx(0.1 + extra_ms / 1000)
    assert durations["mean"] == pytest.approx(0.1 + extra_ms / 2000)


def test_the_first_run_between_measured_sizes() -> None:
    assert 164 < 1000 * first_run_s(values(runtime="dotnet8", memory_mb=256)) < 712


def test_environments_are_taken_away_after_some_hours_even_when_they_are_busy() -> None:
    """One request a second for a day; an environment lives for two to six hours."""
    seen = outcome(called({"load": rate(0.2), "arrivals": "even"}, {"duration": constant(0.1), "idle_half_life_s": 86400}, duration_s=86400))
    assert 4 <= seen.total("function", "ColdStarts") <= 12


def test_environments_are_what_holds_connections() -> None:
    """Twenty at once leave twenty environments behind, though nothing runs any more."""
    seen = outcome(called(at_times(*[1] * 20), {"duration": constant(1)}, duration_s=10))
    assert seen.metric("function", "Environments")["last"] == 20
    assert seen.metric("function", "ConcurrentExecutions")["last"] == 0


# -- memory ---------------------------------------------------------------------------------------------------------


def values(**parameters: Any) -> Values:
    return Values(FunctionParameters(**parameters))


def test_the_duration_follows_from_memory_if_one_says_where_it_was_measured() -> None:
    at_half = {"measured_at_memory_mb": 512, "cpu_bound_share": 1.0, "duration": constant(0.4), "timeout_s": 60}
    durations = [outcome(called(at_times(1), at_half | {"memory_mb": memory_mb, "first_run_s": 0}, duration_s=20)).metric("function", "Duration")["max"] for memory_mb in (256, 512, 1024)]
    assert durations == pytest.approx([0.8, 0.4, 0.2])
    assert outcome(called(at_times(1), {"duration": constant(0.4), "memory_mb": 1024}, duration_s=20)).metric("function", "Duration")["max"] == pytest.approx(0.4)


def test_more_than_one_virtual_processor_needs_threads() -> None:
    """1,769 MB are one processor: a single thread gets no faster beyond, six threads do up to 10,240 MB."""
    single = values(measured_at_memory_mb=1769, memory_mb=10240, cpu_bound_share=1.0)
    many = values(measured_at_memory_mb=1769, memory_mb=10240, cpu_bound_share=1.0, threads=6)
    assert duration_factor(single) == pytest.approx(1)
    assert duration_factor(many) == pytest.approx(1769 / 10240)
    assert duration_factor(values(measured_at_memory_mb=128, memory_mb=1769, cpu_bound_share=0.5)) == pytest.approx(0.5 + 0.5 * 128 / 1769)


def test_memory_can_be_changed_during_a_run() -> None:
    scenario = called({"load": rate(10), "arrivals": "even"}, {"measured_at_memory_mb": 1024, "memory_mb": 1024, "cpu_bound_share": 1.0, "duration": constant(0.1)}, duration_s=100, frame_interval_s=1)
    running = outcome(scenario, setting("memory_mb", 50, 512)).series("function", "ConcurrentExecutions")
    assert sum(running[second] for second in range(60, 100)) > 1.5 * sum(running[second] for second in range(10, 50))


# -- the bill -------------------------------------------------------------------------------------------------------


def test_ephemeral_storage_over_512_mb_is_billed() -> None:
    seen = outcome(called(at_times(1), {"ephemeral_storage_mb": 2560, "duration": constant(2)}, duration_s=10))
    assert seen.quantity("function", "Ephemeral storage over 512 MB") == pytest.approx(2 * 2, abs=0.1)


# -- in cohorts -----------------------------------------------------------------------------------------------------


def test_cohorts_book_cold_starts_as_cold_starts() -> None:
    """100,000 messages a second through a mapping: the start of the environments is no latency of the mapping."""
    scenario = drawing(
        {"source": ("traffic", {"load": rate(20_000)}), "queue": ("sqs", {"visibility_timeout_s": 900}),
         "function": ("lambda", {"duration": constant(0.05), "timeout_s": 30, "sandbox_start_s": 1, "runtime": "rust"})},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT, "batch_size": 10, "pollers_at_start": 1200}},
        account={"lambda": {"concurrent_executions": 10_000, "environments_per_10_s": 100_000}}, duration_s=120, fidelity="auto")
    seen = outcome(scenario)
    assert "function" not in seen.report["fidelity"].get("singles", {}), seen.report["fidelity"]
    assert seen.waits("function")["cold_start"] > 100
    assert seen.waits("queue").get("delivery_latency", 0) < 0.01 * seen.waits("function")["cold_start"]
