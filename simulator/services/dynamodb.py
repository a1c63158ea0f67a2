"""Amazon DynamoDB table: reads and writes in capacity units, on partitions that each have a ceiling.

Provisioned or on demand. What a message does to the table follows from its type: by default a type whose name begins with
``GET`` reads an item and every other one writes it; its key is the partition key. Optimistic locking (a conditional write
of what was read) is modelled item by item. Functions read the table's stream. Scans, global tables and auto scaling are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.databases.table_capacity import OnDemandCapacity, Partitions, ProvisionedCapacity
from simulator.mechanics.databases.table_parameters import (
    CALLED,
    GUIDE,
    METRICS,
    MOST_PARTITIONS,
    MOST_SHARDS,
    OURS,
    PARTITIONS,
    PRICES,
    PRICES_TOLD,
    QUOTAS,
    READ_UNIT_BYTES,
    READS,
    REASONS,
    STREAM_RETENTION_S,
    TABLE_LIMIT_PER_S,
    UNLIMITED,
    WRITE_UNIT_BYTES,
    Access,
    ErrorsParameters,
    Operation,
    SlowsParameters,
    TableParameters,
)
from simulator.mechanics.streams.sharded_storage import ShardedStorage
from simulator.mechanics.streams.shards import ShardLimits
from simulator.units import format_count, format_quantity, format_rate
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
    Picture,
    Port,
    Price,
    Quota,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network


class Request:
    """A request that is worked on: ``reply`` is None for a one-way write."""

    __slots__ = ("access", "came_s", "message", "reply", "version", "wire")

    def __init__(self, message: Message, access: Access, wire: Wire, reply: Reply | None, came_s: float) -> None:
        self.message = message
        self.access = access
        self.wire = wire
        self.reply = reply
        self.came_s = came_s
        self.version = 0


class Table(ShardedStorage):
    """A DynamoDB table."""

    kind = "dynamodb"
    title = "DynamoDB table"
    short_title = "DynamoDB"
    neutral_title = "Table"
    group = "Database"
    icon = "architecture-service/AmazonDynamoDB"
    summary = "A key-value table that throttles by the table's capacity and by each partition's."
    documentation_url = f"{GUIDE}/Introduction.html"
    Parameters = TableParameters
    ports = (
        Port("requests", "Requests", Direction.IN, Verb.INVOKE, frozenset({"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"}),
             "Callers that wait for the answer."),
        Port("in", "Writes", Direction.IN, Verb.SEND, frozenset({"dynamodb:PutItem"}), "Functions and applications that write items and only want to know that they were taken."),
        Port("stream", "Stream", Direction.OUT, Verb.POLL, frozenset({"dynamodb:GetRecords"}), "DynamoDB Streams: a record of each write, which functions read in order for each partition.", cuttable=True),
    )
    quotas = (
        Quota("table_reads", "Read units of a table", 40_000, "per_s", "table", True, QUOTAS),
        Quota("table_writes", "Write units of a table", 40_000, "per_s", "table", True, QUOTAS),
        Quota("account", "Provisioned units of all tables, each of reads and writes", 80_000, "per_s", "account and Region", True, QUOTAS),
        Quota("partition_reads", "Read units of a partition", 3_000, "per_s", "partition", False, PARTITIONS),
        Quota("partition_writes", "Write units of a partition", 1_000, "per_s", "partition", False, PARTITIONS),
    )
    metrics = (
        Metric("ConsumedReadCapacityUnits", "Read units consumed", "count", "sum", "Read units used.", "read_units", METRICS, True, "rates"),
        Metric("ConsumedWriteCapacityUnits", "Write units consumed", "count", "sum", "Write units used.", "write_units", METRICS, True, "rates"),
        Metric("ProvisionedReadCapacityUnits", "Read units provisioned", "per_s", "gauge", "Provisioned read units a second; 0 on demand.", "provisioned_reads", METRICS, False, "capacity"),
        Metric("ProvisionedWriteCapacityUnits", "Write units provisioned", "per_s", "gauge", "Provisioned write units a second; 0 on demand.", "provisioned_writes", METRICS, False, "capacity"),
        Metric("ReadThrottleEvents", "Reads throttled", "requests", "sum", "Reads refused for lack of capacity.", "read_throttles", METRICS, True, "trouble"),
        Metric("WriteThrottleEvents", "Writes throttled", "requests", "sum", "Writes refused for lack of capacity.", "write_throttles", METRICS, True, "trouble"),
        Metric("ThrottledRequests", "Throttled requests", "requests", "sum", "Requests with any throttled event.", "throttled", METRICS, False, "trouble"),
        Metric("SuccessfulRequestLatency", "Latency", "s", "spread", "Time of successful requests in the service.", "latencies", METRICS, True, "latency"),
        Metric("ConditionalCheckFailedRequests", "Failed conditions", "requests", "sum", "Conditional writes whose condition was not met.", "conflicts", METRICS, False, "trouble"),
        Metric("SystemErrors", "System errors", "requests", "sum", "Requests answered HTTP 500.", "system_errors", METRICS, False, "trouble"),
        Metric("IndexWriteUnits", "Index write units", "count", "sum", "Write units used by global secondary indexes; CloudWatch shows them as ConsumedWriteCapacityUnits of each index.", "index_write_units", METRICS, False, "rates"),
        Metric("HotPartitionThrottles", "Throttled by a partition", "requests", "sum", f"Requests refused at a partition's ceiling, whatever the table had left. {OURS}", "hot_throttles", None, True, "trouble"),
        Metric("Partitions", "Partitions", "count", "gauge", f"Partitions that the table has. {OURS}", "partition_count", None, False, "capacity"),
        Metric("StreamRecords", "Stream records", "messages", "sum", f"Records of writes in the table's stream. {OURS}", "records_in", None, False, "stream"),
        Metric("StreamBacklog", "Not processed", "messages", "gauge", f"Records of the stream that the consumer furthest behind has not processed. {OURS}", "unread", None, False, "stream"),
        Metric("StreamIteratorAge", "Iterator age", "s", "gauge", f"Age of the last record read by the consumer furthest behind; Lambda shows it as IteratorAge. {OURS}", "iterator_age_s", None, False, "stream"),
        Metric("RequestsInProgress", "In progress", "requests", "gauge", f"Requests that are worked on. {OURS}", "in_progress", None, True, "concurrency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "The table works", "read_to_write": "Between the read and the write"}
    overlay = Overlay(
        "RequestsInProgress", (Figure("ConsumedWriteCapacityUnits", "W"), Figure("ConsumedReadCapacityUnits", "R"), Figure("ThrottledRequests", "throttled", quiet=True)),
        picture=Picture("capacity", (Fill("ConsumedWriteCapacityUnits"), Fill("ProvisionedWriteCapacityUnits"), Fill("ConsumedReadCapacityUnits"), Fill("ProvisionedReadCapacityUnits"))),
    )
    faults = (
        Fault("errors", "Requests fail", "A share of the requests is answered HTTP 500.", ErrorsParameters, sort="errors"),
        Fault("slows", "Requests slow down", "Every read and write takes longer.", SlowsParameters, sort="slow"),
    )
    prices = (
        Price("on_demand_writes", "Write requests", 0.625e-6, "write unit", PRICES_TOLD),
        Price("on_demand_reads", "Read requests", 0.125e-6, "read unit", PRICES_TOLD),
        Price("wcu", "Provisioned writes", 0.00065, "unit and hour", PRICES),
        Price("rcu", "Provisioned reads", 0.00013, "unit and hour", PRICES),
    )
    fidelity = Fidelity(
        modelled=(
            "Units by item size: reads by 4 KB (eventually consistent half, transactional double), writes by 1 KB (transactional double).",
            "Provisioned capacity with up to 300 s of unused capacity; on demand, 12,000 reads and 4,000 writes a second at once, doubling in 30 minutes, and a maximum if set.",
            "Partitions of 3,000 read and 1,000 write units: a hot partition is throttled whatever the table has left.",
            "Adaptive capacity moves capacity to hot partitions at once, within the table's total; partitions that stay hot are split, single keys cannot be.",
            "Global secondary indexes with provisioned capacity throttle the table's writes when they cannot keep up; what they use, or hold, is billed.",
            "Optimistic locking: a conditional write fails when the item was written since it was read; it uses up units all the same.",
            "DynamoDB Streams: every write that succeeds makes a record, in order for each key; functions read them through an event source mapping.",
            "Throttles are HTTP 400 with their reason, and can be retried; the caller does that, if its policy says so.",
        ),
        approximated=(
            "Reads and writes throttle by themselves; sources disagree (AWS re:Post: a linear combination of both).",
            "Burst capacity is full at the start, and always kept; AWS says best effort.",
            "A peak is the highest minute. When on-demand tables double, and when a hot partition is split, is AWS's secret: both times are parameters.",
            "Throttled requests are refused at once: AWS publishes no time for it.",
            "Indexes of a table on demand take what the table takes, and a touched index uses as many units as the table's write: their maxima, hot partitions and projections are not known here.",
            "The stream has as many shards as the table has partitions at the start; its 24 hours, and 5 reads and 2 MB a second for each shard, are from memory. Reading it costs nothing.",
        ),
        ignored=(
            "Scans and queries over many items, batches with unprocessed items: requests here are for one item. Global tables, DAX, backups, time to live: services of their own beside the table.",
            "A switch of the billing mode during a run (after which a table's previous peak is half of what was provisioned), which AWS allows only every few hours; batch or transaction calls of state machines, whose items a definition does not name.",
            "Auto scaling: change the capacity in the fault script instead. The 24 hours between switches of the billing mode are longer than most runs; the account's 80,000 provisioned units (AccountLimitExceeded, RequestLimitExceeded) are not checked, because other tables of the account are not drawn.",
            "Reads from an index, and its read capacity: a request reads the table.",
            "Storage and its price ($0.25 a GB and month): the table has no content.", "UserErrors, which count malformed requests: nobody makes any here.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A table that is read and written",
        "nodes": [
            {"id": "app", "kind": "traffic", "name": "Application", "parameters": {
                "load": {"shape": "constant", "rate_per_s": 60},
                "message_types": [{"name": "GET item", "share": 3, "key": {"keys": "zipf", "number": 500}}, {"name": "PUT item", "share": 1, "size_bytes": 900, "key": {"keys": "zipf", "number": 500}}]}},
            {"id": "table", "kind": "dynamodb", "name": "items", "parameters": {"read_units_per_s": 40, "write_units_per_s": 20}},
            {"id": "index", "kind": "lambda", "name": "index", "parameters": {}},
            {"id": "failed", "kind": "sqs", "name": "failed records", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "app", "port": "requests"}, "to": {"node": "table", "port": "requests"}, "parameters": {"attempts": 3}},
            {"id": "w2", "from": {"node": "table", "port": "stream"}, "to": {"node": "index", "port": "stream"}},
            {"id": "w3", "from": {"node": "index", "port": "on_failure"}, "to": {"node": "failed", "port": "in"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.read_units = self.write_units = self.index_write_units = 0.0
        self.read_throttles = self.write_throttles = self.throttled = self.hot_throttles = self.conflicts = self.system_errors = 0
        self.latencies = Spread()
        self.provisioned_reads, self.provisioned_writes = (Gauge(units_per_s) for units_per_s in self._bought())
        self.in_progress = self.limit("in_progress", "Requests in progress", None)
        self._one_way = 0
        self._errors_share = 0.0
        self._versions: dict[int, int] = {}
        self._accesses: dict[tuple[MessageType, Wire], Access] = {}
        self._working = self.cause("processing", f"{name} works", Culprit(id, "latency"), capacity=False)
        self._between = self.cause("read_to_write", "Between the read and the write", Culprit(id, "accesses"), capacity=False)
        self._chance = self.stream("errors")
        self.retention_s = STREAM_RETENTION_S
        reads, writes = self._ceilings()
        values = self.parameters
        self._partitions = Partitions(values.partitions or self._partitions_for(reads, writes), values.partition_read_units_per_s, values.partition_write_units_per_s, values.split_after_s)
        self.make_shards(min(len(self._partitions), MOST_SHARDS))

    def _partitions_for(self, reads: float, writes: float) -> int:
        """Partitions that so much capacity needs."""
        needed: float = max(writes / self.parameters.partition_write_units_per_s, reads / self.parameters.partition_read_units_per_s)
        return min(MOST_PARTITIONS, max(1, math.ceil(needed)))

    def shard_limits(self) -> ShardLimits:
        return ShardLimits(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, 2e6, 5)

    def start(self) -> None:
        values = self.parameters
        self._draw_s = values.latency.sampler(self.stream("latency"))
        self._slow = 1.0
        self._between_s = {id(access): access.read_to_write.sampler(self.stream(f"between {place}")) for place, access in enumerate(values.accesses)}
        self._indexes = [(index, ProvisionedCapacity(index.write_units_per_s, values.burst_s, 0.0), self.stream(f"index {place}")) for place, index in enumerate(values.indexes)]
        self._set_capacity()

    def _ceilings(self) -> tuple[float, float]:
        values = self.parameters
        if values.billing_mode == "PROVISIONED":
            return values.read_units_per_s, values.write_units_per_s
        return values.warm_read_units_per_s, values.warm_write_units_per_s

    def _bought(self) -> tuple[float, float]:
        """Provisioned read and write units a second; none on demand."""
        values = self.parameters
        return (values.read_units_per_s, values.write_units_per_s) if values.billing_mode == "PROVISIONED" else (0.0, 0.0)

    def _set_capacity(self) -> None:
        values, now_s = self.parameters, self.agenda._now
        self._capacity: dict[str, ProvisionedCapacity | OnDemandCapacity]
        if values.billing_mode == "PROVISIONED":
            self._capacity = {"read": ProvisionedCapacity(values.read_units_per_s, values.burst_s, now_s), "write": ProvisionedCapacity(values.write_units_per_s, values.burst_s, now_s)}
        else:
            self._capacity = {
                "read": OnDemandCapacity(values.warm_read_units_per_s, values.doubling_s, values.max_read_units_per_s, TABLE_LIMIT_PER_S, now_s),
                "write": OnDemandCapacity(values.warm_write_units_per_s, values.doubling_s, values.max_write_units_per_s, TABLE_LIMIT_PER_S, now_s)}

    # -- a request comes ----------------------------------------------------------------------------------------------

    def access_of(self, message_type: MessageType, wire: Wire) -> Access:
        """What messages of this type do: as the table says, or the port they come from, if it calls one operation alone, or their name."""
        found = self._accesses.get((message_type, wire))
        if found is None:
            fits = (access for access in self.parameters.accesses if fnmatchcase(message_type.name, access.message_type))
            called = [operation for action, operation in CALLED.items() if action in wire.source_port.actions]
            named: Operation = called[0] if len(called) == 1 else "GetItem" if message_type.name.startswith("GET") else "PutItem"
            found = self._accesses[message_type, wire] = next(fits, None) or Access(operation=named)
        return found

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._take(message.split(1), wire, reply)
        self._take(message, wire, reply)

    def _take(self, message: Message, wire: Wire, reply: Reply) -> None:
        request = Request(message, self.access_of(message.type, wire), wire, reply, self.agenda._now)
        refusal = self._admit(request)
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)
        else:
            self._begin(request)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        request = Request(message, Access(operation="PutItem"), wire, None, self.agenda._now)
        refusal = self._admit(request)
        if refusal is None:
            self.entered += message.count
            self._one_way += message.count
            self._begin(request)
        return refusal

    def _admit(self, request: Request) -> Refusal | None:
        """Take the units that a request needs; why it is refused, if it is."""
        if self._errors_share and self._chance.uniform() < self._errors_share:
            self.system_errors += 1
            return Refusal(Outcome.FAILED, "system_error", f"{self.name} answers 500 InternalServerError", status=500)
        operation = request.access.operation
        if operation == "OptimisticUpdate":
            return self._use(request, "read", 1.0 if request.access.consistent_read else 0.5)
        if operation in READS:
            return self._use(request, "read", 2.0 if operation == "TransactGetItems" else 1.0 if request.access.consistent_read else 0.5)
        return self._use(request, "write", 2.0 if operation == "TransactWriteItems" else 1.0)

    def _use(self, request: Request, kind: str, factor: float) -> Refusal | None:
        message, now_s = request.message, self.agenda._now
        size = request.access.item_bytes or message.size_bytes
        units = message.count * factor * math.ceil(size / (READ_UNIT_BYTES if kind == "read" else WRITE_UNIT_BYTES))
        reason = None if self._partitions.take(message.key, kind, units, now_s) else "hot_partition"
        if reason is None:
            reason = self._capacity[kind].refuses(units, now_s)
            if reason is None and kind == "write":
                reason = self._indexes_refuse(units, now_s)
                if reason is not None:
                    self._capacity[kind].give_back(units, now_s)
            if reason is not None:
                self._partitions.give_back(message.key, kind, units, now_s)
        if reason is None:
            if kind == "read":
                self.read_units += units
            else:
                self.write_units += units
            return None
        return self._throttle(kind, reason, message.count)

    def _indexes_refuse(self, units: float, now_s: float) -> str | None:
        """Write the indexes that the write touches; why one refuses. Those of a table on demand are on demand too, and take what the table takes."""
        provisioned = self.parameters.billing_mode == "PROVISIONED"
        touched = [capacity for index, capacity, chance in self._indexes if chance.uniform() < index.touched_share]
        for place, capacity in enumerate(touched):
            if provisioned and capacity.refuses(units, now_s):
                for written in touched[:place]:
                    written.give_back(units, now_s)
                return "index_throughput"
        self.index_write_units += units * len(touched)
        return None

    def _throttle(self, kind: str, reason: str, count: int) -> Refusal:
        self.throttled += count
        if kind == "read":
            self.read_throttles += count
        else:
            self.write_throttles += count
        if reason == "hot_partition":
            self.hot_throttles += count
        return Refusal(Outcome.THROTTLED, reason, f"{self.name} throttles {kind}s: {REASONS[reason]}", status=400)

    # -- and is worked on ---------------------------------------------------------------------------------------------

    def _begin(self, request: Request) -> None:
        now_s = self.agenda._now
        self.in_progress.add(request.message.count, now_s)
        if request.access.operation == "OptimisticUpdate":
            request.version = self._versions.get(request.message.key, 0)
            self.agenda.at(now_s + self._between_s[id(request.access)](), self._write_back, request)
        else:
            self.agenda.at(now_s + self._draw_s() * self._slow, self._end, request)

    def _write_back(self, request: Request) -> None:
        """The conditional write of an item that was read before."""
        now_s, message = self.agenda._now, request.message
        spend(message, self._between, request.came_s, now_s)
        refusal = self._use(request, "write", 1.0)
        if refusal is None and self._versions.get(message.key, 0) != request.version:
            self.conflicts += message.count
            refusal = Refusal(Outcome.FAILED, "conditional_check", f"{self.name} answers 400 ConditionalCheckFailed", status=400)
        if refusal is not None:
            self.in_progress.add(-message.count, now_s)
            request.wire.answered(message, refusal)
            if request.reply is not None:
                request.reply(message, refusal)
            return
        self._versions[message.key] = request.version + 1
        self.agenda.at(now_s + self._draw_s() * self._slow, self._end, request)

    def _end(self, request: Request) -> None:
        now_s, message = self.agenda._now, request.message
        self.in_progress.add(-message.count, now_s)
        self.latencies.add(now_s - request.came_s, message.count)
        booked_s = request.came_s if request.access.operation != "OptimisticUpdate" or message.legs is None else message.legs[3]
        spend(message, self._working, booked_s, now_s)
        end = "read" if request.access.operation in READS else "written"
        if end == "written" and self.wires_out["stream"]:
            self._record(message)
        if request.reply is None:
            self._one_way -= message.count
            self.finish(message, end)
            return
        if request.wire.answered(message, None):
            self.finish(message, end)
        else:
            self.finished += message.count
        request.reply(message, None)

    def _record(self, message: Message) -> None:
        """Put a record of this write into the stream."""
        record = message.copy()
        record.path = record.path.to(self.id)
        self.created += record.count
        self.write([record], self.shard_of(str(record.key), None))

    # -- what breaks and changes --------------------------------------------------------------------------------------

    def fault_errors(self, value: ErrorsParameters | None) -> None:
        """A share of the requests is answered HTTP 500, until cleared (None)."""
        self._errors_share = value.share if value is not None else 0.0

    def fault_slows(self, value: SlowsParameters | None) -> None:
        """What begins takes longer, until cleared (None)."""
        self._slow = value.factor if value is not None else 1.0

    def parameter_changed(self, name: str) -> None:
        if name == "latency":
            self._draw_s = self.parameters.latency.sampler(self.stream("latency"))
        if name in ("read_units_per_s", "write_units_per_s"):
            values, now_s = self.parameters, self.agenda._now
            for gauge, bought in zip((self.provisioned_reads, self.provisioned_writes), self._bought(), strict=True):
                gauge.set(bought, now_s)
            capacity = self._capacity["read" if name == "read_units_per_s" else "write"]
            if isinstance(capacity, ProvisionedCapacity):
                capacity.change(getattr(values, name), values.burst_s, now_s)
            reads, writes = self._ceilings()
            self._partitions.at_least(self._partitions_for(reads, writes))

    # -- what it shows ------------------------------------------------------------------------------------------------

    def partition_count(self) -> int:
        """Partitions that the table has."""
        return len(self._partitions)

    def holding(self) -> int:
        return self._one_way + super().holding()

    def trouble(self) -> tuple[int, int]:
        return self.system_errors + self.conflicts, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        writes, reads, wcu, rcu = self.prices
        now_s, hours = self.agenda._now, elapsed_s / 3600
        if self.parameters.billing_mode == "PROVISIONED":
            yield wcu, (self.provisioned_writes.mean(now_s) + sum(index.write_units_per_s for index in self.parameters.indexes)) * hours
            yield rcu, self.provisioned_reads.mean(now_s) * hours
        else:
            yield writes, self.write_units + self.index_write_units
            yield reads, self.read_units

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.latency.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.billing_mode == "PROVISIONED":
            for name in ("read_units_per_s", "write_units_per_s"):
                if getattr(values, name) > TABLE_LIMIT_PER_S:
                    yield Finding("over-table-quota", "warning", f"'{placed.name}' has {getattr(values, name):,.0f} units a second; the quota of a table is 40,000", "Ask AWS for more", node=placed.id, parameter=name)
        for link in placed.out_of("stream"):
            if getattr(link.parameters, "enhanced_fan_out", False):
                yield Finding("no-fan-out", "error", f"The stream of '{placed.name}' has no enhanced fan-out", "Turn it off at the wire", node=placed.id, wire=link.id, parameter="enhanced_fan_out")
        for index in values.indexes:
            if values.billing_mode == "PROVISIONED" and index.write_units_per_s < values.write_units_per_s * index.touched_share:
                yield Finding("index-below-table", "warning", f"The index '{index.name}' of '{placed.name}' has less write capacity than the table's writes need: it throttles the table",
                              "Give the index at least as much as the table", node=placed.id, parameter="indexes")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["HotPartitionThrottles"] > 0:
            used = rates["ConsumedWriteCapacityUnits"] / max(1.0, self._ceilings()[1])
            return f"{format_rate(rates['HotPartitionThrottles'])} are throttled at one partition's ceiling, with {format_quantity(used, 'share')} of the table's writes used.", Culprit(self.id, "partitions")
        if rates["ThrottledRequests"] > 0:
            name = "write_units_per_s" if rates["WriteThrottleEvents"] >= rates["ReadThrottleEvents"] else "read_units_per_s"
            return f"{format_rate(rates['ThrottledRequests'])} are throttled: the table's capacity is used up ({format_count(len(self._partitions))} partitions).", Culprit(self.id, name)
        if rates["ConditionalCheckFailedRequests"] > 0:
            return f"{format_rate(rates['ConditionalCheckFailedRequests'])} conditional writes fail: others were faster.", Culprit(self.id, "accesses")
        return None
