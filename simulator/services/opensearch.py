"""Amazon OpenSearch Service domain: searches and writes on the threads of each node, with bounded queues in front of them.

A request goes to the node that holds its shard, by its key. A full queue answers 429, while other nodes may be idle. Searches
and writes share the node's processor. Types whose name begins with ``GET`` search, all others write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.databases.thread_pool import Job, ThreadPool
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.units import format_count, format_rate
from simulator.vocabulary import Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/opensearch-service/latest/developerguide"
QUEUES = Source("Third parties that quote the OpenSearch documentation; the write queue depends on the version (200 in older ones)", f"{GUIDE}/handling-errors.html", "2026-11", "T")
MEMORY = Source("From memory", f"{GUIDE}/managedomains-cloudwatchmetrics.html", "2026-11", "M")
PRICE = Source("No price was read; it is what the user sets", "https://aws.amazon.com/opensearch-service/pricing/", "2026-12", "M")
OURS = "CloudWatch has no such metric."


class DomainParameters(ParameterSet):
    """A domain."""

    data_nodes: int = parameter(2, "Nodes that hold shards.", title="Data nodes", unit="count", section="Domain", ge=1, le=1000, capacity=True)
    cores: int = parameter(2, "Cores of each node. Search threads are 3/2 of them and one, write threads as many (from memory).", title="Cores", unit="count", section="Domain", ge=1, le=192, source=MEMORY)
    shards: int = parameter(5, "Primary shards of the index. A key lies on one shard, and a shard on one node.", title="Shards", unit="count", section="Domain", ge=1, le=10_000)
    price_usd_per_h: float | None = parameter(
        None, "What an hour of one data node costs. Empty: the domain is not on the bill.", title="Price of a node's hour", unit="usd", section="Price", ge=0, le=10_000, source=PRICE)
    search_queue: int = parameter(1000, "Searches that may wait at a node; one more is answered 429.", title="Search queue", unit="requests", section="Queues", ge=0, le=1_000_000, source=QUEUES)
    write_queue: int = parameter(10_000, "Writes that may wait at a node; one more is answered 429. Older versions have 200.", title="Write queue", unit="requests", section="Queues", ge=0, le=1_000_000, source=QUEUES)
    search_time: Distribution = parameter(
        lambda: Lognormal(p50_s=0.02, p99_s=0.2), "Processor time of one search.", title="Search", unit="s", section="Work", widget="distribution", changeable=True)
    write_time: Distribution = parameter(
        lambda: Lognormal(p50_s=0.003, p99_s=0.03), "Processor time of one write.", title="Write", unit="s", section="Work", widget="distribution", changeable=True)


class SlowsParameters(ParameterSet):
    """How much slower."""

    factor: float = parameter(10, "Searches take so many times longer.", title="Factor", unit="times", gt=0, le=1000)


class DataNode:
    """The two thread pools of one node."""

    __slots__ = ("search", "write")

    def __init__(self, search: ThreadPool, write: ThreadPool) -> None:
        self.search = search
        self.write = write

    @property
    def running(self) -> int:
        """Threads that work."""
        return self.search.running + self.write.running


class Domain(Node):
    """An OpenSearch Service domain."""

    kind = "opensearch"
    title = "OpenSearch domain"
    short_title = "OpenSearch"
    neutral_title = "Search index"
    group = "Analytics"
    icon = "architecture-service/AmazonOpenSearchService"
    summary = "A search cluster that answers 429 when a node's queue is full."
    documentation_url = f"{GUIDE}/what-is.html"
    Parameters = DomainParameters
    ports = (
        Port("requests", "Requests", Direction.IN, Verb.INVOKE, frozenset({"es:ESHttpGet", "es:ESHttpPost"}), "Searches and writes whose callers wait for the answer."),
        Port("in", "Documents", Direction.IN, Verb.SEND, frozenset({"es:ESHttpPost"}), "Documents that are written without waiting for the answer."),
    )
    quotas = (
        Quota("search_queue", "Search queue of a node", 1000, "requests", "node", False, QUEUES),
        Quota("write_queue", "Write queue of a node", 10_000, "requests", "node", False, QUEUES, "200 in older versions"),
    )
    metrics = (
        Metric("SearchesCompleted", "Searches", "requests", "sum", f"Searches that were answered. {OURS}", "searches", None, True, "rates"),
        Metric("WritesCompleted", "Writes", "requests", "sum", f"Writes that were done. {OURS}", "writes", None, True, "rates"),
        Metric("ThreadpoolSearchRejected", "Searches rejected", "requests", "sum", "Searches answered 429: the queue of their node was full.", "search_rejected", MEMORY, True, "trouble"),
        Metric("ThreadpoolWriteRejected", "Writes rejected", "requests", "sum", "Writes answered 429: the queue of their node was full.", "write_rejected", MEMORY, True, "trouble"),
        Metric("SearchLatency", "Search latency", "s", "spread", "Time of searches, waiting included.", "search_times", MEMORY, True, "latency"),
        Metric("WriteTime", "Write time", "s", "spread", f"Time of writes, waiting included. {OURS}", "write_times", None, False, "latency"),
        Metric("ThreadsBusy", "Busy threads", "count", "gauge", f"Threads that work, on all nodes. {OURS}", "busy", None, False, "concurrency", limit="threads"),
        Metric("RequestsWaiting", "Waiting", "requests", "gauge", f"Requests in the queues of all nodes. {OURS}", "waiting", None, True, "backlog"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"threads_busy": "All threads of the node busy", "processing": "The node works"}
    overlay = Overlay(
        "RequestsWaiting", (Figure("SearchesCompleted", "search"), Figure("WritesCompleted", "write"), Figure("RequestsWaiting", "waiting", quiet=True)),
        picture=Picture("slots", (Fill("ThreadsBusy"),), limit="threads"),
    )
    faults = (Fault("slows", "Searches slow down", "An expensive query: searches take longer.", SlowsParameters, sort="slow"),)
    prices = (Price("node_hour", "Hours of data nodes", 0.0, "hour", PRICE),)
    fidelity = Fidelity(
        modelled=(
            "Two thread pools on each node, for searches and for writes, each with a bounded queue; a full queue answers 429, which callers may try again.",
            "A request goes to the node of its shard: a hot shard rejects while other nodes are idle.",
            "Searches and writes share the cores: with more busy threads than cores, all of them run slower.",
        ),
        approximated=(
            "How much slower is settled when a request begins: busy threads over cores. Numbers of threads are from memory, sizes of queues from third parties.",
            "A search asks one shard, that of its key, and replicas take no part: how many shards a query needs depends on the query.",
        ),
        ignored=(
            "Admission control by JVM memory pressure, processor and payload; JVMMemoryPressure; garbage collection: they depend on the documents, which have no content here.", "Refreshes, merges and indexing buffers: their work depends on the documents. Cluster managers, UltraWarm, Serverless: they are domains of other kinds.",
            "Prices of AWS's list: none was read. The bill has the price of a data node's hour that you set, and nothing for storage and cluster managers.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Searches and documents",
        "nodes": [
            {"id": "readers", "kind": "traffic", "name": "Readers", "parameters": {"load": {"shape": "constant", "rate_per_s": 60}, "message_types": [{"name": "GET search", "key": {"keys": "uniform", "number": 1000}}]}},
            {"id": "feeds", "kind": "traffic", "name": "Feeds", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}, "message_types": [{"name": "document", "key": {"keys": "uniform", "number": 1000}}]}},
            {"id": "index", "kind": "opensearch", "name": "index", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "readers", "port": "requests"}, "to": {"node": "index", "port": "requests"}},
            {"id": "w2", "from": {"node": "feeds", "port": "out"}, "to": {"node": "index", "port": "in"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.searches = self.writes = self.search_rejected = self.write_rejected = 0
        self.search_times, self.write_times = Spread(), Spread()
        self.waiting = Gauge()
        threads = values.cores * 3 // 2 + 1
        self.busy = self.limit("threads", "Threads", values.data_nodes * (threads + values.cores), "cores")
        self._one_way = 0
        self._nodes: list[DataNode] = []
        for place in range(values.data_nodes):
            search = ThreadPool(self.agenda, threads, values.search_queue, partial(self._begin, place, True), self.busy, self.waiting)
            write = ThreadPool(self.agenda, values.cores, values.write_queue, partial(self._begin, place, False), self.busy, self.waiting)
            self._nodes.append(DataNode(search, write))
        self._slow = 1.0
        self._threads_busy = self.cause("threads_busy", f"All threads of a node of {name} are busy", Culprit(id, "cores"))
        self._working = self.cause("processing", "The node works", Culprit(id), capacity=False)

    def start(self) -> None:
        self._search_s = self.parameters.search_time.sampler(self.stream("search"))
        self._write_s = self.parameters.write_time.sampler(self.stream("write"))

    # -- a request comes ----------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._ask(Job(message.split(1), wire, reply, self.agenda._now))
        self._ask(Job(message, wire, reply, self.agenda._now))

    def _ask(self, job: Job) -> None:
        refusal = self._offer(job)
        if refusal is not None and job.reply is not None:
            job.wire.answered(job.message, refusal)
            job.reply(job.message, refusal)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        refusal = self._offer(Job(message, wire, None, self.agenda._now))
        if refusal is None:
            self.entered += message.count
            self._one_way += message.count
        return refusal

    def _offer(self, job: Job) -> Refusal | None:
        node = self._nodes[job.message.key % self.parameters.shards % self.parameters.data_nodes]
        searches = job.reply is not None and job.message.type.name.startswith("GET")
        if (node.search if searches else node.write).offer(job):
            return None
        if searches:
            self.search_rejected += job.message.count
        else:
            self.write_rejected += job.message.count
        return Refusal(Outcome.THROTTLED, "queue_full", f"{self.name} answers 429: the {'search' if searches else 'write'} queue of a node is full", status=429)

    # -- and is worked on ---------------------------------------------------------------------------------------------

    def _begin(self, place: int, searches: bool, job: Job) -> None:
        now_s, node = self.agenda._now, self._nodes[place]
        if now_s > job.since_s:
            spend(job.message, self._threads_busy, job.since_s, now_s)
        job.since_s = now_s
        work_s = self._search_s() * self._slow if searches else self._write_s()
        crowd = max(1.0, node.running / self.parameters.cores)
        self.agenda.at(now_s + work_s * crowd * job.message.count, self._end, (job, place, searches))

    def _end(self, ended: tuple[Job, int, bool]) -> None:
        job, place, searches = ended
        now_s, message = self.agenda._now, job.message
        spend(message, self._working, job.since_s, now_s)
        if searches:
            self.searches += message.count
            self.search_times.add(now_s - job.came_s, message.count)
        else:
            self.writes += message.count
            self.write_times.add(now_s - job.came_s, message.count)
        node = self._nodes[place]
        (node.search if searches else node.write).ended()
        end = "searched" if searches else "indexed"
        if job.reply is None:
            self._one_way -= message.count
            self.finish(message, end)
            return
        if job.wire.answered(message, None):
            self.finish(message, end)
        else:
            self.finished += message.count
        job.reply(message, None)

    # -- what breaks, and what it shows -------------------------------------------------------------------------------

    def fault_slows(self, value: SlowsParameters | None) -> None:
        """Searches take longer, until cleared (None)."""
        self._slow = value.factor if value is not None else 1.0

    def parameter_changed(self, name: str) -> None:
        if name in ("search_time", "write_time"):
            self.start()

    def holding(self) -> int:
        return self._one_way

    def backlog(self) -> float:
        return self.waiting.value

    def trouble(self) -> tuple[int, int]:
        return 0, self.search_rejected + self.write_rejected

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        if self.parameters.price_usd_per_h is not None:
            yield replace(self.prices[0], usd=self.parameters.price_usd_per_h), self.parameters.data_nodes * elapsed_s / 3600

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.search_time.expected_s() == 0 or parameters.write_time.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.price_usd_per_h is None:
            yield Finding("no-price", "note", f"'{placed.name}' is not on the bill: the price of a node's hour is not set", "Set it to what AWS charges for these nodes", node=placed.id, parameter="price_usd_per_h")
        if values.shards < values.data_nodes:
            yield Finding("idle-nodes", "warning", f"'{placed.name}' has {values.data_nodes} nodes but {values.shards} shards: some nodes hold none", "Use more shards", node=placed.id, parameter="shards")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        rejected = rates["ThreadpoolSearchRejected"] + rates["ThreadpoolWriteRejected"]
        if rejected > 0:
            return f"{format_rate(rejected)} are answered 429: the queue of a node is full.", Culprit(self.id, "search_queue")
        if self.waiting.value >= 1:
            return f"{format_count(self.waiting.value)} requests wait for a thread.", Culprit(self.id, "cores")
        return None
