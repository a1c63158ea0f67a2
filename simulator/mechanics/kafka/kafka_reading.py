"""How a consumer group reads a Kafka cluster: its settings, and what it knows of each partition (owner, position, commits, lag)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

from simulator.engine.message import IN_FLIGHT, Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.distributions import Constant, Distribution
from simulator.mechanics.kafka.classic_group import ClassicGroup
from simulator.mechanics.kafka.consumer_group import ConsumerGroup, GroupSettings
from simulator.mechanics.kafka.kafka_partition import Partition
from simulator.mechanics.kafka.partition_assignors import TopicPartition
from simulator.mechanics.kafka.reconciled_group import ReconciledGroup
from simulator.mechanics.stream_log import Reader
from simulator.vocabulary import ParameterSet, Source, Values, parameter

if TYPE_CHECKING:
    from simulator.mechanics.kafka.kafka_fetcher import Fetcher

KAFKA = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), ConsumerConfig", "https://kafka.apache.org/documentation/#consumerconfigs", "2026-11")
GROUP = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), GroupCoordinatorConfig", "https://kafka.apache.org/documentation/#brokerconfigs", "2026-11")
BROKER_SIDE = Source("From memory: group.consumer.heartbeat.interval.ms and group.consumer.session.timeout.ms", "https://kafka.apache.org/documentation/#brokerconfigs", "2026-11", "M")
DESIGN = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), design document: quotas", "https://kafka.apache.org/documentation/#design_quotas", "2026-11")
UNPUBLISHED = Source("Not published; an assumption to change", "https://kafka.apache.org/documentation/#consumerconfigs", "2026-11", "M")
MIB = 1024**2
RATE_OVER_S = 60.0
"""Over so long the rate of commits is measured from which the time lag is estimated."""

OffsetReset = Literal["latest", "earliest", "none"]


class FetchParameters(ParameterSet):
    """How a consumer fetches."""

    fetch_min_bytes: int = parameter(
        1, "A fetch is answered when so much is there, or when it has waited long enough.", title="Least fetch", unit="bytes", section="Fetching", aws="fetch.min.bytes", ge=0, le=2**31 - 1,
        source=KAFKA, changeable=True)
    fetch_max_wait_s: float = parameter(
        0.5, "A fetch waits so long for the least fetch.", title="Longest fetch wait", unit="s", section="Fetching", aws="fetch.max.wait.ms", ge=0, le=3600, source=KAFKA, changeable=True)
    max_partition_fetch_bytes: int = parameter(
        MIB, "Of each partition in one fetch; one record at least.", title="Most bytes a partition", unit="bytes", section="Fetching", aws="max.partition.fetch.bytes", ge=0, le=2**31 - 1,
        source=KAFKA, changeable=True)
    fetch_max_bytes: int = parameter(
        50 * MIB, "Of one fetch.", title="Most bytes a fetch", unit="bytes", section="Fetching", aws="fetch.max.bytes", ge=0, le=2**31 - 1, source=KAFKA, advanced=True)
    consumer_byte_rate: float | None = parameter(
        None, "Client quota: bytes a second that this group may fetch from each broker. Above it, answers come with a throttle time.", title="Bytes a second and broker", section="Client quota",
        aws="consumer_byte_rate", ge=1, le=1e12, source=DESIGN)
    request_percentage: float | None = parameter(
        None, "Client quota: share of one request thread of each broker that this group may use, in per cent.", title="Request percentage", section="Client quota", aws="request_percentage", gt=0,
        le=10_000, source=DESIGN)
    network_latency: Distribution = parameter(
        lambda: Constant(value_s=0.001), "One way between broker and consumer.", title="Network latency", unit="s", section="Fetching", widget="distribution", source=UNPUBLISHED, advanced=True)


class KafkaReadingParameters(FetchParameters):
    """The consumer group of an application, and how its members read."""

    topics: tuple[str, ...] = parameter(tuple, "Names of the topics. Empty: the cluster's first.", title="Topics", section="Group", max_length=100)
    group_protocol: Literal["classic", "consumer"] = parameter(
        "classic", "classic: one of the members assigns, and all join anew at a rebalance. consumer: the broker assigns, and members move one by one with their heartbeats (KIP-848, Kafka 4.0).",
        title="Group protocol", section="Group", aws="group.protocol", source=KAFKA)
    partition_assignment_strategy: Literal["range", "roundrobin", "sticky", "cooperative-sticky"] = parameter(
        "range", "Of the classic protocol. range, roundrobin and sticky are eager: every member gives up all its partitions at each rebalance. cooperative-sticky: only what moves is given up, in a"
        " second round.", title="Assignor", section="Group", aws="partition.assignment.strategy", source=KAFKA)
    static_members: bool = parameter(
        False, "Each member has a name (group.instance.id): one that comes back within the session timeout gets its partitions back, and nobody else notices.", title="Static members",
        section="Group", aws="group.instance.id", source=KAFKA)
    session_timeout_s: float = parameter(
        45, "A member whose heartbeats stay away for so long is dead.", title="Session timeout", unit="s", section="Group", aws="session.timeout.ms", ge=1, le=1800, source=KAFKA)
    heartbeat_interval_s: float = parameter(
        3, "With the answer to a heartbeat a member hears that the group rebalances. The consumer protocol's is the broker's, 5 s.", title="Heartbeat interval", unit="s", section="Group",
        aws="heartbeat.interval.ms", ge=0.1, le=600, source=KAFKA, advanced=True)
    max_poll_interval_s: float = parameter(
        300, "A member that does not poll for so long leaves the group; it cannot commit what it worked on, and others get it again. At a rebalance, members are waited for so long.",
        title="Longest poll interval", unit="s", section="Group", aws="max.poll.interval.ms", ge=0.1, le=86400, source=KAFKA)
    initial_rebalance_delay_s: float = parameter(
        3, "An empty group waits for more members before it assigns. A setting of the brokers.", title="Initial rebalance delay", unit="s", section="Group", aws="group.initial.rebalance.delay.ms",
        ge=0, le=3600, source=GROUP, advanced=True)
    broker_heartbeat_interval_s: float = parameter(
        5, "Of the consumer protocol.", title="Heartbeat interval, consumer protocol", unit="s", section="Group", aws="group.consumer.heartbeat.interval.ms", ge=0.1, le=600, source=BROKER_SIDE,
        advanced=True)
    max_poll_records: int = parameter(
        500, "Records that one poll() returns, of all the member's partitions.", title="Records a poll", unit="count", section="Fetching", aws="max.poll.records", ge=1, le=1_000_000, source=KAFKA,
        changeable=True)
    enable_auto_commit: bool = parameter(
        True, "poll() commits what the polls before returned, at an interval. Off: the application commits itself.", title="Auto-commit", section="Commits", aws="enable.auto.commit", source=KAFKA)
    auto_commit_interval_s: float = parameter(
        5, "What came since the last commit comes again after a crash.", title="Auto-commit interval", unit="s", section="Commits", aws="auto.commit.interval.ms", ge=0, le=86400, source=KAFKA,
        changeable=True)
    commit_each: Literal["poll", "record"] = parameter(
        "poll", "Without auto-commit: commitSync() when all that a poll returned is processed, or after each record, which costs a round trip each.", title="Commit after each", section="Commits",
        source=UNPUBLISHED)
    auto_offset_reset: OffsetReset = parameter(
        "latest", "Where a group begins that has no committed offset, or whose offset has expired: at the end, which skips what is there; at the oldest record; or not at all (an exception).",
        title="Offset reset", section="Commits", aws="auto.offset.reset", source=KAFKA)
    has_offsets: bool = parameter(
        False, "The group has read before: it has committed offsets when the run starts. Off: it is new, and begins where the offset reset says; it has no lag until its first commit.",
        title="Offsets at the start", section="Commits")


def group_settings(settings: Values) -> GroupSettings:
    """What the coordinator and the members go by, from the `KafkaReadingParameters` of a wire."""
    broker_side = settings.group_protocol == "consumer"
    return GroupSettings(
        "uniform" if broker_side else settings.partition_assignment_strategy, settings.session_timeout_s, settings.broker_heartbeat_interval_s if broker_side else settings.heartbeat_interval_s,
        settings.max_poll_interval_s, settings.initial_rebalance_delay_s, 2 * settings.network_latency.expected_s())


def make_group(agenda: Any, settings: GroupSettings, partitions: dict[str, int], changed: Any = None) -> ConsumerGroup:
    """A group that goes by the protocol of its assignor: uniform is the brokers' own."""
    return (ReconciledGroup if settings.assignor == "uniform" else ClassicGroup)(agenda, settings, partitions, changed)


