"""Amazon MQ for ActiveMQ: a managed message broker with queues and topics, which pushes messages to its consumers.

Consumers are sent messages ahead, up to their prefetch, and acknowledge what they have done. Producers wait for the disk, and are
blocked when memory, the message store or the temporary store is full. A pair of brokers shares one store: when the
active one fails, the standby takes over, and clients reconnect. Networks of brokers and the RabbitMQ engine are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.brokers.broker_destination import BrokerQueue, Subscription
from simulator.mechanics.brokers.broker_figures import BrokerFigures
from simulator.mechanics.brokers.broker_parameters import BrokerParameters
from simulator.mechanics.brokers.broker_producers import Connection, ProducerParameters, Producers
from simulator.mechanics.brokers.broker_reconnection import Interruption, RebootParameters, next_attempt_s
from simulator.mechanics.brokers.broker_sessions import Session
from simulator.mechanics.brokers.broker_sources import GUIDE, INSTANCE_TYPES, LIMITS, METRICS, PRICING, SYNC_S, THROUGHPUT_BYTES_PER_S
from simulator.mechanics.brokers.broker_storage import MEMORY, STORE, TEMP, BrokerStorage, Journal, Stored
from simulator.mechanics.brokers.broker_topic import Topic
from simulator.units import format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    PartFigure,
    Picture,
    Port,
    Price,
    Quota,
    Values,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GIB, GB = 2**30, 10**9
MONTH_S = 730 * 3600.0
DEAD_LETTERS = "ActiveMQ.DLQ"
VIRTUAL = "VirtualTopic."
IN_MEMORY_PER_S = 5000.0
SPACE_TITLES = {MEMORY: "Memory limit reached", STORE: "Message store full", TEMP: "Temporary store full"}


class Broker(BrokerFigures):
    """A broker, or a pair of them that share a store."""

    kind = "mq"
    title = "Amazon MQ broker (ActiveMQ)"
    short_title = "MQ · ActiveMQ"
    neutral_title = "Message broker"
    group = "Application integration"
    icon = "architecture-service/AmazonMQ"
    summary = "A managed ActiveMQ broker: queues and topics of JMS, whose messages are pushed to consumers."
    documentation_url = f"{GUIDE}/working-with-activemq.html"
    Parameters = BrokerParameters
    ports = (
        Port("in", "Messages in", Direction.IN, Verb.SEND, frozenset({"mq:Send"}), "Applications send here, each wire to one queue or topic.",
             wire_title="Producers", wire_parameters=ProducerParameters),
        Port("out", "Messages", Direction.OUT, Verb.POLL, frozenset({"mq:Consume"}), "Consumers subscribe here, each wire to one queue or topic."),
    )
    quotas = (
        Quota("connections", "Wire-level connections, mq.m5", 2000, "count", "broker and protocol", True, LIMITS, "1,000 before"),
        Quota("connections_micro", "Wire-level connections, mq.t3.micro", 300, "count", "broker and protocol", True, LIMITS, "100 before"),
        Quota("storage", "Storage, mq.m5", 200 * GB, "bytes", "broker", False, LIMITS),
        Quota("storage_micro", "Storage, mq.t3.micro", 20 * GB, "bytes", "broker", False, LIMITS),
        Quota("temporary", "Temporary storage, mq.m5", 50 * GB, "bytes", "broker", False, LIMITS),
        Quota("temporary_micro", "Temporary storage, mq.t3.micro", 5 * GB, "bytes", "broker", False, LIMITS),
        Quota("brokers", "Brokers", 200, "count", "Region", True, LIMITS, "other copies of the page say 50"),
        Quota("destinations", "Destinations that CloudWatch reports", 1000, "count", "broker", False, LIMITS, "200 before"),
        Quota("management", "Calls of the management API, burst 100", 15, "per_s", "account", False, LIMITS, "messages are never throttled"),
    )
    metrics = (
        Metric("EnqueueCount", "Enqueued", "messages", "sum", "Messages sent to queues and topics, a copy for each queue that stores it.", "enqueued", METRICS, True, "rates"),
        Metric("DispatchCount", "Dispatched", "messages", "sum", "Messages sent to consumers.", "dispatches", METRICS, True, "rates"),
        Metric("DequeueCount", "Dequeued", "messages", "sum", "Messages acknowledged by consumers.", "dequeued", METRICS, True, "rates"),
        Metric("ExpiredCount", "Expired", "messages", "sum", "Messages that outlived their time to live.", "expired_messages", METRICS, False, "trouble"),
        Metric("QueueSize", "Queue size", "messages", "gauge", "Messages in all queues but the dead-letter queues, dispatched ones too.", "queue_size", METRICS, True, "backlog"),
        Metric("InFlightCount", "In flight", "messages", "gauge", "Messages sent to consumers and not acknowledged.", "in_flight", METRICS, True, "backlog"),
        Metric("EnqueueTime", "Enqueue time", "s", "spread", "Time from the broker's receipt of a message to its delivery to a consumer, at its first dispatch.", "enqueue_times", METRICS, True, "latency"),
        Metric("MemoryUsage", "Memory usage", "share", "gauge", "Share of the memory limit that the fullest queue uses.", "memory_usage", METRICS, True, "space"),
        Metric("HeapUsage", "Heap usage", "share", "gauge", "Share of the JVM's heap that messages take.", "heap_usage", METRICS, False, "space"),
        Metric("StorePercentUsage", "Store usage", "share", "gauge", "Share of the message store that is used; at 1 persistent sends block.", "store_usage", METRICS, True, "space"),
        Metric("TempPercentUsage", "Temporary usage", "share", "gauge", "Share of the temporary store that is used; at 1 other sends block.", "temp_usage", METRICS, False, "space"),
        Metric("CpuUtilization", "CPU", "share", "gauge", "Share of the vCPUs' time that sends and dispatches took in the last minute.", "cpu_utilization", METRICS, False, "concurrency"),
        Metric("CurrentConnectionsCount", "Connections", "count", "gauge", "Connections of producers and consumers.", "connections", METRICS, False, "concurrency", limit="connections"),
        Metric("TotalMessageCount", "Messages", "messages", "gauge", "Messages on the broker, dead letters too.", "total_messages", METRICS, False, "backlog"),
        Metric("TotalConsumerCount", "Consumers", "count", "gauge", "Consumers that are subscribed.", "total_consumers", METRICS, False, "concurrency"),
        Metric("TotalProducerCount", "Producers", "count", "gauge", "Producers that are connected.", "total_producers", METRICS, False, "concurrency"),
        Metric("JournalFilesForFullRecovery", "Journal files", "count", "gauge", "Files that are read when the broker restarts.", "journal_files", METRICS, False, "space"),
        Metric("InactiveDurableTopicSubscribersCount", "Inactive subscribers", "count", "gauge", "Durable subscribers that are not connected.", "inactive_subscribers", METRICS, False, "concurrency"),
        Metric("BlockedSends", "Blocked sends", "messages", "gauge", "Sends that wait for memory or storage: their producers stand still. CloudWatch has no such metric.", "blocked_sends", None, True, "backlog"),
        Metric("WaitingSends", "Waiting sends", "messages", "gauge", "Messages that applications want to send and have not, because their producers are busy or blocked. CloudWatch has no such metric.", "waiting_sends", None, True, "backlog"),
        Metric("SendTime", "Send time", "s", "spread", "Time from the application's wish to send to the message being stored. CloudWatch has no such metric.", "send_times", None, True, "latency"),
        Metric("SendsFailed", "Failed sends", "messages", "sum", "Sends that ended in an exception. CloudWatch has no such metric.", "sends_failed", None, True, "trouble"),
        Metric("DeadLetters", "Dead letters", "messages", "sum", "Messages moved to a dead-letter queue. CloudWatch has no such metric.", "dead_lettered", None, True, "trouble"),
        Metric("DeadLetterQueueSize", "Dead letters waiting", "messages", "gauge", "QueueSize of the dead-letter queues.", "dead_letter_size", METRICS, False, "backlog"),
        Metric("MessagesReturned", "Returned", "messages", "sum", "Dispatched messages that came back because their consumer's connection was lost. CloudWatch has no such metric.", "returned", None, False, "trouble"),
        Metric("MessagesDiscarded", "Discarded", "messages", "sum", "Messages dropped because a subscriber that is not durable was too slow. CloudWatch has no such metric.", "discarded", None, False, "trouble"),
        Metric("SlowConsumers", "Slow consumers", "count", "gauge", "Consumers whose prefetch is full while messages wait. CloudWatch has no such metric.", "slow_consumers", None, False, "trouble"),
    )
    parts_title = "Destinations"
    part_figures = (PartFigure("waiting", "Waiting", "messages", "gauge"), PartFigure("dispatched", "Dispatched, not acknowledged", "messages", "gauge"))
    overlay = Overlay(
        "QueueSize", (Figure("QueueSize"), Figure("DequeueCount", "out"), Figure("BlockedSends", "blocked", quiet=True)),
        picture=Picture("tank", (Fill("QueueSize"),)),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "producers_busy": "All producers are sending", "sending": "Sending, and writing to disk", "broker_down": "Broker down or not reconnected", "memory": "Memory limit reached",
        "store": "Message store full", "temp": "Temporary store full", "prefetch_full": "Every consumer's prefetch is full", "no_consumer": "No consumer",
        "prefetched": "Pushed to a busy consumer", "redelivery_delay": "Pause before a redelivery", "network": "On the way to the consumer", "lost_consumer": "With a consumer that was lost",
    }
    faults = (
        Fault("active_fails", "The active broker fails", "Connections are lost; a standby takes over, or the single broker is replaced.", RebootParameters, sort="loss", instant=True),
        Fault("unavailable", "Clients cannot reach it", "Connections are lost until cleared, and made again by the clients' back-off.", sort="stops"),
    )
    prices = (
        *(Price(name, f"Broker, {name}", values.usd_per_h, "broker-hour", PRICING) for name, values in INSTANCE_TYPES.items()),
        Price("EFS", "Storage, EFS", 0.30, "GB-month", PRICING),
        Price("EBS", "Storage, EBS", 0.10, "GB-month", PRICING),
    )
    fidelity = Fidelity(
        modelled=(
            "Queues and topics of one broker, which share its memory, its journal and its temporary store; each wire names the one it is for.",
            "Dispatch up to each consumer's prefetch, round robin or by strict order or priority; exclusive consumers; message groups, remembered for 1,024 groups.",
            "Topics: a copy for each subscriber; durable subscribers, whose messages are stored while they are away; virtual topics; the oldest discarded for slow ones.",
            "Acknowledge modes and redelivery by the client, and dead letters: shared, individual or dropped. Expiry.",
            "Producer flow control: sends block on memory, store or temporary store, fail at once or after a time; asynchronous sends with a window, or stalling their connection.",
            "Persistent or not: producers wait for the disk; what is not persistent is lost when the broker restarts.",
            "A journal of files that are deleted whole: one unacknowledged message pins its file and those behind it.",
            "Active/standby: the pause, recovery by the number of journal files, clients' reconnect back-off, redelivery of what was in flight, duplicates.",
            "Connections, instance types, EBS and EFS, by the quotas and the throughput of one producer that AWS publishes.",
        ),
        approximated=(
            "What the application has not sent yet waits here, at its producers, because a source of traffic does not wait.",
            "Throughput of the whole broker: AWS publishes it for one producer only. The CPU's share is a parameter, the store's throughput follows from the message size at which AWS says it limits.",
            "MemoryUsage and QueueSize are of all queues together, or of the fullest; CloudWatch has them for each destination.",
            "EnqueueTime is a distribution over all messages; CloudWatch gives a mean.",
            "A message copied to subscribers that are not durable takes memory for each of them; ActiveMQ shares one. Each copy is a message of its own here.",
            "A send that fails by the client's timeout is gone; on a real broker it may still be stored, how often depends on where it stood.",
            "CPU and heap are those of messages only: AWS publishes no base load.",
            "All clients reconnect by the same back-off, at one moment: the sources name no jitter.",
        ),
        ignored=(
            "Networks of brokers: draw each broker, and let an application forward.",
            "The RabbitMQ engine: no prefetch by default, quorum queues and a blocking of all publishers at memory or disk alarms are another model.",
            "Concurrent store and dispatch: it saves writes for fast consumers; the throughput that AWS publishes has it on.",
            "BurstBalance of EBS, OpenTransactionCount, and JournalFilesForFastRecovery: AWS says neither how the volume bursts nor when a journal is fast to recover, and there are no transactions.",
            "The management API's limit: it never throttles messages. Charges for traffic between zones: where clients run is not drawn.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A broker and its consumers",
        "nodes": [
            {"id": "orders", "kind": "traffic", "name": "Orders", "parameters": {"load": {"shape": "constant", "rate_per_s": 40}}},
            {"id": "broker", "kind": "mq", "name": "broker", "parameters": {}},
            {"id": "billing", "kind": "jms_consumer", "name": "Billing", "parameters": {"consumers": 5}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "orders", "port": "out"}, "to": {"node": "broker", "port": "in"}},
            {"id": "w2", "from": {"node": "broker", "port": "out"}, "to": {"node": "billing", "port": "source"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.instance = INSTANCE_TYPES[values.host_instance_type]
        self.enqueued = self.dispatches = self.dequeued = self.expired_messages = 0
        self.sends_failed = self.dead_lettered = self.returned = self.discarded = 0
        self.queue_size, self.in_flight, self.dead_letter_size = Gauge(), Gauge(), Gauge()
        self.enqueue_times, self.send_times = Spread(), Spread()
        self.is_up = True
        self.per_message_s = 1.0 / IN_MEMORY_PER_S
        self._heap_bytes = self.instance.memory_gib * GIB * values.jvm_heap_share
        self._spaces(values)
        self.connected = self.limit("connections", "Connections", values.wire_level_connections or self.instance.connections, "wire_level_connections")
        self._queues: dict[str, BrokerQueue] = {}
        self._topics: dict[str, Topic] = {}
        self._subscribed: dict[Subscription, BrokerQueue] = {}
        self._sessions: dict[Subscription, Session] = {}
        self._away: list[Session] = []
        self._producers: dict[Wire, Producers] = {}
        self._applications: dict[str, Connection] = {}
        self._cpu_free_s = self._disk_free_s = 0.0
        self._cpu_booked: list[tuple[float, float]] = []
        self._cpu_s = self._cpu_from_s = 0.0
        self._sync_s = SYNC_S[values.storage_type] if values.sync_latency_s is None else values.sync_latency_s
        self._store_bytes_per_s = values.store_throughput_bytes_per_s or THROUGHPUT_BYTES_PER_S[values.storage_type]
        self._retrying = False
        self._down_since_s = 0.0
        self._unreachable = False
        self._draw_failover = values.failover.sampler(self.stream("failover"))
        self._draw_restart = values.restart.sampler(self.stream("restart"))
        self._draw_reboot = values.reboot.sampler(self.stream("reboot"))
        self._full = self.cause("prefetch_full", "Every consumer's prefetch is full", Culprit(id))
        self._nobody = self.cause("no_consumer", "No consumer", Culprit(id))
        self._lost_consumer = self.cause("lost_consumer", "With a consumer that was lost", Culprit(id), capacity=False)

    def _spaces(self, values: Values) -> None:
        memory_bytes = int(self._heap_bytes * values.memory_usage_percent_of_jvm_heap / 100)
        memory = self.limit("memory", "Memory for messages", memory_bytes, "memory_usage_percent_of_jvm_heap", "bytes")
        store = self.limit("store", "Message store", values.storage_quota_bytes or self.instance.storage_gb * GB, "storage_quota_bytes", "bytes")
        temp = self.limit("temp", "Temporary store", values.temporary_quota_bytes or self.instance.temp_gb * GB, "temporary_quota_bytes", "bytes")
        culprits = {MEMORY: "memory_limit_bytes", STORE: "storage_quota_bytes", TEMP: "temporary_quota_bytes"}
        self._lacking: dict[str, Cause] = {space: self.cause(space, SPACE_TITLES[space], Culprit(self.id, name)) for space, name in culprits.items()}
        journal = Journal(store, values.journal_file_bytes, values.journal_keeps_acknowledgements)
        self.storage = BrokerStorage(memory, temp, journal, values.cursor_memory_high_water_mark / 100, values.message_overhead_bytes,
                                     values.journal_record_overhead_bytes, self._room_again)

    def start(self) -> None:
        for wire in self.wires_in["in"]:
            self._producers[wire] = self._connect_producers(wire)
        values = self.parameters
        self.agenda.at(values.journal_cleanup_s, self._clean)
        self.agenda.at(values.expire_messages_period_s, self._look_for_expired)
        for interruption in values.interruptions:
            self.agenda.at(interruption.at_s, self._interrupt, interruption)

    def _connect_producers(self, wire: Wire) -> Producers:
        settings = wire.parameters if hasattr(wire.parameters, "delivery_mode") else Values(ProducerParameters())
        values = self.parameters
        fails_after_s: float | None = values.send_fail_if_no_space_after_timeout_s or None
        if values.send_fail_if_no_space:
            fails_after_s = 0.0
        connection = self._applications.setdefault(wire.source.id, Connection())
        made = Producers(wire, settings, self, self.agenda, connection, fails_after_s)
        made.allowed = self._take_connections(made.allowed)
        if made.allowed < settings.producers:
            self.log("warning", f"Reached Maximum Connections: {settings.producers - made.allowed} producers of {wire.source.name} are refused")
        return made

    def _take_connections(self, wanted: int) -> int:
        """So many clients connect; how many the broker takes."""
        taken = int(min(wanted, max(0, (self.connected.limit or 0) - self.connected.value)))
        self.connected.add(taken, self.agenda._now)
        return taken

    # -- destinations -----------------------------------------------------------------------------------------------

    def queue(self, name: str) -> BrokerQueue:
        """The queue of this name; made when it is first named."""
        found = self._queues.get(name)
        if found is None:
            found = self._queues[name] = self._new_queue(name)
            application, _, topic = name.partition(f".{VIRTUAL}")
            if application.startswith("Consumer.") and topic:
                self.topic(VIRTUAL + topic).virtual.append(found)
        return found

    def topic(self, name: str) -> Topic:
        """The topic of this name; made when it is first named."""
        found = self._topics.get(name)
        if found is None:
            found = self._topics[name] = Topic(name, self.parameters.constant_pending_message_limit, self._discard)
        return found

    def _new_queue(self, name: str) -> BrokerQueue:
        values = self.parameters
        made = BrokerQueue(name, self, self.storage, Bottleneck(self._nobody), self._full, self._nobody)
        made.memory_limit_bytes = values.memory_limit_bytes
        made.keeps_all_in_memory = values.cursor == "vmQueueCursor"
        made.strict_order = values.strict_order_dispatch
        made.uses_priority = values.use_consumer_priority
        made.most_groups = values.message_groups_cached
        made.page = values.max_page_size
        return made

    def _destination(self, settings: Values) -> str:
        return settings.destination or str(self.parameters.default_destination)

    def _is_dead_letter_queue(self, queue: BrokerQueue) -> bool:
        return queue.name == DEAD_LETTERS or queue.name.startswith("DLQ.")

    # -- messages come in -------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        self.entered += message.count
        message.sent_s = self.agenda._now
        self._producers[wire].offer(message)
        return None

    def write_s(self, messages: Sequence[Message], persistent: bool) -> float:
        now_s = self.agenda._now
        cpu_s = self._work(len(messages), now_s)
        memory_s: float = max(cpu_s, len(messages) * self.per_message_s)
        if not persistent or self.parameters.journal_disk_sync_strategy != "always":
            return memory_s
        write_s = sum(message.size_bytes for message in messages) / self._store_bytes_per_s
        start_s = max(now_s, self._disk_free_s)
        self._disk_free_s = start_s + write_s
        return float(max(self._sync_s + (len(messages) - 1) * self.per_message_s, start_s - now_s + write_s, cpu_s))

    def _work(self, operations: int, now_s: float) -> float:
        """Let the CPU do so many operations more; how long until it comes to them."""
        took_s: float = operations / (self.parameters.operations_per_vcpu_per_s * self.instance.vcpus)
        start_s: float = max(now_s, self._cpu_free_s)
        self._cpu_free_s = start_s + took_s
        self._cpu_s += took_s
        return start_s - now_s

    def _targets(self, producers: Producers) -> list[BrokerQueue]:
        name = self._destination(producers.settings)
        return [self.queue(name)] if producers.settings.destination_type == "queue" else self.topic(name).all()

    def lacks(self, producers: Producers) -> Cause | None:
        targets = self._targets(producers)
        is_queue = producers.settings.destination_type == "queue"
        for queue in targets:
            stores = is_queue or self.topic(self._destination(producers.settings)).stores(queue)
            space = queue.lacks(producers.persistent and stores, self.parameters.store_usage_high_water_mark / 100)
            if space is not None and (space != MEMORY or self.parameters.producer_flow_control):
                return self._lacking[space]
        return None

    def store(self, message: Message, producers: Producers) -> None:
        now_s = self.agenda._now
        self.send_times.add(now_s - message.sent_s, message.count)
        settings = producers.settings
        expires_s = now_s + settings.time_to_live_s if settings.time_to_live_s > 0 else math.inf
        if settings.destination_type == "queue":
            queue = self.queue(self._destination(settings))
            if settings.uses_groups and queue.groups is None:
                queue.use_groups()
            self._enqueue(message, queue, producers.persistent, expires_s, now_s)
            return
        topic = self.topic(self._destination(settings))
        targets = topic.all()
        if not targets:
            self.lose(message, "no_subscriber", "No one is subscribed to the topic")
            return
        copies = [message, *(message.copy() for _ in targets[1:])]
        self.copied += message.count * (len(targets) - 1)
        for queue, copy in zip(targets, copies, strict=True):
            self._enqueue(copy, queue, producers.persistent and topic.stores(queue), expires_s, now_s)
            topic.trim(queue, now_s)

    def _enqueue(self, message: Message, queue: BrokerQueue, persistent: bool, expires_s: float, now_s: float) -> None:
        self.enqueued += message.count
        stored = Stored(message, persistent, self.storage.in_memory_bytes(message), now_s, expires_s)
        (self.dead_letter_size if self._is_dead_letter_queue(queue) else self.queue_size).add(1, now_s)
        queue.add(stored, now_s)

    def refuse(self, message: Message, cause: str, title: str) -> None:
        self.sends_failed += message.count
        self.lose(message, cause, title)

    def _room_again(self) -> None:
        """Some space is free: let blocked producers try again."""
        if self._retrying:
            return
        self._retrying = True
        for producers in self._producers.values():
            if producers.parked:
                producers.retry()
        self._retrying = False

    def _clean(self, _: None) -> None:
        self.storage.clean(self.agenda._now)
        self.agenda.at(self.agenda._now + self.parameters.journal_cleanup_s, self._clean)

    def _look_for_expired(self, _: None) -> None:
        now_s = self.agenda._now
        for queue in self._all_queues():
            queue.expire(now_s)
            queue.dispatch(now_s)
        self.agenda.at(now_s + self.parameters.expire_messages_period_s, self._look_for_expired)

    def _all_queues(self) -> list[BrokerQueue]:
        return [*self._queues.values(), *(queue for topic in self._topics.values() for queue in (*topic.durable, *topic.volatile))]

    # -- consumers --------------------------------------------------------------------------------------------------

    def connect(self, wire: Wire, settings: Values, session: Session, number: int) -> Subscription | None:
        now_s = self.agenda._now
        if not self.is_up:
            if session not in self._away:
                self._away.append(session)
            return None
        queue = self._queue_for(wire, settings, number)
        if settings.durable and settings.destination_type == "topic" and queue in self._subscribed.values():
            return None
        if not self._take_connections(1):
            self.log("warning", f"Reached Maximum Connections: a consumer of {wire.target.name} is refused")
            return None
        if settings.exclusive:
            queue.exclusive = True
        subscription = Subscription(wire, session, session.prefetch, number, settings.priority)
        self._subscribed[subscription] = queue
        self._sessions[subscription] = session
        self.agenda.at(now_s, self._begin_dispatch, (queue, subscription))
        return subscription

    def _begin_dispatch(self, begun: tuple[BrokerQueue, Subscription]) -> None:
        queue, subscription = begun
        if subscription in self._subscribed:
            queue.subscribe(subscription, self.agenda._now)

    def _queue_for(self, wire: Wire, settings: Values, number: int) -> BrokerQueue:
        name = self._destination(settings)
        if settings.destination_type == "queue":
            return self.queue(name)
        topic = self.topic(name)
        where = topic.durable if settings.durable else topic.volatile
        own = f"{name} for {wire.id}" if settings.durable else f"{name} for {wire.id}, consumer {number}"
        found = next((queue for queue in where if queue.name == own), None)
        if found is None:
            found = self._new_queue(own)
            found.keeps_all_in_memory = not settings.durable
            where.append(found)
        return found

    def disconnect(self, subscription: Subscription) -> None:
        queue = self._subscribed.pop(subscription, None)
        self._sessions.pop(subscription, None)
        if queue is None:
            return
        now_s = self.agenda._now
        self.connected.add(-1, now_s)
        self._take_back(queue, subscription, now_s)
        if any(queue in topic.volatile for topic in self._topics.values()):
            for stored in queue.restart(lambda _: False, now_s):
                self._drop(stored, queue, "subscriber_gone", "Its subscriber is gone, and not durable")
        else:
            queue.dispatch(now_s)

    def _take_back(self, queue: BrokerQueue, subscription: Subscription, now_s: float) -> None:
        if subscription not in queue.subscriptions:
            return
        count = queue.unsubscribe(subscription, self._lost_consumer, now_s)
        self.in_flight.add(-count, now_s)
        self.returned += count
        subscription.wire.settle(count, 0)

    def dispatched(self, stored: Stored, subscription: Subscription) -> None:
        now_s = self.agenda._now
        self._work(1, now_s)
        self.dispatches += 1
        self.in_flight.add(1, now_s)
        if stored.enqueued_s >= 0:
            self.enqueue_times.singles.append(now_s - stored.enqueued_s)
            stored.enqueued_s = -1.0

    def acknowledge(self, subscription: Subscription, stored: Stored) -> bool:
        queue = self._subscribed.get(subscription)
        now_s = self.agenda._now
        if queue is None or not queue.acknowledge(subscription, stored, now_s):
            return False
        count = stored.message.count
        self.dequeued += count
        self.forwarded += count
        self._leaves(queue, now_s)
        subscription.extension = max(0, subscription.extension - 1)
        subscription.wire.settle(count, count)
        queue.dispatch(now_s)
        return True

    def _leaves(self, queue: BrokerQueue, now_s: float) -> None:
        self.in_flight.add(-1, now_s)
        self._left(queue, now_s)

    def _left(self, queue: BrokerQueue, now_s: float) -> None:
        (self.dead_letter_size if self._is_dead_letter_queue(queue) else self.queue_size).add(-1, now_s)

    def credit(self, subscription: Subscription, messages: int) -> None:
        queue = self._subscribed.get(subscription)
        if queue is not None and subscription in queue.subscriptions:
            subscription.extension += messages
            queue.dispatch(self.agenda._now)

    # -- dead letters -----------------------------------------------------------------------------------------------

    def dead_letter(self, subscription: Subscription, stored: Stored) -> None:
        queue = self._subscribed.get(subscription)
        now_s = self.agenda._now
        if queue is None or not queue.acknowledge(subscription, stored, now_s):
            return
        self._leaves(queue, now_s)
        subscription.wire.settle(stored.message.count, 0)
        self._bury(stored, queue, "poison", "Failed at every delivery")
        queue.dispatch(now_s)

    def expired(self, stored: Stored, queue: BrokerQueue) -> None:
        self.expired_messages += stored.message.count
        self._left(queue, self.agenda._now)
        self._bury(stored, queue, "expired", "Outlived its time to live")

    def _bury(self, stored: Stored, queue: BrokerQueue, cause: str, title: str) -> None:
        """Move a message that left ``queue`` to its dead-letter queue, if it has one and takes it."""
        values = self.parameters
        keeps = values.dead_letter_strategy != "discarding" and (stored.persistent or values.process_non_persistent)
        if not keeps or self._is_dead_letter_queue(queue):
            self.lose(stored.message, cause, title)
            return
        self.dead_lettered += stored.message.count
        name = DEAD_LETTERS if values.dead_letter_strategy == "shared" else f"DLQ.{queue.name}"
        self._enqueue(stored.message.copy(), self.queue(name), stored.persistent, math.inf, self.agenda._now)

    def _discard(self, stored: Stored) -> None:
        self.discarded += stored.message.count
        self.queue_size.add(-1, self.agenda._now)
        self.lose(stored.message, "slow_subscriber", "Discarded for a subscriber that was too slow")

    def _drop(self, stored: Stored, queue: BrokerQueue, cause: str, title: str) -> None:
        self._left(queue, self.agenda._now)
        self.lose(stored.message, cause, title)

    # -- it fails ---------------------------------------------------------------------------------------------------

    def _interrupt(self, interruption: Interruption) -> None:
        self.interrupt(interruption.kind)

    def interrupt(self, kind: str) -> None:
        """The broker fails, is rebooted, or maintained: it comes back by itself."""
        if not self.is_up:
            return
        paired = self.parameters.deployment_mode == "ACTIVE_STANDBY_MULTI_AZ"
        if kind == "reboot":
            down_s = self._draw_reboot()
        elif paired:
            down_s = self._draw_failover()
        else:
            down_s = self.parameters.maintenance_s if kind == "maintenance" else self._draw_restart()
        down_s += len(self.storage.journal) * self.parameters.recovery_per_file_s
        self._go_down()
        self.log("warning", f"{self.name} is down ({kind}) for {down_s:.1f} s")
        self.agenda.at(self.agenda._now + down_s, self._come_up)

    def _go_down(self) -> None:
        """Connections are lost, and what is not on disk with them."""
        now_s = self.agenda._now
        self.is_up = False
        self._down_since_s = now_s
        self.connected.set(0, now_s)
        for producers in self._producers.values():
            producers.connection_lost()
        subscribed, self._subscribed = self._subscribed, {}
        sessions, self._sessions = self._sessions, {}
        for subscription, queue in subscribed.items():
            self._take_back(queue, subscription, now_s)
            self._away.append(sessions[subscription])
            sessions[subscription].connection_lost()
        self._restart_queues(now_s)

    def _restart_queues(self, now_s: float) -> None:
        strategy = self.parameters.journal_disk_sync_strategy
        synced_s = {"always": now_s, "periodic": math.floor(now_s), "never": 0.0}[strategy]

        def survives(stored: Stored) -> bool:
            return stored.persistent and stored.written_s <= synced_s

        for queue in self._all_queues():
            for stored in queue.restart(survives, now_s):
                self._drop(stored, queue, "broker_restart", "In memory when the broker failed")

    def _come_up(self, _: None) -> None:
        if self._unreachable or self.is_up:
            return
        self.is_up = True
        values = self.parameters
        again_s = next_attempt_s(self._down_since_s, self.agenda._now, values.initial_reconnect_delay_s, values.max_reconnect_delay_s)
        self.is_up = False
        self.agenda.at(again_s, self._reconnect)

    def _reconnect(self, _: None) -> None:
        """The clients' next try to connect succeeds."""
        if self._unreachable or self.is_up:
            return
        self.is_up = True
        for producers in self._producers.values():
            producers.settings_changed(self._take_connections(producers.settings.producers))
            producers.reconnected()
        away, self._away = self._away, []
        for session in away:
            session.connected()
        for queue in self._all_queues():
            queue.dispatch(self.agenda._now)

    def fault_active_fails(self, value: RebootParameters | None) -> None:
        """The active broker fails once; it comes back by itself."""
        if value is not None:
            self.interrupt(value.kind)

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """No client reaches the broker until cleared (None)."""
        self._unreachable = value is not None
        if value is not None and self.is_up:
            self._go_down()
        elif value is None:
            self._come_up(None)

    def parameter_changed(self, name: str) -> None:
        if name == "memory_limit_bytes":
            for queue in self._all_queues():
                queue.memory_limit_bytes = self.parameters.memory_limit_bytes
            self._room_again()

    def wire_changed(self, wire: Wire) -> None:
        producers = self._producers.get(wire)
        if producers is not None and self.is_up:
            change = producers.settings.producers - producers.allowed
            taken = self._take_connections(change) if change > 0 else change
            if change < 0:
                self.connected.add(change, self.agenda._now)
            producers.settings_changed(producers.allowed + taken)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        return sum(producers.count() for producers in self._producers.values()) + sum(queue.count() for queue in self._all_queues())

    def backlog(self) -> float:
        return self.queue_size.value - self.in_flight.value + self.waiting_sends() + self.blocked_sends()

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.dead_lettered, self.blocked_sends()

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        prices = {price.name: price for price in self.prices}
        values = self.parameters
        brokers = 2 if values.deployment_mode == "ACTIVE_STANDBY_MULTI_AZ" else 1
        yield prices[values.host_instance_type], brokers * elapsed_s / 3600
        yield prices[values.storage_type], self.storage.journal.used.mean(self.agenda._now) / GB * elapsed_s / MONTH_S

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if not self.is_up:
            held = self.waiting_sends()
            return f"The broker is down, or its clients have not reconnected{f'; {held:,} sends wait' if held else ''}.", Culprit(self.id, "deployment_mode")
        blocked = next((producers.parked[0] for producers in self._producers.values() if producers.blocked), None)
        if blocked is not None:
            return f"{self.blocked_sends()} sends are blocked: {blocked.cause.title.lower()}.", blocked.cause.culprit
        waiting = self.queue_size.value - self.in_flight.value
        if waiting >= 1 and not self._subscribed:
            return "Messages wait, and no consumer is subscribed.", None
        if waiting >= 1:
            return f"{format_rate(rates['EnqueueCount'])} arrive, {format_rate(rates['DequeueCount'])} are acknowledged; every consumer's prefetch is full.", None
        if self.waiting_sends() > 10:
            return f"{self.waiting_sends():,} messages wait for a producer: each waits for the disk.", Culprit(self.id, "storage_type")
        return None

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.storage_type == "EBS" and values.host_instance_type == "mq.t3.micro":
            yield Finding("ebs-needs-m5", "error", f"'{placed.name}': EBS is only for mq.m5 instances", "Use EFS, or a larger instance", node=placed.id, parameter="storage_type")
        if values.storage_type == "EBS" and values.deployment_mode == "ACTIVE_STANDBY_MULTI_AZ":
            yield Finding("standby-needs-efs", "error", f"'{placed.name}': an active/standby pair needs EFS, which both brokers share", "Use EFS", node=placed.id, parameter="storage_type")
        if not placed.out_of("out"):
            yield Finding("no-consumer", "note", f"Nothing consumes from '{placed.name}': messages stay until the store is full", "Wire it to a consumer", node=placed.id)
        wanted = sum(getattr(link.parameters, "producers", 10) for link in placed.into("in"))
        wanted += sum(getattr(link.other.parameters, "consumers", 0) for link in placed.out_of("out"))
        most = values.wire_level_connections or INSTANCE_TYPES[values.host_instance_type].connections
        if wanted > most:
            yield Finding("too-many-connections", "warning", f"'{placed.name}' takes {most:,} connections, but {wanted:,} clients are wired to it: the others are refused",
                          "Use a larger instance, or fewer clients", node=placed.id, parameter="host_instance_type")
