"""AWS AppSync: a GraphQL API that resolves each field of a query through a data source.

The schema is real SDL, and a message type is a real query: its body is ``{"query": "…", "variables": {…}}``. Which resolvers run,
and how often, follows from both. A node is one GraphQL API; Event APIs and merged APIs are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.graphql_plans import FieldPlan, InvalidGraphql, Plan, has_field, plan_of, schema_of, subscriptions_to
from simulator.measures import Spread
from simulator.mechanics.apis.graphql_execution import API, NO_SOURCE, DataSource, GraphqlEngine, Operation, Resolver
from simulator.mechanics.apis.graphql_parameters import CACHE_GIB, EXECUTION, GUIDE, KB_SECONDS_A_TOKEN, LARGEST_PAYLOAD_BYTES, OURS, PRICES, PRICES_MEMORY, AccountTokens, GraphqlParameters
from simulator.mechanics.apis.response_cache import ResponseCache
from simulator.mechanics.apis.subscription_fanout import QUOTAS_TOLD, REAL_TIME, Connections, MessageRate, outbound_units
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_count, format_rate
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


class GraphqlApi(GraphqlEngine):
    """An AppSync GraphQL API."""

    kind = "appsync"
    title = "AppSync API"
    short_title = "AppSync"
    neutral_title = "GraphQL API"
    group = "Application integration"
    icon = "architecture-service/AWSAppSync"
    summary = "A GraphQL API: each field of a query is resolved through a data source, and mutations reach subscribers."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = GraphqlParameters
    AccountParameters = AccountTokens
    ports = (
        Port("in", "Operations", Direction.IN, Verb.INVOKE, frozenset({"appsync:GraphQL", "http:Request"}), "Queries and mutations of clients and services."),
        Port("data_sources", "Data sources", Direction.OUT, Verb.INVOKE,
             frozenset({"lambda:Invoke", "dynamodb:GetItem", "dynamodb:PutItem", "http:Request", "rds-data:ExecuteStatement", "es:ESHttpGet"}),
             "Data sources that answer, each by the name on its wire.", wire_title="Data source", wire_parameters=DataSource),
        Port("events", "One-way data sources", Direction.OUT, Verb.SEND, frozenset({"events:PutEvents", "lambda:InvokeAsync"}),
             "EventBridge, and functions invoked as Event: they take the request, and answer nothing.", wire_title="Data source", wire_parameters=DataSource),
        Port("authorizer", "Authorizer", Direction.OUT, Verb.INVOKE, frozenset({"lambda:Invoke"}), "The function of AWS_LAMBDA authorization.", max_wires=1),
    )
    quotas = (
        Quota("request_tokens", "Request tokens", 5000, "per_s", "account and Region", True, REAL_TIME, "10,000 in some Regions"),
        Quota("execution_time", "Execution time", 30, "s", "request", False, EXECUTION),
        Quota("resolvers", "Resolvers of a request", 10_000, "count", "request", False, API),
        Quota("batch_size", "Batch size", 2_000, "count", "resolver", False, API),
        Quota("connections", "New connections", 2_000, "per_s", "API", True, QUOTAS_TOLD),
        Quota("inbound", "Inbound messages", 10_000, "per_s", "API", True, QUOTAS_TOLD),
        Quota("outbound", "Outbound messages of 5 kB", 1_000_000, "per_s", "API", True, QUOTAS_TOLD),
        Quota("payload", "Payload of a subscription message", 240_000, "bytes", "message", False, REAL_TIME),
        Quota("connection_lifetime", "Lifetime of a connection", 86_400, "s", "connection", False, QUOTAS_TOLD),
    )
    metrics = (
        Metric("Requests", "Requests", "requests", "sum", "Queries and mutations that came.", "requests", REAL_TIME, True, "rates"),
        Metric("4XXError", "Client errors", "requests", "sum", "Requests refused: not valid, throttled, not let in.", "client_errors", REAL_TIME, True, "trouble"),
        Metric("5XXError", "Server errors", "requests", "sum", "Requests that failed as a whole while running.", "server_errors", REAL_TIME, True, "trouble"),
        Metric("Latency", "Latency", "s", "spread", "Time from a request to its answer.", "latencies", REAL_TIME, True, "latency"),
        Metric("TokensConsumed", "Tokens", "count", "sum", "Request tokens used.", "tokens", REAL_TIME, False, "rates"),
        Metric("GraphQLError", "Field errors", "count", "sum", "Fields that became null with an entry in errors; the answer is HTTP 200 all the same.", "field_errors", REAL_TIME, True, "trouble"),
        Metric("CacheHit", "Cache hits", "count", "sum", "Resolvers or operations answered from the cache.", "cache_hits", REAL_TIME, False, "cache"),
        Metric("CacheMiss", "Cache misses", "count", "sum", "Resolvers or operations that the cache did not hold.", "cache_misses", REAL_TIME, False, "cache"),
        Metric("ActiveConnections", "Connections", "count", "gauge", "Clients that are connected.", "active_connections", REAL_TIME, True, "subscriptions"),
        Metric("ConnectSuccess", "Connections made", "count", "sum", "Connections that were made.", "connections_made", REAL_TIME, False, "subscriptions"),
        Metric("InboundMessageSuccess", "Inbound messages", "messages", "sum", "Messages that mutations made for subscriptions.", "inbound_sent", REAL_TIME, False, "subscriptions"),
        Metric("InboundMessageDelayed", "Inbound delayed", "messages", "sum", "Those over the rate that had to wait.", "inbound_delayed", REAL_TIME, False, "subscriptions"),
        Metric("InboundMessageDropped", "Inbound dropped", "messages", "sum", "Those over the rate that were dropped.", "inbound_dropped", REAL_TIME, False, "trouble"),
        Metric("OutboundMessages", "Outbound messages", "messages", "sum", "Messages sent to clients, by 5 kB.", "outbound_sent", REAL_TIME, False, "subscriptions"),
        Metric("OutboundMessagesDropped", "Outbound dropped", "messages", "sum", f"Messages to clients, by 5 kB, dropped over the rate. {OURS}", "outbound_dropped", None, False, "trouble"),
        Metric("MissedByClients", "Missed by clients", "messages", "sum", f"Messages for clients that were not connected: there is no replay. {OURS}", "missed", None, False, "trouble"),
        Metric("ResolverCalls", "Resolvers run", "count", "sum", f"Resolvers that ran or were answered from the cache. {OURS}", "resolver_calls", None, False, "resolvers"),
        Metric("DataSourceCalls", "Data source calls", "count", "sum", f"Calls of data sources: far more than requests is N+1. {OURS}", "source_calls", None, True, "resolvers"),
        Metric("RequestsInProgress", "In progress", "requests", "gauge", f"Requests that are not answered yet. {OURS}", "in_progress", None, True, "concurrency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"graphql_overhead": "The API parses and validates", "authorizer": "The authorizer", "resolving": "Resolvers and their data sources"}
    overlay = Overlay(
        "RequestsInProgress", (Figure("Requests"), Figure("Latency", "p99"), Figure("5XXError", "5xx", quiet=True), Figure("4XXError", "4xx", quiet=True)),
        picture=Picture("rates", (Fill("Requests"), Fill("4XXError", "warn"), Fill("5XXError", "bad"))),
    )
    faults = (
        Fault("cache_flushed", "The cache is flushed", "All entries are gone at this moment.", sort="operation", instant=True),
        Fault("disconnected", "All clients are disconnected", "Every connection breaks, and all clients come back at once.", sort="network", instant=True),
    )
    prices = (
        Price("operations", "Queries and mutations", 4.00e-6, "operation", PRICES),
        Price("messages", "Real-time messages", 2.00e-6, "message of up to 5 kB", PRICES),
        Price("minutes", "Connection minutes", 0.08e-6, "minute", PRICES),
        Price("cache_small", "Cache, SMALL", 0.044, "hour", PRICES_MEMORY),
    )
    fidelity = Fidelity(
        modelled=(
            "The schema is parsed, and queries are validated against it: one that does not fit is answered with an error, and a finding says where.",
            "Sibling fields at once, children after their parent, mutations one after another; lists multiply the calls below them (N+1).",
            "Unit and pipeline resolvers, request and response handlers, batches of siblings to Lambda; a data source that fails makes null and an entry in errors, with HTTP 200.",
            "No retries. 30 s for a request: what was called works on.",
            "Request tokens by the memory and time of a request, shared by all APIs; limits of depth and of resolvers.",
            "Caching by full request, resolver or operation; mutations pass by it. A flush lets all misses through.",
            "Subscriptions by @aws_subscribe: inbound and outbound messages by count, delayed and then dropped over their rates; clients that are not connected miss them.",
            "Connections at 2,000 a second: after all are cut, the last of 100,000 is back after 50 s.",
            "Operations, real-time messages and connection minutes are billed.",
        ),
        approximated=(
            "How long lists are is a parameter, or what the query's limit, first or last says: there is no data to count.",
            "A batch holds siblings whose parents were resolved at the same moment: AWS does not say how long it gathers.",
            "Time, memory and the longest delay of messages are guesses to change: AWS publishes no figures. Tokens above the first are taken when a request ends.",
            "Clients connect and get messages as a fluid, because there may be millions; every client has a connection of its own.",
            "Of two answers that differ only in the caller, keys of messages tell them apart. Cache instances limit what is kept, not throughput; only SMALL has a known price.",
            "Null does not spread to parents of non-null fields: that changes answers, not load. A payload above 240 KB reaches no subscriber.",
            "Cache keys (cachingKeys) are the query's name, the message's key and the place in the list; the grouping of five by older batches without a size is left out.",
        ),
        ignored=(
            "Event APIs, merged APIs, conflict handlers of versioned tables, the Bedrock data source: each is a model of its own, and none of them a GraphQL request on a table, function or endpoint.",
            "Subscriptions per connection (200), keep-alive, the 24 h lifetime of connections, enhanced filtering, cache invalidation requests (100 a second), subscribing too fast (LimitExceededError, whose rate is not published): clients are a fluid without a state of their own.",
            "The ten-second limit that one report of 2019 saw for HTTP data sources: no other source has it.", "Enhanced metrics and logs, and what they cost; the metrics of single connections, subscribes and publishes (InboundMessageError too), and of the cache's engine and network: its throughput is not published."
            " That verbose logs use up tokens: put it into the memory and time of a request.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A feed by GraphQL",
        "nodes": [
            {"id": "app", "kind": "traffic", "name": "App", "parameters": {
                "load": {"shape": "constant", "rate_per_s": 5},
                "message_types": [
                    {"name": "feed", "share": 4, "body": {"query": "{ posts(limit: 5) { title author { name } } }"}, "key": {"keys": "uniform", "number": 20}},
                    {"name": "post", "share": 1, "body": {"query": "mutation Add($t: String!) { addPost(title: $t) { id } }", "variables": {"t": "hello"}}}]}},
            {"id": "api", "kind": "appsync", "name": "Feed API", "parameters": {
                "resolvers": [
                    {"field": "Query.posts", "data_source": "posts"}, {"field": "Post.author", "data_source": "authors", "max_batch_size": 100, "caching": True}, {"field": "Mutation.addPost", "data_source": "posts"}],
                "api_caching_behavior": "PER_RESOLVER_CACHING", "subscribers": [{"field": "added", "clients": 5000}]}},
            {"id": "posts", "kind": "dynamodb", "name": "posts", "parameters": {"billing_mode": "PAY_PER_REQUEST"}},
            {"id": "authors", "kind": "lambda", "name": "authors", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "app", "port": "requests"}, "to": {"node": "api", "port": "in"}},
            {"id": "w2", "from": {"node": "api", "port": "data_sources"}, "to": {"node": "posts", "port": "requests"}, "parameters": {"name": "posts"}},
            {"id": "w3", "from": {"node": "api", "port": "data_sources"}, "to": {"node": "authors", "port": "requests"}, "parameters": {"name": "authors"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.requests = self.client_errors = self.server_errors = self.tokens = self.throttled = self.missed = self._made_before = 0
        self.latencies = Spread()
        self.in_progress = self.limit("in_progress", "Requests in progress", None)
        values = self.parameters
        self._plans: dict[MessageType, Plan | None] = {}
        self._identities = ResponseCache(float("inf"))
        self._inbound = MessageRate(values.inbound_rate_per_s, values.longest_delay_s)
        self._outbound = MessageRate(values.outbound_rate_per_s, values.longest_delay_s)
        clients = sum(entry.clients for entry in values.subscribers)
        self._connections = Connections(clients, values.connect_rate_per_s)
        self._preparing = self.cause("graphql_overhead", f"{name} parses and validates", Culprit(id, "overhead"), capacity=False)
        self._authorizing = self.cause("authorizer", f"The authorizer of {name}", Culprit(id, "authorizer_result_ttl_s"), capacity=False)
        self._resolving = self.cause("resolving", "Resolvers and their data sources", Culprit(id, "resolvers"), capacity=False)
        self._denials = self.stream("denials")
        self._bound: dict[str, tuple[str, ...]] = {}

    def start(self) -> None:
        super().start()
        tokens = getattr(self.network.account.get(self.kind), "request_tokens_per_s", 5000.0)
        self._tokens = self.network.shared("appsync", lambda: TokenBucket(tokens, tokens))
        self._overhead_s = self.parameters.overhead.sampler(self.stream("overhead"))
        self._bound = subscriptions_to(self.parameters.schema_sdl)
        if self.parameters.api_caching_behavior != "NONE":
            self.cache = ResponseCache(CACHE_GIB[self.parameters.cache_type] * 2**30)

    # -- a request ----------------------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._take(Operation(message.split(1), wire, reply, self.agenda._now))
        self._take(Operation(message, wire, reply, self.agenda._now))

    def plan_for(self, message_type: MessageType) -> Plan | None:
        """The plan of a message type; None if its body is no valid query."""
        if message_type not in self._plans:
            self._plans[message_type] = None
            body = message_type.body
            if isinstance(body, dict) and isinstance(body.get("query"), str):
                try:
                    self._plans[message_type] = plan_of(self.parameters.schema_sdl, body["query"], body.get("variables"))
                except InvalidGraphql as error:
                    self.log("warning", f"'{message_type.name}' is not valid: {error}")
        return self._plans[message_type]

    def _take(self, operation: Operation) -> None:
        now_s = self.agenda._now
        self.requests += 1
        self.in_progress.add(1, now_s)
        if not self._tokens.take_all(1, now_s):
            self.throttled += 1
            self._refuse(operation, Outcome.THROTTLED, 429, "request_tokens", "the account's request tokens are used up")
            return
        self.tokens += 1
        operation.deadline_s = now_s + self.parameters.execution_timeout_s
        self.agenda.at(now_s + self._overhead_s(), self._prepared, operation)

    def _prepared(self, operation: Operation) -> None:
        now_s = self.agenda._now
        spend(operation.message, self._preparing, operation.since_s, now_s)
        operation.since_s = now_s
        operation.plan = self.plan_for(operation.message.type)
        limit = self.parameters.query_depth_limit
        if operation.plan is None or operation.plan.operation == "subscription":
            self._refuse(operation, Outcome.REJECTED, 400, "invalid_query", "the query is not valid")
        elif limit and operation.plan.depth > limit:
            self._refuse(operation, Outcome.REJECTED, 400, "query_depth", "the query is too deep")
        else:
            self._authorize(operation)

    def _authorize(self, operation: Operation) -> None:
        ttl_s = self.parameters.authorizer_result_ttl_s
        wires = self.wires_out["authorizer"]
        if self.parameters.authorization != "AWS_LAMBDA" or not wires or (ttl_s > 0 and self._identities.holds(operation.message.key, self.agenda._now)):
            self._authorized(operation)
            return
        asked = operation.message.copy()
        asked.path = asked.path.to(self.id)
        wires[0].invoke(asked, partial(self._authorizer_answered, operation), operation.deadline_s - self.agenda._now, (operation.wire, operation.message))

    def _authorizer_answered(self, operation: Operation, _: Message, refusal: Refusal | None) -> None:
        now_s = self.agenda._now
        spend(operation.message, self._authorizing, operation.since_s, now_s)
        operation.since_s = now_s
        if refusal is not None:
            self._refuse(operation, Outcome.REJECTED, 401, "unauthorized", "the authorizer failed")
            return
        self.copied += 1
        if self.parameters.authorizer_result_ttl_s > 0:
            self._identities.keep(operation.message.key, 1, now_s + self.parameters.authorizer_result_ttl_s)
        self._authorized(operation)

    def _authorized(self, operation: Operation) -> None:
        if self._denials.binomial(1, self.parameters.denied_share):
            self._refuse(operation, Outcome.REJECTED, 401, "unauthorized", "the caller is not let in")
            return
        if self._keeps_whole(operation) and self.cache is not None:
            if self.cache.holds(self._whole_key(operation), self.agenda._now):
                self.cache_hits += 1
                self._answer(operation)
                return
            self.cache_misses += 1
        self.resolve(operation, lambda: self._resolved(operation))

    def _keeps_whole(self, operation: Operation) -> bool:
        return self.parameters.api_caching_behavior == "OPERATION_LEVEL_CACHING" and operation.plan is not None and operation.plan.operation == "query"

    def _whole_key(self, operation: Operation) -> tuple[str, int]:
        return (operation.message.type.name, operation.message.key)

    def _resolved(self, operation: Operation) -> None:
        now_s = self.agenda._now
        if now_s > operation.since_s:
            spend(operation.message, self._resolving, operation.since_s, now_s)
        if operation.expired:
            self._refuse(operation, Outcome.FAILED, 504, "execution_timeout", "the request took longer than it may")
        elif operation.too_many:
            self._refuse(operation, Outcome.REJECTED, 400, "resolver_count", "the request needs too many resolvers")
        else:
            if self._keeps_whole(operation) and self.cache is not None and not operation.errors:
                self.cache.keep(self._whole_key(operation), self.parameters.response_bytes, now_s + self.parameters.cache_ttl_s)
            self._answer(operation)

    def _answer(self, operation: Operation) -> None:
        self._close(operation)
        message = operation.message
        if operation.wire.answered(message, None):
            self.finish(message, "answered with errors" if operation.errors else "answered")
        else:
            self.finished += message.count
        operation.reply(message, None)

    def _refuse(self, operation: Operation, outcome: Outcome, status: int, cause: str, title: str) -> None:
        if status >= 500:
            self.server_errors += 1
        else:
            self.client_errors += 1
        self._close(operation)
        refusal = Refusal(outcome, cause, f"{self.name}: {title}", outcome is not Outcome.REJECTED, status)
        operation.wire.answered(operation.message, refusal)
        operation.reply(operation.message, refusal)

    def _close(self, operation: Operation) -> None:
        """Count the request's time, and the tokens above the first."""
        now_s = self.agenda._now
        self.in_progress.add(-1, now_s)
        took_s = now_s - operation.came_s
        self.latencies.add(took_s)
        kb_s = (self.parameters.memory_kb + self.parameters.response_bytes / 1000) * took_s
        more = math.ceil(kb_s / KB_SECONDS_A_TOKEN) - 1
        if more > 0 and operation.plan is not None:
            self.tokens += more
            self._tokens.owe(more, now_s)

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def mutated(self, operation: Operation, field: FieldPlan) -> None:
        now_s, payload = self.agenda._now, self.parameters.response_bytes
        for name in self._bound.get(field.name, ()):
            if payload > LARGEST_PAYLOAD_BYTES or not self._inbound.offer(1, now_s):
                continue
            share = self._connections.connected(now_s)
            for entry in self.parameters.subscribers:
                if entry.field == name:
                    matched = entry.clients * entry.matched_share
                    self._outbound.offer(outbound_units(payload, matched * share), now_s)
                    self.missed += round(matched) - round(matched * share)

    def fault_disconnected(self, value: ParameterSet | None) -> None:
        """Every connection breaks at this moment."""
        if value is not None:
            self._made_before += self._connections.cut(self.agenda._now)

    def fault_cache_flushed(self, value: ParameterSet | None) -> None:
        """The cache is emptied at this moment."""
        if value is not None and self.cache is not None:
            self.cache.flush()

    # -- what it shows ------------------------------------------------------------------------------------------------

    def active_connections(self) -> int:
        """Clients that are connected."""
        return self._connections.made(self.agenda._now)

    def connections_made(self) -> int:
        """Connections that were made so far."""
        return self._made_before + self._connections.made(self.agenda._now)

    def inbound_sent(self) -> int:
        """Inbound messages that were taken."""
        return self._inbound.sent

    def inbound_delayed(self) -> int:
        """Inbound messages that had to wait."""
        return self._inbound.delayed

    def inbound_dropped(self) -> int:
        """Inbound messages that were dropped."""
        return self._inbound.dropped

    def outbound_sent(self) -> int:
        """Outbound messages, by 5 kB."""
        return self._outbound.sent

    def outbound_dropped(self) -> int:
        """Outbound messages that were dropped."""
        return self._outbound.dropped

    def trouble(self) -> tuple[int, int]:
        return self.client_errors + self.server_errors + self.field_errors - self.throttled, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        operations, messages, minutes, cache = self.prices
        yield operations, self.requests - self.throttled
        yield messages, self._outbound.sent
        yield minutes, self._connections.minutes(self.agenda._now)
        if self.cache is not None and self.parameters.cache_type == "SMALL":
            yield cache, elapsed_s / 3600

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["GraphQLError"] > 0:
            return f"{format_rate(rates['GraphQLError'])} fields become null; the answers are HTTP 200 all the same.", Culprit(self.id, "resolvers")
        if rates["5XXError"] > 0:
            return f"{format_rate(rates['5XXError'])} requests take longer than {self.parameters.execution_timeout_s:g} s.", Culprit(self.id, "resolvers")
        if rates["4XXError"] > 0:
            return f"{format_rate(rates['4XXError'])} of {format_rate(rates['Requests'])} requests are refused.", None
        if rates["Requests"] > 0 and rates["DataSourceCalls"] > 10 * rates["Requests"]:
            return f"Each request makes {format_count(rates['DataSourceCalls'] / rates['Requests'])} calls of data sources (N+1).", Culprit(self.id, "resolvers")
        return None

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        try:
            schema_of(values.schema_sdl)
        except InvalidGraphql as error:
            for problem in error.problems:
                yield Finding("graphql-schema", "error", f"The schema of '{placed.name}': {problem}", "Correct the schema", node=placed.id, parameter="schema_sdl")
            return
        yield from _check_resolvers(placed)
        yield from _check_queries(placed)
        if values.authorization == "AWS_LAMBDA" and not placed.out_of("authorizer"):
            yield Finding("no-authorizer", "error", f"'{placed.name}' asks a Lambda authorizer, but none is wired", "Wire the port for the authorizer to a function", node=placed.id, parameter="authorization")
        for entry in values.subscribers:
            if not has_field(values.schema_sdl, "Subscription", entry.field):
                yield Finding("unknown-field", "error", f"'{placed.name}' has subscribers of 'Subscription.{entry.field}', which its schema does not have", "Name a field of type Subscription",
                              node=placed.id, parameter="subscribers")