class ReadingCauses:
    """Why records wait in a partition before they are processed."""

    def __init__(self, cluster: Any, wire: Wire, slow: str) -> None:
        name, reader = wire.target.name, wire.target.id

        def culprit(parameter_name: str) -> Culprit:
            return Culprit(reader, parameter_name, wire.id)

        self.fetching = cluster.cause("fetching", f"Until {name} fetches", culprit("fetch_max_wait_s"), capacity=False)
        self.fetch = cluster.cause("fetch", f"On the way to {name}", culprit("network_latency"), capacity=False)
        self.rebalance = cluster.cause("rebalance", f"{name} rebalances: nobody has the partition", culprit("partition_assignment_strategy"))
        self.lost_member = cluster.cause("lost_member", f"A member of {name} is gone, and its session has not ended", culprit("session_timeout_s"))
        self.busy = cluster.cause("consumer_busy", f"{name} works on what came before", Culprit(reader, slow))
        self.batch = cluster.cause("batch_wait", f"Fetched, until {name} comes to it", Culprit(reader, slow))
        self.throttled = cluster.cause("fetch_throttle", f"{name} is above its quota", culprit("consumer_byte_rate"))
        self.cut = cut_cause(wire)
        self.no_leader = cluster.cause("no_leader_to_read", "The partition has no leader", Culprit(cluster.id))
        self.no_offset = cluster.cause("no_offset", f"{name} has no valid offset, and is told not to choose one", culprit("auto_offset_reset"))


