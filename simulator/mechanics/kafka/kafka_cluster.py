"""A Kafka cluster as a node: brokers, topics, the producers at its wires in, and what consumers fetch.

What consumers need of it: `KafkaCluster.partitions_of`, ``partition.log.reader(...)`` before the run starts, `watch` to hear of leaders
that move, `fetch` to read, and `note_settled` when records are done with. See `simulator.mechanics.kafka.kafka_partition`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simulator.engine.message import Message
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.kafka.kafka_batches import Batch, Request
from simulator.mechanics.kafka.kafka_broker import MIB, Broker, BrokerCapacity
from simulator.mechanics.kafka.kafka_operations import BrokerChoice, BrokerOperations, ZoneChoice
from simulator.mechanics.kafka.kafka_partition import Partition
from simulator.mechanics.kafka.kafka_producer import KafkaProducer
from simulator.mechanics.kafka.kafka_quota import ClusterQuotas
from simulator.mechanics.kafka.kafka_replication import Replication, ReplicationSettings
from simulator.mechanics.kafka.kafka_storage import ClusterStorage
from simulator.mechanics.kafka.kafka_topics import TopicSettings, replica_brokers
from simulator.mechanics.stream_log import Reader

if TYPE_CHECKING:
    from simulator.engine.network import Network
    from simulator.vocabulary import ParameterSet

REQUEST_BYTES = 100
"""What a request or an answer has beside its batches, roughly."""


class LeaderWatcher(Protocol):
    """Whoever wants to know where partitions are led."""

    def leader_changed(self, partition: Partition) -> None:
        """``partition.leader`` is another broker now, or None."""

    def broker_stopped(self, broker: int) -> None:
        """The connections to this broker break: requests under way have no answer."""


class ConsumerGroupView(Protocol):
    """A group that reads, as the cluster shows it."""

    def behind(self) -> tuple[float, float]:
        """(Messages it has not read, age of the last it has read)."""


class Want(NamedTuple):
    """What a fetch asks of one partition: at most so many bytes as they are stored, but one record at least."""

    partition: Partition
    reader: Reader
    limit_bytes: float
    limit_records: int = 2**31


class Fetched(NamedTuple):
    """The answer to a fetch: tokens in order of partition and offset. It leaves the broker at ``leaves_s``; after it came, the consumer waits for ``throttle_s``."""

    tokens: list[Message]
    size_bytes: float
    leaves_s: float
    throttle_s: float


class KafkaCluster(Node):
    """Brokers and topics. The service declares them, and adds what it charges for."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.messages_in = self.bytes_in = self.bytes_out = self.produce_requests = 0
        self.expired = self.duplicates = self.errors = 0
        self.produce_times, self.fetch_times = Spread(), Spread()
        self.producers: dict[str, KafkaProducer] = {}
        self.brokers: dict[int, Broker] = {}
        self.topics: dict[str, list[Partition]] = {}
        self.storage: ClusterStorage
        self.operations: BrokerOperations
        self.throttles: ClusterQuotas
        self.message_max_bytes = self.parameters.message_max_bytes
        self.degraded_s = 0.0
        """What a request takes longer at a broker that does more than it can sustain."""
        self.partitions: list[Partition] = []
        self.readings: dict[str, ConsumerGroupView] = {}
        """Groups that read, by wire."""
        self._watchers: list[LeaderWatcher] = []
        values = self.parameters
        self._cpu_request_s, self._cpu_byte_s = values.cpu_per_request_s, values.cpu_per_mib_s / MIB
        disk = self.cause("broker_disk", "The brokers' disks write no faster", Culprit(id, self.disk_parameter()))
        replication = self.cause("replication", "Until every in-sync replica has it", Culprit(id, "replication_latency"), capacity=False)
        isr = self.cause("isr_waits", "An in-sync replica is down, and the controller does not know it yet", Culprit(id, "failure_detection_s"))
        self._cpu_cause = self.cause("broker_cpu", "The brokers' processors are busy", Culprit(id, self.size_parameter()))
        self._network_cause = self.cause("broker_network", "The brokers' network is used up", Culprit(id, self.size_parameter()))
        self._produce_cause = self.cause("produce", "Handled by the broker", Culprit(id, self.size_parameter()), capacity=False)
        self.replication = Replication(self, self.replication_settings(), replication, isr, disk)

    # -- what the service says --------------------------------------------------------------------------------------

    def size_parameter(self) -> str:
        """The parameter that decides how strong a broker is."""
        raise NotImplementedError

    def disk_parameter(self) -> str:
        """The parameter that decides how fast a disk is."""
        raise NotImplementedError

    def replication_settings(self) -> ReplicationSettings:
        """Times of replication and elections."""
        raise NotImplementedError

    def needs_singles(self) -> str | None:
        return "Each of its records goes to the partition of its own key."

    # -- building ---------------------------------------------------------------------------------------------------

    def make_brokers(self, count: int, zones: int, capacity: BrokerCapacity) -> None:
        """So many brokers, spread over the zones."""
        for number in range(1, count + 1):
            self.brokers[number] = Broker(number, (number - 1) % zones + 1, capacity)

    def make_topics(self, topics: Sequence[TopicSettings]) -> None:
        """The topics with their partitions, leaders spread over the brokers."""
        placed = 0
        for topic in topics:
            made = [Partition(self, topic, number, replica_brokers(number, placed, len(self.brokers), topic.replication_factor)) for number in range(topic.partitions)]
            self.topics[topic.name] = made
            self.partitions.extend(made)
            placed += topic.partitions

    def start(self) -> None:
        first = next(iter(self.topics))
        for wire in self.wires_in["in"]:
            producer = KafkaProducer(self, self, wire, getattr(wire.parameters, "topic", "") or first)
            self.producers[wire.id] = producer
            self.watch(producer)
            if producer.settings.producer_byte_rate:
                self.throttles.into.set_client(wire.id, self.brokers, producer.settings.producer_byte_rate)
            if producer.settings.request_percentage:
                self.throttles.set_percentage(wire.id, self.brokers, producer.settings.request_percentage)

        self.operations.plan(self.parameters.operations)
        self.storage.start()
        self.agenda.at(self.replication.settings.rebalance_s, self.replication.rebalance)

    def partitions_of(self, topic: str) -> list[Partition]:
        """The partitions of this topic (empty: of the first)."""
        return self.topics[topic or next(iter(self.topics))]

    def watch(self, watcher: LeaderWatcher) -> None:
        """Tell ``watcher`` of leaders that move and brokers that stop."""
        self._watchers.append(watcher)

    # -- producing --------------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        producer = self.producers[wire.id]
        if producer.is_too_large(message):
            return Refusal(Outcome.REJECTED, "too_large", "RecordTooLargeException: larger than max.request.size", retryable=False)
        self.entered += message.count
        while message.count > 1:
            producer.offer(message.split(1))
        producer.offer(message)
        return None

    def produce(self, request: Request) -> None:
        """A produce request has come to its broker."""
        broker = self.brokers[request.broker]
        if not broker.is_up:
            request.sender.disconnected(request)
            return
        now_s = self.agenda._now
        self.produce_requests += 1
        broker.requests += 1
        broker.bytes_in += request.size_bytes
        self.bytes_in += request.size_bytes
        request.cpu_s = self._cpu_request_s + self._cpu_byte_s * request.size_bytes
        received_s = broker.incoming.take(request.size_bytes + REQUEST_BYTES, now_s)
        handled_s = broker.cpu.take(request.cpu_s, received_s)
        throttles = self.throttles
        request.throttle_s = throttles.record(
            throttles.into, request.sender.wire.id, broker.number, [(batch.partition, batch.size_bytes) for batch in request.batches], request.cpu_s, now_s)
        if throttles.into.is_degraded(broker.number, request.size_bytes, now_s):
            handled_s += self.degraded_s
        cause = self._produce_cause
        if handled_s - now_s > 4 * (request.cpu_s + request.size_bytes / broker.incoming.rate_per_s):
            cause = self._network_cause if received_s - now_s > handled_s - received_s else self._cpu_cause
        self.agenda.at(handled_s, self._append, (request, broker.lives, cause))

    def _append(self, handled: tuple[Request, int, Any]) -> None:
        request, lives, cause = handled
        broker = self.brokers[request.broker]
        if broker.lives != lives:
            return
        now_s = self.agenda._now
        written_s = now_s
        for batch in request.batches:
            error = self._error(batch, request)
            if error is not None:
                request.errors[batch] = error
                self.errors += batch.count
            elif batch.is_written and request.sender.settings.is_idempotent:
                self.replication.again(batch, request)
            else:
                if batch.is_written:
                    batch = self._duplicate(batch)
                batch.spend(cause, now_s)
                batch.lane.passed(batch.number) if not batch.is_logged else None
                self.messages_in += batch.count
                broker.messages_in += batch.count
                written_s = max(written_s, self.replication.append(batch.partition, batch, request, now_s))
        if request.acks != "all" or request.left == 0:
            self.agenda.at(written_s, self._answer_later, request)

    def _answer_later(self, request: Request) -> None:
        if not request.is_over and request.left == 0:
            self.answer(request)

    def answer(self, request: Request) -> None:
        """The answer leaves the broker."""
        if self.brokers[request.broker].is_up:
            self.produce_times.add(self.agenda._now - request.sent_s)
            request.sender.answered(request)

    def _error(self, batch: Batch, request: Request) -> str | None:
        partition = batch.partition
        if partition.leader != request.broker:
            return "no_leader"
        if batch.size_bytes > self.message_max_bytes:
            return "message_too_large"
        if request.acks == "all" and partition.is_under_min_isr:
            return "not_enough_replicas"
        if request.sender.settings.is_idempotent and not batch.is_written and batch.number > batch.lane.expected:
            return "out_of_order"
        return None

    def _duplicate(self, batch: Batch) -> Batch:
        """A producer that is not idempotent sends what the leader has already: it is appended once more."""
        twin = Batch(batch.owner, batch.lane, 0, self.agenda._now)
        for message in batch.messages:
            twin.messages.append(message.copy())
        twin.count, twin.size_bytes, twin.raw_bytes, twin.number = batch.count, batch.size_bytes, batch.raw_bytes, batch.number
        self.copied += twin.count
        self.duplicates += twin.count
        return twin

    def give_up(self, batch: Batch, name: str, title: str) -> None:
        """These records are lost."""
        for message in batch.messages:
            self.lose(message, name, title)

    def drop(self, message: Message, name: str, title: str) -> None:
        """send() failed for this record: it is lost."""
        self.lose(message, name, title)

    def lost_from_log(self, messages: int) -> None:
        """An unclean leader election took records that could be read."""
        self.log("warning", f"An unclean leader election lost {messages:,} messages")

    def connections_broken(self, broker: int) -> None:
        """The connections to this broker break."""
        for watcher in self._watchers:
            watcher.broker_stopped(broker)

    def storage_reached(self, broker: Broker) -> None:
        """A broker stores as much as is looked at."""
        self.storage.reached(broker)

    def leader_moved(self, partition: Partition) -> None:
        """Another broker leads the partition now, or none: whoever watches hears of it."""
        for watcher in self._watchers:
            watcher.leader_changed(partition)

    # -- what breaks ------------------------------------------------------------------------------------------------

    def fault_broker_fails(self, value: BrokerChoice | None) -> None:
        """A broker is gone without a word until cleared (None)."""
        self.operations.release_all("fault")
        if value is not None:
            self.operations.hold(value.broker, "fault")

    def fault_zone_fails(self, value: ZoneChoice | None) -> None:
        """All brokers of a zone are gone until cleared (None)."""
        self.operations.release_all("zone")
        if value is not None:
            self.operations.hold_zone(value.zone, "zone")

    def fault_broker_restarts(self, value: BrokerChoice | None) -> None:
        """A broker is restarted in good order; it comes back by itself."""
        if value is not None and value.broker in self.brokers:
            self.operations.restart(value.broker)

    def fault_rolling_restart(self, value: ParameterSet | None) -> None:
        """All brokers are restarted, one after the other."""
        if value is not None:
            self.operations.roll()

    # -- fetching ---------------------------------------------------------------------------------------------------

    def fetch(self, number: int, wants: Sequence[Want], limit_bytes: float = 55e6, client: str = "") -> Fetched | None:
        """Read what the partitions that this broker leads have now. None: the broker is down.

        The bytes are those stored (compressed). Records older than what the broker has in memory are read from its disk. ``client`` names
        the consumer whose quota counts (`consumer_quota`).
        """
        broker = self.brokers[number]
        if not broker.is_up:
            return None
        now_s = self.agenda._now
        broker.requests += 1
        tokens: list[Message] = []
        by_partition: list[tuple[Partition, float]] = []
        size_bytes = old_bytes = 0.0
        cached_from_s = broker.cached_from_s()
        for partition, reader, most_bytes, most_records in wants:
            room_bytes = min(most_bytes, limit_bytes - size_bytes)
            if partition.leader != number or (room_bytes <= 0 and tokens):
                continue
            share = partition.stored_share()
            taken = reader.read(now_s, most_records, max(room_bytes, 1) / share)
            if taken:
                taken_bytes = share * sum(token.size_bytes * token.count for token in taken)
                size_bytes += taken_bytes
                by_partition.append((partition, taken_bytes))
                if taken[0].sent_s < cached_from_s:
                    old_bytes += share * sum(token.size_bytes * token.count for token in taken if token.sent_s < cached_from_s)
                tokens.extend(taken)
        self.bytes_out += int(size_bytes)
        broker.bytes_out += int(size_bytes)
        cpu_s = self._cpu_request_s + self._cpu_byte_s * size_bytes
        handled_s = broker.cpu.take(cpu_s, now_s)
        if old_bytes:
            handled_s = max(handled_s, broker.read(old_bytes, handled_s))
        leaves_s = broker.outgoing.take(size_bytes + REQUEST_BYTES, handled_s)
        throttle_s = self.throttles.record(self.throttles.out, client, number, by_partition, cpu_s, now_s)
        if self.throttles.out.is_degraded(number, size_bytes, now_s):
            leaves_s += self.degraded_s
        self.fetch_times.add(leaves_s - now_s)
        return Fetched(tokens, size_bytes, leaves_s, throttle_s)

    def consumer_quota(self, client: str, byte_rate: float | None, request_percentage: float | None = None) -> None:
        """A client quota of a consumer (consumer_byte_rate, request_percentage), which holds at each broker."""
        if byte_rate:
            self.throttles.out.set_client(client, self.brokers, byte_rate)
        if request_percentage:
            self.throttles.set_percentage(client, self.brokers, request_percentage)

    def consumer_behind(self, wire: Wire) -> tuple[float, float] | None:
        reading = self.readings.get(wire.id)
        return reading.behind() if reading is not None else None

    # -- what is there ----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        return sum(partition.holding() for partition in self.partitions) + sum(producer.holding() for producer in self.producers.values())

    def unread(self) -> int:
        """Messages that the consumer furthest behind has not read or not settled."""
        readers: dict[str, int] = {}
        for partition in self.partitions:
            for reader in partition.log.readers:
                readers[reader.path_to] = readers.get(reader.path_to, 0) + reader.holding()
        return max(readers.values(), default=sum(partition.log.holding() for partition in self.partitions))

    def unread_waiting(self) -> int:
        """Messages that wait for a group that something holds up."""
        return sum(reader.unread for partition in self.partitions for reader in partition.log.readers if reader.bottleneck.cause.capacity)
