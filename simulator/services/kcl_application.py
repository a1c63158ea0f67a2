"""An application with the Kinesis Client Library: workers that share the shards of a stream by leases.

Each shard is leased to one worker, which reads and processes its records one after the other and writes down how far it came
(a checkpoint). When a worker dies its leases are taken over after the failover time, and everything since the checkpoint
comes again. The lease table in DynamoDB costs nothing here.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.measures import Spread
from simulator.mechanics.distributions import Distribution, Exponential
from simulator.mechanics.mappings.cohort_stream_consumers import CohortLeases, unfit_leases
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters
from simulator.mechanics.streams.shard_reading import ReadingParameters, ShardFeed, Subscription
from simulator.mechanics.streams.sharded_storage import spend_until
from simulator.mechanics.work_calls import CALL_METRICS, CALL_WAITS, CALLS_PORT, check_calls
from simulator.units import format_count, format_duration, format_rate
from simulator.vocabulary import ANY_ACTION, Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network
    from simulator.engine.wire import Wire

GUIDE = "https://docs.aws.amazon.com/streams/latest/dev"
KCL = Source("Kinesis Client Library, configuration classes (2026-07-21)", "https://github.com/awslabs/amazon-kinesis-client", "2026-11")
TASK = Source("Kinesis Client Library, ProcessTask (2026-07-21)", "https://github.com/awslabs/amazon-kinesis-client", "2026-11")
DEVELOPER_GUIDE = Source("Kinesis Data Streams Developer Guide, using the Kinesis Client Library (2022-08-31)", f"{GUIDE}/shared-throughput-kcl-consumers.html", "2026-11")


class ApplicationParameters(ParameterSet):
    """The application and its workers."""

    workers: int = parameter(
        2, "Instances of the application, for example Fargate tasks. A shard is leased to one of them: workers beyond the number of shards are idle.", title="Workers", unit="count",
        section="Work", ge=1, le=10_000, changeable=True, capacity=True)
    duration: Distribution = parameter(
        lambda: Exponential(mean_s=0.01), "Time for one message. The messages of a shard are processed one after the other.", title="Duration", unit="s", section="Work", widget="distribution",
        changeable=True)
    shards_at_once: int | None = parameter(
        None, "Shards that a worker can work on at the same time: its processors. Empty: a thread for each lease, none slowed by the others.", title="Shards at once", unit="count",
        section="Work", ge=1, le=10_000, changeable=True, capacity=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message throws, beside what the message's type adds.", title="Failure probability", unit="share", section="Work", ge=0, le=1, changeable=True)
    on_exception: Literal["skip", "retry"] = parameter(
        "skip", "skip: an exception in processRecords is logged, and the rest of that batch is skipped, as the library does. retry: the application catches it and tries the message again, which"
        " blocks the shard.", title="On an exception", section="Work", source=TASK, changeable=True)
    retry_pause_s: float = parameter(1.0, "Pause before an application that catches exceptions tries again.", title="Retry pause", unit="s", section="Work", ge=0.001, le=3600)
    checkpoint_interval_s: float = parameter(
        0, "How often a worker writes down how far it came; 0 does it after each batch. What came since comes again when the worker is lost.", title="Checkpoint interval", unit="s",
        section="Leases", ge=0, le=86400, source=DEVELOPER_GUIDE, changeable=True)
    failover_time_s: float = parameter(
        10, "A lease that a worker has not renewed for so long is taken by another.", title="Failover time", unit="s", section="Leases", aws="failoverTimeMillis", ge=0.1, le=3600, source=KCL)
    graceful_lease_handoff_timeout_s: float = parameter(
        30, "In a planned move the old worker may finish its batch, for so long at most.", title="Graceful handoff", unit="s", section="Leases", aws="gracefulLeaseHandoffTimeoutMillis",
        ge=0, le=3600, source=KCL)


class KclReadingParameters(ReadingParameters):
    """How a KCL application reads."""

    idle_time_between_reads_s: float = parameter(
        1.5, "Pause between two GetRecords calls for a shard. The library's configuration says 1.5 s, its guide 1 s; the least is 0.2 s.", title="Idle time between reads", unit="s",
        section="Reading", aws="idleTimeBetweenReadsInMillis", ge=0.2, le=3600, source=KCL)
    max_records: int = parameter(
        10_000, "Records in one GetRecords call, and in one call of processRecords, at most.", title="Records a batch", unit="count", section="Reading", aws="maxRecords", ge=1, le=10_000, source=KCL)

    def polls_per_s(self) -> float:
        return 1.0 / self.idle_time_between_reads_s


class WorkersParameters(ParameterSet):
    """How many workers."""

    workers: int = parameter(1, "Workers that die.", title="Workers", unit="count", ge=1, le=10_000)


class Instance:
    """One worker: the leases it holds, and how many of them it works on now."""

    __slots__ = ("alive", "busy", "leases", "number", "waiting")

    def __init__(self, number: int) -> None:
        self.number = number
        self.alive = True
        self.busy = 0
        self.leases: list[Lease] = []
        self.waiting: deque[Lease] = deque()


class Lease:
    """One shard, whoever has it: what was read of it, and what is being worked on."""

    def __init__(self, application: Application, subscription: Subscription, feed: ShardFeed) -> None:
        self.application = application
        self.subscription = subscription
        self.feed = feed
        self.holder: Instance | None = None
        self.read: deque[Message] = deque()
        self.working = False
        self.moving_to: Instance | None = None
        self.generation = 0
        self.batch_end = 0
        self.checkpointed_s = 0.0
        self.since_s = 0.0

    def room(self) -> int:
        return int(self.subscription.settings.max_records) - len(self.read)

    def take(self, tokens: list[Message]) -> None:
        self.read.extend(tokens)
        self.application.work_on(self)


class Application(Processor):
    """A KCL application."""

    kind = "kcl_application"
    title = "KCL application"
    short_title = "KCL application"
    neutral_title = "Stream application"
    group = "Compute"
    icon = "architecture-service/AWSFargate"
    summary = "Workers, for example on Fargate, that share the shards of a stream by leases and process each shard in order."
    documentation_url = f"{GUIDE}/kcl.html"
    Parameters = ApplicationParameters
    ports = (
        Port("stream", "Stream", Direction.IN, Verb.POLL, frozenset({"kinesis:GetRecords", "kinesis:SubscribeToShard"}), "The stream whose shards the workers share.", max_wires=1,
             wire_title="Reading", wire_parameters=KclReadingParameters),
        CALLS_PORT,
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the application publishes for each message it has processed.", wire_title="Published messages",
             wire_parameters=PublishParameters),
    )
    metrics = (
        Metric("RecordsProcessed", "Processed", "messages", "sum", "Messages processed, a repetition too.", "processed", DEVELOPER_GUIDE, True, "rates"),
        Metric("DuplicatesProcessed", "Duplicates", "messages", "sum", "Messages processed although they had been before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
        Metric("MillisBehindLatest", "Behind latest", "s", "gauge", "How long ago the oldest message was written that is not processed, of the shard furthest behind. The library looks at what it has read, which may be a batch ahead. Shown in seconds.", "behind_s", DEVELOPER_GUIDE, True, "age"),
        Metric("Exceptions", "Exceptions", "count", "sum", "Exceptions in processRecords. The library logs them. CloudWatch has no such metric.", "exceptions", None, True, "trouble"),
        Metric("RecordsSkipped", "Skipped", "messages", "sum", "Messages of batches that were skipped after an exception: nobody processes them. CloudWatch has no such metric.", "skipped", None, True, "trouble"),
        Metric("LeasesHeld", "Leases", "count", "gauge", "Shards that a worker has leased. CurrentLeases of the library.", "leases_held", DEVELOPER_GUIDE, False, "leases"),
        Metric("LostLeases", "Leases lost", "count", "sum", "Leases of workers that died.", "lost_leases", DEVELOPER_GUIDE, False, "leases"),
        Metric("LeasesMoved", "Leases moved", "count", "sum", "Leases that went to another worker: taken over, or handed over as planned. CloudWatch has no such metric.", "moved_leases", None, False, "leases"),
        Metric("WorkersIdle", "Idle workers", "count", "gauge", "Workers that live and hold no lease. CloudWatch has no such metric.", "idle_workers", None, False, "leases"),
        Metric("BusyShards", "Busy shards", "count", "gauge", "Shards on which a worker works now. CloudWatch has no such metric.", "busy", None, True, "concurrency"),
        *CALL_METRICS,
        Metric("ProcessingTime", "Duration", "s", "spread", "Time for one message. CloudWatch has no such metric.", "durations", None, False, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "Processing", **CALL_WAITS}
    overlay = Overlay(
        "BusyShards", (Figure("RecordsProcessed"), Figure("MillisBehindLatest", "behind"), Figure("Exceptions", "exceptions", quiet=True)),
        picture=Picture("slots", (Fill("BusyShards"),), among="LeasesHeld"),
    )
    faults = (
        *Processor.processing_faults,
        Fault("workers_die", "Workers die", "Workers vanish with what they had in their hands. When cleared, new ones come and take their share of the leases.", WorkersParameters, sort="loss"),
    )
    when_lost: ClassVar[Mapping[str, Mapping[str, Any]]] = {"workers_die": {"workers": 10_000}}
    fidelity = Fidelity(
        modelled=(
            "One lease for each shard, shared out evenly among the workers; workers beyond the shards are idle.",
            "The messages of a shard are processed in order, one after the other; checkpoints after each batch, or at an interval.",
            "A worker that dies: its leases are free after the failover time, and whoever takes them begins at the checkpoint, so that messages are processed twice.",
            "When the number of workers changes, leases move one by one: the old worker finishes its batch and checkpoints, within the handoff timeout.",
            "An exception in processRecords: the rest of the batch is skipped, or the application catches it and tries again.",
            "Children of a split or merged shard are read after their parents.",
            "Calls of tables, databases, APIs and functions for each message, one after another or at once, with timeouts, retries, back-off and circuit breaker; the shard waits meanwhile.",
        ),
        approximated=(
            "Calls are made when the duration, which is the worker's own work, has passed: a program that calls earlier ends at the same time.",
            "A checkpoint takes no time: it is one write to a table beside the work on a batch. Reads go on while a batch is processed, up to one batch ahead.",
            "Workers that share leases anew do so at once; the library looks at leases every few seconds, at moments that are anything to the loss.",
        ),
        ignored=("The lease table in DynamoDB, its cost and its throttling: a few writes a second for each worker. The price of the workers depends on where they run.", "Load-based assignment of leases of KCL 3, which looks at processors that are not simulated."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A stream and four workers",
        "nodes": [
            {"id": "meters", "kind": "traffic", "name": "Meters", "parameters": {"load": {"shape": "constant", "rate_per_s": 80}, "message_types": [
                {"name": "reading", "size_bytes": 300, "key": {"keys": "uniform", "number": 500}}]}},
            {"id": "stream", "kind": "kinesis", "name": "readings", "parameters": {"shard_count": 4}},
            {"id": "application", "kind": "kcl_application", "name": "Billing", "parameters": {"workers": 4}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "meters", "port": "out"}, "to": {"node": "stream", "port": "in"}},
            {"id": "w2", "from": {"node": "stream", "port": "out"}, "to": {"node": "application", "port": "stream"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.exceptions = self.skipped = self.lost_leases = self.moved_leases = 0
        self.durations = Spread()
        self.busy = self.limit("busy", "Shards worked on", None, "shards_at_once")
        self.instances = [Instance(number) for number in range(self.parameters.workers)]
        self.leases: list[Lease] = []
        self.subscription: Subscription | None = None
        self._cohorts: CohortLeases | None = None
        self._phases = self.stream("poll phases")
        self.working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)

    def start(self) -> None:
        super().start()
        self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        for wire in self.wires_in["stream"]:
            stream: Any = wire.source
            if stream.takes_cohorts:
                self._cohorts = CohortLeases(self, wire)
                continue
            self.subscription = stream.subscribe(wire, self)
            causes = (
                (stream.cause("batch_wait", f"Read, until {self.name} comes to it", Culprit(self.id, "duration"))),
                (stream.cause("batch_retry", f"Behind a message that {self.name} tries again", Culprit(self.id, "on_exception"))),
            )
            self._behind, self._blocked = causes
            assert self.subscription is not None  # noqa: S101 - narrows the type
            self.subscription.begin()
        self._note_limit()

    def _note_limit(self) -> None:
        at_once = self.parameters.shards_at_once
        alive = sum(instance.alive for instance in self.instances)
        self.busy.change_limit(None if at_once is None else at_once * alive, self.agenda._now)

    # -- leases -----------------------------------------------------------------------------------------------------

    def open_shard(self, feed: ShardFeed) -> None:
        """A shard can be read: a new lease, for the worker that has the fewest."""
        assert self.subscription is not None  # noqa: S101 - narrows the type
        for done in [lease for lease in self.leases if lease.feed.exhausted() and not lease.working]:
            self._release(done)  # a parent that was read to its end
            self.leases.remove(done)
        lease = Lease(self, self.subscription, feed)
        self.leases.append(lease)
        self._assign(lease)

    def _least(self) -> Instance | None:
        alive = [instance for instance in self.instances if instance.alive]
        return min(alive, key=lambda instance: (len(instance.leases), instance.number)) if alive else None

    def _assign(self, lease: Lease) -> None:
        instance = self._least()
        if instance is None:
            return
        lease.holder = instance
        instance.leases.append(lease)
        lease.checkpointed_s = self.agenda._now
        settings = lease.subscription.settings
        lease.feed.start(lease, settings.idle_time_between_reads_s, settings.max_records, self._phases.uniform() * settings.idle_time_between_reads_s)

    def _release(self, lease: Lease) -> None:
        """Nobody holds the lease any more; what was in the holder's hands is void."""
        lease.feed.stop()
        lease.generation += 1
        lease.read.clear()
        holder = lease.holder
        if holder is not None:
            holder.leases.remove(lease)
            if lease in holder.waiting:
                holder.waiting.remove(lease)
            if lease.working:
                self._stop_working(lease, holder)
        lease.holder = lease.moving_to = None

    def _stop_working(self, lease: Lease, holder: Instance) -> None:
        lease.working = False
        holder.busy -= 1
        self.busy.add(-1, self.agenda._now)
        if holder.waiting and holder.alive:
            self.work_on(holder.waiting.popleft())

    def _take_over(self, lease: Lease) -> None:
        """The lease of a lost worker is free: another begins at the checkpoint."""
        if lease.holder is None and lease in self.leases:
            lease.feed.rewind()
            self.moved_leases += 1
            self._assign(lease)
            self._balance()

    def _balance(self) -> None:
        """Hand leases over, one by one, until no worker has two more than another."""
        alive = [instance for instance in self.instances if instance.alive]
        if not alive:
            return
        counts = {instance.number: sum(lease.moving_to is None for lease in instance.leases) for instance in alive}
        for lease in self.leases:
            if lease.moving_to is not None:
                counts[lease.moving_to.number] = counts.get(lease.moving_to.number, 0) + 1
        while True:
            most = max(alive, key=lambda instance: (counts[instance.number], -instance.number))
            least = min(alive, key=lambda instance: (counts[instance.number], instance.number))
            if counts[most.number] - counts[least.number] < 2:
                return
            lease = next(lease for lease in most.leases if lease.moving_to is None)
            counts[most.number] -= 1
            counts[least.number] += 1
            self._hand_over(lease, least)

    def _hand_over(self, lease: Lease, target: Instance) -> None:
        lease.moving_to = target
        if not lease.working:
            self._move(lease)
        else:
            self.agenda.at(self.agenda._now + self.parameters.graceful_lease_handoff_timeout_s, self._handoff_over, (lease, lease.generation))

    def _handoff_over(self, waited: tuple[Lease, int]) -> None:
        lease, generation = waited
        if lease.generation == generation and lease.moving_to is not None:
            self._move(lease)

    def _move(self, lease: Lease) -> None:
        """A planned move: the new worker begins where the old one checkpoints."""
        target = lease.moving_to
        if not lease.working:
            self._checkpoint(lease)
        self._release(lease)
        lease.feed.rewind()
        self.moved_leases += 1
        if target is None or not target.alive:
            self._assign(lease)
            return
        lease.holder = target
        target.leases.append(lease)
        settings = lease.subscription.settings
        lease.feed.start(lease, settings.idle_time_between_reads_s, settings.max_records)

    # -- processing -------------------------------------------------------------------------------------------------

    def work_on(self, lease: Lease) -> None:
        """Begin with the next message of a shard, if its worker has a processor free."""
        holder = lease.holder
        if lease.working or not lease.read or holder is None:
            return
        at_once = self.parameters.shards_at_once
        if at_once is not None and holder.busy >= at_once:
            if lease not in holder.waiting:
                holder.waiting.append(lease)
            return
        holder.busy += 1
        self.busy.add(1, self.agenda._now)
        lease.working = True
        lease.batch_end = lease.read[-1].position + 1
        self._next(lease)

    def _next(self, lease: Lease) -> None:
        now_s = self.agenda._now
        message = lease.read[0]
        spend_until((message,), self._behind, now_s)
        duration_s = self._draw_s() * self.slow_factor
        lease.since_s = now_s
        self.agenda.at(now_s + duration_s, self._done if self.calls is None else self._call_others, (lease, lease.generation))

    def _call_others(self, worked: tuple[Lease, int]) -> None:
        """The worker's own work on a message is done; the shard waits for what it calls."""
        lease, generation = worked
        if lease.generation == generation and self.calls is not None:
            message = lease.read[0]
            spend(message, self.working, lease.since_s, self.agenda._now)
            self.calls.begin((message,), partial(self._called, worked))

    def _called(self, worked: tuple[Lease, int], failed: Sequence[Message], _: bool) -> None:
        if worked[0].generation == worked[1]:
            self.note_failed_calls(failed)
            self._done(worked)

    def _done(self, worked: tuple[Lease, int]) -> None:
        lease, generation = worked
        if lease.generation != generation:
            return
        now_s = self.agenda._now
        message = lease.read[0]
        self.durations.add(now_s - lease.since_s)
        if now_s > lease.since_s and self.calls is None:
            spend(message, self.working, lease.since_s, now_s)
        if self.failing(message) or not self.publish(message):
            self.exceptions += 1
            self._thrown(lease)
            return
        lease.read.popleft()
        self.take_over(lease.subscription.wire, (message,))
        if not lease.read or lease.read[0].position > message.position:
            lease.feed.reader.note_worked_to(message.position + 1)
        self._go_on(lease)

    def _thrown(self, lease: Lease) -> None:
        stream: Any = lease.subscription.stream
        if self.parameters.on_exception == "retry":
            lease.feed.bind(self._blocked, held_up=True)
            self.agenda.at(self.agenda._now + self.parameters.retry_pause_s, self._again, (lease, lease.generation))
            return
        batch = []
        while lease.read and lease.read[0].position < lease.batch_end:
            batch.append(lease.read.popleft())
        self.skipped += sum(message.count for message in batch)
        stream.give_up(lease.subscription, batch, "skipped_batch", f"Skipped by {self.name} after an exception")
        self._go_on(lease)

    def _again(self, worked: tuple[Lease, int]) -> None:
        lease, generation = worked
        if lease.generation != generation:
            return
        stream: Any = lease.subscription.stream
        spend_until((lease.read[0],), self._blocked, self.agenda._now)
        kept = stream.drop_expired(lease.subscription, list(lease.read))
        if len(kept) < len(lease.read):
            lease.read = deque(kept)
            self._go_on(lease)
        else:
            self._next(lease)

    def _go_on(self, lease: Lease) -> None:
        """The next message of the batch; or the end of the batch: checkpoint, and let others have the processor."""
        holder = lease.holder
        if lease.read and lease.read[0].position < lease.batch_end:
            self._next(lease)
            return
        now_s = self.agenda._now
        if now_s >= lease.checkpointed_s + self.parameters.checkpoint_interval_s or (lease.feed.reader.unread == 0 and not lease.feed.shard.is_open):
            self._checkpoint(lease)
        if holder is not None:
            self._stop_working(lease, holder)
        if lease.moving_to is not None:
            self._move(lease)
            return
        lease.subscription.settled(lease.feed)
        if lease.feed.held_up:
            lease.feed.released()
        lease.feed.resume()
        self.work_on(lease)

    def _checkpoint(self, lease: Lease) -> None:
        reader = lease.feed.reader
        reader.commit(min(reader.out, key=lambda token: token.position).position if reader.out else reader.position)
        lease.checkpointed_s = self.agenda._now

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def fault_workers_die(self, value: WorkersParameters | None) -> None:
        """Workers die; when cleared (None), new ones come in their place."""
        if value is None:
            for instance in self.instances:
                instance.alive = True
            if self._cohorts is not None:
                self._cohorts.free_s[np.isinf(self._cohorts.free_s)] = self.agenda.now
            for lease in self.leases:
                if lease.holder is None:
                    self.agenda.at(self.agenda._now, self._take_over, lease)
            self._balance()
        else:
            for instance in [instance for instance in self.instances if instance.alive][: value.workers]:
                self._lose_worker(instance)
        self._note_limit()

    def _lose_worker(self, instance: Instance) -> None:
        instance.alive = False
        if self._cohorts is not None:
            shards = np.arange(instance.number, len(self._cohorts.reader.done), len(self.instances))
            self.lost_leases += len(shards)
            alive = any(other.alive for other in self.instances)
            self.moved_leases += len(shards) if alive else 0
            self._cohorts.lose(shards, self.agenda.now + self.parameters.failover_time_s if alive else math.inf)
        for lease in list(instance.leases):
            self.lost_leases += 1
            self._release(lease)
            self.agenda.at(self.agenda._now + self.parameters.failover_time_s, self._take_over, lease)

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
            if self._cohorts is not None:
                self._cohorts.duration_changed()
        if name == "workers":
            self._scale()
        if name == "shards_at_once":
            self._note_limit()
            for lease in self.leases:
                self.work_on(lease)

    def _scale(self) -> None:
        """Workers come, or leave in an orderly way."""
        while len(self.instances) < self.parameters.workers:
            self.instances.append(Instance(len(self.instances)))
        leaving = self.instances[self.parameters.workers :]
        for instance in leaving:
            instance.alive = False
        del self.instances[self.parameters.workers :]
        for instance in leaving:
            for lease in list(instance.leases):
                target = self._least()
                if target is not None:
                    self._hand_over(lease, target)
        self._balance()
        self._note_limit()

    def wire_changed(self, wire: Wire) -> None:
        if self._cohorts is not None:
            self._cohorts.reader.interval_s = 0.0 if self._cohorts.reader.pushed else wire.parameters.idle_time_between_reads_s
        for lease in self.leases:
            lease.feed.interval_s = lease.subscription.settings.idle_time_between_reads_s

    # -- what it shows ----------------------------------------------------------------------------------------------

    def behind_s(self) -> float:
        """How long ago the oldest message was written that is not processed, of the shard furthest behind."""
        now_s = self.agenda._now
        if self._cohorts is not None:
            return self._cohorts.reader.oldest_s()
        ages = (now_s - lease.read[0].sent_s if lease.read else lease.feed.reader.waiting_s(now_s) for lease in self.leases)
        return max(ages, default=0.0)

    def leases_held(self) -> int:
        """Shards that a worker has leased."""
        if self._cohorts is not None:
            return self._cohorts.held()
        return sum(lease.holder is not None for lease in self.leases)

    def idle_workers(self) -> int:
        """Workers that live and hold no lease."""
        if self._cohorts is not None:
            return max(0, sum(instance.alive for instance in self.instances) - self.leases_held())
        return sum(instance.alive and not instance.leases for instance in self.instances)

    def trouble(self) -> tuple[int, int]:
        return self.exceptions, 0

    def pulls_singles(self, wire: Wire) -> str | None:
        return unfit_leases(self, wire)

    def batch_service_s(self) -> float:
        return float(self.parameters.duration.expected_s())

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        yield from check_calls(placed)
        for link in placed.into("stream"):
            shards = getattr(link.other.parameters, "shard_count", None)
            if shards is not None and values.workers > shards:
                yield Finding("idle-workers", "note", f"'{placed.name}' has {format_count(values.workers)} workers for {format_count(shards)} shards: {format_count(values.workers - shards)} have nothing to do",
                              "Use as many workers as shards at most", node=placed.id, parameter="workers", related=(link.other.id,))

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["RecordsSkipped"] > 0:
            return f"{format_rate(rates['RecordsSkipped'])} are skipped after exceptions: nobody processes them.", Culprit(self.id, "on_exception")
        orphans = sum(lease.holder is None for lease in self.leases) if self._cohorts is None else int((self._cohorts.free_s > self.agenda.now).sum())
        if orphans:
            return f"{format_count(orphans)} shards have no worker; their leases are taken over after {format_duration(self.parameters.failover_time_s)}.", Culprit(self.id, "failover_time_s")
        if rates["Exceptions"] > 0:
            return f"{format_rate(rates['Exceptions'])} exceptions block shards.", Culprit(self.id, "failure_probability")
        return None