class PartitionSlot:
    """One partition as one group sees it: who owns it, what it has fetched, and what is committed."""

    __slots__ = (
        "buffer", "commits", "expected", "fetching", "generation", "has_committed", "held_up", "is_dead", "key", "owner", "partition", "reader", "reading", "usual", "was_assigned",
    )  # fmt: skip

    def __init__(self, reading: GroupReading, key: TopicPartition, partition: Partition, reader: Reader) -> None:
        self.reading = reading
        self.key = key
        self.partition = partition
        self.reader = reader
        self.owner: Fetcher | None = None
        self.usual = reader.bottleneck.cause
        """Why records wait here, if the cluster can be reached."""
        self.generation = 0
        """Goes up whenever the owner changes: what is on its way to the old one is void."""
        self.buffer: deque[Message] = deque()
        """Fetched, and not polled yet."""
        self.fetching = False
        self.held_up = False
        self.is_dead = False
        self.has_committed = bool(reading.has_offsets)
        self.was_assigned = False
        self.expected = reader.position
        self.commits: deque[tuple[float, int]] = deque()

    def bind(self, cause: Cause) -> None:
        """From now on this is why records wait here."""
        self.usual = cause
        self.reader.bottleneck.change(self.reading.causes.cut if self.reading.wire.cut else cause, self.reading.cluster.agenda._now)

    # -- whose it is ------------------------------------------------------------------------------------------------

    def assign(self, owner: Fetcher) -> None:
        """``owner`` begins at what is committed, or where the offset reset says."""
        self._void()
        self.owner = owner
        reader = self.reader
        reading = self.reading
        if reader.out or reader.position != reader.committed:
            void = sum(token.count for token in reader.out)
            reader.rewind()
            reading.wire.settle(void, 0)
        if not self.has_committed:
            self._choose_offset()
        self.was_assigned = True
        self.expected = reader.committed if self.has_committed else reader.position
        self.bind(reading.causes.no_offset if self.is_dead else reading.causes.fetching)

    def _choose_offset(self) -> None:
        """The group has no committed offset here."""
        reset = self.reading.offset_reset
        self.is_dead = reset == "none"
        if reset == "latest":
            first_time = not self.was_assigned
            self.skip_to_end("" if first_time else "offset_reset", "" if first_time else "auto.offset.reset went to the end: nothing had been committed")
        if self.was_assigned:
            self.reading.offset_resets += 1

    def skip_to_end(self, loss: str, title: str) -> None:
        """Go to the end of the log: what is there is nothing to this group, or lost for it if there is a reason."""
        reader, cluster = self.reader, self.reading.cluster
        tokens = reader.read(cluster.agenda.now, 2**62)
        for token in reader.discard(tokens):
            if loss:
                cluster.lose(token, loss, title)
            else:
                cluster.finish(token, "before the starting position")
        self.expected = reader.position

    def find_gap(self) -> None:
        """Retention took records that were not read: OffsetOutOfRange, and the reset policy says where to go on."""
        if self.reader.position <= self.expected:
            return
        reading = self.reading
        reading.offset_resets += 1
        if reading.offset_reset == "latest":
            self.skip_to_end("offset_reset", "auto.offset.reset went to the end: the offset had expired")
        elif reading.offset_reset == "none":
            self.is_dead = True
            self.bind(reading.causes.no_offset)
        self.expected = self.reader.position

    def release(self, cause: Cause) -> None:
        """Nobody owns it now; what was fetched is void when the next owner begins."""
        self._void()
        self.owner = None
        self.bind(cause)

    def _void(self) -> None:
        self.generation += 1
        self.buffer.clear()
        self.fetching = self.held_up = False

    # -- commits ----------------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Everything before the first record that is not settled is done, if the cluster can be told."""
        if self.reading.wire.cut:
            return
        reader = self.reader
        first = next(iter(reader.out), None)
        before = reader.committed
        reader.commit(reader.position if first is None else first.position)
        if not self.has_committed or reader.committed != before:
            self.has_committed = True
            now_s = self.reading.cluster.agenda._now
            self.commits.append((now_s, reader.committed))
            while len(self.commits) > 1 and self.commits[1][0] <= now_s - RATE_OVER_S:
                self.commits.popleft()

    @property
    def uncommitted(self) -> bool:
        """Whether something was settled since the last commit, or nothing has ever been committed."""
        reader = self.reader
        first = next(iter(reader.out), None)
        return not self.has_committed or reader.committed < (reader.position if first is None else first.position)

    def time_lag_s(self) -> float | None:
        """Estimated time until the lag is gone at the rate of the last commits; None if there were none lately."""
        lag = self.reader.lag
        if lag == 0:
            return 0.0
        now_s = self.reading.cluster.agenda._now
        recent = [(time_s, position) for time_s, position in self.commits if time_s >= now_s - RATE_OVER_S] or []
        if len(recent) < 2 or recent[-1][1] <= recent[0][1]:
            return None
        return float(lag * (now_s - recent[0][0]) / (recent[-1][1] - recent[0][1]))


