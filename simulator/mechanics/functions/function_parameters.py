"""What a user sets on a Lambda function, and on the account that functions share."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.distributions import Constant, Distribution, Lognormal
from simulator.mechanics.functions.cold_starts import Runtime
from simulator.mechanics.functions.lambda_sources import (
    ALARMS,
    API,
    ASYNC,
    ASYNC_UNPUBLISHED,
    BENCHMARK,
    ENVIRONMENT,
    ENVIRONMENT_UNPUBLISHED,
    LIMITS,
    MEMORY,
    NETWORK,
    PROVISIONED,
    PROVISIONED_SCALING,
    RECURSION,
    SCALING,
    SEBS,
    SNAP_START,
    SNAP_START_UNPUBLISHED,
    UNPUBLISHED,
)
from simulator.mechanics.propagation import FUNCTION_CONCURRENCY, FUNCTION_CONFIGURATION
from simulator.vocabulary import ParameterSet, Preset, parameter


class FunctionParameters(ParameterSet):
    """A function's configuration, and what its code does with a message."""

    duration: Distribution = parameter(
        lambda: Lognormal(p50_s=0.1, p99_s=0.5), "Time the handler needs for one message (without the cold start).",
        title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    batch_work: Literal["sequential", "parallel", "single"] = parameter(
        "sequential", "A batch is worked on one message after the other (durations add up), all at once (the longest counts), or as"
        " one piece of work (one duration for the batch).", title="Work on a batch", section="Work", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message fails, beside what the message's type adds.",
        title="Failure probability", unit="share", section="Work", ge=0, le=1, changeable=True)
    timeout_s: float = parameter(
        3, "The invocation is killed after this time, counts as an error, and its environment is reset.",
        title="Timeout", unit="s", section="Function", aws="Timeout", ge=1, le=900, source=LIMITS, changeable=FUNCTION_CONFIGURATION)
    memory_mb: int = parameter(
        128, "Memory; it sets the price of a second and the share of a processor: 1,769 MB are one virtual CPU.",
        title="Memory", unit="MB", section="Function", aws="MemorySize", ge=128, le=10240, source=MEMORY, changeable=FUNCTION_CONFIGURATION)
    measured_at_memory_mb: int | None = parameter(
        None, "Memory with which the duration was measured. Empty: with the memory there is, so that changing memory does not change the duration.",
        title="Duration measured at", unit="MB", section="Work", ge=128, le=10240, source=MEMORY, changeable=True)
    cpu_bound_share: float = parameter(
        0.5, "Share of that duration in which the handler computes; it shrinks as memory grows. The rest waits for others. Only with the memory it was measured at.",
        title="CPU-bound share", unit="share", section="Work", ge=0, le=1, source=MEMORY, changeable=True)
    threads: int = parameter(
        1, "Threads with which the handler computes at once. With one, memory over 1,769 MB makes it no faster.", title="Threads", unit="count", section="Work", ge=1, le=6, source=MEMORY, changeable=True)
    crash_share: float = parameter(
        0.0, "Share of the failures that crash the runtime: the environment initialises again in its next invocation, as after a timeout.",
        title="Failures that crash", unit="share", section="Work", ge=0, le=1, source=ENVIRONMENT, changeable=True)
    ephemeral_storage_mb: int = parameter(
        512, "Disk space at /tmp; what exceeds 512 MB costs.", title="Ephemeral storage", unit="MB", section="Function", aws="EphemeralStorage.Size", ge=512, le=10240, source=LIMITS, changeable=True)
    architecture: Literal["x86_64", "arm64"] = parameter(
        "x86_64", "Processor architecture; sets the price of a second.", title="Architecture", section="Function", aws="Architectures", source=API)
    runtime: Runtime = parameter(
        "python3.13", "Sets the time a cold start needs for initialisation, as measured by a public benchmark.",
        title="Runtime", section="Cold start", aws="Runtime", source=BENCHMARK)
    package: Literal["zip", "image"] = parameter("zip", "Deployment package.", title="Package", section="Cold start", aws="PackageType", source=BENCHMARK)
    sandbox_start_s: float = parameter(
        0.1, "Time before initialisation: fetching the code and making the sandbox. AWS publishes no figure.",
        title="Sandbox start", unit="s", section="Cold start", ge=0, le=60, source=UNPUBLISHED, advanced=True)
    package_mb: float = parameter(
        0, "Size of the package that a new environment fetches before it initialises. 0: the time counts in the sandbox start.", title="Package size", unit="MB", section="Cold start",
        ge=0, le=10240, source=ENVIRONMENT, advanced=True)
    code_fetch_bytes_per_s: float = parameter(
        78_000_000, "How fast the package is fetched, in bytes a second. AWS publishes no figure.", title="Package fetch rate", unit="per_s", section="Cold start", gt=0, le=100_000_000_000, source=NETWORK, advanced=True)
    init_code: Distribution = parameter(
        lambda: Constant(value_s=0), "Time that your code outside the handler needs (imports, connections), beside the runtime's own. Over 10 s in all, an on-demand"
        " environment starts over inside its first invocation.", title="Initialisation code", unit="s", section="Cold start", widget="distribution", source=ENVIRONMENT)
    first_run_s: float | None = parameter(
        None, "What the first run of the handler in an environment takes longer. Empty: as measured for the runtime and the memory, where it was measured.",
        title="First run takes longer by", unit="s", section="Cold start", ge=0, le=900, source=BENCHMARK, advanced=True)
    snap_start: bool = parameter(
        False, "New environments are restored from a snapshot of an initialised one.", title="SnapStart", section="Cold start", aws="SnapStart.ApplyOn", source=SNAP_START)
    restore: Distribution = parameter(
        lambda: Lognormal(p50_s=0.3, p99_s=0.9), "Time to restore an environment from its snapshot.", title="Restore", unit="s", section="Cold start", widget="distribution",
        source=SNAP_START_UNPUBLISHED, advanced=True)
    environment_life_s: float = parameter(
        14400, "Environments are taken away after about this time, even busy ones. AWS says 'every few hours'.", title="Life of an environment", unit="s", section="Cold start",
        gt=0, le=604_800, source=ENVIRONMENT_UNPUBLISHED, advanced=True)
    idle_half_life_s: float = parameter(
        380, "Of many idle environments, half are taken away after each such time. AWS says only 'for some time'.",
        title="Idle half-life", unit="s", section="Cold start", gt=0, le=86400, source=SEBS, advanced=True)
    reserved_concurrency: int | None = parameter(
        None, "Guarantee and ceiling of concurrent invocations. Empty: the function shares what the account has unreserved. 0 stops it.",
        title="Reserved concurrency", unit="count", section="Concurrency", aws="ReservedConcurrentExecutions", ge=0, le=100_000, source=SCALING, changeable=FUNCTION_CONCURRENCY, capacity=True)
    provisioned_concurrency: int = parameter(
        0, "Environments that are initialised before they are needed, and paid while they are held. What they cannot take spills over to on-demand ones.",
        title="Provisioned concurrency", unit="count", section="Provisioned concurrency", aws="ProvisionedConcurrentExecutions", ge=0, le=100_000, source=API, changeable=True, capacity=True)
    provisioned_at_start: bool = parameter(
        True, "The run begins with all of them ready. Off: they are allocated when it begins.", title="Ready at the start", section="Provisioned concurrency", advanced=True)
    provisioned_start_s: float = parameter(
        90, "Time before the first of newly allocated environments come: one to two minutes.", title="Time to allocate", unit="s", section="Provisioned concurrency",
        ge=0, le=3600, source=PROVISIONED, advanced=True)
    provisioned_per_min: float = parameter(
        6000, "Environments allocated each minute; they can be used when all of them are ready. An older text says 3,000, then 500 a minute.", title="Allocation rate", unit="per_min",
        section="Provisioned concurrency", gt=0, le=1_000_000, source=PROVISIONED, advanced=True, capacity=True)
    provisioned_maximum: int | None = parameter(
        None, "Application Auto Scaling moves provisioned concurrency between its value above and this maximum. Empty: it does not scale.", title="Scales up to", unit="count",
        section="Provisioned concurrency", aws="MaxCapacity", ge=1, le=100_000, source=PROVISIONED_SCALING, capacity=True)
    provisioned_target: float = parameter(
        0.7, "Utilisation that scaling aims at; it takes some away below 90 % of this.", title="Target utilisation", unit="share", section="Provisioned concurrency", aws="TargetValue",
        gt=0, le=1, source=PROVISIONED_SCALING, advanced=True)
    provisioned_out_after_s: float = parameter(
        180, "So long above the target before some are added, in whole minutes.", title="Scales out after", unit="s", section="Provisioned concurrency", ge=60, le=86400, source=ALARMS, advanced=True)
    provisioned_in_after_s: float = parameter(
        900, "So long well below the target before some are taken away, in whole minutes.", title="Scales in after", unit="s", section="Provisioned concurrency", ge=60, le=86400, source=ALARMS, advanced=True)
    maximum_retry_attempts: int = parameter(
        2, "How often an asynchronous event is tried again after a function error: after 1 minute, then 2 minutes.",
        title="Retry attempts", unit="times", section="Asynchronous invocation", aws="MaximumRetryAttempts", ge=0, le=2, source=ASYNC, changeable=True)
    maximum_event_age_s: float = parameter(
        21600, "Asynchronous events older than this are dropped, or go to the dead-letter queue.",
        title="Maximum event age", unit="s", section="Asynchronous invocation", aws="MaximumEventAgeInSeconds", ge=60, le=21600, source=ASYNC, changeable=True)
    long_event_queue: int = parameter(
        10_000, "With more events than this in the internal queue, Lambda reads more slowly and waits longer between tries, in proportion. AWS says so,"
        " and publishes no figure.", title="Long queue", unit="messages", section="Asynchronous invocation", ge=1, le=1_000_000_000, source=ASYNC_UNPUBLISHED, advanced=True, capacity=True)
    repeated_event_share: float = parameter(
        0.0, "Share of the events that the internal queue delivers twice. AWS says that it happens, and publishes no figure.",
        title="Events delivered twice", unit="share", section="Asynchronous invocation", ge=0, le=1, source=ASYNC_UNPUBLISHED, advanced=True)
    throttled_event_jitter: float = parameter(
        0.5, "Pauses before a throttled event is tried again, which double from 1 s to 5 minutes, are up to this share shorter or longer. AWS publishes no figure;"
        " without any, events throttled together come back together.", title="Jitter of throttled events", unit="share", section="Asynchronous invocation", ge=0, le=1,
        source=ASYNC_UNPUBLISHED, advanced=True)
    invocation_record_bytes: int = parameter(
        500, "What a destination's record adds to the event and the answer. AWS publishes no figure.", title="Envelope of a record", unit="bytes",
        section="Asynchronous invocation", ge=0, le=100_000, source=ASYNC_UNPUBLISHED, advanced=True)
    destination_latency_s: float = parameter(
        0.1, "Time until a destination on failure or a dead-letter queue has what failed for good. AWS publishes no figure.", title="Delivery of failed events", unit="s",
        section="Asynchronous invocation", ge=0.001, le=60, source=ASYNC_UNPUBLISHED, advanced=True)
    response_bytes: int = parameter(
        256, "Size of the answer: of a synchronous invocation, and in the record for a destination.", title="Response size", unit="bytes", section="Work",
        ge=0, le=1_000_000_000, changeable=True)
    response_streaming: bool = parameter(
        False, "The answer is streamed: up to 200 MB instead of 6 MB, of which what exceeds 6 MB goes at 2 MB a second, and the function runs meanwhile.",
        title="Response streaming", section="Work", aws="InvokeMode", source=LIMITS)
    recursive_loop: Literal["Terminate", "Allow"] = parameter(
        "Terminate", "What happens when this function is invoked for the 17th time in one chain of messages that it sent itself, through SQS, SNS, S3 or Lambda.",
        title="Recursive loop", section="Function", aws="RecursiveLoop", source=RECURSION)
    recursion_limit: int = parameter(
        16, "Invocations in one chain. AWS says 'approximately 16'.", title="Recursion limit", unit="times", section="Function", ge=1, le=10_000, source=RECURSION, advanced=True)


class AccountLimits(ParameterSet):
    """What all functions of the account and Region share."""
    concurrent_executions: int = parameter(
        1000, "Concurrent invocations of all functions together. New accounts have less; AWS raises it on request.",
        title="Concurrent executions", unit="count", section="Lambda", ge=10, le=1_000_000, source=LIMITS, changeable=True, capacity=True)
    environments_per_10_s: float = parameter(
        1000, "New environments a function may add in 10 s; unused ones do not accumulate.",
        title="Scaling rate", unit="count", section="Lambda", gt=0, le=1_000_000, source=SCALING, capacity=True)
    environments_at_once: int | None = parameter(
        None, "New environments a function may add at one moment. Empty: as many as in 10 s. The rule before November 2023 was 3,000 at once"
        " (less in some Regions), then 500 a minute.",
        title="Scaling burst", unit="count", section="Lambda", ge=1, le=1_000_000, source=SCALING, advanced=True, capacity=True)


PRESETS = (
    Preset("java_function", "Java function", "A Java function with the memory that Java wants, and cold starts to match.",
           {"runtime": "java21", "memory_mb": 1024, "init_code": {"type": "lognormal", "p50_s": 1.5, "p99_s": 3}, "timeout_s": 15}),
    Preset("java_snap_start", "Java function with SnapStart", "The same, restored from a snapshot instead of initialised.",
           {"runtime": "java21", "memory_mb": 1024, "init_code": {"type": "lognormal", "p50_s": 1.5, "p99_s": 3}, "timeout_s": 15, "snap_start": True}),
    Preset("container_function", "Function from a container image", "A Python function whose image of 500 MB has to be fetched by each new environment.",
           {"package": "image", "package_mb": 500, "memory_mb": 1024, "timeout_s": 15}),
)
