"""Amazon RDS or Aurora database: queries on connections, of which there are only so many, with or without RDS Proxy.

A caller keeps the connections that it opened for a while (as each environment of a function does). Over the limit a connection
is refused, not queued; behind a proxy, queries borrow connections and wait for one. Aurora Serverless v2 can pause. What a
query does is a duration; storage, replication, failover and locks are not modelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import Message, spend
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.databases.thread_pool import Job, ThreadPool
from simulator.mechanics.distributions import Constant, Distribution, Lognormal
from simulator.units import format_count, format_rate
from simulator.vocabulary import Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide"
API = Source("API model rds, botocore 1.43.11", "https://github.com/boto/botocore", "2026")
CONNECTIONS = Source("Third parties: LEAST(memory / 9531392, 5000) for PostgreSQL", f"{GUIDE}/CHAP_Limits.html", "2026-11", "T")
MEMORY = Source("From memory", f"{GUIDE}/CHAP_Limits.html", "2026-11", "M")
RESUME = Source("AWS Database Blog, November 2024: up to about 15 s; third parties: 30 s", "https://aws.amazon.com/blogs/database/", "2024-11")
METRICS = Source("Third parties that quote the RDS User Guide", f"{GUIDE}/rds-metrics.html", "2026-11", "T")
PRICE = Source("No price was read; it is what the user sets", "https://aws.amazon.com/rds/pricing/", "2026-12", "M")
OURS = "CloudWatch has no such metric."
BYTES_A_CONNECTION = {"postgresql": 9_531_392, "mysql": 12_582_880}
MOST_POSTGRESQL = 5000
GIB_AN_ACU = 2.0


class DatabaseParameters(ParameterSet):
    """A database instance, or an Aurora cluster's writer."""

    engine: Literal["postgresql", "mysql"] = parameter("postgresql", "Sets how many connections go with the memory.", title="Engine", section="Instance", source=API)
    memory_gib: float = parameter(8, "Memory of the instance: the most connections follow from it. Serverless: 2 GiB for each ACU of the maximum.", title="Memory (GiB)", section="Instance", gt=0, le=4096)
    cores: int = parameter(2, "Queries that run at once; others wait for the processor.", title="Cores", unit="count", section="Instance", ge=1, le=1024, changeable=True, capacity=True)
    max_connections: int | None = parameter(
        None, "Empty: by memory: PostgreSQL memory / 9,531,392 bytes, 5,000 at most; MySQL memory / 12,582,880 bytes (from memory).", title="Connections", unit="count", section="Connections",
        aws="max_connections", ge=1, le=100_000, source=CONNECTIONS, capacity=True)
    idle_timeout_s: float = parameter(
        300, "How long a caller keeps a connection that it does not use. Empty environments of a function keep theirs until they are taken away.", title="Kept idle", unit="s",
        section="Connections", ge=0, le=86400)
    proxy: bool = parameter(False, "RDS Proxy: queries borrow connections, and wait for one instead of being refused.", title="RDS Proxy", section="RDS Proxy")
    max_connections_percent: float = parameter(
        100, "Share of the database's connections that the proxy uses, in percent.", title="Connections of the proxy (%)", section="RDS Proxy", aws="MaxConnectionsPercent", ge=1, le=100, source=API)
    connection_borrow_timeout_s: float = parameter(
        120, "How long a query waits for a connection of the proxy; then it fails.", title="Borrow timeout", unit="s", section="RDS Proxy", aws="ConnectionBorrowTimeout", ge=0, le=300, source=API)
    serverless: bool = parameter(False, "Aurora Serverless v2.", title="Serverless v2", section="Serverless")
    min_capacity_acu: float = parameter(0.5, "0: it may pause.", title="Minimum (ACU)", section="Serverless", aws="MinCapacity", ge=0, le=256, source=API)
    max_capacity_acu: float = parameter(4, "Its connections follow from this.", title="Maximum (ACU)", section="Serverless", aws="MaxCapacity", ge=0.5, le=256, source=API)
    seconds_until_auto_pause_s: float = parameter(
        300, "It pauses after so long without a query, if the minimum is 0 and no proxy holds it.", title="Pauses after", unit="s", section="Serverless", aws="SecondsUntilAutoPause", ge=300, le=86400,
        source=API)
    resume: Distribution = parameter(
        lambda: Constant(value_s=15), "Time to resume: up to about 15 s, longer after a long pause. Queries wait for it.", title="Resuming", unit="s", section="Serverless", widget="distribution",
        source=RESUME, advanced=True)
    price_usd_per_h: float | None = parameter(
        None, "What an hour of the database costs: instance and proxy, or the capacity units that Serverless uses on average. Empty: it is not on the bill.", title="Price of an hour", unit="usd",
        section="Price", ge=0, le=10_000, source=PRICE)
    duration: Distribution = parameter(
        lambda: Lognormal(p50_s=0.01, p99_s=0.1), "Time that a query runs, without waiting.", title="Query", unit="s", section="Work", widget="distribution", changeable=True)


