"""Amazon ECS service on Fargate: tasks that pull from queues, answer requests, or are run for one piece of work each.

A service keeps a number of tasks, or lets target tracking move it by CPU utilisation or by the backlog for each task. Tasks are
launched at a limited rate and pull their image before they run. Deployments, health checks, placement in zones and the load
balancer in front are not modelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.containers.fargate_tasks import TaskFleet, TaskLaunches
from simulator.mechanics.containers.task_parameters import (
    API,
    ARM_PRICES,
    GUIDE,
    INSIGHTS,
    MEMORY_GB,
    METRICS,
    PRICES,
    SERVICE_RATE,
    THROTTLING,
    VCPU,
    AccountTasks,
    FargateParameters,
    InterruptionParameters,
    PullParameters,
)
from simulator.mechanics.containers.task_runs import TaskRuns
from simulator.mechanics.containers.task_work import TaskReceiver, WaitingRequest, Work, WorkDone
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters, check_published
from simulator.mechanics.target_tracking import MINUTE_S, TargetTracking
from simulator.mechanics.work_calls import CALL_METRICS, CALL_WAITS, CALLS_PORT, check_calls
from simulator.units import all_busy, format_rate
from simulator.vocabulary import (
    ANY_ACTION,
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
    Values,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network


class Fargate(Processor):
    """An ECS service on Fargate."""

    kind = "fargate"
    title = "ECS service on Fargate"
    short_title = "ECS · Fargate"
    neutral_title = "Containers"
    group = "Compute"
    icon = "architecture-service/AWSFargate"
    summary = "Containers without servers: tasks that pull messages or answer requests, and scale by CPU or backlog."
    documentation_url = f"{GUIDE}/AWS_Fargate.html"
    Parameters = FargateParameters
    AccountParameters = AccountTasks
    ports = (
        Port("source", "Messages", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "Queues that the tasks pull from.", wire_title="Receiving", wire_parameters=PullParameters, cuttable=True),
        Port("requests", "Requests", Direction.IN, Verb.INVOKE, frozenset({"http:Request"}), "Callers that wait for the answer."),
        Port("run", "Run a task", Direction.IN, Verb.SEND, frozenset({"ecs:RunTask"}), "Each message starts a task of its own, which ends when it is done."),
        Port("jobs", "Run a task and wait", Direction.IN, Verb.INVOKE, frozenset({"ecs:RunTask"}), "Each request runs a task of its own, and is answered when that ends (runTask.sync of Step Functions)."),
        CALLS_PORT,
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the tasks publish for each message they have processed.",
             wire_title="Published messages", wire_parameters=PublishParameters),
    )
    quotas = (
        Quota("launches", "Task launches, in the long run", 20, "per_s", "account and Region", True, THROTTLING, "100 at once; the same again for Spot"),
        Quota("run_task", "Calls of RunTask", 20, "per_s", "account and Region", True, THROTTLING),
        Quota("service_launches", "Tasks started by one service in a minute", 500, "count", "service", False, SERVICE_RATE, "sources disagree whether it can be raised"),
        Quota("vcpu", "Virtual CPUs, at first", 6, "count", "account and Region", True, VCPU, "raised automatically"),
        Quota("stop_timeout", "Longest stop timeout", 120, "s", "task", False, API),
    )
    metrics = (
        Metric("MessagesProcessed", "Processed", "messages", "sum", "Messages and requests whose processing succeeded. CloudWatch has no such metric.", "processed", None, True, "rates"),
        Metric("RunningTaskCount", "Running tasks", "count", "gauge", "Tasks that run.", "running_tasks", INSIGHTS, True, "concurrency"),
        Metric("PendingTaskCount", "Pending tasks", "count", "gauge", "Tasks that were launched, or wait for their launch.", "pending_tasks", INSIGHTS, True, "concurrency"),
        Metric("DesiredTaskCount", "Desired tasks", "count", "gauge", "Tasks that the service wants.", "desired_tasks", INSIGHTS, False, "concurrency"),
        Metric("CPUUtilization", "CPU", "share", "gauge", "Share of the tasks' CPU in use.", "cpu_share", METRICS, True, "utilisation"),
        Metric("BusySlots", "Work in progress", "count", "gauge", "Requests and batches that are worked on. CloudWatch has no such metric.", "busy", None, False, "concurrency"),
        Metric("WaitingRequests", "Waiting requests", "requests", "gauge", "Requests that wait for a task with room. CloudWatch has no such metric.", "waiting", None, False, "backlog"),
        Metric("Duration", "Duration", "s", "spread", "Time of a piece of work. CloudWatch has no such metric.", "durations", None, True, "latency"),
        Metric("Errors", "Errors", "messages", "sum", "Attempts that failed, or were lost with their task. CloudWatch has no such metric.", "errors", None, True, "trouble"),
        Metric("RequestsRefused", "Refused", "requests", "sum", "Requests answered 503, for lack of room or of a running task. CloudWatch has no such metric.", "refused", None, True, "trouble"),
        Metric("RunTaskThrottled", "RunTask throttled", "count", "sum", "Calls of RunTask over their rate. CloudWatch has no such metric.", "run_task_throttled", None, False, "trouble"),
        Metric("WorkKilled", "Work lost with its task", "count", "sum", "Requests and batches in progress when their task was killed. CloudWatch has no such metric.", "killed", None, False, "trouble"),
        Metric("DuplicatesProcessed", "Duplicates processed", "messages", "sum", "Messages processed although they had been processed before. CloudWatch has no such metric.", "duplicates", None, False, "trouble"),
        Metric("TasksLaunched", "Tasks launched", "count", "sum", "Tasks that were launched. CloudWatch has no such metric.", "tasks_launched", None, False, "tasks"),
        Metric("TaskStartsFailed", "Task starts failed", "count", "sum", "Tasks that ended before they ran. CloudWatch has no such metric.", "failed_starts", None, False, "tasks"),
        *CALL_METRICS,
        Metric("LaunchesHeldByQuota", "Held by the vCPU quota", "count", "sum", "Times a launch had to wait for the quota of virtual CPUs. CloudWatch has no such metric.", "quota_refusals", None, False, "tasks"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "Processing", "no_room": "All tasks are busy", "task_start": "The task is starting", **CALL_WAITS}
    overlay = Overlay(
        "RunningTaskCount", (Figure("MessagesProcessed"), Figure("CPUUtilization", "CPU"), Figure("PendingTaskCount", "starting", quiet=True)),
        picture=Picture("slots", (Fill("RunningTaskCount"), Fill("PendingTaskCount", "later")), among="DesiredTaskCount"),
    )
    faults = (
        *Processor.processing_faults,
        Fault("interrupts", "Tasks are interrupted", "A share of the running tasks is stopped and replaced, as when Spot capacity is taken back.", InterruptionParameters, sort="loss", instant=True),
        Fault("starts_fail", "Tasks do not start", "New tasks end before they run, and are tried again at growing intervals, up to 15 minutes.", sort="errors"),
    )
    prices = (
        Price("vcpu_x86_64", "vCPU, x86_64", 0.04048, "vCPU-hour", PRICES),
        Price("memory_x86_64", "Memory, x86_64", 0.004445, "GB-hour", PRICES),
        Price("vcpu_arm64", "vCPU, arm64", 0.0000089944 * 3600, "vCPU-hour", ARM_PRICES),
        Price("memory_arm64", "Memory, arm64", 0.0000009889 * 3600, "GB-hour", ARM_PRICES),
    )
    when_lost: ClassVar[Mapping[str, Mapping[str, Any]]] = {"starts_fail": {}, "interrupts": {"share": 1.0}}
    fidelity = Fidelity(
        modelled=(
            "A number of tasks, each of which works on several messages or requests at once; all pull from the same queues.",
            "Launches: 100 at once and 20 a second in the account, 500 a minute for a service, RunTask at 20 a second, a quota of virtual CPUs.",
            "A task that is run for a request and answers when it ends, as runTask.sync of Step Functions has it.",
            "Calls of tables, databases, APIs and functions for each message, one after another or at once, with timeouts, retries, back-off and circuit breaker; a slot of the task is taken meanwhile.",
            "Target tracking by CPU utilisation or by backlog for each task, from metrics of one minute.",
            "Stopping: no more work at SIGTERM, and what is left at the stop timeout is lost; its messages come back after their visibility timeout.",
            "Tasks that do not start are tried again at growing intervals. The bill is by the second from the pull of the image, a minute at least.",
        ),
        approximated=(
            "The start time of a task: AWS publishes none. The defaults give what was measured for an image of 413 MB.",
            "CPU utilisation grows with the work in progress, up to what you say for a busy task. Size and architecture set the price, not the duration: how a program's speed depends on them only its owner knows.",
            "Which work is lost with a killed task: the next that would have ended, as many as the task had, because tasks are slots here.",
            "One long poll for each task with room. Requests wait for a task in one queue, as behind an ideal load balancer.",
            "RunTask over the quota of virtual CPUs answers 200 with failures, and the message is lost (who waits for the task gets AmazonECS.Unknown); a service waits.",
            "Calls are made when the duration, which is the task's own work, has passed: a program that calls earlier ends at the same time.",
            "Spot has the price you say, on the list price's lines: it changes by the hour.",
        ),
        ignored=(
            "Deployments with minimum healthy and maximum percent, health checks and their grace period, the deployment circuit breaker: nothing is deployed during a run; the fault that interrupts tasks replaces a share of them at once.",
            "Rates of other API calls (reads, UpdateService, cluster modifications), which a run does not make.",
            "RunTask for several tasks at once (count, 1 to 10): each message or request runs one, so that it has one end and is done once. The 20 calls a second bind where larger calls would meet the launch rate.",
            "The states that a task goes through (PROVISIONING to STOPPED): it starts, runs and stops; events of them are not sent.",
            "Lazy loading of images and capacity of zones: AWS publishes no figures. Memory utilisation: only your program knows. Data transfer, logs and public addresses: they do not depend on the load of messages.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A queue and containers that scale by backlog",
        "nodes": [
            {"id": "jobs", "kind": "traffic", "name": "Jobs", "parameters": {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 2}, {"at_s": 200, "rate_per_s": 10}]}}},
            {"id": "queue", "kind": "sqs", "name": "jobs", "parameters": {}},
            {"id": "tasks", "kind": "fargate", "name": "encoders", "parameters": {"desired_count": 1, "concurrency": 1, "scales_by": "backlog", "target_backlog": 20}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "jobs", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "tasks", "port": "source"}},
        ],
        "run": {"duration_s": 900},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        limits = network.account.get(self.kind) or AccountTasks()
        self.account = network.shared("fargate launches", lambda: TaskLaunches(Values(limits)))
        self.fleet = TaskFleet(self, self.account)
        self.running_tasks, self.pending_tasks = self.fleet.running, self.fleet.pending
        self.busy, self.waiting = Gauge(), Gauge()
        self.durations = Spread()
        self.errors = self.refused = self.killed = 0
        self.receivers: list[TaskReceiver] = []
        self._queue: deque[WaitingRequest] = deque()
        self._doomed = 0
        self._busy_s, self._running_s = Gauge(), Gauge()
        self._looked = (0.0, 0.0)
        self.working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)
        self._no_room = self.cause("no_room", "All tasks are busy", Culprit(id, "desired_count"))
        self.runs = TaskRuns(self)

    def start(self) -> None:
        super().start()
        self._draw_s: Callable[[], float] = self.parameters.duration.sampler(self.stream("duration"))
        self.receivers = [TaskReceiver(self, wire, self.stream(f"receive {wire.id}")) for wire in self.wires_in["source"]]
        self.fleet.begin(self._bounded(self.parameters.desired_count))
        values = self.parameters
        if values.scales_by != "nothing":
            by_cpu = values.scales_by == "cpu"
            TargetTracking(self.agenda, values.target_cpu if by_cpu else values.target_backlog, values.scales_out_after_s, values.scales_in_after_s,
                           self._cpu_of_minute if by_cpu else self._backlog_of_task, self._scale).start()

    def pulls_singles(self, wire: Wire) -> str | None:
        return f"{self.name} works message by message."

    # -- tasks --------------------------------------------------------------------------------------------------------

    def _bounded(self, number: int) -> int:
        if self.parameters.scales_by == "nothing":
            return number
        return int(max(self.parameters.minimum_tasks, min(self.parameters.maximum_tasks, number)))

    def _scale(self, wanted: int) -> None:
        number = self._bounded(wanted)
        if number != self.fleet.desired:
            self.log("info", f"{self.name} scales from {self.fleet.desired} to {number} tasks.")
            self.fleet.want(number)

    def _cpu_of_minute(self, now_s: float) -> tuple[float, float] | None:
        """CPU utilisation of the last minute, and of how many tasks; None without any, or while some are coming up."""
        busy_s, running_s = self._busy_s.area(now_s), self._running_s.area(now_s)
        (busy_before_s, running_before_s), self._looked = self._looked, (busy_s, running_s)
        tasks = (running_s - running_before_s) / MINUTE_S
        if tasks <= 0 or self.fleet.pending.value > 0:
            return None
        share = (busy_s - busy_before_s) / MINUTE_S / (tasks * self.parameters.concurrency)
        return min(1.0, share) * self.parameters.cpu_when_busy, tasks

    def _backlog_of_task(self, now_s: float) -> tuple[float, float] | None:
        """Messages that wait for each running task, and how many tasks there are."""
        tasks = max(1.0, self.fleet.running.value)
        return sum(receiver.source.visible.value for receiver in self.receivers) / tasks, tasks

    @property
    def _slots(self) -> int:
        return int(self._running_s.value) * int(self.parameters.concurrency)

    @property
    def free(self) -> int:
        """Slots of running tasks that have nothing to do."""
        return self._slots - int(self.busy.value)

    @property
    def idle_tasks(self) -> float:
        """Running tasks that have a free slot."""
        return max(0.0, float(self.free / self.parameters.concurrency))

    def excess(self) -> int:
        """How much work is in progress beyond what running tasks can hold."""
        return max(0, -self.free)

    def tasks(self) -> tuple[float, float]:
        """How many tasks run, and how many are to."""
        return self._running_s.value, self.fleet.pending.value

    def capacity_changed(self) -> None:
        """More or fewer tasks of the service can work now."""
        own = self.fleet.running.value - self.runs.running
        self._running_s.set(own, self.agenda._now)
        for receiver in self.receivers:
            receiver.note(self.agenda._now)
        self._use_slots()

    def abandon(self, count: int) -> None:
        """So much work in progress is lost with its task."""
        self._doomed += count
        self.killed += count
        self._occupy(-count)

    def _occupy(self, change: int) -> None:
        self.busy.add(change, self.agenda._now)
        self._busy_s.add(change, self.agenda._now)

    # -- work in slots ------------------------------------------------------------------------------------------------

    def begin(self, batch: Sequence[Message], done: WorkDone, delay_s: float = 0.0, behalf: tuple[Wire, Message] | None = None) -> None:
        """Take a slot, and work on these messages after ``delay_s``; ``behalf`` is the request that waits for it."""
        self._occupy(1)
        work = Work(batch, done, self.agenda._now + delay_s, behalf)
        self.agenda.at(work.started_s + self.work_s(batch), self._end if self.calls is None else self._call_others, work)

    def work_s(self, batch: Sequence[Message]) -> float:
        """Draw how long the work on these messages takes."""
        return float(sum(self._draw_s() for message in batch for _ in range(message.count)) * self.slow_factor)

    def _call_others(self, work: Work) -> None:
        """The task's own work is done; the slot stays taken while it waits for what it calls."""
        assert self.calls is not None  # noqa: S101 - narrows the type
        for message in work.batch:
            spend(message, self.working, work.started_s, self.agenda._now)
        self.calls.begin(work.batch, partial(self._called, work), behalf=work.behalf)

    def _called(self, work: Work, failed: Sequence[Message], _: bool) -> None:
        if not self._doomed:
            self.note_failed_calls(failed)
        self._end(work)

    def _end(self, work: Work) -> None:
        now_s = self.agenda._now
        killed = self._doomed > 0
        if killed:
            self._doomed -= 1
        else:
            self._occupy(-1)
        if self.calls is None:
            for message in work.batch:
                spend(message, self.working, work.started_s, now_s)
        self.durations.add(now_s - work.started_s)
        work.done(killed)
        self.fleet.drained()
        self._use_slots()

    def _use_slots(self) -> None:
        """Give free slots to requests that wait, and let the receivers pull."""
        while self._queue and self.free > 0:
            request = self._queue.popleft()
            self.waiting.add(-1, self.agenda._now)
            self._work_on(request)
        if self.free > 0:
            for receiver in self.receivers:
                receiver.wake()
            self.receivers = [*self.receivers[1:], *self.receivers[:1]]

    # -- requests -----------------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        if wire.target_port.name == "jobs":
            self.runs.invoke(message, wire, reply)
            return
        while message.count > 1:
            self._ask(WaitingRequest(message.split(1), wire, reply, self.agenda._now))
        self._ask(WaitingRequest(message, wire, reply, self.agenda._now))

    def _ask(self, request: WaitingRequest) -> None:
        if self.free > 0:
            self._work_on(request)
        elif self._running_s.value > 0 and len(self._queue) < self.parameters.waiting_requests:
            self._queue.append(request)
            self.waiting.add(1, self.agenda._now)
        else:
            self.refused += 1
            cause, title = ("no_room", "has no room") if self._running_s.value > 0 else ("no_tasks", "has no running task")
            self._answer(request, Refusal(Outcome.FAILED, cause, f"{self.name} {title}", status=503))

    def _work_on(self, request: WaitingRequest) -> None:
        now_s = self.agenda._now
        if now_s > request.came_s:
            spend(request.message, self._no_room, request.came_s, now_s)
        self.begin((request.message,), lambda killed: self._answer(request, self._judge(request.message, killed)), behalf=(request.wire, request.message))

    def _judge(self, message: Message, killed: bool) -> Refusal | None:
        """The answer, now that the work is done."""
        if killed or self.failing(message) or not self.publish(message):
            self.errors += message.count
            return Refusal(Outcome.FAILED, "task_killed" if killed else "http_500", f"{self.name} {'lost its task' if killed else 'failed'}", status=502 if killed else 500)
        return None

    def _answer(self, request: WaitingRequest, refusal: Refusal | None) -> None:
        in_time = request.wire.answered(request.message, refusal)
        if refusal is None:
            self.passed(request.message, first=in_time)
        request.reply(request.message, refusal)

    # -- tasks that are run for one message each ----------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        return self.runs.accept(message)

    # -- what breaks and changes --------------------------------------------------------------------------------------

    def wire_cut(self, wire: Wire) -> None:
        for receiver in self.receivers:
            if receiver.wire is wire:
                receiver.wake()

    def fault_interrupts(self, value: InterruptionParameters | None) -> None:
        """A share of the tasks is stopped and replaced, once."""
        if value is not None:
            self.fleet.stop(max(1, round(value.share * self._running_s.value)))
            self.fleet.replace()

    def fault_starts_fail(self, value: ParameterSet | None) -> None:
        """New tasks end before they run, until cleared (None)."""
        self.fleet.fails_to_start = value is not None

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_s = self.parameters.duration.sampler(self.stream("duration"))
        if name == "desired_count":
            self.fleet.want(self._bounded(self.parameters.desired_count))

    # -- what it shows ------------------------------------------------------------------------------------------------

    def cpu_share(self) -> float:
        """CPU utilisation, now."""
        return min(1.0, self.busy.value / self._slots) * float(self.parameters.cpu_when_busy) if self._slots else 0.0

    def desired_tasks(self) -> int:
        """Tasks the service wants."""
        return self.fleet.desired

    def tasks_launched(self) -> int:
        """Tasks that were launched."""
        return self.fleet.launched

    def failed_starts(self) -> int:
        """Tasks that ended before they ran."""
        return self.fleet.failed_starts

    def run_task_throttled(self) -> int:
        """Calls of RunTask over their rate."""
        return self.runs.throttled

    def quota_refusals(self) -> int:
        """Launches that had to wait for the quota of virtual CPUs."""
        return self.fleet.quota_refusals

    def before_slice(self) -> None:
        for receiver in self.receivers:
            receiver.book_idle()

    def holding(self) -> int:
        return self.runs.held()

    def backlog(self) -> float:
        return self.waiting.value

    def trouble(self) -> tuple[int, int]:
        return self.errors + self.refused + self.lost, self.runs.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        values = self.parameters
        hours = self.fleet.task_s(list(self.runs.runs)) / 3600 * (1 - values.spot_discount if values.spot else 1.0)
        first = 0 if values.architecture == "x86_64" else 2
        yield self.prices[first], hours * self.fleet.vcpu
        yield self.prices[first + 1], hours * values.memory_gb

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.duration.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from check_published(placed)
        yield from check_calls(placed)
        values = placed.parameters
        least, most = MEMORY_GB[values.cpu_units]
        if not least <= values.memory_gb <= most:
            yield Finding("task-size", "error", f"A task with {values.cpu_units} CPU units has {least:g} to {most:g} GB of memory, not {values.memory_gb:g}", "Choose a size that AWS offers", node=placed.id, parameter="memory_gb")
        if values.scales_by != "nothing" and values.minimum_tasks > values.maximum_tasks:
            yield Finding("task-bounds", "error", f"'{placed.name}' has more tasks at least ({values.minimum_tasks}) than at most ({values.maximum_tasks})", "Raise the maximum", node=placed.id, parameter="maximum_tasks")
        if values.scales_by == "backlog" and not placed.into("source"):
            yield Finding("scales-by-nothing", "warning", f"'{placed.name}' scales by the backlog of queues, and pulls from none", "Wire a queue to it, or scale by CPU", node=placed.id, parameter="scales_by")
        for link in placed.into("source"):
            longest_s = values.duration.quantile_s(0.99) * link.parameters.max_number_of_messages
            if link.other.parameters.visibility_timeout_s < longest_s:
                yield Finding("visibility-below-duration", "warning", f"The visibility timeout of '{link.other.name}' is shorter than the slowest batches of '{placed.name}': messages are processed twice", "Raise it, or receive fewer messages",
                              node=link.other.id, parameter="visibility_timeout_s", related=(placed.id,))

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["RequestsRefused"] > 0:
            return f"{format_rate(rates['RequestsRefused'])} requests are refused.", Culprit(self.id, "desired_count")
        if self.fleet.pending.value > 0 and self.free <= 0:
            return f"{int(self.fleet.pending.value)} tasks are starting; all that run are busy.", Culprit(self.id, "image_mb")
        if rates["Errors"] > 0:
            return f"{format_rate(rates['Errors'])} attempts fail.", Culprit(self.id, "failure_probability")
        if self._slots and self.free <= 0:
            return all_busy(int(self._running_s.value), "tasks"), Culprit(self.id, "desired_count")
        return None
