"""AWS Step Functions state machine: runs an execution of its definition for each message or request that comes.

The definition, in the Amazon States Language, is interpreted for real: data flows from state to state, branches wait for each other,
choices are decided on values, errors are retried and caught. Its Task states are ports to wire. What a task returns is a sample or several
with their shares, where nothing that is simulated knows it. Redrive, versions and aliases are not modelled.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.asl.checks import check_definition, following
from simulator.languages.asl.interpreter import Limits
from simulator.languages.asl.local import scopes
from simulator.languages.asl.loops import loop_without_time
from simulator.measures import Spread
from simulator.mechanics.admission import Admission
from simulator.mechanics.distributions import Uniform
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.workflows.task_ports import NESTED, port_of, task_states
from simulator.mechanics.workflows.task_settings import ANY_STATE, TaskSettings
from simulator.mechanics.workflows.workflow import END_TITLES, StateMachineNode
from simulator.mechanics.workflows.workflow_parameters import GUIDE, QUOTAS, AccountQuotas, StateMachineParameters, machine_of
from simulator.mechanics.workflows.workflow_tasks import OpenExecution
from simulator.units import format_count, format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Free,
    Metric,
    Overlay,
    ParameterSet,
    PartFigure,
    Picture,
    Port,
    Price,
    Quota,
    Source,
    Tier,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

METRICS = Source("Step Functions Developer Guide, Monitoring metrics using CloudWatch", f"{GUIDE}/procedure-cw-metrics.html", "2026-11")
MAPS = Source("Step Functions Developer Guide, Distributed Map", f"{GUIDE}/state-map-distributed.html", "2026-11")
PRICING = Source("AWS Step Functions pricing", "https://aws.amazon.com/step-functions/pricing/", "2026-11")
PRICE_LIST = Source("AWS price list, us-east-1, snapshot in Infracost test data", "https://aws.amazon.com/step-functions/pricing/", "2026-08")

STANDARD_TRANSITION = Uniform(low_s=0.025, high_s=0.05)
EXPRESS_TRANSITION = Uniform(low_s=0.002, high_s=0.01)
CHUNK_MB = 64
ERRORS_TOLD = 20


class AccountUse:
    """What the machines of one account use of its quotas."""

    def __init__(self, network: Network, quotas: AccountQuotas) -> None:
        self.quotas = quotas
        self.transitions = Admission(network.agenda, quotas.transitions_per_s, quotas.transitions_bucket)
        self.starts = TokenBucket(quotas.start_execution_per_s, quotas.start_execution_bucket)
        self.express_starts = TokenBucket(quotas.start_express_per_s, quotas.start_express_bucket)
        self.sync_starts = TokenBucket(quotas.start_sync_per_s, max(1.0, quotas.start_sync_per_s)) if quotas.start_sync_per_s is not None else None
        self.answers = TokenBucket(quotas.task_answers_per_s, quotas.task_answers_bucket)
        self.http = TokenBucket(quotas.http_tasks_per_s, max(1.0, quotas.http_tasks_per_s))
        self.open_executions = self.open_map_runs = 0
        self.map_runs_waiting: deque[Callable[[], None]] = deque()


class FailsParameters(ParameterSet):
    """Which task fails, and how often."""

    state: str = parameter("", "The Task state; empty: all of them.", title="State", section="Fault", max_length=80)
    share: float = parameter(1.0, "Share of the calls that fail.", title="Share that fails", unit="share", section="Fault", ge=0, le=1)


class AbortParameters(ParameterSet):
    """How many."""

    share: float = parameter(1.0, "Share of the open executions that are stopped.", title="Share", unit="share", section="Fault", ge=0, le=1)


def _family(several: str, one: str, key: str, title: str, what: str) -> tuple[Metric, ...]:
    """The eight metrics of a family of tasks."""
    counts = (("Scheduled", "scheduled"), ("Started", "started"), ("Succeeded", "succeeded"), ("Failed", "failed"), ("TimedOut", "timed out"))
    spreads = (("ScheduleTime", "Time from scheduled to started."), ("RunTime", "Time from started to the end."), ("Time", "Time from scheduled to the end."))
    return (
        *(Metric(f"{several}{word}", f"{title} {done}", "count", "sum", f"{what} {done}.", f"{key}_{word.lower()}", METRICS, False, key) for word, done in counts),
        *(Metric(f"{one}{word}", f"{title}: {word}", "s", "spread", text, f"{key}_{word.lower()}", METRICS, False, key) for word, text in spreads),
    )


class StateMachine(StateMachineNode):
    """A state machine."""

    kind = "step_functions"
    title = "Step Functions state machine"
    short_title = "Step Functions"
    neutral_title = "Workflow"
    group = "Application integration"
    icon = "architecture-service/AWSStepFunctions"
    summary = "Runs a workflow written in the Amazon States Language: tasks, choices, branches, loops, waits, retries."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = StateMachineParameters
    AccountParameters = AccountQuotas
    ports_follow = ("definition",)
    ports = (
        Port("in", "Executions to start", Direction.IN, Verb.SEND, frozenset({"states:StartExecution"}), "Each message starts an execution; its JSON body is the input. The sender does not wait for the end."),
        Port("requests", "Synchronous executions", Direction.IN, Verb.INVOKE, frozenset({"states:StartSyncExecution", NESTED}),
             "Callers that wait for the end: StartSyncExecution (Express only), or a Task state of another state machine with .sync."),
        Port("callbacks", "Callbacks", Direction.IN, Verb.SEND, frozenset({"states:SendTaskSuccess"}), "Each message that a task with .waitForTaskToken led to returns the task's token when it comes back here."),
    )
    quotas = (
        Quota("transitions", "State transitions, Standard", 5000, "per_s", "account and Region", True, QUOTAS, "bucket of 5,000; 800 in other Regions"),
        Quota("starts", "StartExecution, Standard", 300, "per_s", "account and Region", True, QUOTAS, "bucket of 1,300; 150 and 800 in other Regions"),
        Quota("express_starts", "StartExecution, Express", 6000, "per_s", "account and Region", True, QUOTAS, "bucket of 6,000"),
        Quota("answers", "SendTaskSuccess, SendTaskFailure, SendTaskHeartbeat, GetActivityTask, each", 500, "per_s", "account and Region", True, QUOTAS, "bucket of 3,000; 300 and 1,500 in other Regions"),
        Quota("http", "HTTP Tasks", 300, "per_s", "account and Region", True, QUOTAS, "60 s for a call"),
        Quota("open_executions", "Open executions, Standard", 1_000_000, "count", "account and Region", True, QUOTAS),
        Quota("open_map_runs", "Open Map Runs", 1000, "count", "account and Region", False, QUOTAS),
        Quota("children", "Children of a Map Run at once", 10_000, "count", "Map Run", False, MAPS, "dispatched at 1,000 a second (Express) or 100 (Standard)"),
        Quota("inline", "Iterations of an inline Map at once", 40, "count", "state", False, MAPS),
        Quota("express_duration", "Duration of an Express execution", 300, "s", "execution", False, QUOTAS),
        Quota("duration", "Duration of a Standard execution", 31_536_000, "s", "execution", False, QUOTAS),
        Quota("history", "Events in the history, Standard", 25_000, "count", "execution", False, QUOTAS),
        Quota("payload", "Payload of a task, state or execution", 262_144, "bytes", "payload", False, QUOTAS),
    )
    metrics = (
        Metric("ExecutionsStarted", "Started", "count", "sum", "Executions started.", "executions_started", METRICS, True, "rates"),
        Metric("ExecutionsSucceeded", "Succeeded", "count", "sum", "Executions that ended well.", "executions_succeeded", METRICS, True, "rates"),
        Metric("ExecutionsFailed", "Failed", "count", "sum", "Executions that ended with an error.", "executions_failed", METRICS, True, "trouble"),
        Metric("ExecutionsTimedOut", "Timed out", "count", "sum", "Executions that took too long.", "executions_timed_out", METRICS, True, "trouble"),
        Metric("ExecutionsAborted", "Aborted", "count", "sum", "Executions stopped from outside.", "executions_aborted", METRICS, False, "trouble"),
        Metric("ExecutionTime", "Duration", "s", "spread", "Time from the start of an execution to its end.", "execution_times", METRICS, True, "latency"),
        Metric("OpenExecutionCount", "Open", "count", "gauge", "Executions under way at this machine. CloudWatch counts those of the whole account.", "open_executions", METRICS, True, "open"),
        Metric("ExecutionThrottled", "Throttled transitions", "count", "sum", "State transitions and retries that had to wait for the account's quota.", "throttled_transitions", METRICS, True, "trouble"),
        Metric("StateTransitions", "State transitions", "count", "sum", "State transitions of Standard executions, retries too. CloudWatch has no such metric.", "transitions", None, True, "transitions"),
        Metric("StartsThrottled", "Starts throttled", "count", "sum", "StartExecution and StartSyncExecution refused over their quota (ThrottledEvents).", "starts_throttled", METRICS, True, "trouble"),
        Metric("StartsRefused", "Starts refused", "count", "sum", "StartExecution refused because the account has too many open executions: ExecutionLimitExceeded. CloudWatch has no such metric.", "starts_refused", None, False, "trouble"),
        Metric("TokensWaiting", "Waiting for a token", "count", "gauge", "Tasks that wait for their token to come back. CloudWatch has no such metric.", "waiting_tokens", None, True, "open"),
        Metric("TokensLost", "Tokens lost", "count", "sum", "Tokens that will never come back. CloudWatch has no such metric.", "lost_tokens", None, False, "trouble"),
        Metric("AnswersTooLate", "Answers too late", "count", "sum", "Answers of tasks that had ended: TaskTimedOut or TaskDoesNotExist. CloudWatch has no such metric.", "late_tokens", None, False, "trouble"),
        Metric("ActivityTasksWaiting", "Waiting for a worker", "count", "gauge", "Activity tasks that no worker has taken yet. CloudWatch has no such metric.", "waiting_workers", None, False, "open"),
        Metric("ApproximateOpenMapRunCount", "Open Map Runs", "count", "gauge", "Map Runs under way at this machine.", "count_map_runs", METRICS, False, "open"),
        Metric("ApproximateMapRunBacklogSize", "Map Run backlog", "count", "gauge", "Children of Map Runs that have not started.", "waiting_items", METRICS, False, "open"),
        Metric("ExpressExecutionBilledDuration", "Express, billed", "s", "sum", "Time of Express executions, each rounded up to 100 ms.", "express_s", METRICS, False, "bill"),
        *_family("LambdaFunctions", "LambdaFunction", "lambda", "Functions", "Tasks whose Resource is the ARN of a function"),
        *_family("Activities", "Activity", "activity", "Activities", "Activity tasks"),
        *_family("ServiceIntegrations", "ServiceIntegration", "service", "Integrations", "Tasks that call a service"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "transition": "State transition", "transitions_throttled": "State transitions of the account used up", "map_runs": "Open Map Runs of the account used up", "stopped": "Stopped in the middle of a state"}
    parts_title = "States"
    part_figures = (
        PartFigure("inside", "Inside", "count", "gauge"), PartFigure("entered", "Entered", "count", "sum"), PartFigure("retried", "Tried again", "count", "sum"), PartFigure("failed", "Failed", "count", "sum"),
    )
    overlay = Overlay(
        "OpenExecutionCount", (Figure("OpenExecutionCount", "open"), Figure("ExecutionTime", "p99"), Figure("ExecutionsFailed", "failed", quiet=True)),
        picture=Picture("states", (Fill("inside"), Fill("failed", "bad"), Fill("retried", "warn"))),
    )
    faults = (
        Fault("task_fails", "A task fails", "Calls of a Task state fail with States.TaskFailed.", FailsParameters, sort="errors"),
        Fault("abort", "Executions are stopped", "Open executions end at once (StopExecution).", AbortParameters, sort="operation", instant=True),
    )
    prices = (
        Price("transitions", "State transitions, Standard", 0.025e-3, "transition", PRICING, free=Free(4000, PRICING)),
        Price("express_requests", "Requests, Express", 1.00e-6, "request", PRICE_LIST),
        Price("express_memory", "Memory, Express", 0.060012, "GB-hour", PRICE_LIST, tiers=(Tier(1000, 0.029988, PRICE_LIST), Tier(5000, 0.016416, PRICE_LIST))),
    )
    fidelity = Fidelity(
        modelled=(
            "The Amazon States Language: all states, JSONPath and JSONata, intrinsic functions, variables, context object, Retry and Catch, timeouts and heartbeats.",
            "Data flows: the body of a message is the input, choices are decided on values, branches and iterations wait for each other.",
            "Request-response, .sync and .waitForTaskToken; activities with their workers; nested executions; inline and distributed Map with Map Runs.",
            "Each Task state is a port. A function that throttles or fails raises the error that its retriers know; work of stopped branches goes on and is billed.",
            "State transitions of all Standard machines from one token bucket: those that find none wait. Retries are transitions, billed and throttled.",
            "StartExecution, StartSyncExecution, SendTaskSuccess and HTTP Tasks by token bucket; open executions and open Map Runs of the account.",
            "History of 25,000 events, payloads of 256 KiB, 5 minutes for Express; dispatch rates of Map Runs.",
            "Bill: transitions, 4,000 of them free each month; Express by requests, duration in steps of 100 ms and memory in steps of 64 MB.",
        ),
        approximated=(
            "Loops that no time passes in, which only transitions without latency allow, end after a number of transitions that is a guard of ours.",
            "What a task returns is a sample, or what it was given, unless it is a nested execution whose output is known: services here compute nothing.",
            "The latency of a transition is a guess: AWS publishes none. Refused transitions wait in order of arrival.",
            "Time that branches spend at once is booked to whichever ends first, then to what ends later, so that no second counts twice.",
            "A function that fails raises Exception, whatever its runtime would name it; one that times out raises Sandbox.Timedout, one that crashes Lambda.Unknown, a throttled one Lambda.TooManyRequestsException. Lambda.SdkClientException and Lambda.AWSLambdaException come only where a task's results say so: AWS publishes no rate of them.",
            "StartSyncExecution has no limit unless you set one, because AWS gives no number: it grows with sustained load.",
            "A call to a queue, topic or bus is answered at once. A token comes back with the message that its task sent, or one made from it.",
            "Billed memory of Express is a parameter. A Map Run counts a failed batch as all its items.",
            "An execution that a pipe starts gets the message's body, not the list of records around it: each message of a batch starts one.",
            "A state that nothing leads to is a warning; Step Functions may refuse it. From memory.",
        ),
        ignored=(
            "Redrive: a failed execution ends for good. Its figures (1,300, then 300 a second) would matter only to an operator.",
            "Execution names: every message starts an execution of its own, so ExecutionAlreadyExists and idempotent starts do not occur.",
            "Asynchronous Express executions that AWS restarts from the beginning: how often is not published.",
            "DescribeExecution and StopExecution calls, and the polling behind .sync, which ends when the job does; the rate of GetActivityTask. SendTaskFailure and SendTaskHeartbeat use up no tokens: only SendTaskSuccess does.",
            "CloudWatch's metrics of token buckets (ConsumedCapacity, ProvisionedBucketSize, ProvisionedRefillRate): the limits of the node show the same. Metrics of the memory of Express executions: it is a parameter.",
            "Cancelling a job when its execution stops: what was begun is done, and its cost counted. Reading and writing of Map Runs in S3: items come with the input. Versions, aliases, logging and tracing: they change neither rate nor time.",
            "The year that a Standard execution may last: no run is longer.",
            "The size limits of a definition beyond 1 MB; how many machines are registered: a diagram does not reach them.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A workflow and two functions",
        "nodes": [
            {"id": "orders", "kind": "traffic", "name": "Orders", "parameters": {"load": {"shape": "constant", "rate_per_s": 5}, "message_types": [{"name": "order", "body": {"order": 7}}]}},
            {"id": "flow", "kind": "step_functions", "name": "orders", "parameters": {}},
            {"id": "stock", "kind": "lambda", "name": "check-stock", "parameters": {}},
            {"id": "ship", "kind": "lambda", "name": "ship", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "orders", "port": "out"}, "to": {"node": "flow", "port": "in"}},
            {"id": "w2", "from": {"node": "flow", "port": "task:Check stock"}, "to": {"node": "stock", "port": "requests"}},
            {"id": "w3", "from": {"node": "flow", "port": "task:Ship"}, "to": {"node": "ship", "port": "requests"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        quotas = network.account.get(self.kind) or AccountQuotas()
        self.account = network.shared("step functions", lambda: AccountUse(network, quotas))  # type: ignore[arg-type]
        values = self.parameters
        self.definition = machine_of(values.definition)
        self.express = values.type == "EXPRESS"
        self.execution_limits = Limits(values.payload_limit_bytes, None if self.express else values.history_limit, values.express_limit_s, values.instant_transitions)
        self.settings_by_state = {ANY_STATE: TaskSettings(), **{entry.state: entry for entry in values.tasks}}
        self.choices_by_state = {entry.state: entry for entry in values.choices}
        self.executions_started = self.executions_succeeded = self.executions_failed = self.executions_timed_out = self.executions_aborted = 0
        self.starts_throttled = self.starts_refused = self.express_requests = 0
        self.execution_times = Spread()
        self.errors: dict[str, int] = {}
        self._held = 0
        latency = values.transition_latency
        self._standard_s = (latency or STANDARD_TRANSITION).sampler(self.stream("transition"))
        self._express_s = (latency or EXPRESS_TRANSITION).sampler(self.stream("express transition"))
        self._abort_chance = self.stream("abort").uniform
        for key, family in self.families.items():
            for name_of in ("schedule_time", "run_time", "time"):
                setattr(self, f"{key}_{name_of.replace('_', '')}", getattr(family, name_of))

    def __getattr__(self, name: str) -> Any:
        """Counts of the families of tasks, under the names that metrics give them (``lambda_failed``)."""
        key, _, word = name.partition("_")
        families = self.__dict__.get("families", {})
        if key in families:
            return getattr(families[key], {"timedout": "timed_out"}.get(word, word))
        raise AttributeError(name)

    @classmethod
    def ports_for(cls, parameters: Any) -> Sequence[Port]:
        made = (port_of(task) for task in task_states(machine_of(parameters.definition)))
        return (*cls.ports, *(port for port in made if port is not None))

    # -- starts ---------------------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        if wire.target_port.name == "callbacks":
            return self._token_back(message)
        refusal = self._may_start(self.account.express_starts if self.express else self.account.starts, message.count)
        if refusal is not None:
            return refusal
        self.entered += message.count
        while message.count > 1:
            self._start(message.split(1))
        self._start(message)
        return None

    def _may_start(self, bucket: TokenBucket | None, count: int) -> Refusal | None:
        if not self.express and self.account.open_executions + count > self.account.quotas.open_executions:
            self.starts_refused += count
            return Refusal(Outcome.REJECTED, "open_executions", f"{self.name}: too many open executions (ExecutionLimitExceeded)")
        if bucket is not None and not bucket.take_all(count, self.agenda._now):
            self.starts_throttled += count
            return Refusal(Outcome.THROTTLED, "start_execution", f"{self.name}: executions are started too fast (ThrottlingException)")
        return None

    def _start(self, message: Message, wire: Wire | None = None, reply: Reply | None = None) -> None:
        self.executions_started += 1
        if self.express:
            self.express_requests += 1
        else:
            self.account.open_executions += 1
        if reply is None:
            self._held += 1
        self.begin(message, wire, reply)

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        nested = NESTED in wire.source_port.actions
        bucket = self.account.sync_starts if not nested else self.account.express_starts if self.express else self.account.starts
        refusal = self._may_start(bucket, message.count)
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)
            return
        while message.count > 1:
            self._start(message.split(1), wire, reply)
        self._start(message, wire, reply)

    # -- ends -----------------------------------------------------------------------------------------------------------

    def closed(self, done: OpenExecution) -> None:
        execution, message = done.execution, done.message
        elapsed_s = self.agenda._now - done.started_s
        self.execution_times.add(elapsed_s)
        if self.express:
            self.bill_express(elapsed_s)
        else:
            self.account.open_executions -= 1
        name = f"executions_{execution.status.lower()}"
        setattr(self, name, getattr(self, name) + 1)
        error = None
        if execution.status != "SUCCEEDED":
            error = execution.error or END_TITLES[execution.status]
            error = error if error in self.errors or len(self.errors) < ERRORS_TOLD else "other errors"
            self.errors[error] = self.errors.get(error, 0) + 1
        if done.reply is None:
            self._held -= 1
            self._settle(message, error, first=True)
        else:
            self._reply(done, error)

    def _settle(self, message: Message, error: str | None, first: bool) -> None:
        """The message is ours and its execution over."""
        if error is not None:
            self.lose(message, error, f"Execution ended with {error}")
        elif first:
            self.finish(message, "succeeded")
        else:
            self.finished += message.count

    def _reply(self, done: OpenExecution, error: str | None) -> None:
        """Answer who waits for the end. StartSyncExecution answers with 200 even if the execution failed."""
        wire, message, execution = done.wire, done.message, done.execution
        if wire is None or done.reply is None:
            return
        nested = NESTED in wire.source_port.actions
        refusal = Refusal(Outcome.FAILED, error, f"{self.name} ended with {error}") if error is not None and nested else None
        message.answer = {"Output": execution.output, "Status": execution.status} if nested else {"status": execution.status, "output": execution.output, "error": execution.error, "cause": execution.cause}
        in_time = wire.answered(message, refusal)
        if refusal is None:
            self._settle(message, error, first=in_time)
        done.reply(message, refusal)

    # -- tokens ---------------------------------------------------------------------------------------------------------

    def _token_back(self, message: Message) -> Refusal | None:
        if not self.account.answers.take_all(message.count, self.agenda._now):
            return Refusal(Outcome.THROTTLED, "send_task_success", f"{self.name}: tokens come back too fast (ThrottlingException)")
        found = self.task_with(message)
        if found is None:
            self.late_tokens += message.count
            return Refusal(Outcome.REJECTED, "task_timed_out", f"{self.name}: no task waits for this token (TaskTimedOut)", retryable=False)
        self.entered += message.count
        self.finish(message, "token returned")
        self.token_returned(found[0], found[1])
        return None

    # -- what the mechanics ask -----------------------------------------------------------------------------------------

    def transition_s(self, express: bool) -> float:
        return self._express_s() if express else self._standard_s()

    def gate(self) -> Admission:
        return self.account.transitions

    def http_bucket(self) -> TokenBucket:
        return self.account.http

    def may_open_map_run(self, go_on: Callable[[], None]) -> bool:
        if self.account.open_map_runs < self.account.quotas.open_map_runs:
            self.account.open_map_runs += 1
            go_on()
            return True
        self.account.map_runs_waiting.append(go_on)
        return False

    def map_run_closed(self) -> None:
        if self.account.map_runs_waiting:
            self.agenda.at(self.agenda._now, lambda go_on: go_on(), self.account.map_runs_waiting.popleft())
        else:
            self.account.open_map_runs -= 1

    # -- what breaks ----------------------------------------------------------------------------------------------------

    def fault_task_fails(self, value: FailsParameters | None) -> None:
        """Calls of a task fail, until cleared (None)."""
        self.task_fails_share, self.failing_task = (value.share, value.state) if value is not None else (0.0, "")

    def fault_abort(self, value: AbortParameters | None) -> None:
        """Open executions end now."""
        if value is not None:
            for execution in [one for one in self.open if self._abort_chance() < value.share]:
                execution.abort("Stopped", "StopExecution")

    # -- what it shows --------------------------------------------------------------------------------------------------

    def holding(self) -> int:
        return self._held

    def backlog(self) -> float:
        return self.gate().waiting + self.waiting_workers + len(self.account.map_runs_waiting)

    def trouble(self) -> tuple[int, int]:
        return self.executions_failed + self.executions_timed_out + self.executions_aborted + self.starts_refused, self.throttled_transitions + self.starts_throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        memory_gb = math.ceil(self.parameters.express_memory_mb / CHUNK_MB) * CHUNK_MB / 1024
        yield self.prices[0], self.transitions
        yield self.prices[1], self.express_requests + self.express_children
        yield self.prices[2], self.express_s * memory_gb / 3600

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["StartsRefused"] > 0:
            return f"{format_rate(rates['StartsRefused'])} cannot start: the account has {format_count(self.account.open_executions)} open executions.", Culprit(self.id)
        if rates["StartsThrottled"] > 0:
            return f"{format_rate(rates['StartsThrottled'])} cannot start: executions are started too fast.", Culprit(self.id)
        if rates["ExecutionThrottled"] > 0:
            return f"{format_rate(rates['ExecutionThrottled'])} of the state transitions wait: the account allows {format_rate(self.account.quotas.transitions_per_s)}.", Culprit(self.id)
        failing = rates["ExecutionsFailed"] + rates["ExecutionsTimedOut"]
        if failing > 0 and self.errors:
            return f"{format_rate(failing)} executions fail, most with {max(self.errors, key=lambda name: self.errors[name])}.", Culprit(self.id, "definition")
        if self.waiting_tokens > max(10, 0.5 * self.open_executions.value):
            return f"{format_count(self.waiting_tokens)} tasks wait for their token; {format_count(self.lost_tokens)} tokens never come back.", Culprit(self.id, "tasks")
        if self.waiting_workers > 0:
            return f"{format_count(self.waiting_workers)} activity tasks wait for a worker.", Culprit(self.id, "tasks")
        return None

    # -- before a run -----------------------------------------------------------------------------------------------------

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return parameters.transition_latency is not None and bool(parameters.transition_latency.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        machine = machine_of(values.definition)
        express = values.type == "EXPRESS"
        for problem in check_definition(machine, express):
            if problem.severity == "warning" or express:
                yield Finding("definition", problem.severity, f"'{placed.name}': {problem}", "Change the definition", node=placed.id, parameter="definition")  # type: ignore[arg-type]
        yield from cls._check_settings(placed, machine)
        loop = loop_without_time(machine) if cls.passes_at_once(values) else ()
        if loop:
            ends = f"{values.instant_transitions:,} transitions" if express else f"{values.history_limit:,} events of their history"
            yield Finding("loop-without-time", "warning", f"'{placed.name}' has a loop of states that take no time: {' → '.join(loop)}. Executions that never leave it fail after {ends}",
                          "Give transitions a latency above 0, or put a Wait or a Task into the loop", node=placed.id, parameter="definition")
        yield from cls._check_tasks(placed, machine)
        if not express:
            for link in placed.into("requests"):
                nested = any(port.name == link.other_port and NESTED in port.actions for port in getattr(link.other, "ports", ())) or link.other_port.startswith("task:")
                if not nested:
                    yield Finding("sync-needs-express", "error", f"'{link.other.name}' waits for '{placed.name}' to end, which StartSyncExecution offers for Express state machines alone",
                                  "Make it an Express one, or start it one-way", node=placed.id, wire=link.id, parameter="type")

    @classmethod
    def _check_settings(cls, placed: Placed, machine: Mapping[str, Any]) -> Iterable[Finding]:
        states = {name: state for scope in scopes(machine) for name, state in scope["States"].items()}
        for name, kinds, listed in (("tasks", ("Task", "Map"), placed.parameters.tasks), ("choices", ("Choice",), placed.parameters.choices)):
            seen: set[str] = set()
            for entry in listed:
                known = entry.state == ANY_STATE and name == "tasks"
                if not known and (entry.state not in states or states[entry.state]["Type"] not in kinds):
                    there = ", ".join(state for state, found in states.items() if found["Type"] in kinds[:1]) or "none"
                    yield Finding("unknown-state", "error", f"'{placed.name}' has settings for the {kinds[0]} state '{entry.state}', which its definition does not have", f"It has: {there}", node=placed.id, parameter=name)
                elif entry.state in seen:
                    yield Finding("settings-given-twice", "error", f"'{placed.name}' has settings for the state '{entry.state}' twice", "Keep one of them", node=placed.id, parameter=name)
                elif name == "choices":
                    ways = following(states[entry.state])
                    for way in entry.shares:
                        if way.next not in ways:
                            yield Finding("unknown-state", "error", f"'{placed.name}': the Choice '{entry.state}' does not lead to '{way.next}'", f"It leads to: {', '.join(dict.fromkeys(ways))}", node=placed.id, parameter=name)
                seen.add(entry.state)

    @classmethod
    def _check_tasks(cls, placed: Placed, machine: Mapping[str, Any]) -> Iterable[Finding]:
        settings = {entry.state: entry for entry in placed.parameters.tasks}
        tasks = list(task_states(machine))
        unwired = [task.name for task in tasks if port_of(task) is not None and not placed.out_of(task.port)]
        if unwired:
            yield Finding("unwired-tasks", "note", f"'{placed.name}' has Task states that are not wired: {', '.join(unwired)}",
                          "They take as long as the node's settings for tasks say; wire their ports to simulate what they call", node=placed.id, parameter="tasks")
        for task in tasks:
            own = settings.get(task.name) or settings.get(ANY_STATE) or TaskSettings()
            if task.resource.pattern == ".waitForTaskToken" and own.token_after is None and not placed.into("callbacks"):
                yield Finding("token-never-returns", "warning", f"'{placed.name}': the token of the task '{task.name}' never comes back",
                              "Wire who answers to the port Callbacks, or say in the node's settings for tasks after which time it returns", node=placed.id, parameter="tasks")
