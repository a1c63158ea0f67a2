"""What a user sets on an ECS service and its tasks, and on the account that services share."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.distributions import Constant, Distribution, Lognormal
from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
API = Source("Amazon ECS API Reference, service model of botocore 1.43.11", "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html", "2026")
THROTTLING = Source("Amazon ECS Developer Guide, AWS Fargate throttling quotas", f"{GUIDE}/throttling.html", "2026-11")
SERVICE_RATE = Source("A third-party fact sheet quoting AWS: 500 tasks a minute for each service; its copies disagree whether that can be raised", f"{GUIDE}/service-quotas.html", "2026", "T")
VCPU = Source("A third-party fact sheet quoting AWS: 6 virtual CPUs at first, raised automatically", f"{GUIDE}/service-quotas.html", "2026", "T")
SIZES = Source("From memory: the pairs of CPU and memory", f"{GUIDE}/task-cpu-memory-error.html", "2026-11", "M")
MEASURED = Source("elasticscale.com, start of ten tasks with an image of 413 MB: 53 to 62 s (April 2024)", "https://elasticscale.com/", "2024-04", "T")
START = Source("From memory: a fixed 15 to 25 s, and the image at some rate; fits what elasticscale.com measured", "https://elasticscale.com/", "2024-04", "M")
RETRIES = Source("Amazon ECS Developer Guide, service throttle logic (2022-23)", f"{GUIDE}/service-throttle-logic.html", "2023")
SCALING = Source("From memory: target tracking reacts to one-minute metrics after 1 to 3 minutes", f"{GUIDE}/service-auto-scaling.html", "2026-11", "M")
ASSUMED = Source("An assumption about your application, to change", f"{GUIDE}/Welcome.html", "2026-11", "M")
METRICS = Source("Amazon ECS Developer Guide, CloudWatch metrics (2022-23)", f"{GUIDE}/cloudwatch-metrics.html", "2023")
INSIGHTS = Source("From memory: Container Insights", f"{GUIDE}/cloudwatch-container-insights.html", "2026-11", "M")
PRICES = Source("AWS price list, us-east-1, snapshot of August 2026", "https://aws.amazon.com/fargate/pricing/", "2026-08")
ARM_PRICES = Source("AWS Fargate pricing, us-east-1, as a third-party fact sheet quotes it", "https://aws.amazon.com/fargate/pricing/", "2026", "T")

MEMORY_GB = {"256": (0.5, 2), "512": (1, 4), "1024": (2, 8), "2048": (4, 16), "4096": (8, 30), "8192": (16, 60), "16384": (32, 120)}
"""Memory that goes with so many CPU units, from and to (source: SIZES)."""


class FargateParameters(ParameterSet):
    """The service, its tasks, and what they do."""

    desired_count: int = parameter(
        4, "Tasks that the service keeps, or begins with if it scales.", title="Desired count", unit="count", section="Service", aws="desiredCount", ge=0, le=5000, source=API, changeable=True, capacity=True)
    concurrency: int = parameter(
        4, "Requests or batches that a task works on at once.", title="Work at once in a task", unit="count", section="Work", ge=1, le=10_000, source=ASSUMED)
    duration: Distribution = parameter(
        lambda: Lognormal(p50_s=0.2, p99_s=1.0), "Time for one message or request, on a task of this size.", title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message fails, beside what the message's type adds.", title="Failure probability", unit="share", section="Work", ge=0, le=1, changeable=True)
    cpu_when_busy: float = parameter(
        0.9, "CPU utilisation of a task that works on as much at once as it can.", title="CPU when busy", unit="share", section="Work", ge=0, le=1, source=ASSUMED)
    waiting_requests: int = parameter(
        1000, "Requests that may wait for a task that has room; more are answered 503.", title="Waiting requests", unit="requests", section="Work", ge=0, le=10_000_000, source=ASSUMED, capacity=True)
    cpu_units: Literal["256", "512", "1024", "2048", "4096", "8192", "16384"] = parameter(
        "1024", "CPU units of a task, of which 1,024 are one virtual CPU: they set its price.", title="CPU units", section="Task", aws="cpu", source=API)
    memory_gb: float = parameter(2, "Memory of a task: it sets its price. AWS offers certain amounts for each number of CPU units.", title="Memory (GB)", section="Task", aws="memory", ge=0.5, le=120, source=SIZES)
    architecture: Literal["x86_64", "arm64"] = parameter("x86_64", "Processor architecture; sets the price.", title="Architecture", section="Task", aws="runtimePlatform.cpuArchitecture", source=API)
    image_mb: float = parameter(200, "Size of the image that each task pulls before it runs.", title="Image size", unit="MB", section="Task", ge=0, le=100_000, source=MEASURED)
    start_s: float = parameter(
        20, "Time from the launch of a task to the pull of its image: the machine and its network interface.", title="Time to the pull", unit="s", section="Task", ge=0, le=3600, source=START, advanced=True)
    start_spread_s: float = parameter(5, "By so much that time is longer or shorter, evenly; it is never below 0.", title="Spread of it", unit="s", section="Task", ge=0, le=3600, source=START, advanced=True)
    pull_bytes_per_s: float = parameter(
        11_000_000, "How fast an image is pulled and started, in bytes a second.", title="Pull rate", unit="per_s", section="Task", gt=0, le=100_000_000_000, source=START, advanced=True)
    stop_timeout_s: float = parameter(
        30, "A task that is to stop has so long to finish its work before it is killed.", title="Stop timeout", unit="s", section="Task", aws="stopTimeout", ge=0, le=120, source=API)
    spot: bool = parameter(False, "Spot capacity: cheaper, and interrupted with a warning of two minutes (a fault to inject).", title="Spot", section="Task", aws="capacityProviderStrategy", source=API)
    spot_discount: float = parameter(0.7, "How much less Spot costs: up to 70 %.", title="Spot discount", unit="share", section="Task", ge=0, le=0.99, source=ARM_PRICES, advanced=True)
    service_launches_per_min: float = parameter(
        500, "Tasks that one service may start each minute.", title="Launches of the service", unit="per_min", section="Service", gt=0, le=1_000_000, source=SERVICE_RATE, advanced=True, capacity=True)
    scales_by: Literal["nothing", "cpu", "backlog"] = parameter(
        "nothing", "What target tracking follows: CPU utilisation, or the messages that wait in the queues for each running task.", title="Scales by", section="Scaling", source=SCALING)
    minimum_tasks: int = parameter(1, "Tasks at least, if it scales.", title="Minimum tasks", unit="count", section="Scaling", aws="MinCapacity", ge=0, le=5000, source=SCALING, capacity=True)
    maximum_tasks: int = parameter(20, "Tasks at most, if it scales.", title="Maximum tasks", unit="count", section="Scaling", aws="MaxCapacity", ge=1, le=5000, source=SCALING, capacity=True)
    target_cpu: float = parameter(0.6, "CPU utilisation that scaling aims at.", title="Target CPU", unit="share", section="Scaling", aws="TargetValue", gt=0, le=1, source=ASSUMED)
    target_backlog: float = parameter(
        50, "Messages waiting for each running task that scaling aims at: the latency you accept, divided by the time for a message.", title="Target backlog of a task",
        unit="messages", section="Scaling", aws="TargetValue", gt=0, le=1e9, source=ASSUMED)
    scales_out_after_s: float = parameter(180, "So long above the target before tasks are added, in whole minutes.", title="Scales out after", unit="s", section="Scaling", ge=60, le=86400, source=SCALING, advanced=True)
    scales_in_after_s: float = parameter(900, "So long well below the target before tasks are taken away, in whole minutes.", title="Scales in after", unit="s", section="Scaling", ge=60, le=86400, source=SCALING, advanced=True)


class AccountTasks(ParameterSet):
    """What all services of the account and Region share."""

    launches_per_s: float = parameter(20, "Tasks launched each second, in the long run.", title="Task launch rate", unit="per_s", section="Fargate", gt=0, le=100_000, source=THROTTLING, capacity=True)
    launch_burst: float = parameter(100, "Tasks launched at once.", title="Task launch burst", unit="count", section="Fargate", ge=1, le=100_000, source=THROTTLING, capacity=True)
    run_task_per_s: float = parameter(20, "Calls of RunTask each second, and at once.", title="RunTask rate", unit="per_s", section="Fargate", ge=1, le=100_000, source=THROTTLING, capacity=True)
    vcpu_quota: float | None = parameter(
        None, "Virtual CPUs of all tasks together. New accounts have 6, raised automatically with use. Empty: as many as are asked for.", title="vCPU quota", section="Fargate", ge=0.25, le=1_000_000, source=VCPU, capacity=True)


class PullParameters(ParameterSet):
    """How tasks pull from a queue."""

    max_number_of_messages: int = parameter(
        1, "Messages a receive returns, at most; they are worked on one after the other.", title="Messages a receive", unit="messages", section="Receiving",
        aws="MaxNumberOfMessages", ge=1, le=10, source=API, changeable=True)
    wait_time_s: int = parameter(20, "How long a receive waits for a message (long polling).", title="Wait time", unit="s", section="Receiving", aws="WaitTimeSeconds", ge=1, le=20, source=API)
    request_latency: Distribution = parameter(
        lambda: Constant(value_s=0.02), "Round trip of a receive.", title="Request latency", unit="s", section="Receiving", widget="distribution", source=ASSUMED, advanced=True)


class InterruptionParameters(ParameterSet):
    """How many tasks are interrupted."""

    share: float = parameter(0.5, "Share of the running tasks that are stopped and replaced.", title="Share of the tasks", unit="share", gt=0, le=1)
