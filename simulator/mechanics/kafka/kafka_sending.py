"""The sender of a Kafka producer: it brings batches to the brokers that lead their partitions, and sees to answers, retries and timeouts."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.kafka.kafka_batches import Batch, Lane, Request, kafka_producer_settings, settings_of

if TYPE_CHECKING:
    from simulator.engine.node import Node
    from simulator.mechanics.kafka.kafka_broker import Broker
    from simulator.mechanics.kafka.kafka_partition import Partition

CLOCK_S = 1e-9
MOST_DOUBLINGS = 20
RECONNECT_S = 1.0
"""Pause after a connection was refused (reconnect.backoff.max.ms)."""
UNDELIVERED = ("delivery_timeout", "Not delivered within delivery.timeout.ms (TimeoutException)")
TOO_LARGE = ("message_too_large", "The broker takes no batch of this size (RecordTooLargeException)")
FATAL = frozenset({"message_too_large"})
"""Errors after which a batch is not tried again."""


class ProduceTarget(Protocol):
    """The cluster, as a producer sees it."""

    agenda: Agenda
    brokers: dict[int, Broker]

    def partitions_of(self, topic: str) -> list[Partition]:
        """The partitions of a topic."""

    def produce(self, request: Request) -> None:
        """A request has come to its broker."""

    def give_up(self, batch: Batch, name: str, title: str) -> None:
        """These records have failed: they are lost."""

    def drop(self, message: Message, name: str, title: str) -> None:
        """send() failed for this record: it is lost."""


class Link:
    """The connection of one producer to one broker."""

    __slots__ = ("booked_s", "broker", "in_flight", "is_open", "lanes", "muted_s", "open_s", "requests", "wait")

    def __init__(self, broker: int) -> None:
        self.broker = broker
        self.in_flight = 0
        self.is_open = False
        self.open_s = 0.0
        self.muted_s = 0.0
        self.booked_s = -1.0
        self.lanes: dict[Lane, None] = {}
        """Lanes with something to send to this broker."""
        self.requests: dict[Request, None] = {}
        self.wait: Cause | None = None
        """What kept it from sending lately."""


class Sender:
    """One producer client: its memory, its lanes and its connections."""

    __slots__ = ("blocked", "free_bytes", "lanes", "line", "links", "number", "sticky", "sticky_bytes")

    def __init__(self, number: int, memory_bytes: int) -> None:
        self.number = number
        self.free_bytes = memory_bytes
        self.lanes: dict[int, Lane] = {}
        self.links: dict[int, Link] = {}
        self.blocked: deque[Blocked] = deque()
        self.line: deque[tuple[Message, float]] = deque()
        """Messages for which no thread of the application is free."""
        self.sticky = -1
        self.sticky_bytes = 0


class Blocked:
    """A call of send() that waits for memory."""

    __slots__ = ("is_over", "message", "sender", "since_s")

    def __init__(self, sender: Sender, message: Message, since_s: float) -> None:
        self.sender = sender
        self.message = message
        self.since_s = since_s
        self.is_over = False


class KafkaSending:
    """The senders of the producers of one wire. Who fills the batches is its subclass (`kafka_producer`)."""

    def __init__(self, cluster: Node, target: ProduceTarget, wire: Wire, topic: str) -> None:
        self.node, self.target, self.wire = cluster, target, wire
        self.agenda: Agenda = cluster.agenda
        self.settings: Any = settings_of(kafka_producer_settings(wire))
        self.partitions = target.partitions_of(topic)
        self.senders = [Sender(number, self.settings.buffer_memory_bytes) for number in range(self.settings.producers)]
        self.failed = self.retries = self.requests = self.batches_sent = self.timeouts = 0
        self._turn = 0
        self._held: dict[Batch, None] = {}
        self._blocked = self._line = 0
        self._keys: dict[int, int] = {}
        self._draw = cluster.stream(f"kafka keys {wire.id}")
        self._jitter = cluster.stream(f"kafka retries {wire.id}")
        self._latency_s = self.settings.network_latency.sampler(cluster.stream(f"kafka network {wire.id}"))
        self._deadlines: deque[Batch] = deque()
        self._timeouts: deque[Request] = deque()
        self._deadline_booked = self._timeout_booked = False
        self._make_causes(cluster, wire)

    def _make_causes(self, cluster: Node, wire: Wire) -> None:
        def cause(name: str, title: str, parameter: str, **more: Any) -> Cause:
            return cluster.cause(name, title, Culprit(cluster.id, parameter, wire.id), **more)

        source = wire.source.name
        self._linger = cause("producer_linger", f"Gathered by the producer of {source}", "linger_s", capacity=False)
        self._network = cause("producer_network", "On the way to the broker", "network_latency", capacity=False)
        self._in_flight = cause("in_flight_requests", f"{source}: requests in flight are at their limit", "max_in_flight_requests")
        self._memory = cause("buffer_memory", f"{source}: buffer.memory is used up, send() blocks", "buffer_memory_bytes")
        self._threads = cause("send_threads", f"{source}: every thread is blocked in send()", "send_threads")
        self._muted = cause("produce_throttle", f"{source} is throttled by a quota", "producer_byte_rate")
        self._leader = cluster.cause("no_leader", "The partition has no leader, or the producer does not know it yet", Culprit(cluster.id, "topics"))
        self._replicas = cluster.cause("not_enough_replicas", "Fewer in-sync replicas than min.insync.replicas", Culprit(cluster.id, "topics"))
        self._order = cause("out_of_order", "Behind a batch that is tried again", "enable_idempotence")
        self._connecting = cluster.cause("connecting", "The broker takes no more connections, or no more a second", Culprit(cluster.id, "most_connections"))
        self._timeout = cause("request_timeout", "A request had no answer in time", "request_timeout_s")

    def release(self, batch: Batch) -> None:
        """The memory of a batch is free again."""
        raise NotImplementedError

    # -- sending ----------------------------------------------------------------------------------------------------

    def _attach(self, lane: Lane) -> Link | None:
        """Note at the connection to the partition's leader that the lane has something to send."""
        leader = lane.partition.leader
        if leader is None:
            return None
        links: dict[int, Link] = lane.sender.links
        link = links.get(leader)
        if link is None:
            link = links[leader] = Link(leader)
        link.lanes[lane] = None
        return link

    def _linger_over(self, batch: Batch) -> None:
        if not batch.is_written and batch in self._held:
            self._send_lane(batch.lane)

    def _send_lane(self, lane: Lane) -> None:
        leader = lane.partition.leader
        link = lane.sender.links.get(leader) if leader is not None else None
        if link is not None:
            self._send_ready(lane.sender, link)

    def _book(self, sender: Sender, link: Link, when_s: float) -> None:
        if link.booked_s < self.agenda._now or when_s < link.booked_s:
            link.booked_s = when_s
            self.agenda.at(when_s, self._again, (sender, link))

    def _again(self, place: tuple[Sender, Link]) -> None:
        sender, link = place
        if link.booked_s <= self.agenda._now:
            link.booked_s = -1.0
        self._send_ready(sender, link)

    def _send_ready(self, sender: Sender, link: Link) -> None:
        """Send requests to this broker, as long as batches are ready and the connection allows it."""
        now_s = self.agenda._now
        while link.lanes:
            if link.muted_s > now_s + CLOCK_S:
                link.wait = self._muted
                self._book(sender, link, link.muted_s)
                return
            if link.in_flight >= self.settings.max_in_flight_requests:
                link.wait = self._in_flight
                return
            if not self.target.brokers[link.broker].is_up:
                link.wait = self._leader
                return
            if not self._is_connected(sender, link, now_s):
                link.wait = self._connecting
                return
            batches = self._drain(sender, link, now_s)
            if not batches:
                link.wait = None
                return
            self._depart(link, batches, now_s)

    def _is_connected(self, sender: Sender, link: Link, now_s: float) -> bool:
        if not link.is_open:
            open_s = self.target.brokers[link.broker].connect(now_s)
            if open_s is None:
                self._book(sender, link, now_s + RECONNECT_S)
                return False
            link.is_open, link.open_s = True, open_s
        if link.open_s > now_s + CLOCK_S:
            self._book(sender, link, link.open_s)
            return False
        return True

    def _drain(self, sender: Sender, link: Link, now_s: float) -> list[Batch]:
        """The first batch of each partition that this broker leads, if one of them at least is ready."""
        batches: list[Batch] = []
        size_bytes = 0
        ready = bool(sender.blocked)
        next_s = float("inf")
        for lane in link.lanes:
            batch = lane.queue[0]
            if batch.try_s > now_s + CLOCK_S:
                next_s = min(next_s, batch.try_s)
                continue
            if batches and size_bytes + batch.size_bytes > self.settings.max_request_size_bytes:
                continue
            ready = ready or batch.tries > 0 or batch.is_full or len(lane.queue) > 1 or batch.ready_s <= now_s + CLOCK_S
            batches.append(batch)
            size_bytes += batch.size_bytes
        if next_s < float("inf"):
            self._book(sender, link, next_s)
        return batches if ready else []

    def _depart(self, link: Link, batches: list[Batch], now_s: float) -> None:
        for batch in batches:
            lane = batch.lane
            lane.queue.popleft()
            if not lane.queue:
                del link.lanes[lane]
            if batch.number < 0:
                batch.number = lane.assigned
                lane.assigned += 1
            self._spend_wait(batch, link, now_s)
        request = Request(self, link.broker, batches, self.settings.acks, now_s)
        self.requests += 1
        self.batches_sent += len(batches)
        link.in_flight += 1
        link.requests[request] = None
        self._time_out_later(request)
        self.agenda.at(now_s + self._latency_s(), self._arrive, request)

    def _spend_wait(self, batch: Batch, link: Link, now_s: float) -> None:
        if batch.tries:
            batch.spend(batch.wait or self._leader, now_s)
            return
        if batch.ready_s < now_s:
            batch.spend(self._linger, max(batch.ready_s, batch.since_s))
            batch.spend(self._leader, min(now_s, batch.partition.led_since_s))
            batch.spend(link.wait or batch.lane.wait or self._in_flight, now_s)
        else:
            batch.spend(self._linger, now_s)

    def _arrive(self, request: Request) -> None:
        now_s = self.agenda._now
        if request.is_over:
            return
        for batch in request.batches:
            if not batch.is_written:
                batch.spend(self._network, now_s)
        self.target.produce(request)

    # -- answers ----------------------------------------------------------------------------------------------------

    def taken(self, batch: Batch) -> None:
        self._held.pop(batch, None)

    def returned(self, batch: Batch) -> None:
        if batch.memory_bytes:
            self._held[batch] = None
        else:
            self.target.give_up(batch, "leader_lost", "Its leader failed before a follower had copied it")

    def answered(self, request: Request) -> None:
        self.agenda.at(self.agenda._now + (self._latency_s() if request.acks != "0" else 0.0), self._received, request)

    def _received(self, request: Request) -> None:
        if request.is_over:
            return
        sender, link = self._end(request)
        now_s = self.agenda._now
        if request.throttle_s > 0:
            link.muted_s = max(link.muted_s, now_s + request.throttle_s)
        again = [batch for batch in request.batches if batch in request.errors]
        for batch in request.batches:
            if batch not in request.errors:
                batch.lane.passed(batch.number)
                batch.lane.wait = None
                self._done(batch)
        self._try_later(again, request.errors, now_s)
        self._send_ready(sender, link)

    def _end(self, request: Request) -> tuple[Sender, Link]:
        request.is_over = True
        sender: Sender = request.batches[0].lane.sender
        link = sender.links[request.broker]
        link.requests.pop(request, None)
        link.in_flight -= 1
        return sender, link

    def _done(self, batch: Batch) -> None:
        """Acknowledged (or given up): nothing more is done for it."""
        if batch.memory_bytes:
            self.release(batch)

    def disconnected(self, request: Request) -> None:
        """The broker went away: the batches that it did not take are tried again elsewhere."""
        if request.is_over:
            return
        sender, link = self._end(request)
        if request.acks == "0":
            for batch in request.batches:
                if not batch.is_written and batch in self._held:
                    self._fail(batch, "not_received", "acks=0: the broker was gone, and no one waited for its answer")
                else:
                    self._done(batch)
        else:
            self._try_later(request.batches, dict.fromkeys(request.batches, "no_leader"), self.agenda._now)
        self._send_ready(sender, link)

    def _time_out_later(self, request: Request) -> None:
        timeouts = self._timeouts
        while timeouts and timeouts[0].is_over:
            timeouts.popleft()
        timeouts.append(request)
        if not self._timeout_booked:
            self._timeout_booked = True
            self.agenda.at(timeouts[0].sent_s + self.settings.request_timeout_s, self._request_timed_out)

    def _request_timed_out(self, _: None) -> None:
        now_s, timeout_s = self.agenda._now, self.settings.request_timeout_s
        self._timeout_booked = False
        while self._timeouts:
            request = self._timeouts[0]
            if not request.is_over:
                if request.sent_s + timeout_s > now_s + CLOCK_S:
                    self._timeout_booked = True
                    self.agenda.at(request.sent_s + timeout_s, self._request_timed_out)
                    return
                sender, link = self._end(request)
                self._try_later(request.batches, dict.fromkeys(request.batches, "request_timeout"), now_s)
                self._send_ready(sender, link)
            self._timeouts.popleft()

    def _try_later(self, batches: list[Batch], errors: dict[Batch, str], now_s: float) -> None:
        """Put batches back, in the order in which they belong, for another try after a pause."""
        causes = {"not_enough_replicas": self._replicas, "out_of_order": self._order, "request_timeout": self._timeout}
        for batch in reversed(batches):
            error = errors[batch]
            if batch.is_expired or error in FATAL or batch.tries >= self.settings.retries:
                self._fail(batch, *(UNDELIVERED if batch.is_expired else TOO_LARGE if error in FATAL else ("retries", "Retries were used up")))
                continue
            batch.tries += 1
            self.retries += 1
            batch.wait = batch.lane.wait = causes.get(error, self._leader)
            longest_s = min(self.settings.retry_backoff_s * 2 ** min(batch.tries - 1, MOST_DOUBLINGS), self.settings.retry_backoff_max_s)
            batch.try_s = now_s + longest_s * (0.8 + 0.4 * self._jitter.uniform())
            self._put_back(batch)
            link = self._attach(batch.lane)
            if link is not None:
                self._book(batch.lane.sender, link, batch.try_s)

    def _put_back(self, batch: Batch) -> None:
        queue = batch.lane.queue
        place = 0
        if self.settings.is_idempotent:
            while place < len(queue) and -1 < queue[place].number < batch.number:
                place += 1
        queue.insert(place, batch)

    def _fail(self, batch: Batch, name: str, title: str) -> None:
        """The batch has failed: its records are lost, unless a leader has them all the same."""
        if batch.number >= 0:
            batch.lane.passed(batch.number)
        if not batch.is_written and batch in self._held:
            del self._held[batch]
            self.failed += batch.count
            self.target.give_up(batch, name, title)
        if batch.memory_bytes:
            self.release(batch)

    # -- delivery timeout -------------------------------------------------------------------------------------------

    def _expire_later(self, batch: Batch) -> None:
        deadlines = self._deadlines
        while deadlines and not deadlines[0].memory_bytes:
            deadlines.popleft()
        deadlines.append(batch)
        if not self._deadline_booked:
            self._deadline_booked = True
            self.agenda.at(deadlines[0].created_s + self.settings.delivery_timeout_s, self._deliveries_over)

    def _deliveries_over(self, _: None) -> None:
        now_s, timeout_s = self.agenda._now, self.settings.delivery_timeout_s
        self._deadline_booked = False
        while self._deadlines:
            batch = self._deadlines[0]
            if batch.memory_bytes:
                if batch.created_s + timeout_s > now_s + CLOCK_S:
                    self._deadline_booked = True
                    self.agenda.at(batch.created_s + timeout_s, self._deliveries_over)
                    return
                self._expire(batch, now_s)
            self._deadlines.popleft()

    def _expire(self, batch: Batch, now_s: float) -> None:
        """delivery.timeout.ms: what waits has failed; what is in flight is known when its request ends."""
        lane = batch.lane
        if batch not in lane.queue:
            batch.is_expired = True
            return
        lane.queue.remove(batch)
        if not lane.queue:
            for link in lane.sender.links.values():
                link.lanes.pop(lane, None)
        batch.spend(batch.wait or lane.wait or (self._leader if lane.partition.leader is None else self._in_flight), now_s)
        self._fail(batch, *UNDELIVERED)

    # -- leaders move -----------------------------------------------------------------------------------------------

    def leader_changed(self, partition: Partition) -> None:
        """Batches of the partition go to its new leader, as soon as the producer has learnt of it."""
        for sender in self.senders:
            lane = sender.lanes.get(partition.number)
            if lane is None or lane.partition is not partition or not lane.queue:
                continue
            for link in sender.links.values():
                link.lanes.pop(lane, None)
            found = self._attach(lane)
            if found is not None:
                self._book(sender, found, self.agenda._now + self.settings.retry_backoff_s)

    def broker_stopped(self, broker: int) -> None:
        """The connections to this broker break."""
        for sender in self.senders:
            link = sender.links.get(broker)
            if link is not None:
                link.is_open, link.muted_s = False, 0.0
                for request in list(link.requests):
                    self.disconnected(request)
