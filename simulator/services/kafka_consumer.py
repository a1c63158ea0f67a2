"""A Kafka consumer application: members of one consumer group that share the partitions of topics, and process their records in order.

Each member polls, processes what it got, commits, and polls again. Members that come, go, die or are too slow make the group share
its partitions out anew; what was not committed comes again. There is no dead-letter queue and no retry of a single record
but what the application does itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import IN_FLIGHT, Message
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.distributions import Constant, Distribution, Exponential
from simulator.mechanics.kafka.kafka_member import ConsumerMember
from simulator.mechanics.kafka.kafka_reading import GroupReading, KafkaReadingParameters, PartitionSlot, group_settings
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters, check_published
from simulator.units import all_busy, format_count, format_duration, format_rate
from simulator.vocabulary import ANY_ACTION, Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, PartFigure, Picture, Port, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/msk/latest/developerguide"
KAFKA = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), KafkaConsumer", "https://kafka.apache.org/documentation/#consumerapi", "2026-11")
LAG = Source("Amazon MSK Developer Guide, monitor consumer lags (undated 2025-26 copy)", f"{GUIDE}/consumer-lag.html", "2026-11")


HOT_SHARE, HOT_AFTER_S = 0.8, 5.0
"""A partition with more than this share of what is not processed is named, if the oldest of it has waited so long."""


class RollingRestart(ParameterSet):
    """A deployment: members are stopped and started again, one after the other."""

    at_s: float = parameter(60, "When it begins.", title="Time", unit="s", ge=0, le=31_536_000)
    restart_s: float = parameter(20, "From the end of a member until it is there again.", title="A restart takes", unit="s", ge=0, le=86400)
    pause_s: float = parameter(5, "From a member that is there again until the next one is stopped.", title="Pause between members", unit="s", ge=0, le=86400)
    at_once: int = parameter(1, "Members that are stopped together.", title="At once", unit="count", ge=1, le=10_000)


class ApplicationParameters(ParameterSet):
    """The application and its members."""

    members: int = parameter(
        3, "Consumers in the group, for example tasks with one consumer each. Those beyond the number of partitions are idle.", title="Members", unit="count", section="Work", ge=1, le=2000,
        changeable=True, capacity=True)
    threads: int = parameter(
        1, "Partitions that a member works on at the same time; records of a partition stay in order. Plain consumers have one thread.", title="Threads a member", unit="count", section="Work",
        ge=1, le=1000, changeable=True, capacity=True)
    duration: Distribution = parameter(
        lambda: Exponential(mean_s=0.01), "Time for one record.", title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    batch_duration: Distribution = parameter(
        lambda: Constant(value_s=0), "What the records of one poll() take beside, for example one write for all of them.", title="Duration a poll", unit="s", section="Work", widget="distribution",
        changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one record throws, beside what the message's type adds.", title="Failure probability", unit="share", section="Failures", ge=0, le=1, changeable=True)
    on_failure: Literal["retry", "skip", "dead_letter", "crash"] = parameter(
        "retry", "What the application does with a record that throws. retry: again and again, while its partition stands still and the member does not poll. skip: goes on without it. dead_letter: sends"
        " it to the port for dead letters. crash: the process ends without closing its consumer, and is started again, at what is committed.", title="On a failure", section="Failures", changeable=True)
    retries: int = parameter(
        0, "For skip, dead letters and crash: so many more tries before.", title="Retries", unit="times", section="Failures", ge=0, le=1_000_000, changeable=True)
    retry_pause_s: float = parameter(1.0, "Pause before the next try.", title="Retry pause", unit="s", section="Failures", ge=0, le=86400)
    shutdown_grace_s: float = parameter(
        30, "A member that is asked to end may finish what its last poll() returned; after so long it is killed.", title="Shutdown grace", unit="s", section="Members", ge=0, le=86400)
    restart_s: float = parameter(20, "Until a process that ended by itself is started again.", title="Restart after a crash", unit="s", section="Members", ge=0, le=86400)
    rolling_restarts: tuple[RollingRestart, ...] = parameter(
        tuple, "Deployments at planned times.", title="Deployments", section="Members", widget="json", max_length=100)


class MembersParameters(ParameterSet):
    """How many members."""

    members: int = parameter(1, "Members that die.", title="Members", unit="count", ge=1, le=2000)


class DeploymentParameters(ParameterSet):
    """How it is deployed."""

    restart_s: float = parameter(20, "From the end of a member until it is there again.", title="A restart takes", unit="s", ge=0, le=86400)
    pause_s: float = parameter(5, "From a member that is there again until the next one is stopped.", title="Pause between members", unit="s", ge=0, le=86400)
    at_once: int = parameter(1, "Members that are stopped together.", title="At once", unit="count", ge=1, le=2000)


class KafkaConsumer(Processor):
    """An application whose members are one consumer group."""

    kind = "kafka_consumer"
    title = "Kafka consumer application"
    short_title = "Kafka consumers"
    neutral_title = "Topic consumers"
    group = "Compute"
    icon = "resource/AmazonEC2Instances"
    summary = "A program of yours whose instances are a consumer group: they share the partitions of topics and process each in order."
    documentation_url = f"{GUIDE}/consumer-lag.html"
    Parameters = ApplicationParameters
    ports = (
        Port("topics", "Topics", Direction.IN, Verb.POLL, frozenset({"kafka-cluster:ReadData"}), "The cluster whose topics the group reads.", max_wires=1, wire_title="Consumer group",
             wire_parameters=KafkaReadingParameters, cuttable=True),
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the application publishes for each record it has processed.", wire_title="Published messages",
             wire_parameters=PublishParameters),
        Port("dead_letters", "Dead letters", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "Gets each record that the application gives up, as it came: a topic of its own, or a queue.",
             role="failure", max_wires=1),
    )
    metrics = (
        Metric("RecordsProcessed", "Processed", "messages", "sum", "Records processed, a repetition too. CloudWatch has no such metric.", "processed", None, True, "rates"),
        Metric("DuplicatesProcessed", "Duplicates", "messages", "sum", "Records processed although they had been before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
        Metric("SumOffsetLag", "Offset lag", "messages", "gauge", "Records written and not committed by this group, of all partitions. MSK shows nothing while the group rebalances, and before its first commit.", "sum_offset_lag", LAG, True, "backlog"),
        Metric("MaxOffsetLag", "Offset lag, most", "messages", "gauge", "The same of the partition furthest behind.", "max_offset_lag", LAG, True, "backlog"),
        Metric("EstimatedMaxTimeLag", "Time lag, estimated", "s", "gauge", "How long the partition furthest behind needs at the rate of its commits in the last minute. Nothing while there were none. MSK does not say how it estimates.", "max_time_lag_s", LAG, True, "age"),
        Metric("BehindLatest", "Behind latest", "s", "gauge", "How long ago the oldest record was written that is not processed. CloudWatch has no such metric.", "behind_s", None, True, "age"),
        Metric("Rebalances", "Rebalances", "count", "sum", "Rebalances of the group that were completed, both rounds of a cooperative one. rebalance-total of the consumer; CloudWatch has no such metric.", "rebalances", KAFKA, True, "group"),
        Metric("RebalanceTime", "Rebalance time", "s", "spread", "From the first change until every member has its share. CloudWatch has no such metric.", "rebalance_times", KAFKA, False, "latency"),
        Metric("PollIntervalsExceeded", "Poll interval exceeded", "count", "sum", "Members that left the group because they had not polled in time, or were not waited for. CloudWatch has no such metric.", "poll_evictions", KAFKA, True, "trouble"),
        Metric("SessionsExpired", "Sessions expired", "count", "sum", "Members whose heartbeats had stayed away. CloudWatch has no such metric.", "session_evictions", KAFKA, False, "trouble"),
        Metric("CommitsFailed", "Commits failed", "count", "sum", "Commits by members that the group had gone on without (CommitFailedException). CloudWatch has no such metric.", "commits_failed", KAFKA, False, "trouble"),
        Metric("Errors", "Errors", "count", "sum", "Attempts at records that failed. CloudWatch has no such metric.", "errors", None, True, "trouble"),
        Metric("RecordsSkipped", "Skipped", "messages", "sum", "Records that the application went on without. CloudWatch has no such metric.", "skipped", None, False, "trouble"),
        Metric("DeadLetters", "Dead letters", "messages", "sum", "Records that went to the port for dead letters. CloudWatch has no such metric.", "dead_lettered", None, False, "trouble"),
        Metric("OffsetResets", "Offset resets", "count", "sum", "Times a partition had no valid offset, and auto.offset.reset decided. CloudWatch has no such metric.", "offset_resets", KAFKA, False, "trouble"),
        Metric("PartitionsAssigned", "Partitions assigned", "count", "gauge", "Partitions that a member has. assigned-partitions of the consumer; CloudWatch has no such metric.", "partitions_assigned", KAFKA, True, "group"),
        Metric("Members", "Members", "count", "gauge", "Members whose process runs. CloudWatch has no such metric.", "members_alive", None, False, "group"),
        Metric("MembersIdle", "Idle members", "count", "gauge", "Members that run and have no partition. CloudWatch has no such metric.", "members_idle", None, False, "group"),
        Metric("BusyMembers", "Busy members", "count", "gauge", "Members that work on what a poll returned. CloudWatch has no such metric.", "busy", None, True, "concurrency"),
        Metric("ProcessingTime", "Duration", "s", "spread", "Time for one record. CloudWatch has no such metric.", "durations", None, False, "latency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "Processing"}
    part_figures = (PartFigure("behind", "Not processed", "messages", "gauge"), PartFigure("without_member", "Without a member", "count", "gauge"))
    overlay = Overlay(
        "BusyMembers", (Figure("RecordsProcessed"), Figure("BehindLatest", "behind"), Figure("PollIntervalsExceeded", "put out", quiet=True)), limit="busy",
        picture=Picture("bars", (Fill("behind"), Fill("without_member", "bad"))),
    )
    faults = (
        *Processor.processing_faults,
        Fault("members_die", "Members die", "Processes vanish with what they had in their hands. When cleared, they are started again.", MembersParameters),
        Fault("deploys", "Deployment", "Members are stopped and started again, one after the other (once; to clear it does nothing).", DeploymentParameters),
    )
    fidelity = Fidelity(
        modelled=(
            "The group: joins, leaves, missed heartbeats, the poll interval; range, round robin, sticky (eager) and cooperative sticky assignors, and the brokers' own (KIP-848).",
            "Eager rebalances stop every member until the slowest has joined; cooperative ones move what has to move in a second round; with the brokers' protocol nobody waits for others.",
            "A member that does not poll in time leaves; what it works on is processed by others too, its commit fails, and it joins again: a loop, if every batch takes as long.",
            "A crash is missed after the session timeout; a member that is closed, at once; a static one that comes back in time, never. Deployments restart members one by one.",
            "A cut wire: nobody fetches, commits or is heard of; what was fetched is worked on. After the session timeout the members are out, and join again when they reach the cluster.",
            "poll() returns records of several partitions up to max.poll.records out of what was fetched: one request to each broker, least bytes, longest wait, most bytes; client quotas by bytes and by request time.",
            "Auto-commit inside poll(), or commitSync after each poll or record; what was not committed comes again, and the second time counts as a duplicate.",
            "Offset resets for groups without offsets and for offsets that retention took: latest skips, earliest goes on, none stops.",
            "Lag as MSK shows it: nothing during rebalances and before the first commit.",
        ),
        approximated=(
            "MSK's per-partition metrics (OffsetLag, EstimatedTimeLag) are shown as their sum and maximum; the estimate of the time lag is the lag over the rate of commits.",
            "What had left a broker before it stopped still arrives, as on a network. Clients find a new leader a tenth of a second after it is there, from memory.",
            "A fetch with a least size judges what is there by the mean size of records: adding up every partition at every write would cost too much.",
            "Heartbeats of the brokers' protocol are at 5 s and 45 s, from memory.",
        ),
        ignored=(
            "That MSK shows no lag for a group whose name has a colon, and calls it MaxEstimatedTimeLag on Serverless.",
            "Transactions: read_committed reads what read_uncommitted does, and no transaction hangs. What they cost depends on how often an application commits, for which no figures were found.",
            "An application that polls on while other threads work on what it got, and so may commit before it has processed: a design of its own, whose rules differ from one program to the next.",
            "Fetching from the nearest replica (client.rack): zones have no distance here. Pattern subscriptions, regular expressions, seek and pause: topics are named, and read in order.",
            "The price of the machines: it depends on where the application runs.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A topic and three consumers",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}, "message_types": [
                {"name": "order", "size_bytes": 800, "key": {"keys": "uniform", "number": 1000}}]}},
            {"id": "cluster", "kind": "msk", "name": "orders", "parameters": {}},
            {"id": "billing", "kind": "kafka_consumer", "name": "Billing", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "out"}, "to": {"node": "cluster", "port": "in"}},
            {"id": "w2", "from": {"node": "cluster", "port": "out"}, "to": {"node": "billing", "port": "topics"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.errors = self.skipped = self.dead_lettered = self.commits_failed = 0
        self.durations, self.rebalance_times = Spread(), Spread()
        self.busy = self.limit("busy", "Members", self.parameters.members, "members")
        self.members: list[ConsumerMember] = []
        self.reading: GroupReading | None = None
        self._leaving: list[ConsumerMember] = []
        self.working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)

    def start(self) -> None:
        super().start()
        values = self.parameters
        self._draw_s = values.duration.sampler(self.stream("duration"))
        self._draw_batch_s = values.batch_duration.sampler(self.stream("batch duration"))
        for wire in self.wires_in["topics"]:
            settings = wire.parameters
            self.reading = GroupReading(wire, settings.topics, group_settings(settings), settings.auto_offset_reset, settings.has_offsets, "duration")
            self.rebalance_times = self.reading.group.durations
            self.blocked = wire.source.cause("record_retry", f"Behind a record at which {self.name} fails", Culprit(self.id, "on_failure"))
            self._latency_s = settings.network_latency.sampler(self.stream("latency"))
            self.agenda.at(self.agenda.now, self._start_members)
        for planned in values.rolling_restarts:
            self.agenda.at(planned.at_s, self._deploy, planned)

    def _start_members(self, _: None) -> None:
        self._scale()

    def _new_member(self) -> ConsumerMember:
        assert self.reading is not None  # noqa: S101 - narrows the type
        return ConsumerMember(self, self.reading, len(self.members), self._latency_s)

    # -- what its members ask for -----------------------------------------------------------------------------------

    def work_s(self, message: Message) -> float:
        duration_s: float = self._draw_s() * self.slow_factor
        self.durations.add(duration_s)
        return duration_s

    def batch_s(self) -> float:
        return float(self._draw_batch_s()) * self.slow_factor

    def succeeds(self, message: Message) -> bool:
        return not self.failing(message) and self.publish(message)

    def settled(self, slot: PartitionSlot, token: Message) -> None:
        """A record was processed: it passes to the application, unless another member has it by now, and then it is processed again."""
        reader = slot.reader
        token.worked = token.worked or token.position < reader.worked_to
        reader.note_worked_to(token.position + 1)
        if token.place == IN_FLIGHT:
            self.take_over(slot.reading.wire, (token,))
        else:
            self.processed_one(token, first=not token.worked)

    def failed(self, member: ConsumerMember, slot: PartitionSlot, token: Message, tries: int) -> str:
        """A record threw: what the application does then."""
        self.errors += 1
        does = self.parameters.on_failure
        if does == "retry" or tries < self.parameters.retries:
            return "retry"
        if does == "crash":
            self._crash(member)
            return "crash"
        if does == "dead_letter":
            return "done" if self._bury(slot, token) else "retry"
        self.skipped += token.count
        slot.reading.give_up((token,), "skipped_record", f"Skipped by {self.name} after a failure")
        return "done"

    def _crash(self, member: ConsumerMember) -> None:
        """The exception ends the process, which does not close its consumer; it is started again."""
        member.kill()
        self.agenda.at(self.agenda._now + self.parameters.restart_s, self._restart, member)

    def _restart(self, member: ConsumerMember) -> None:
        if member in self.members:
            member.start()

    def _bury(self, slot: PartitionSlot, token: Message) -> bool:
        """Send the record to the port for dead letters; false if that refused it."""
        wires = self.wires_out["dead_letters"]
        owned = token.place == IN_FLIGHT
        if not wires:
            self.skipped += token.count
            slot.reading.give_up((token,), "dead_letter_nowhere", f"{self.name} has nowhere to send dead letters")
            return True
        letter = token.copy()
        if wires[0].send(letter) is not None:
            return False
        self.dead_lettered += token.count
        if owned:
            slot.reader.delete((token,))
            self.entered += token.count
            slot.reading.wire.settle(token.count, token.count)
        else:
            self.created += token.count
        slot.reader.note_worked_to(token.position + 1)
        return True

    def commit_failed(self) -> None:
        self.commits_failed += 1

    def occupy(self, change: int) -> None:
        self.busy.add(change, self.agenda._now)

    def stopped(self, member: ConsumerMember) -> None:
        if member in self._leaving:
            self._leaving.remove(member)

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def wire_cut(self, wire: Wire) -> None:
        if self.reading is not None:
            self.reading.wire_cut()
        if not wire.cut:
            for member in self.members:
                member.reconnected()

    def fault_members_die(self, value: MembersParameters | None) -> None:
        """Members die; when cleared (None), they are started again."""
        if value is None:
            for member in self.members:
                member.start()
        else:
            for member in [member for member in self.members if member.alive][: value.members]:
                member.kill()

    def fault_deploys(self, value: DeploymentParameters | None) -> None:
        """Restart all members, some at a time."""
        if value is not None:
            self._deploy(value)

    def _deploy(self, plan: Any) -> None:
        self.log("info", f"{self.name} is deployed: {len(self.members)} members, {plan.at_once} at a time")
        self._deploy_from((plan, 0))

    def _deploy_from(self, progress: tuple[Any, int]) -> None:
        plan, first = progress
        batch = self.members[first : first + plan.at_once]
        for member in batch:
            member.stop(self.parameters.shutdown_grace_s)
        if batch:
            self.agenda.at(self.agenda._now + plan.restart_s, self._deployed, (plan, first, batch))

    def _deployed(self, progress: tuple[Any, int, list[ConsumerMember]]) -> None:
        plan, first, batch = progress
        if any(member.stopping for member in batch):
            self.agenda.at(self.agenda._now + 1.0, self._deployed, progress)  # the orchestrator waits for their end
            return
        for member in batch:
            self._restart(member)
        if first + plan.at_once < len(self.members):
            self.agenda.at(self.agenda._now + plan.pause_s, self._deploy_from, (plan, first + plan.at_once))

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        if name == "batch_duration":
            self._draw_batch_s = self.parameters.batch_duration.sampler(self.stream("batch duration"))
        if name == "members":
            self._scale()

    def _scale(self) -> None:
        """Members come, or leave in good order."""
        if self.reading is None:
            return
        while len(self.members) < self.parameters.members:
            self.members.append(self._new_member())
            self.members[-1].start()
        for member in self.members[self.parameters.members :]:
            self._leaving.append(member)
            member.stop(self.parameters.shutdown_grace_s)
        del self.members[self.parameters.members :]
        self.busy.change_limit(self.parameters.members, self.agenda._now)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def sum_offset_lag(self) -> int | None:
        """Records written and not committed; None when MSK shows none."""
        return self.reading.sum_offset_lag() if self.reading else None

    def max_offset_lag(self) -> int | None:
        """Of the partition furthest behind; None when MSK shows none."""
        return self.reading.max_offset_lag() if self.reading else None

    def max_time_lag_s(self) -> float | None:
        """Estimated time to drain that; None when MSK shows none."""
        return self.reading.max_time_lag_s() if self.reading else None

    def behind_s(self) -> float:
        """Age of the oldest record that is not processed."""
        return self.reading.behind_s() if self.reading else 0.0

    def rebalances(self) -> int:
        """Rebalances completed."""
        return self.reading.group.rebalances if self.reading else 0

    def poll_evictions(self) -> int:
        """Members that did not poll in time."""
        return self.reading.group.evictions["max_poll_interval"] + self.reading.group.evictions["rebalance_timeout"] if self.reading else 0

    def session_evictions(self) -> int:
        """Members whose session ended."""
        return self.reading.group.evictions["session_timeout"] if self.reading else 0

    def offset_resets(self) -> int:
        """Times auto.offset.reset decided."""
        return self.reading.offset_resets if self.reading else 0

    def partitions_assigned(self) -> int:
        """Partitions that a member has."""
        return sum(slot.owner is not None for slot in self.reading.slots.values()) if self.reading else 0

    def members_alive(self) -> int:
        """Members whose process runs."""
        return sum(member.alive for member in self.members) + len(self._leaving)

    def members_idle(self) -> int:
        """Members that run without a partition."""
        return sum(member.alive and not member.slots for member in self.members)

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        """Of each partition: what the group has not processed, and whether nobody has it."""
        slots = self.reading.slots.values() if self.reading else ()
        return {slot.partition.name: {"behind": slot.reader.holding(), "without_member": int(slot.owner is None)} for slot in slots}

    def trouble(self) -> tuple[int, int]:
        return self.errors + self.poll_evictions(), 0

    def batch_service_s(self) -> float:
        return float(self.parameters.duration.expected_s())

    def _hot_partition(self, reading: GroupReading) -> str | None:
        """The partition that nearly all of a long backlog is in, if the group has several."""
        waiting = {slot.partition.name: slot.reader.holding() for slot in reading.slots.values()}
        total = sum(waiting.values())
        name = max(waiting, key=lambda partition: waiting[partition])
        return name if len(waiting) > 1 and self.behind_s() > HOT_AFTER_S and waiting[name] > HOT_SHARE * total else None

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from check_published(placed)
        values = placed.parameters
        if values.on_failure == "dead_letter" and not placed.out_of("dead_letters"):
            yield Finding("dead-letters-nowhere", "warning", f"'{placed.name}' sends records that fail to a dead-letter topic, but its port for them is not wired: they are lost", "Wire it to a topic or a queue",
                          node=placed.id, parameter="on_failure")
        for link in placed.into("topics"):
            yield from cls._check_group(placed, link)

    @classmethod
    def _check_group(cls, placed: Placed, link: Any) -> Iterable[Finding]:
        settings, values = link.parameters, placed.parameters
        topics = {topic.name: topic.partitions for topic in getattr(link.other.parameters, "topics", ())}
        for name in settings.topics:
            if name not in topics:
                yield Finding("no-such-topic", "error", f"'{link.other.name}' has no topic '{name}'", f"One of {', '.join(topics)}", node=placed.id, wire=link.id, parameter="topics")
        read = [topics[name] for name in settings.topics if name in topics] or list(topics.values())[:1]
        most = sum(read) if settings.group_protocol == "consumer" or settings.partition_assignment_strategy != "range" else max(read, default=0)
        if read and values.members > most:
            yield Finding("idle-members", "note", f"'{placed.name}' has {format_count(values.members)} members for {format_count(most)} partitions: {format_count(values.members - most)} have nothing to do",
                          "Use as many members as partitions at most", node=placed.id, parameter="members", related=(link.other.id,))
        if not settings.session_timeout_s >= 3 * settings.heartbeat_interval_s:
            yield Finding("heartbeat-interval", "warning", f"Members of '{placed.name}' send fewer than three heartbeats in a session timeout", "A heartbeat interval of a third of the session timeout at most", node=placed.id, wire=link.id, parameter="heartbeat_interval_s")
        poll_s = settings.max_poll_records * values.duration.expected_s() / values.threads + values.batch_duration.expected_s()
        if poll_s > settings.max_poll_interval_s:
            yield Finding("poll-interval", "warning", f"What one poll() returns may keep a member of '{placed.name}' busy for {format_duration(poll_s)}, but after {format_duration(settings.max_poll_interval_s)} without a poll it leaves the group, and others begin again",
                          "Fewer records a poll, or a longer poll interval", node=placed.id, wire=link.id, parameter="max_poll_records")
        if settings.auto_offset_reset == "none" and not settings.has_offsets:
            yield Finding("no-offset", "warning", f"'{placed.name}' has no committed offsets, and is told not to choose where to begin: it reads nothing", "earliest or latest, or offsets at the start", node=placed.id, wire=link.id, parameter="auto_offset_reset")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        reading = self.reading
        if reading is None:
            return None
        wire = reading.wire.id
        if rates["PollIntervalsExceeded"] > 0:
            return f"Members leave the group: they do not poll within {format_duration(reading.group.settings.max_poll_interval_s)}, and what they worked on begins again.", Culprit(self.id, "max_poll_records", wire)
        if rates["Errors"] > 0 and self.parameters.on_failure in ("retry", "crash"):
            return f"{format_rate(rates['Errors'])} attempts fail, and their partitions stand still.", Culprit(self.id, "on_failure")
        orphans = len(reading.slots) - self.partitions_assigned()
        if orphans and any(slot.was_assigned for slot in reading.slots.values()):
            words = "the group rebalances" if not reading.group.settled else f"a member is gone, which shows after {format_duration(reading.group.settings.session_timeout_s)}"
            return f"Nobody has {format_count(orphans)} of {format_count(len(reading.slots))} partitions: {words}.", Culprit(self.id, "partition_assignment_strategy" if not reading.group.settled else "session_timeout_s", wire)
        if any(slot.is_dead for slot in reading.slots.values()):
            return "There is no valid offset, and no reset to choose one.", Culprit(self.id, "auto_offset_reset", wire)
        if rates["RecordsSkipped"] > 0:
            return f"{format_rate(rates['RecordsSkipped'])} are skipped after failures: nobody processes them.", Culprit(self.id, "on_failure")
        hot = self._hot_partition(reading)
        if hot is not None:
            return f"{hot} has nearly all that is not processed: a partition has one member, and the others cannot help.", Culprit(self.id, "duration")
        if self.busy.value >= self.parameters.members and reading.cluster.agenda.now > 0 and self.behind_s() > 1:
            return all_busy(self.parameters.members, "members"), Culprit(self.id, "members")
        return None
