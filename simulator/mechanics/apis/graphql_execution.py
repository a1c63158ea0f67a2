"""Running a GraphQL plan: sibling fields at once, children after their parent, mutations one by one, each resolver a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from simulator.engine.message import Message, MessageType
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.languages.graphql_plans import FieldPlan, Plan
from simulator.mechanics.apis.response_cache import ResponseCache
from simulator.vocabulary import ParameterSet, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

API = Source("API model appsync, botocore 1.43.11", "https://github.com/boto/botocore", "2026")
QUOTAS_2022 = Source("Service Quotas listing of about 2022", "https://docs.aws.amazon.com/general/latest/gr/appsync.html", "2022", "T")
NO_SOURCE = "none"
Done = Callable[[], None]


class Resolver(ParameterSet):
    """What resolves a field of the schema."""

    field: str = parameter("Query.field", "Type and field, as Query.posts or Post.author.", title="Field", section="Resolver", min_length=3, max_length=400)
    kind: Literal["UNIT", "PIPELINE"] = parameter("UNIT", "One data source, or functions one after another.", title="Kind", section="Resolver", aws="kind", source=API)
    data_source: str = parameter(NO_SOURCE, "Name of the data source, as on its wire; none: the resolver answers by itself.", title="Data source", section="Resolver", max_length=200)
    functions: tuple[str, ...] = parameter((), "PIPELINE: the data sources of its functions, in their order; 10 at most.", title="Functions", section="Resolver", source=QUOTAS_2022, max_length=10)
    max_batch_size: int = parameter(
        0, "Siblings of the same field that one Lambda call takes together (BatchInvoke). 0: one call for each.", title="Batch size", unit="count", section="Resolver",
        aws="maxBatchSize", ge=0, le=2000, source=API, changeable=True)
    list_size: int = parameter(10, "If it gives a list: so many elements, unless the query asks for fewer (limit, first, last).", title="Elements of a list", unit="count", section="Resolver", ge=0, le=10_000)
    caching: bool = parameter(False, "Its answers are kept, if the API caches by resolver.", title="Cached", section="Resolver")
    ttl_s: float = parameter(60, "How long they are kept.", title="TTL", unit="s", section="Resolver", aws="ttl", ge=1, le=3600, source=API)


class DataSource(ParameterSet):
    """A data source of the API."""

    name: str = parameter("source", "The name by which resolvers call it.", title="Name", section="Data source", aws="name", source=API, min_length=1, max_length=200)


class Operation:
    """A request while it is resolved."""

    __slots__ = ("call_types", "calls", "came_s", "deadline_s", "errors", "expired", "message", "plan", "reply", "since_s", "too_many", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply, now_s: float) -> None:
        self.message = message
        self.wire = wire
        self.reply = reply
        self.came_s = self.since_s = now_s
        self.deadline_s = math.inf
        self.plan: Plan | None = None
        self.calls = self.errors = 0
        self.expired = self.too_many = False


class GraphqlEngine(Node):
    """A node that resolves GraphQL plans through its data sources."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.resolver_calls = self.source_calls = self.field_errors = self.cache_hits = self.cache_misses = 0
        self.cache: ResponseCache | None = None
        self._resolvers: dict[tuple[str, str], Resolver] = {}
        self._sources: dict[str, Wire] = {}
        self._call_types: dict[tuple[MessageType, str, str], MessageType] = {}

    def start(self) -> None:
        for resolver in self.parameters.resolvers:
            type_name, _, field_name = resolver.field.partition(".")
            self._resolvers[type_name, field_name] = resolver
        for wire in (*self.wires_out["data_sources"], *self.wires_out["events"]):
            self._sources.setdefault(wire.parameters.name, wire)
        self._handler_s = self.parameters.handler.sampler(self.stream("handlers"))

    def resolve(self, operation: Operation, done: Done) -> None:
        """Resolve the whole plan, then call ``done``."""
        plan = operation.plan
        if plan is None:
            done()
        elif plan.operation == "mutation":
            self._in_series(operation, plan.fields, 0, done)
        else:
            self._all(operation, plan.fields, 1, done)

    def mutated(self, operation: Operation, field: FieldPlan) -> None:
        """A top-level field of a mutation was resolved without an error."""

    def _in_series(self, operation: Operation, fields: tuple[FieldPlan, ...], place: int, done: Done) -> None:
        if place == len(fields):
            done()
            return
        errors = operation.errors

        def after() -> None:
            if operation.errors == errors:
                self.mutated(operation, fields[place])
            self._in_series(operation, fields, place + 1, done)

        self._field(operation, fields[place], 1, after)

    def _all(self, operation: Operation, fields: tuple[FieldPlan, ...], objects: int, done: Done) -> None:
        """Resolve these fields of so many objects at once."""
        if not fields or objects == 0:
            done()
            return
        waiting = _Countdown(len(fields), done)
        for field in fields:
            self._field(operation, field, objects, waiting)

    def _field(self, operation: Operation, field: FieldPlan, objects: int, done: Done) -> None:
        resolver = self._resolvers.get((field.type_name, field.name))
        size = 1
        if field.is_list:
            size = resolver.list_size if resolver is not None else self.parameters.default_list_size
            size = size if field.limit is None else min(size, field.limit)
        if resolver is None:
            self._all(operation, field.children, objects * size, done)
            return
        operation.calls += objects
        self.resolver_calls += objects
        limit = self.parameters.resolver_count_limit or 10_000
        if operation.calls > limit or operation.expired:
            operation.too_many = operation.too_many or operation.calls > limit
            operation.errors += 1
            done()
            return
        misses = self._misses(operation, resolver, objects)
        hits = objects - len(misses)
        batch = max(1, resolver.max_batch_size)
        groups = [misses[first : first + batch] for first in range(0, len(misses), batch)]
        waiting = _Countdown(len(groups) + (1 if hits else 0), done)
        if hits:
            self._all(operation, field.children, hits * size, waiting)
        for group in groups:
            self._call(operation, resolver, field, group, 0, partial(self._called, operation, resolver, field, group, size, waiting))

    def _misses(self, operation: Operation, resolver: Resolver, objects: int) -> list[int]:
        """Which of the objects have to be asked for: all that the cache does not hold."""
        behaviour = self.parameters.api_caching_behavior
        cached = self.cache is not None and (behaviour == "FULL_REQUEST_CACHING" or (behaviour == "PER_RESOLVER_CACHING" and resolver.caching))
        if not cached or self.cache is None or operation.plan is None or operation.plan.operation != "query":
            return list(range(objects))
        now_s = self.agenda._now
        misses = [place for place in range(objects) if not self.cache.holds(self._cache_key(operation, resolver, place), now_s)]
        self.cache_hits += objects - len(misses)
        self.cache_misses += len(misses)
        return misses

    def _cache_key(self, operation: Operation, resolver: Resolver, place: int) -> tuple[Any, ...]:
        return (resolver.field, operation.message.type.name, operation.message.key, place)

    def _called(self, operation: Operation, resolver: Resolver, field: FieldPlan, group: list[int], size: int, done: Done, succeeded: bool) -> None:
        if not succeeded:
            operation.errors += len(group)
            self.field_errors += len(group)
            done()
            return
        if self.cache is not None and operation.plan is not None and operation.plan.operation == "query":
            behaviour = self.parameters.api_caching_behavior
            ttl_s = self.parameters.cache_ttl_s if behaviour == "FULL_REQUEST_CACHING" else resolver.ttl_s
            if behaviour == "FULL_REQUEST_CACHING" or (behaviour == "PER_RESOLVER_CACHING" and resolver.caching):
                for place in group:
                    self.cache.keep(self._cache_key(operation, resolver, place), self.parameters.response_bytes, self.agenda._now + ttl_s)
        self._all(operation, field.children, len(group) * size, done)

    # -- one call ------------------------------------------------------------------------------------------------------

    def _call(self, operation: Operation, resolver: Resolver, field: FieldPlan, group: list[int], step: int, done: Callable[[bool], None]) -> None:
        """Run the request handler, the data source and the response handler of one function (or of the resolver)."""
        names = resolver.functions if resolver.kind == "PIPELINE" else (resolver.data_source,)
        if step == len(names):
            done(True)
            return

        def answered(succeeded: bool) -> None:
            if succeeded:
                self._call(operation, resolver, field, group, step + 1, done)
            else:
                done(False)

        self.agenda.at(self.agenda._now + self._handler_s() + self._handler_s(), self._ask, (operation, field, group[0], names[step], answered))

    def _ask(self, call: tuple[Operation, FieldPlan, int, str, Callable[[bool], None]]) -> None:
        operation, field, place, name, answered = call
        wire = self._sources.get(name)
        left_s = operation.deadline_s - self.agenda._now
        if left_s <= 0:
            operation.expired = True
            answered(False)
            return
        if wire is None:
            answered(name == NO_SOURCE)
            return
        self.source_calls += 1
        asked = operation.message.copy()
        asked.type = self._call_type(operation.message.type, field)
        asked.key = operation.message.key + place
        asked.path = asked.path.to(self.id)
        if wire.source_port.verb is Verb.SEND:
            refusal = wire.send(asked)
            if refusal is None:
                self.copied += 1
            answered(refusal is None)
            return
        wire.invoke(asked, partial(self._source_answered, operation, answered), left_s, (operation.wire, operation.message))

    def _source_answered(self, operation: Operation, answered: Callable[[bool], None], _: Message, refusal: Refusal | None) -> None:
        if refusal is None:
            self.copied += 1
        elif refusal.outcome is Outcome.TIMED_OUT and refusal.cause == "timeout":
            operation.expired = True
        # By the agenda: calls would pile up through a long chain of resolvers.
        self.agenda.at(self.agenda._now, answered, refusal is None)

    def _call_type(self, asked: MessageType, field: FieldPlan) -> MessageType:
        key = (asked, field.type_name, field.name)
        found = self._call_types.get(key)
        if found is None:
            verb = "POST" if field.type_name == "Mutation" else "GET"
            found = MessageType(f"{verb} {field.type_name}.{field.name}", asked.size_bytes, {}, None, asked.failure_probability, asked.draw_key)
            self._call_types[key] = found
        return found


class _Countdown:
    """Calls ``done`` when it has been called so many times itself."""

    __slots__ = ("_done", "_left")

    def __init__(self, left: int, done: Done) -> None:
        self._left = left
        self._done = done
        if left == 0:
            done()

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done()
