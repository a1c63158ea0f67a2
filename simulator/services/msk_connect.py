"""Amazon MSK Connect sink: a Kafka Connect connector that reads topics and delivers their records to a bucket, a search domain or an endpoint.

Its tasks are one consumer group, spread over workers of so many MCUs. Records are converted, gathered into requests or objects, and delivered;
offsets are committed at an interval, of what was delivered: what is between comes again when a task is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import IN_FLIGHT, Message
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.distributions import Constant, Distribution
from simulator.mechanics.kafka.connect_task import Parcel, SinkTask, Worker
from simulator.mechanics.kafka.consumer_group import GroupSettings
from simulator.mechanics.kafka.kafka_reading import KAFKA, FetchParameters, GroupReading, OffsetReset
from simulator.units import format_count, format_duration, format_rate
from simulator.vocabulary import Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, PartFigure, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/msk/latest/developerguide"
CONNECT = Source("From memory: Amazon MSK Developer Guide, MSK Connect", f"{GUIDE}/msk-connect.html", "2026-11", "M")
WORKER = Source("From memory: Apache Kafka Connect, worker and sink configuration", "https://kafka.apache.org/documentation/#connectconfigs", "2026-11", "M")
PRICES = Source("From memory: MSK Connect, us-east-1", "https://aws.amazon.com/msk/pricing/", "2026-11", "M")
UNPUBLISHED = Source("Not published; an assumption to change", f"{GUIDE}/msk-connect.html", "2026-11", "M")
MINUTE_S = 60.0


class ConnectReadingParameters(FetchParameters):
    """How the tasks of a connector read."""

    topics: tuple[str, ...] = parameter(tuple, "Names of the topics. Empty: the cluster's first.", title="Topics", section="Group", aws="topics", max_length=100, source=WORKER)
    max_poll_records: int = parameter(
        500, "Records that a task takes with one poll().", title="Records a poll", unit="count", section="Fetching", aws="consumer.max.poll.records", ge=1, le=1_000_000, source=KAFKA, changeable=True)
    session_timeout_s: float = parameter(
        45, "A task whose heartbeats stay away for so long is dead for its group, and others take its partitions.", title="Session timeout", unit="s", section="Group", aws="consumer.session.timeout.ms",
        ge=1, le=1800, source=KAFKA)
    max_poll_interval_s: float = parameter(
        300, "A task that does not poll for so long leaves the group.", title="Longest poll interval", unit="s", section="Group", aws="consumer.max.poll.interval.ms", ge=0.1, le=86400, source=KAFKA)
    auto_offset_reset: OffsetReset = parameter(
        "earliest", "Where a new connector begins.", title="Offset reset", section="Group", aws="consumer.auto.offset.reset", source=WORKER)
    has_offsets: bool = parameter(
        False, "The connector has run before: it has committed offsets when the run starts.", title="Offsets at the start", section="Group")


class ConnectorParameters(ParameterSet):
    """The connector and its workers."""

    capacity: Literal["provisioned", "autoscaled"] = parameter(
        "provisioned", "provisioned: so many workers, always. autoscaled: between the least and the most, by their CPU; the number of tasks follows the workers then.", title="Capacity", section="Workers",
        aws="capacity", source=CONNECT)
    worker_count: int = parameter(2, "Workers, if provisioned; at the start, if autoscaled.", title="Workers", unit="count", section="Workers", aws="workerCount", ge=1, le=10, source=CONNECT, capacity=True)
    mcu_count: Literal[1, 2, 4, 8] = parameter(
        1, "MSK Connect units of a worker: 1 vCPU and 4 GiB each.", title="MCUs a worker", section="Workers", aws="mcuCount", source=CONNECT)
    minimum_workers: int = parameter(1, "Autoscaled: workers at least.", title="Minimum workers", unit="count", section="Autoscaling", aws="minWorkerCount", ge=1, le=10, source=CONNECT)
    maximum_workers: int = parameter(4, "Autoscaled: workers at most.", title="Maximum workers", unit="count", section="Autoscaling", aws="maxWorkerCount", ge=1, le=10, source=CONNECT)
    scale_out_cpu: float = parameter(0.8, "Autoscaled: above this share of the processors a worker is added.", title="Scale out above", unit="share", section="Autoscaling",
                                     aws="scaleOutPolicy.cpuUtilizationPercentage", gt=0, le=1, source=CONNECT)
    scale_in_cpu: float = parameter(0.2, "Autoscaled: below this share one is removed.", title="Scale in below", unit="share", section="Autoscaling", aws="scaleInPolicy.cpuUtilizationPercentage", ge=0, le=1,
                                    source=CONNECT)
    scaling_s: float = parameter(
        300, "Autoscaled: from a decision until the worker is there or gone; no other decision meanwhile.", title="Scaling takes", unit="s", section="Autoscaling", ge=1, le=3600, source=UNPUBLISHED, advanced=True)
    tasks_max: int = parameter(
        2, "Tasks, each a thread with a share of the partitions; those beyond the partitions are idle. Autoscaled connectors have one for each MCU instead.", title="Tasks", unit="count", section="Tasks",
        aws="tasks.max", ge=1, le=1000, source=WORKER, capacity=True)
    scheduled_rebalance_max_delay_s: float = parameter(
        300, "Tasks of a worker that is lost wait so long for its return before others run them. Their partitions go to the other tasks when their sessions end.", title="Rebalance delay", unit="s",
        section="Tasks", aws="scheduled.rebalance.max.delay.ms", ge=0, le=86400, source=WORKER)
    convert: Distribution = parameter(
        lambda: Constant(value_s=0.0002), "Processor time of one record: to deserialise, convert and transform it.", title="CPU a record", unit="s", section="Delivery", widget="distribution",
        source=UNPUBLISHED, changeable=True)
    request: Distribution = parameter(
        lambda: Constant(value_s=0.05), "Time of one request beside what the sink itself takes; an object in S3 takes this long.", title="Time a request", unit="s", section="Delivery", widget="distribution",
        source=UNPUBLISHED, changeable=True)
    records_per_request: int = parameter(
        100, "Records of one partition that are delivered together, as one request or object (flush.size, batch.size). 1: each by itself.", title="Records a request", unit="count", section="Delivery",
        ge=1, le=1_000_000, source=UNPUBLISHED)
    flush_interval_s: float = parameter(
        10, "What has been gathered for so long is delivered though it is not full (rotate.schedule.interval.ms, linger.ms).", title="Gathered for", unit="s", section="Delivery", ge=0, le=86400,
        source=UNPUBLISHED)
    offset_flush_interval_s: float = parameter(
        60, "How often offsets are committed: what was delivered since comes again when a task is lost.", title="Commits each", unit="s", section="Delivery", aws="offset.flush.interval.ms", ge=0.1,
        le=86400, source=WORKER)
    retry_backoff_s: float = parameter(3, "First pause after a request that may be tried again; it doubles.", title="First pause", unit="s", section="Errors", aws="retry.backoff.ms", ge=0.01, le=3600, source=UNPUBLISHED)
    retry_backoff_max_s: float = parameter(60, "Longest such pause.", title="Longest pause", unit="s", section="Errors", ge=0.01, le=86400, source=UNPUBLISHED)
    retry_timeout_s: float = parameter(
        300, "A request is given up after so long. Connectors differ; some retry for ever.", title="Retries for", unit="s", section="Errors", aws="errors.retry.timeout", ge=0, le=31_536_000, source=UNPUBLISHED)
    errors_tolerance: Literal["none", "all"] = parameter(
        "none", "none: a request that is given up makes its task fail; it does not run again by itself. all: its records go to the dead-letter topic, if there is one, and the task goes on.", title="Tolerance",
        section="Errors", aws="errors.tolerance", source=WORKER)
    restart_failed_s: float | None = parameter(
        None, "A failed task is restarted after so long, by whoever watches it. Empty: never.", title="Restart of failed tasks", unit="s", section="Errors", ge=1, le=86400, source=WORKER)


class WorkersParameters(ParameterSet):
    """How many workers."""

    workers: int = parameter(1, "Workers that are lost.", title="Workers", unit="count", ge=1, le=10)


class MskConnect(Node):
    """A sink connector."""

    kind = "msk_connect"
    title = "MSK Connect sink"
    short_title = "MSK Connect"
    neutral_title = "Topic sink connector"
    group = "Analytics"
    icon = "architecture-service/AmazonManagedStreamingforApacheKafka"
    summary = "Delivers the records of Kafka topics to a bucket, a search domain or an endpoint, without code of your own."
    documentation_url = f"{GUIDE}/msk-connect.html"
    Parameters = ConnectorParameters
    ports = (
        Port("topics", "Topics", Direction.IN, Verb.POLL, frozenset({"kafka-cluster:ReadData"}), "The cluster whose topics the connector reads.", max_wires=1, wire_title="Connector",
             wire_parameters=ConnectReadingParameters, cuttable=True),
        Port("sink", "Sink", Direction.OUT, Verb.SEND, frozenset({"s3:PutObject", "es:ESHttpPost", "sqs:SendMessage", "sns:Publish", "kinesis:PutRecords", "firehose:PutRecord", "lambda:InvokeAsync"}),
             "Where objects or requests go that nobody waits for.", max_wires=1),
        Port("endpoint", "HTTP sink", Direction.OUT, Verb.INVOKE, frozenset({"http:Request", "es:ESHttpPost"}), "Where requests go whose answers the task waits for.", max_wires=1),
        Port("dead_letters", "Dead letters", Direction.OUT, Verb.SEND, frozenset({"kafka-cluster:WriteData", "sqs:SendMessage"}), "The topic (errors.deadletterqueue.topic.name) for records that are given up.",
             role="failure", max_wires=1),
    )
    quotas = (
        Quota("workers", "Workers", 10, "count", "connector", True, CONNECT),
        Quota("mcus", "MCUs of a worker", 8, "count", "worker", False, CONNECT),
    )
    metrics = (
        Metric("SinkRecordReadRate", "Read", "messages", "sum", "Records that tasks have read and converted.", "read", CONNECT, True, "rates"),
        Metric("SinkRecordSendRate", "Delivered", "messages", "sum", "Records that the sink has taken, a repetition too.", "sent", CONNECT, True, "rates"),
        Metric("RequestsDelivered", "Requests", "count", "sum", "Requests or objects that the sink has taken. CloudWatch has no such metric.", "requests_delivered", None, False, "rates"),
        Metric("RequestsFailed", "Requests failed", "count", "sum", "Requests that the sink refused. CloudWatch has no such metric.", "requests_failed", None, True, "trouble"),
        Metric("DuplicatesDelivered", "Duplicates", "messages", "sum", "Records delivered although they had been before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
        Metric("DeadLetters", "Dead letters", "messages", "sum", "Records that went to the dead-letter topic. CloudWatch has no such metric.", "dead_lettered", None, False, "trouble"),
        Metric("SumOffsetLag", "Offset lag", "messages", "gauge", "Records written and not committed by the connector. Nothing while its group rebalances, and before its first commit.", "sum_offset_lag", CONNECT, True, "backlog"),
        Metric("BehindLatest", "Behind latest", "s", "gauge", "How long ago the oldest record was written that is not delivered. CloudWatch has no such metric.", "behind_s", None, True, "age"),
        Metric("CpuUtilization", "CPU", "share", "gauge", "Share of the workers' processors used in the last minute.", "cpu_share", CONNECT, True, "share"),
        Metric("WorkerCount", "Workers", "count", "gauge", "Workers that run.", "workers_alive", CONNECT, True, "workers"),
        Metric("RunningTaskCount", "Running tasks", "count", "gauge", "Tasks that run.", "running_tasks", CONNECT, True, "workers"),
        Metric("ErroredTaskCount", "Failed tasks", "count", "gauge", "Tasks that failed, and do not run.", "failed_tasks", CONNECT, True, "trouble"),
        Metric("RebalanceCompletedTotal", "Rebalances", "count", "sum", "Rebalances of the tasks' consumer group.", "rebalances", CONNECT, False, "workers"),
        Metric("RebalanceTime", "Rebalance time", "s", "spread", "How long rebalances took. RebalanceTimeAvg in CloudWatch.", "rebalance_times", CONNECT, False, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"converting": "Converted", "gathering": "Gathered for a request", "delivering": "Delivered to the sink", "sink_retry": "Before a request is tried again"}
    part_figures = (PartFigure("behind", "Not delivered", "messages", "gauge"), PartFigure("without_task", "Without a task", "count", "gauge"))
    overlay = Overlay("BehindLatest", (Figure("SinkRecordSendRate"), Figure("BehindLatest", "behind"), Figure("ErroredTaskCount", "failed tasks", quiet=True)), picture=Picture("bars", (Fill("behind"), Fill("without_task", "bad"))))
    faults = (Fault("workers_lost", "Workers are lost", "Workers vanish with their tasks. When cleared, they are there again.", WorkersParameters),)
    prices = (Price("mcu_hours", "MCUs", 0.11, "MCU-hour", PRICES),)
    fidelity = Fidelity(
        modelled=(
            "Tasks are one consumer group over the partitions; those beyond the partitions are idle. Each is one thread on its worker, whose MCUs its tasks share.",
            "Records are converted (processor time), gathered by partition up to a size or an age, and delivered one request at a time by each task; offsets of what was delivered are committed at an interval.",
            "Requests that fail are tried again with growing pauses; what is given up fails its task, or goes to a dead-letter topic.",
            "A lost worker: its tasks' partitions go to other tasks after the session timeout, and its tasks to other workers after the rebalance delay; what was not committed is delivered again.",
            "Autoscaling by CPU, with tasks that follow the workers. MCU-hours are billed.",
        ),
        approximated=(
            "All that AWS says of MSK Connect is from memory here: defaults, autoscaling, prices.",
            "A task whose partitions are paused after a failed request keeps its records in memory, as Kafka's framework does; their memory is not limited.",
            "Autoscaled: one task for each MCU; AWS says that it is proportional.",
        ),
        ignored=("Source connectors: what they read lies outside of AWS's messaging.", "Memory of workers: AWS does not publish what a connector gets.", "Exactly-once delivery of connectors that keep offsets in the sink: each sink has a way of its own.", "Restarts of the connector for a change of its configuration: AWS does not say how long they take."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A topic into a bucket",
        "nodes": [
            {"id": "meters", "kind": "traffic", "name": "Meters", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}, "message_types": [
                {"name": "reading", "size_bytes": 400, "key": {"keys": "uniform", "number": 500}}]}},
            {"id": "cluster", "kind": "msk", "name": "readings", "parameters": {}},
            {"id": "connector", "kind": "msk_connect", "name": "archive", "parameters": {}},
            {"id": "bucket", "kind": "s3", "name": "archive", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "meters", "port": "out"}, "to": {"node": "cluster", "port": "in"}},
            {"id": "w2", "from": {"node": "cluster", "port": "out"}, "to": {"node": "connector", "port": "topics"}},
            {"id": "w3", "from": {"node": "connector", "port": "sink"}, "to": {"node": "bucket", "port": "in"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.read = self.sent = self.duplicates = self.requests_delivered = self.requests_failed = self.dead_lettered = 0
        self.cpu_s = 0.0
        self.rebalance_times = Spread()
        self.reading: GroupReading | None = None
        self.tasks: list[SinkTask] = []
        self.workers: list[Worker] = []
        self._mcus = Gauge(0)
        self._cpu_seen: tuple[float, float] = (0.0, 0.0)
        self._cpu_share = 0.0
        self._scaling = False
        self.converting = self.cause("converting", "Converted", Culprit(id, "convert"), capacity=False)
        self.gathering = self.cause("gathering", "Gathered for a request", Culprit(id, "flush_interval_s"), capacity=False)
        self.delivering = self.cause("delivering", "Delivered to the sink", Culprit(id, "request"), capacity=False)
        self.pausing = self.cause("sink_retry", "Before a request is tried again", Culprit(id, "retry_backoff_s"))
        self._convert_s = values.convert.sampler(self.stream("convert"))
        self._request_s = values.request.sampler(self.stream("request"))

    def start(self) -> None:
        values = self.parameters
        for wire in self.wires_in["topics"]:
            settings = wire.parameters
            group = GroupSettings("range", settings.session_timeout_s, 3.0, settings.max_poll_interval_s, 3.0, 2 * settings.network_latency.expected_s())
            self.reading = GroupReading(wire, settings.topics, group, settings.auto_offset_reset, settings.has_offsets, "request")
            self.rebalance_times = self.reading.group.durations
            self._latency_s = settings.network_latency.sampler(self.stream("latency"))
        workers = values.worker_count
        if values.capacity == "autoscaled":
            workers = max(values.minimum_workers, min(values.maximum_workers, workers))
        self._have_workers(workers)
        self.agenda.at(self.agenda.now, self._place_tasks)
        self.agenda.at(self.agenda.now + MINUTE_S, self._each_minute)

    def _have_workers(self, number: int) -> None:
        while len(self.workers) < number:
            self.workers.append(Worker(len(self.workers), self.parameters.mcu_count))
        self._note_mcus()

    def _note_mcus(self) -> None:
        self._mcus.set(sum(worker.mcus for worker in self.workers), self.agenda.now)

    # -- tasks and workers ------------------------------------------------------------------------------------------

    def _wanted_tasks(self) -> int:
        if self.parameters.capacity == "autoscaled":
            return len(self.workers) * int(self.parameters.mcu_count)
        return int(self.parameters.tasks_max)

    def _place_tasks(self, _: None) -> None:
        """Run every task that is to run on the worker that has the fewest, and spread them evenly."""
        reading = self.reading
        if reading is None:
            return
        wanted = self._wanted_tasks()
        while len(self.tasks) < wanted:
            self.tasks.append(SinkTask(self, reading, len(self.tasks), self._latency_s))
        for task in self.tasks[wanted:]:
            task.stop()
        del self.tasks[wanted:]
        alive = [worker for worker in self.workers if worker.alive]
        if not alive:
            return
        for task in self.tasks:
            if task.worker is None and not task.failed:
                task.start(min(alive, key=lambda worker: (len(worker.tasks), worker.number)))
        self._even_out(alive)

    def _even_out(self, alive: Sequence[Worker]) -> None:
        while True:
            most = max(alive, key=lambda worker: (len(worker.tasks), -worker.number))
            least = min(alive, key=lambda worker: (len(worker.tasks), worker.number))
            if len(most.tasks) - len(least.tasks) < 2:
                return
            task = most.tasks[-1]
            task.stop()
            task.start(least)

    def task_failed(self, task: SinkTask) -> None:
        """A task met what it does not tolerate."""
        task.fail()
        self.log("error", f"Task {task.number} of {self.name} failed: a request was given up")
        if self.parameters.restart_failed_s is not None:
            self.agenda.at(self.agenda._now + self.parameters.restart_failed_s, self._restart, task)

    def _restart(self, task: SinkTask) -> None:
        if task in self.tasks and task.failed:
            task.failed = False
            self._place_tasks(None)

    def wire_cut(self, wire: Wire) -> None:
        if self.reading is not None:
            self.reading.wire_cut()
        if not wire.cut:
            for task in self.tasks:
                task.reconnected()

    def fault_workers_lost(self, value: WorkersParameters | None) -> None:
        """Workers are lost; when cleared (None), they are there again, and get their tasks back."""
        if value is None:
            for worker in self.workers:
                worker.alive = True
            self.agenda.at(self.agenda._now, self._place_tasks)
            return
        for worker in [worker for worker in self.workers if worker.alive][: value.workers]:
            worker.alive = False
            for task in list(worker.tasks):
                task.kill()
        self.agenda.at(self.agenda._now + self.parameters.scheduled_rebalance_max_delay_s, self._place_tasks)

    def _each_minute(self, _: None) -> None:
        """Look at the processors; an autoscaled connector gets or loses a worker."""
        now_s = self.agenda._now
        self.agenda.at(now_s + MINUTE_S, self._each_minute)
        since_s, before_s = self._cpu_seen
        mcus = sum(worker.mcus for worker in self.workers if worker.alive)
        self._cpu_share = min(1.0, (self.cpu_s - before_s) / ((now_s - since_s) * mcus)) if mcus else 0.0
        self._cpu_seen = (now_s, self.cpu_s)
        values = self.parameters
        if values.capacity != "autoscaled" or self._scaling:
            return
        wanted = len(self.workers) + (self._cpu_share > values.scale_out_cpu) - (self._cpu_share < values.scale_in_cpu)
        wanted = max(values.minimum_workers, min(values.maximum_workers, wanted))
        if wanted != len(self.workers):
            self._scaling = True
            self.agenda.at(now_s + values.scaling_s, self._scaled, wanted)

    def _scaled(self, wanted: int) -> None:
        self._scaling = False
        for worker in self.workers[wanted:]:
            for task in list(worker.tasks):
                task.stop()
        del self.workers[wanted:]
        self._have_workers(wanted)
        self._note_mcus()
        self._place_tasks(None)

    # -- what its tasks ask for -------------------------------------------------------------------------------------

    def convert_s(self, token: Message) -> float:
        """Draw the processor time of a record."""
        return float(self._convert_s())

    def request_s(self) -> float:
        """Draw the time of a request beside what the sink takes."""
        return float(self._request_s())

    def send(self, parcel: Message, answered: Any) -> None:
        """Hand a request to the sink; ``answered(refusal)`` is called once."""
        if self.wires_out["endpoint"]:
            self.wires_out["endpoint"][0].invoke(parcel, partial(self._answered, answered))
            return
        if not self.wires_out["sink"]:
            answered(None)
            return
        refusal = self.wires_out["sink"][0].send(parcel)
        if refusal is None:
            self.created += parcel.count
        answered(refusal)

    def _answered(self, answered: Any, parcel: Message, refusal: Refusal | None) -> None:
        if refusal is None:
            self.created += parcel.count
        answered(refusal)

    def delivered(self, parcel: Parcel) -> None:
        """The sink has it: its records are done with, unless another task has them by now."""
        reader = parcel.slot.reader
        self.requests_delivered += 1
        for token in parcel.tokens:
            first = not token.worked and token.position >= reader.worked_to
            self.sent += token.count
            self.duplicates += token.count * (not first)
            reader.note_worked_to(token.position + 1)
            if token.place == IN_FLIGHT:
                reader.delete((token,))
                self.entered += token.count
                parcel.slot.reading.wire.settle(token.count, token.count)
                self.finished += token.count
            if first:
                self.network.ended(token, "delivered")

    def repeated(self, parcel: Parcel) -> None:
        """The sink has taken what a task that is gone had sent: it will be delivered again."""
        self.requests_delivered += 1
        for token in parcel.tokens:
            first = token.position >= parcel.slot.reader.worked_to
            self.sent += token.count
            self.duplicates += token.count * (not first)
            parcel.slot.reader.note_worked_to(token.position + 1)
            if first:
                self.network.ended(token, "delivered")

    def give_up(self, parcel: Parcel) -> None:
        """Its records go to the dead-letter topic, or nowhere."""
        wires = self.wires_out["dead_letters"]
        for token in parcel.tokens:
            if wires and token.place == IN_FLIGHT and wires[0].send(token.copy()) is None:
                self.dead_lettered += token.count
                parcel.slot.reader.delete((token,))
                self.entered += token.count
                parcel.slot.reading.wire.settle(token.count, token.count)
            else:
                parcel.slot.reading.give_up((token,), "sink_refused", f"The sink of {self.name} refused it")

    # -- what it shows ----------------------------------------------------------------------------------------------

    def sum_offset_lag(self) -> int | None:
        """Records written and not committed; None when MSK shows none."""
        return self.reading.sum_offset_lag() if self.reading else None

    def behind_s(self) -> float:
        """Age of the oldest record that is not delivered."""
        return self.reading.behind_s() if self.reading else 0.0

    def cpu_share(self) -> float:
        """Share of the processors used in the last minute."""
        return self._cpu_share

    def workers_alive(self) -> int:
        """Workers that run."""
        return sum(worker.alive for worker in self.workers)

    def running_tasks(self) -> int:
        """Tasks that run."""
        return sum(task.running for task in self.tasks)

    def failed_tasks(self) -> int:
        """Tasks that failed."""
        return sum(task.failed for task in self.tasks)

    def rebalances(self) -> int:
        """Rebalances of the group."""
        return self.reading.group.rebalances if self.reading else 0

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        slots = self.reading.slots.values() if self.reading else ()
        return {slot.partition.name: {"behind": slot.reader.holding(), "without_task": slot.owner is None} for slot in slots}

    def trouble(self) -> tuple[int, int]:
        return self.requests_failed + self.lost, 0

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self._mcus.area(self.agenda.now) / 3600

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self.failed_tasks():
            return f"{format_count(self.failed_tasks())} of {format_count(len(self.tasks))} tasks have failed: a request was given up, and nobody restarts them.", Culprit(self.id, "errors_tolerance")
        if rates["RequestsFailed"] > 0:
            return f"{format_rate(rates['RequestsFailed'])} requests fail at the sink.", Culprit(self.id, "retry_timeout_s")
        if self.workers_alive() < len(self.workers):
            return f"A worker is lost; its tasks wait {format_duration(self.parameters.scheduled_rebalance_max_delay_s)} for it.", Culprit(self.id, "scheduled_rebalance_max_delay_s")
        if self._cpu_share > 0.9:
            return "The workers' processors are used up.", Culprit(self.id, "mcu_count")
        if self.behind_s() > 3 * self.parameters.flush_interval_s + 10:
            return "Every task waits for the sink: one request at a time each.", Culprit(self.id, "tasks_max")
        return None

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.minimum_workers > values.maximum_workers:
            yield Finding("workers-bounds", "error", f"'{placed.name}' has more workers at least ({values.minimum_workers}) than at most ({values.maximum_workers})", "Raise the maximum", node=placed.id, parameter="maximum_workers")
        if values.scale_in_cpu >= values.scale_out_cpu:
            yield Finding("scaling-bounds", "error", f"'{placed.name}' removes workers at a CPU at which it adds some", "Scale in below, and out above", node=placed.id, parameter="scale_in_cpu")
        if placed.out_of("sink") and placed.out_of("endpoint"):
            yield Finding("two-sinks", "error", f"'{placed.name}' has two sinks; a connector has one", "Use another connector for the other", node=placed.id)
        if not placed.out_of("sink") and not placed.out_of("endpoint"):
            yield Finding("no-sink", "note", f"'{placed.name}' delivers to nowhere", "Wire its sink", node=placed.id)
        for link in placed.into("topics"):
            topics = {topic.name: topic.partitions for topic in getattr(link.other.parameters, "topics", ())}
            for name in link.parameters.topics:
                if name not in topics:
                    yield Finding("no-such-topic", "error", f"'{link.other.name}' has no topic '{name}'", f"One of {', '.join(topics)}", node=placed.id, wire=link.id, parameter="topics")
            partitions = sum(topics.get(name, 0) for name in link.parameters.topics) or next(iter(topics.values()), 1)
            if values.capacity == "provisioned" and values.tasks_max > partitions:
                yield Finding("idle-tasks", "note", f"'{placed.name}' has {values.tasks_max} tasks for {partitions} partitions: the others are idle", "As many tasks as partitions at most", node=placed.id, parameter="tasks_max", related=(link.other.id,))
        if values.errors_tolerance == "none" and placed.out_of("dead_letters"):
            yield Finding("dead-letters-unused", "warning", f"'{placed.name}' tolerates no errors: its dead-letter topic gets nothing, and its tasks fail", "Set the tolerance to all", node=placed.id, parameter="errors_tolerance")