def _check_resolvers(placed: Placed) -> Iterator[Finding]:
    values, sdl = placed.parameters, placed.parameters.schema_sdl
    wired = {link.parameters.name for link in placed.outgoing if link.port in ("data_sources", "events")}
    seen: set[str] = set()
    for resolver in values.resolvers:
        type_name, _, field_name = resolver.field.partition(".")
        if not has_field(sdl, type_name, field_name):
            yield Finding("unknown-field", "error", f"'{placed.name}' has a resolver for '{resolver.field}', which its schema does not have", "Write Type.field as in the schema", node=placed.id, parameter="resolvers")
        if resolver.field in seen:
            yield Finding("duplicate-resolver", "error", f"'{placed.name}' has two resolvers for '{resolver.field}'", "Remove one", node=placed.id, parameter="resolvers")
        seen.add(resolver.field)
        for name in resolver.functions if resolver.kind == "PIPELINE" else (resolver.data_source,):
            if name not in (*wired, NO_SOURCE):
                yield Finding("unknown-data-source", "error", f"The resolver of '{resolver.field}' calls the data source '{name}', which no wire of '{placed.name}' is named", "Name the wire to it, or correct the resolver",
                              node=placed.id, parameter="resolvers")


def calls_of(fields: tuple[FieldPlan, ...], values: Any, objects: int = 1) -> Iterator[tuple[Resolver, int]]:
    """Every resolver of a plan with the calls of its data source that one request makes, cache aside."""
    resolvers = {entry.field: entry for entry in values.resolvers}
    for field in fields:
        resolver = resolvers.get(f"{field.type_name}.{field.name}")
        if resolver is not None:
            yield resolver, -(-objects // max(1, resolver.max_batch_size))
        size = 1
        if field.is_list:
            size = resolver.list_size if resolver is not None else values.default_list_size
            size = size if field.limit is None else min(size, field.limit)
        yield from calls_of(field.children, values, objects * size)


def _check_queries(placed: Placed) -> Iterator[Finding]:
    values = placed.parameters
    for link in placed.into("in"):
        for entry in getattr(link.other.parameters, "message_types", ()):
            body = entry.parsed_body()
            if not isinstance(body, dict) or not isinstance(body.get("query"), str):
                yield Finding("not-graphql", "warning", f"Messages of type '{entry.name}' of '{link.other.name}' are no GraphQL: '{placed.name}' answers 400", 'Give the type a body like {"query": "{ posts { title } }"}', node=link.other.id, parameter="message_types")
                continue
            try:
                plan = plan_of(values.schema_sdl, body["query"], body.get("variables"))
            except InvalidGraphql as error:
                for problem in error.problems:
                    yield Finding("graphql-query", "warning", f"The query of '{entry.name}' does not fit the schema of '{placed.name}': {problem}", "Correct the query, or the schema", node=link.other.id, parameter="message_types", related=(placed.id,))
                continue
            for resolver, calls in calls_of(plan.fields, values):
                if calls > 10 and resolver.data_source != NO_SOURCE:
                    yield Finding("n-plus-one", "note", f"Each '{entry.name}' calls the data source of '{resolver.field}' {calls:,} times (N+1)", "Batch the resolver (Lambda), cache it, or resolve the field with its parent",
                                  node=placed.id, parameter="resolvers", related=(link.other.id,))