class SlowsParameters(ParameterSet):
    """How much slower."""

    factor: float = parameter(5, "Queries take so many times longer.", title="Factor", unit="times", gt=0, le=1000)


class Database(Node):
    """An RDS instance or Aurora writer."""

    kind = "rds"
    title = "RDS database"
    short_title = "RDS · Aurora"
    neutral_title = "Database"
    group = "Database"
    icon = "architecture-service/AmazonRDS"
    summary = "A relational database whose connections run out before its processor does."
    documentation_url = f"{GUIDE}/Welcome.html"
    Parameters = DatabaseParameters
    ports = (Port("in", "Queries", Direction.IN, Verb.INVOKE, frozenset({"rds:Connect", "rds-data:ExecuteStatement"}), "Callers that send queries and wait for the answer."),)
    quotas = (
        Quota("connections", "Connections of PostgreSQL", 5000, "count", "instance", False, CONNECTIONS, "less with less memory: about 900 with 8 GiB"),
        Quota("acu", "Largest Serverless v2", 256, "count", "instance", False, API, "ACU"),
        Quota("borrow_timeout", "Longest borrow timeout", 300, "s", "proxy", False, API),
    )
    metrics = (
        Metric("DatabaseConnections", "Connections", "count", "gauge", "Connections that are open, idle ones too.", "connections", METRICS, True, "concurrency", limit="connections"),
        Metric("CPUUtilization", "Processor", "share", "gauge", "Share of the cores that work.", "utilisation", METRICS, False, "capacity"),
        Metric("QueriesCompleted", "Queries", "count", "sum", f"Queries that were answered. {OURS}", "completed", None, True, "rates"),
        Metric("QueryTime", "Query time", "s", "spread", f"Time from a query to its answer. {OURS}", "query_times", None, True, "latency"),
        Metric("ConnectionsRefused", "Connections refused", "count", "sum", f"Queries that got no connection: too many clients. {OURS}", "refused", None, True, "trouble"),
        Metric("BorrowTimeouts", "Borrow timeouts", "count", "sum", f"Queries that waited too long for a connection of the proxy. {OURS}", "borrow_timeouts", None, True, "trouble"),
        Metric("QueriesWaiting", "Waiting", "count", "gauge", f"Queries that wait for the processor, a connection of the proxy, or the database to resume. {OURS}", "waiting", None, True, "backlog"),
        Metric("Resumes", "Resumes", "count", "sum", f"Times that the database had to resume after a pause. {OURS}", "resumes", None, False, "trouble"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "query": "The query runs", "cores_busy": "All cores busy", "borrow": "Waiting for a connection of the proxy", "resuming": "The database resumes"}
    overlay = Overlay(
        "DatabaseConnections", (Figure("DatabaseConnections", of="connections"), Figure("QueryTime", "p99"), Figure("QueriesWaiting", "waiting", quiet=True)), limit="connections",
        picture=Picture("slots", (Fill("DatabaseConnections"),), limit="connections"),
    )
    faults = (Fault("slows", "Queries slow down", "A lock, or a plan that went wrong: queries take longer.", SlowsParameters, sort="slow"),)
    prices = (Price("hour", "Hours of the database", 0.0, "hour", PRICE),)
    fidelity = Fidelity(
        modelled=(
            "Connections by memory and engine; one more is refused, not queued. Each caller keeps its idle connections for a while and uses them again.",
            "RDS Proxy: queries borrow connections, wait up to 120 s for one, and then fail.",
            "Aurora Serverless v2: connections follow the maximum; it pauses after a time without queries, and the next ones wait until it is back. It does not pause behind a proxy.",
            "Queries share the cores, in the order in which they came.",
        ),
        approximated=(
            "A query holds a core for all of its duration, time for storage and locks included, because that is how its time is measured from outside.",
            "The Data API is a caller like others, without its limits of results; it waits while the database resumes, where AWS may answer DatabaseResumingException; StatementTimeoutException and DatabaseUnavailableException do not occur.",
            "Resuming takes as long after any pause (AWS: longer after a long one, which the distribution can say). DatabaseConnections is exact, where CloudWatch samples it about once a minute.",
            "Opening a connection takes no time and no memory: AWS publishes no figures. A call is one query.",
        ),
        ignored=(
            "SQL Server, Oracle and Db2, with defaults of their own (the proxy's 10 % for SQL Server): the connections by memory of PostgreSQL and MySQL are known.",
            "Storage, IOPS, ReadLatency and WriteLatency, replicas, failover, parameter groups, MaxIdleConnectionsPercent: the node stands for what a caller waits for, connections and time.",
            "How fast Serverless v2 scales: its cores are those you set, and a pause does not lower its bill.",
            "Prices of AWS's list: none was read. The bill has the price of an hour that you set, and nothing for storage, requests and transfer.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Queries on a database",
        "nodes": [
            {"id": "app", "kind": "traffic", "name": "Application", "parameters": {"load": {"shape": "constant", "rate_per_s": 80}}},
            {"id": "db", "kind": "rds", "name": "orders", "parameters": {"memory_gib": 1}},
        ],
        "wires": [{"id": "w1", "from": {"node": "app", "port": "requests"}, "to": {"node": "db", "port": "in"}, "parameters": {"timeout_s": 5}}],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.completed = self.refused = self.borrow_timeouts = self.resumes = 0
        self.query_times = Spread()
        self.waiting = Gauge()
        self.most = most_connections(values)
        self.open = self.limit("connections", "Connections", self.most, "max_connections")
        self.busy_cores = self.limit("cores", "Cores", values.cores, "cores")
        self._idle: dict[str, deque[float]] = {}
        self._borrowed = 0
        self._borrowers: deque[Job] = deque()
        self._cores = ThreadPool(self.agenda, values.cores, None, self._run, self.busy_cores, self.waiting)
        self._resuming: list[Job] | None = None
        self._used_s = 0.0
        self._slow = 1.0
        self._running = self.cause("query", "The query runs", Culprit(id, "duration"), capacity=False)
        self._cores_busy = self.cause("cores_busy", f"All cores of {name} are busy", Culprit(id, "cores"))
        self._borrow = self.cause("borrow", f"All connections of {name}'s proxy are borrowed", Culprit(id, "max_connections"))
        self._wakes = self.cause("resuming", f"{name} resumes after a pause", Culprit(id, "seconds_until_auto_pause_s"))

    def start(self) -> None:
        self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        self._resume_s = self.parameters.resume.sampler(self.stream("resume"))

    # -- a query comes ------------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._take(Job(message.split(1), wire, reply, self.agenda._now))
        self._take(Job(message, wire, reply, self.agenda._now))

    def _pauses(self) -> bool:
        values = self.parameters
        return bool(values.serverless and values.min_capacity_acu == 0 and not values.proxy)

    def _take(self, job: Job) -> None:
        now_s = self.agenda._now
        if self._resuming is not None:
            self._resuming.append(job)
            self.waiting.add(1, now_s)
            return
        if self._pauses() and self._cores.running == 0 and now_s - self._used_s > self.parameters.seconds_until_auto_pause_s:
            self.resumes += 1
            self._resuming = [job]
            self._idle.clear()
            self.open.add(-self.open.value, now_s)
            self.waiting.add(1, now_s)
            self.agenda.at(now_s + self._resume_s(), self._resumed)
            return
        self._connect(job)

    def _resumed(self, _: None) -> None:
        jobs, self._resuming = self._resuming or [], None
        self._used_s = self.agenda._now
        for job in jobs:
            self.waiting.add(-1, self.agenda._now)
            self._book(job, self._wakes)
            self._connect(job)

    def _book(self, job: Job, cause: Cause) -> None:
        now_s = self.agenda._now
        if now_s > job.since_s:
            spend(job.message, cause, job.since_s, now_s)
        job.since_s = now_s

    def _connect(self, job: Job) -> None:
        if self.parameters.proxy:
            self._borrow_one(job)
        elif self._reuses(job.wire) or self._opens():
            self._cores.offer(job)
        else:
            self.refused += 1
            self._refuse(job, "too_many_connections", f"{self.name} refuses the connection: too many clients")

    # -- connections of callers ---------------------------------------------------------------------------------------

    def _reuses(self, wire: Wire) -> bool:
        """Use an idle connection of this caller again, the latest one."""
        idle = self._idle.get(wire.id)
        if idle and idle[-1] >= self.agenda._now:
            idle.pop()
            return True
        return False

    def _opens(self) -> bool:
        self._close_idle()
        if self.open.value >= self.most:
            return False
        self.open.add(1, self.agenda._now)
        return True

    def _close_idle(self) -> None:
        now_s = self.agenda._now
        for idle in self._idle.values():
            while idle and idle[0] < now_s:
                idle.popleft()
                self.open.add(-1, now_s)

    # -- connections of the proxy -------------------------------------------------------------------------------------

    def _proxied(self) -> int:
        return max(1, int(self.most * self.parameters.max_connections_percent / 100))

    def _borrow_one(self, job: Job) -> None:
        if self._borrowed < self._proxied():
            self._lend(job)
        else:
            self._borrowers.append(job)
            self.waiting.add(1, self.agenda._now)
            self.agenda.at(self.agenda._now + self.parameters.connection_borrow_timeout_s, self._borrow_expires, job)

    def _lend(self, job: Job) -> None:
        self._borrowed += 1
        if self._borrowed > self.open.value:
            self.open.add(1, self.agenda._now)
        self._cores.offer(job)

    def _borrow_expires(self, job: Job) -> None:
        # Those that wait are in the order in which they came, and each waits as long as the others: it is the first, or was served.
        if self._borrowers and self._borrowers[0] is job:
            self._borrowers.popleft()
            self.waiting.add(-1, self.agenda._now)
            self._book(job, self._borrow)
            self.borrow_timeouts += 1
            self._refuse(job, "borrow_timeout", f"The proxy of {self.name} had no connection in time")

    # -- and runs -----------------------------------------------------------------------------------------------------

    def _run(self, job: Job) -> None:
        self._book(job, self._cores_busy)
        self.agenda.at(self.agenda._now + self._draw_s() * self._slow, self._end, job)

    def _end(self, job: Job) -> None:
        now_s, message = self.agenda._now, job.message
        self._book(job, self._running)
        self.completed += 1
        self.query_times.add(now_s - job.came_s)
        self._used_s = now_s
        self._cores.ended()
        if self.parameters.proxy:
            self._borrowed -= 1
            if self._borrowers:
                borrower = self._borrowers.popleft()
                self.waiting.add(-1, now_s)
                self._book(borrower, self._borrow)
                self._lend(borrower)
        else:
            self._idle.setdefault(job.wire.id, deque()).append(now_s + self.parameters.idle_timeout_s)
        if job.wire.answered(message, None):
            self.finish(message, "queried")
        else:
            self.finished += message.count
        if job.reply is not None:
            job.reply(message, None)

    def _refuse(self, job: Job, cause: str, title: str) -> None:
        refusal = Refusal(Outcome.FAILED, cause, title)
        job.wire.answered(job.message, refusal)
        if job.reply is not None:
            job.reply(job.message, refusal)

    # -- what breaks and changes --------------------------------------------------------------------------------------

    def fault_slows(self, value: SlowsParameters | None) -> None:
        """Queries take longer, until cleared (None)."""
        self._slow = value.factor if value is not None else 1.0

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        if name == "cores":
            self.busy_cores.change_limit(self.parameters.cores, self.agenda._now)
            self._cores.resize(self.parameters.cores)

    # -- what it shows ------------------------------------------------------------------------------------------------

    def before_slice(self) -> None:
        self._close_idle()

    @property
    def connections(self) -> Gauge:
        """Connections that are open."""
        return self.open

    def utilisation(self) -> float:
        """Share of the cores that work now."""
        return float(min(1.0, self.busy_cores.value / self.parameters.cores))

    def backlog(self) -> float:
        return self.waiting.value

    def trouble(self) -> tuple[int, int]:
        return self.refused + self.borrow_timeouts, 0

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        if self.parameters.price_usd_per_h is not None:
            yield replace(self.prices[0], usd=self.parameters.price_usd_per_h), elapsed_s / 3600

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.duration.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if values.price_usd_per_h is None:
            yield Finding("no-price", "note", f"'{placed.name}' is not on the bill: the price of an hour is not set", "Set it to what AWS charges for this database", node=placed.id, parameter="price_usd_per_h")
        if values.serverless and values.min_capacity_acu == 0 and values.proxy:
            yield Finding("proxy-keeps-awake", "note", f"'{placed.name}' never pauses: a proxy keeps it awake", "Remove the proxy, or do not count on pauses", node=placed.id, parameter="proxy")
        if values.serverless and values.min_capacity_acu > values.max_capacity_acu:
            yield Finding("acu-order", "error", f"The minimum capacity of '{placed.name}' is above its maximum", "Raise the maximum", node=placed.id, parameter="min_capacity_acu")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["ConnectionsRefused"] > 0:
            return f"{format_rate(rates['ConnectionsRefused'])} queries get no connection: all {format_count(self.most)} are open.", Culprit(self.id, "max_connections")
        if rates["BorrowTimeouts"] > 0:
            return f"{format_rate(rates['BorrowTimeouts'])} queries wait too long for a connection of the proxy.", Culprit(self.id, "connection_borrow_timeout_s")
        if self._resuming is not None:
            return f"It resumes; {format_count(len(self._resuming))} queries wait.", Culprit(self.id, "seconds_until_auto_pause_s")
        if self.waiting.value >= 1:
            return f"{format_count(self.waiting.value)} queries wait.", Culprit(self.id, "cores")
        return None


def most_connections(values: Any) -> int:
    """Connections that a database of these parameters takes."""
    if values.max_connections is not None:
        return int(values.max_connections)
    memory_gib = values.max_capacity_acu * GIB_AN_ACU if values.serverless else values.memory_gib
    most = int(memory_gib * 2**30 / BYTES_A_CONNECTION[values.engine])
    return max(1, min(most, MOST_POSTGRESQL) if values.engine == "postgresql" else most)