class GroupReading:
    """One consumer group at one cluster: its coordinator, and a slot for each partition."""

    def __init__(self, wire: Wire, topics: Sequence[str], settings: GroupSettings, offset_reset: OffsetReset, has_offsets: bool, slow_parameter: str) -> None:
        cluster: Any = wire.source
        self.wire = wire
        self.cluster = cluster
        self.offset_reset = offset_reset
        self.has_offsets = has_offsets
        self.offset_resets = 0
        self.causes = ReadingCauses(cluster, wire, slow_parameter)
        self.slots: dict[TopicPartition, PartitionSlot] = {}
        found = {partitions[0].topic.name: partitions for partitions in (cluster.partitions_of(topic) for topic in (topics or ("",)))}
        for topic, partitions in found.items():
            for partition in partitions:
                key = TopicPartition(topic, partition.number)
                reader = partition.log.reader(wire.target.id, Bottleneck(self.causes.rebalance, cluster.agenda.now))
                self.slots[key] = PartitionSlot(self, key, partition, reader)
        self.topics = tuple(found)
        self.group = make_group(cluster.agenda, settings, {topic: len(partitions) for topic, partitions in found.items()})
        cluster.watch(self)
        cluster.readings[wire.id] = self
        limits = wire.parameters
        if limits.consumer_byte_rate or limits.request_percentage:
            cluster.consumer_quota(wire.id, limits.consumer_byte_rate, limits.request_percentage)

    def slots_of(self, keys: Collection[TopicPartition]) -> list[PartitionSlot]:
        """The slots of these partitions, in order."""
        return [self.slots[key] for key in sorted(keys)]

    # -- the cluster tells ------------------------------------------------------------------------------------------

    def leader_changed(self, partition: Partition) -> None:
        slot = self.slots.get(TopicPartition(partition.topic.name, partition.number))
        if slot is None or slot.partition is not partition or slot.is_dead:
            return
        if partition.leader is None:
            if not slot.usual.capacity:
                slot.bind(self.causes.no_leader)
        elif slot.owner is not None:
            if slot.usual is self.causes.no_leader:
                slot.bind(self.causes.fetching)
            slot.owner.fetch_soon()

    def broker_stopped(self, broker: int) -> None:
        """Requests to it are answered no more; what left it before still comes."""

    def wire_cut(self) -> None:
        """Its wire was cut, or is whole again: nobody fetches or commits, and the coordinator hears of no member; what was fetched is worked on."""
        self.group.cut(self.wire.cut)
        for slot in self.slots.values():
            slot.bind(slot.usual)

    # -- tokens -----------------------------------------------------------------------------------------------------

    def give_up(self, tokens: Sequence[Message], name: str, title: str) -> None:
        """The group does not process these: they are lost, for this reason. Those it has no right to any more are not."""
        for token in self._discard(tokens):
            self.cluster.lose(token, name, title)

    def skip(self, tokens: Sequence[Message], end: str) -> None:
        """The group is done with these without processing them."""
        for token in self._discard(tokens):
            self.cluster.finish(token, end)

    def _discard(self, tokens: Sequence[Message]) -> list[Message]:
        owned = [token for token in tokens if token.place == IN_FLIGHT]
        for token in owned:
            token.source.discard((token,))
        self.wire.settle(sum(token.count for token in owned), 0)
        return owned

    # -- what is seen -----------------------------------------------------------------------------------------------

    def _shows_lag(self) -> bool:
        return self.group.settled and any(slot.has_committed for slot in self.slots.values())

    def sum_offset_lag(self) -> int | None:
        """Records written and not committed, of all partitions with a commit; None while the group rebalances, and before its first commit."""
        return int(sum(slot.reader.lag for slot in self.slots.values() if slot.has_committed)) if self._shows_lag() else None

    def max_offset_lag(self) -> int | None:
        """The same of the partition furthest behind."""
        return max(slot.reader.lag for slot in self.slots.values() if slot.has_committed) if self._shows_lag() else None

    def max_time_lag_s(self) -> float | None:
        """How long until the partition furthest behind has none left, at the rate of the last minute."""
        if not self._shows_lag():
            return None
        return max((slot for slot in self.slots.values() if slot.has_committed), key=lambda slot: slot.reader.lag).time_lag_s()

    def behind(self) -> tuple[float, float]:
        """(Messages that the group has not read, age of the last it has read of the partition furthest behind)."""
        now_s = self.cluster.agenda._now
        readers = [slot.reader for slot in self.slots.values()]
        return float(sum(reader.unread for reader in readers)), max((reader.age_s(now_s) for reader in readers), default=0.0)

    def behind_s(self) -> float:
        """How long ago the oldest record was written that nobody of the group has processed."""
        now_s = self.cluster.agenda._now
        ages = [now_s - next(iter(slot.reader.out)).sent_s if slot.reader.out else slot.reader.waiting_s(now_s) for slot in self.slots.values()]
        return max(ages, default=0.0)
