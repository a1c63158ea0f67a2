"""Amazon API Gateway: an API in front of functions and services, with throttling, authorizers, a cache, and a time limit.

REST, HTTP and WebSocket APIs. A node is one stage. Its wires are integrations, and carry the routes they serve; the name of a message
type is the request line (``GET /orders/7``), and takes the route that fits. Requests pass the limits in the documented order,
an authorizer, validation and the cache; then the integration has 29 or 30 seconds. Deployments publish canary releases. The management API and
private networking are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Link, Placed
from simulator.mechanics.apis.api_integrations import LONGEST_TIMEOUT_S, ApiType, Integration, ServiceIntegration, waits_s
from simulator.mechanics.apis.api_routes import API, CACHING, GUIDE, THROTTLING, RouteSettings, best_route, route_problem
from simulator.mechanics.apis.stage_deployments import CANARY, Deployment
from simulator.mechanics.apis.usage_plans import UsagePlan
from simulator.mechanics.apis.websocket_stage import WebSocketStage
from simulator.mechanics.distributions import Distribution, DurationDistribution, Lognormal
from simulator.mechanics.propagation import STAGE
from simulator.units import format_duration, format_rate
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
    Source,
    Tier,
    Verb,
    parameter,
)

LIMITS = Source("API Gateway Developer Guide, account quotas", f"{GUIDE}/limits.html", "2026-11")
REST_LIMITS = Source("API Gateway Developer Guide, quotas of REST APIs", f"{GUIDE}/api-gateway-execution-service-limits-table.html", "2026-11")
HTTP_LIMITS = Source("API Gateway Developer Guide, quotas of HTTP APIs", f"{GUIDE}/http-api-quotas.html", "2026-11")
SOCKET_LIMITS = Source("API Gateway Developer Guide, quotas of WebSocket APIs", f"{GUIDE}/apigateway-execution-service-websocket-limits-table.html", "2026-11")
SOCKET_ROUTES = Source("Third parties: $disconnect is best effort", f"{GUIDE}/apigateway-websocket-api-route-keys-connect-disconnect.html", "2026-11", "T")
HTTP_LATENCY = Source("AWS Compute Blog, HTTP APIs now generally available", "https://aws.amazon.com/blogs/compute/building-better-apis-http-apis-now-generally-available/", "2020-03")
REST_LATENCY = Source("A third-party document: 10 to 30 ms are typical", f"{GUIDE}/api-gateway-metrics-and-dimensions.html", "2026-11", "T")
METRICS = Source("API Gateway Developer Guide, metrics (text of 2020 to 2023)", f"{GUIDE}/api-gateway-metrics-and-dimensions.html", "2026-11")
PRICES = Source("AWS price list, us-east-1, snapshot of August 2026", "https://aws.amazon.com/api-gateway/pricing/", "2026-08")
LOG_PRICE = Source("From memory: CloudWatch Logs, data taken in, us-east-1", "https://aws.amazon.com/cloudwatch/pricing/", "2026-11", "M")
PRICES_TOLD = Source("Amazon API Gateway pricing, as third parties tell it", "https://aws.amazon.com/api-gateway/pricing/", "2026-11", "T")
OURS = "CloudWatch has no such metric."

CacheSize = Literal["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"]
CACHE_USD = {"0.5": 0.02, "1.6": 0.038, "6.1": 0.20, "13.5": 0.25, "28.4": 0.50, "58.2": 1.00, "118": 1.90, "237": 3.80}
CACHE_PRICES = {
    size: Price(f"cache_{size.replace('.', '_')}", f"Cache of {size} GB", usd, "hour", PRICES if size in ("0.5", "237") else PRICES_TOLD) for size, usd in CACHE_USD.items()
}


class StageParameters(ParameterSet):
    """One stage of an API."""

    api_type: Literal["REST", "HTTP", "WEBSOCKET"] = parameter(
        "REST", "REST: usage plans, cache, validation. HTTP: cheaper and faster, without these. WebSocket: connections that stay open, one for each key of messages; type names are route keys.", title="Type of API", section="API", source=API)
    routes: tuple[RouteSettings, ...] = parameter(
        (), "Settings of routes. A route of a wire that is not listed has the defaults; a listed route without a wire is answered by the API itself (MOCK).", title="Routes",
        section="Routes", max_length=300)
    stage_rate_limit_per_s: float | None = parameter(
        None, "Requests a second of the whole stage. Empty: the account's limit alone.", title="Stage rate limit", unit="per_s", section="Throttling", aws="throttlingRateLimit",
        gt=0, le=1_000_000, source=THROTTLING, changeable=STAGE, capacity=True)
    stage_burst_limit: int | None = parameter(
        None, "Size of the stage's bucket. Empty: as many as a second brings.", title="Stage burst limit", unit="requests", section="Throttling", aws="throttlingBurstLimit", ge=1,
        le=1_000_000, source=THROTTLING, changeable=STAGE, capacity=True)
    usage_plans: tuple[UsagePlan, ...] = parameter(
        (), "Limits of single clients, by API key, on routes that require one. REST APIs only.", title="Usage plans", section="Throttling", max_length=100)
    authorizer_result_ttl_s: float | None = parameter(
        None, "How long the answer of the Lambda authorizer is kept for a caller (the key of a message). Empty: 300 s for REST APIs, off for HTTP APIs.", title="Authorizer TTL", unit="s",
        section="Authorizer", aws="authorizerResultTtlInSeconds", ge=0, le=3600, source=API, changeable=True)
    authorizer_timeout_s: float = parameter(
        10, "How long the API waits for the Lambda authorizer: 10 s for HTTP APIs; taken for REST APIs too.", title="Authorizer timeout", unit="s", section="Authorizer", gt=0, le=60,
        source=HTTP_LIMITS, advanced=True)
    cache_cluster_size: CacheSize | None = parameter(
        None, "Size of the response cache, which is paid by the hour. Resizing empties it, and takes 4 minutes. Empty: none. REST APIs only.", title="Cache size (GB)", section="Cache",
        aws="cacheClusterSize", source=CACHING, changeable=True)
    canary_share: float = parameter(
        0, "Share of the requests that go to the integrations of a canary release (wires that say so). Deployments change it during the run. REST APIs only.", title="Share of the canary", unit="share",
        section="Deployments", aws="canarySettings.percentTraffic", ge=0, le=1, source=CANARY, changeable=True)
    deployments: tuple[Deployment, ...] = parameter(
        (), "Deployments that are created and published during the run: each says which share of the requests meets the canary's integrations from then on. REST APIs only.", title="Deployments",
        section="Deployments", max_length=50)
    access_log_bytes: int | None = parameter(
        None, "Size of an entry of the access log, which CloudWatch Logs takes in for a price. Empty: no access log.", title="Access log entry", unit="bytes", section="Logs", aws="accessLogSettings",
        ge=1, le=1_048_576, source=LOG_PRICE)
    rest_overhead: Distribution = parameter(
        lambda: Lognormal(p50_s=0.015, p99_s=0.03), "Time that a REST API itself takes for a request and its answer.", title="Overhead of a REST API", unit="s",
        section="Latency", widget="distribution", source=REST_LATENCY, advanced=True)
    http_overhead: Distribution = parameter(
        lambda: Lognormal(p50_s=0.005, p99_s=0.01), "The same for an HTTP API: 99 % of the requests get less than 10 ms.", title="Overhead of an HTTP API", unit="s",
        section="Latency", widget="distribution", source=HTTP_LATENCY, advanced=True)
    connection_rate_per_s: float = parameter(
        500, "WebSocket: new connections a second of all APIs together.", title="New connections", unit="per_s", section="WebSocket", gt=0, le=1_000_000, source=SOCKET_LIMITS, advanced=True,
        capacity=True)
    disconnect_lost_share: float = parameter(
        0, "WebSocket: share of closed connections whose $disconnect never comes, so that their ids stay in your table.", title="Lost disconnects", unit="share", section="WebSocket", ge=0, le=1,
        source=SOCKET_ROUTES, advanced=True)
    posts_to: Literal["key", "all"] = parameter(
        "key", "WebSocket: what is posted back goes to the connection of the message's key, or to every known one (a post for each).", title="Posts go to", section="WebSocket")


class AccountLimits(ParameterSet):
    """What all APIs of the account and Region share."""

    throttle_rate_limit_per_s: float = parameter(
        10_000, "Requests a second of all APIs together. Thirteen newer Regions have 2,500.", title="Throttle rate", unit="per_s", section="API Gateway", gt=0, le=10_000_000,
        source=LIMITS, capacity=True)
    throttle_burst_limit: int = parameter(
        5_000, "Size of the bucket they share; AWS sets it (1,250 in the newer Regions).", title="Throttle burst", unit="requests", section="API Gateway", ge=1, le=10_000_000,
        source=LIMITS, capacity=True)


class Api(WebSocketStage):
    """A stage of a REST, HTTP or WebSocket API."""

    kind = "api_gateway"
    title = "API Gateway"
    short_title = "API Gateway"
    neutral_title = "API"
    group = "Application integration"
    icon = "architecture-service/AmazonAPIGateway"
    summary = "An API in front of functions and services: throttles, authorizes, caches, and waits 29 seconds at most."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = StageParameters
    AccountParameters = AccountLimits
    ports = (
        Port("in", "Requests", Direction.IN, Verb.INVOKE, frozenset({"execute-api:Invoke", "http:Request"}), "Clients and services that call the API and wait."),
        Port("integrations", "Integrations", Direction.OUT, Verb.INVOKE,
             frozenset({"lambda:Invoke", "http:Request", "states:StartSyncExecution", "dynamodb:GetItem", "dynamodb:PutItem", "appsync:GraphQL"}),
             "Backends whose answer the API passes on. Each wire serves routes of its own.", wire_title="Integration", wire_parameters=Integration),
        Port("services", "Service integrations", Direction.OUT, Verb.SEND,
             frozenset({"sqs:SendMessage", "sns:Publish", "events:PutEvents", "kinesis:PutRecord", "firehose:PutRecord", "states:StartExecution", "lambda:InvokeAsync"}),
             "Services that take the request; the API answers as soon as they have it.", wire_title="Service integration", wire_parameters=ServiceIntegration),
        Port("callbacks", "Posts to clients", Direction.IN, Verb.SEND, frozenset({"execute-api:ManageConnections"}), "WebSocket: what is posted to connected clients (PostToConnection)."),
        Port("authorizer", "Authorizer", Direction.OUT, Verb.INVOKE, frozenset({"lambda:Invoke"}), "The Lambda function that says who may call.", max_wires=1),
    )
    quotas = (
        Quota("throttle", "Requests of all APIs together", 10_000, "per_s", "account and Region", True, LIMITS, "2,500 in thirteen newer Regions"),
        Quota("burst", "Token bucket of all APIs together", 5_000, "requests", "account and Region", False, LIMITS, "1,250 in the newer Regions"),
        Quota("timeout_rest", "Integration timeout, REST", 29, "s", "integration", True, REST_LIMITS, "more for Regional and private APIs, which may cost throttle rate"),
        Quota("timeout_http", "Integration timeout, HTTP", 30, "s", "integration", False, HTTP_LIMITS),
        Quota("payload", "Payload", 10_485_760, "bytes", "request", False, REST_LIMITS),
        Quota("cached_response", "Cached response", 1_048_576, "bytes", "answer", False, REST_LIMITS),
        Quota("authorizer", "Answer of a Lambda authorizer, HTTP", 10, "s", "call", False, HTTP_LIMITS),
        Quota("idle_connection", "Idle connection, REST", 310, "s", "connection", False, REST_LIMITS),
        Quota("headers", "Headers", 10_240, "bytes", "request", False, REST_LIMITS),
        Quota("connections", "New WebSocket connections", 500, "per_s", "account and Region", True, SOCKET_LIMITS, "there is no quota of open ones"),
        Quota("connection_lifetime", "Lifetime of a WebSocket connection", 7200, "s", "connection", False, SOCKET_LIMITS),
        Quota("connection_idle", "Idle WebSocket connection", 600, "s", "connection", False, SOCKET_LIMITS),
        Quota("message", "WebSocket message", 131_072, "bytes", "message", False, SOCKET_LIMITS, "in frames of 32 KB"),
        Quota("management", "Management API", 10, "per_s", "account", False, LIMITS, "burst of 40"),
    )
    metrics = (
        Metric("Count", "Requests", "requests", "sum", "Requests that came.", "requests", METRICS, True, "rates"),
        Metric("4XXError", "Client errors", "requests", "sum", "Requests answered 4xx, throttled ones too. HTTP APIs call it 4xx.", "client_errors", METRICS, True, "trouble"),
        Metric("5XXError", "Server errors", "requests", "sum", "Requests answered 5xx. HTTP APIs call it 5xx.", "server_errors", METRICS, True, "trouble"),
        Metric("Latency", "Latency", "s", "spread", "Time from the request to its answer, the integration's included.", "latencies", METRICS, True, "latency"),
        Metric("IntegrationLatency", "Integration latency", "s", "spread", "Time from passing the request on to the backend's answer, or to the end of waiting for it.", "integration_latencies", METRICS, True, "latency"),
        Metric("CacheHitCount", "Cache hits", "requests", "sum", "Requests answered from the cache.", "cache_hits", METRICS, False, "cache"),
        Metric("CacheMissCount", "Cache misses", "requests", "sum", "Requests that found nothing in the cache, while caching is on.", "cache_misses", METRICS, False, "cache"),
        Metric("DataProcessed", "Data processed", "bytes", "sum", "Bytes of answers. A metric of HTTP APIs.", "bytes_out", METRICS, False, "bytes"),
        Metric("ThrottledRequests", "Answered 429", "requests", "sum", f"Requests over a limit of the account, stage, route or client, and throttles that were relayed. {OURS}", "throttled", None, False, "trouble"),
        Metric("IntegrationTimeouts", "Integration timeouts", "requests", "sum", f"Requests whose integration did not answer in time. {OURS}", "timed_out", None, True, "trouble"),
        Metric("WorkedInVain", "Worked in vain", "requests", "sum", f"Requests on which a backend did the work after the API had stopped waiting. {OURS}", "worked_in_vain", None, False, "trouble"),
        Metric("AbandonedInProgress", "Abandoned, in progress", "requests", "gauge", f"Requests that a backend still works on although the API waits no longer. {OURS}", "abandoned", None, False, "concurrency"),
        Metric("RequestsInProgress", "In progress", "requests", "gauge", f"Requests that are not answered yet. {OURS}", "in_progress", None, True, "concurrency"),
        Metric("ConnectCount", "Connections made", "count", "sum", "WebSocket connections that were opened.", "connects", METRICS, False, "websocket"),
        Metric("MessageCount", "WebSocket messages", "messages", "sum", "WebSocket messages in both directions.", "socket_messages", METRICS, False, "websocket"),
        Metric("IntegrationError", "Integration errors", "requests", "sum", "WebSocket: messages that the integration, or $connect, answered with an error.", "integration_errors", METRICS, False, "websocket"),
        Metric("ClientError", "Errors before the integration", "requests", "sum", "WebSocket: messages answered 4xx before an integration was called.", "early_errors", METRICS, False, "websocket"),
        Metric("ExecutionError", "Execution errors", "requests", "sum", "WebSocket: messages whose integration could not be called, or did not answer in time.", "execution_errors", METRICS, False, "websocket"),
        Metric("OpenConnections", "Open connections", "count", "gauge", f"WebSocket connections that are open. {OURS}", "open_connections", None, True, "websocket"),
        Metric("ConnectionsRefused", "Connections refused", "count", "sum", f"WebSocket connections refused by the rate, the authorizer or $connect. {OURS}", "refused_connections", None, False, "trouble"),
        Metric("PostsGone", "Posts answered 410", "messages", "sum", f"Posts to connections that are gone. {OURS}", "gone", None, False, "trouble"),
        Metric("PostsThrottled", "Posts answered 429", "messages", "sum", f"Posts over the account's limit. {OURS}", "posts_throttled", None, False, "trouble"),
        Metric("CanaryRequests", "Canary requests", "requests", "sum", f"Requests that met the integrations of a canary release. {OURS}", "canary_requests", None, False, "rates"),
        Metric("CanaryServerErrors", "Canary server errors", "requests", "sum", f"Of those, the ones answered 5xx. {OURS}", "canary_errors", None, False, "trouble"),
        Metric("CanaryShare", "Canary share", "share", "gauge", f"Share of the requests that go to the canary. {OURS}", "canary_share_now", None, False, "canary"),
        Metric("AuthorizerCalls", "Authorizer calls", "requests", "sum", f"Calls of the Lambda authorizer. {OURS}", "authorizer_calls", None, False, "rates"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "api_overhead": "The API handles the request", "authorizer": "The authorizer", "integration_timeout": "An integration that did not answer in time",
        "service_integration": "The integrated service takes the request", "connecting": "The connection is opened"}
    overlay = Overlay(
        "RequestsInProgress", (Figure("Count"), Figure("Latency", "p99"), Figure("5XXError", "5xx", quiet=True), Figure("4XXError", "4xx", quiet=True)),
        picture=Picture("rates", (Fill("Count"), Fill("4XXError", "warn"), Fill("5XXError", "bad"))),
    )
    faults = (
        Fault("cache_flushed", "Cache flushed, connections cut", "REST: all entries of the cache are gone at this moment. WebSocket: every connection breaks, and clients come back with their next message.", sort="operation", instant=True),
    )
    prices = (
        Price("rest", "REST requests", 3.50e-6, "request", PRICES, tiers=(Tier(333e6, 2.80e-6, PRICES), Tier(1e9, 2.38e-6, PRICES), Tier(20e9, 1.51e-6, PRICES))),
        Price("http", "HTTP requests", 1.00e-6, "request of up to 512 KB", PRICES, tiers=(Tier(300e6, 0.90e-6, PRICES),)),
        *CACHE_PRICES.values(),
        Price("messages", "WebSocket messages", 1.00e-6, "message of up to 32 KB", PRICES, tiers=(Tier(1e9, 0.80e-6, PRICES),)),
        Price("minutes", "Connection minutes", 0.25e-6, "minute", PRICES),
        Price("logs", "Access logs, CloudWatch Logs", 0.50, "GB", LOG_PRICE),
        Price("transfer", "Data transfer out", 0.09, "GB", PRICES_TOLD),
    )
    fidelity = Fidelity(
        modelled=(
            "Limits in the documented order: usage plan and its quota for each API key, route, stage, and the account's token bucket, which all APIs of a diagram share.",
            "Routes with methods, path parameters and greedy parts; the most specific one is taken. A route without an integration answers by itself (MOCK).",
            "Authorizers: IAM and JWT take no call; a Lambda authorizer is called unless its answer is kept (TTL 300 s for REST); when it fails, the answer is 500.",
            "Request validation of required fields of the body.",
            "Response cache of a REST stage: size, TTL, hits by request line and key, least recently used entries go, answers above 1 MiB are not kept; a resize empties it for 4 minutes.",
            "Misses at the same time all go to the backend: they are not put together (from memory).",
            "Integration timeouts of 29 and 30 s: the backend works on, holding its concurrency. Streamed answers may take 15 minutes.",
            "No retries. What the backend answers is relayed: a throttled function 500 and a failing one 502 (REST), 500 (HTTP); timeouts 504 (REST), 503 (HTTP).",
            "Deployments that are published during a run, and canary releases: a share of the requests meets integrations of its own, with entries of its own in the cache (REST).",
            "Access logs are billed by the size of an entry.",
            "Service integrations answer when the service has the request, whatever becomes of it later.",
            "WebSocket: a connection for each key, opened through authorizer and $connect at 500 a second, closed after 2 hours or 10 idle minutes, with $disconnect; messages up to 128 KB by route key;"
            " posts to one or to all connections use the account's tokens, 410 for those that are gone.",
            "Requests, HTTP requests by 512 KB, cache hours and data out are billed; 429 and failed authorization are not (from memory).",
        ),
        approximated=(
            "All of the API's own time lies before the integration, and refusals take no time: AWS publishes one figure for both ways together, and none for refusals.",
            "Limits are exact; AWS says that they are best-effort and can be overrun.",
            "A month of a usage plan's quota has 730 hours, and the run begins with one: a run has no calendar.",
            "No source was found for the status with which an HTTP API relays a throttled function: it is a parameter. Sources disagree on 503 or 504 for its timeouts; 503 is what users recorded.",
            "Streaming changes how long the API waits, not when the first byte comes: integrations here answer as a whole.",
            "Clients of a WebSocket API come back with their next message, and wait for the end of the integration of each message.",
            "WebSocket: which errors are IntegrationError and which ExecutionError (time-outs, throttled calls, authorizers that fail) is from memory; every failed $connect is an IntegrationError."
            " 4XXError and 5XXError count them once more.",
            "At most a million entries are kept in the cache, to bound the memory of a run.",
        ),
        ignored=(
            "Several stages of one API: a node is one stage, and stages are nodes beside each other. Stage variables change what integrations mean, which wires say here.",
            "The management API and its quota (10 a second, of which deployments take one), which a run hardly calls; custom domains, edge locations and private networking, for whose times no figures were found.",
            "Service integrations that read or delete (SQS ReceiveMessage, DeleteMessage, PurgeQueue; AppConfig; StopExecution), and the idle limit of a stream (5 minutes, 30 s at the edge).",
            "Posts answered 429 because a client reads too slowly, and frames of 32 KB. Non-JSON messages of a WebSocket: a type without a route of its own goes to $default.",
            "What raising the integration timeout above 29 s costs in throttle rate: AWS agrees on it case by case. REST integrations with AWS actions that no port offers.",
            "Metrics of single routes, methods and resources: those of a node are the stage's.",
            "Mapping templates (and so whether an integration is a proxy) change neither size nor time; headers and their quota; idle connections (310 s).",
            "Cache-Control headers of clients and per-key invalidation: messages have no headers. Cache encryption: its time is not published.",
            "Throttling that AWS applies for a Region: its limits are not published.", "The cost of execution logs and of keeping logs: it depends on what you log, not on the architecture.", "WAF, mutual TLS, resource policies: who may call is not simulated.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "An API with a function and a queue",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {
                "load": {"shape": "constant", "rate_per_s": 30},
                "message_types": [
                    {"name": "GET /orders/7", "share": 4, "key": {"keys": "zipf", "number": 200}},
                    {"name": "POST /orders", "share": 1, "body": {"sku": "a-1"}}]}},
            {"id": "api", "kind": "api_gateway", "name": "Shop API", "parameters": {
                "cache_cluster_size": "0.5",
                "routes": [{"route": "GET /orders/{id}", "caching_enabled": True, "cache_ttl_s": 10}, {"route": "POST /orders", "required_fields": ["sku"]}]}},
            {"id": "reader", "kind": "lambda", "name": "reader", "parameters": {}},
            {"id": "queue", "kind": "sqs", "name": "orders", "parameters": {}},
            {"id": "makers", "kind": "worker", "name": "Makers", "parameters": {"workers": 4}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "requests"}, "to": {"node": "api", "port": "in"}, "parameters": {"timeout_s": 5, "attempts": 3}},
            {"id": "w2", "from": {"node": "api", "port": "integrations"}, "to": {"node": "reader", "port": "requests"}, "parameters": {"routes": ["GET /orders/{id}"]}},
            {"id": "w3", "from": {"node": "api", "port": "services"}, "to": {"node": "queue", "port": "in"}, "parameters": {"routes": ["POST /orders"]}},
            {"id": "w4", "from": {"node": "queue", "port": "out"}, "to": {"node": "makers", "port": "source"}},
        ],
        "run": {"duration_s": 60},
    }

    def overhead(self) -> DurationDistribution:
        found: DurationDistribution = self.parameters.rest_overhead if self.parameters.api_type == "REST" else self.parameters.http_overhead
        return found

    # -- what it shows ------------------------------------------------------------------------------------------------

    def trouble(self) -> tuple[int, int]:
        return self.client_errors + self.server_errors - self.throttled, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        rest, http, transfer = self.prices[0], self.prices[1], self.prices[-1]
        if self.parameters.api_type == "REST":
            yield rest, self.charged
            yield from ((CACHE_PRICES[size], hours) for size, hours in self.cache_hours(elapsed_s).items())
        elif self.parameters.api_type == "HTTP":
            yield http, self.charged_chunks
        else:
            messages, minutes = self.prices[-4:-2]
            yield messages, self.socket_units
            yield minutes, self.connection_minutes()
        if self.parameters.access_log_bytes is not None:
            yield self.prices[-2], (self.requests + self.connects) * self.parameters.access_log_bytes / 1e9
        yield transfer, self.bytes_out / 1e9

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["IntegrationTimeouts"] > 0:
            return f"{format_rate(rates['IntegrationTimeouts'])} are not answered in time by the integration, which works on.", Culprit(self.id)
        if rates["ThrottledRequests"] > 0:
            return f"{format_rate(rates['ThrottledRequests'])} of {format_rate(rates['Count'])} are answered 429.", Culprit(self.id, "stage_rate_limit_per_s")
        if rates["5XXError"] > 0:
            return f"{format_rate(rates['5XXError'])} of {format_rate(rates['Count'])} are answered with a server error.", None
        if rates["4XXError"] > 0:
            return f"{format_rate(rates['4XXError'])} of {format_rate(rates['Count'])} are answered with a client error.", None
        return None

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        overhead: DurationDistribution = parameters.rest_overhead if parameters.api_type == "REST" else parameters.http_overhead
        return overhead.expected_s() == 0

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from _check_routes(placed)
        yield from _check_canary(placed)
        yield from _check_type(placed)
        for link in placed.out_of("integrations"):
            yield from _check_timeout(placed, link)
            if _comes_back(placed, link):
                yield Finding("synchronous-circle", "error", f"'{placed.name}' asks '{link.other.name}', which asks '{placed.name}' again: each request needs another one to be answered first, so none ever is",
                              "Remove a wire of the circle, or put a queue into it", node=placed.id, wire=link.id, related=(link.other.id,))


def _check_routes(placed: Placed) -> Iterable[Finding]:
    values = placed.parameters
    links = [*placed.out_of("integrations"), *placed.out_of("services")]
    served: set[str] = set()
    serving: set[tuple[str, str]] = set()
    for link in links:
        for route in link.parameters.routes:
            problem = route_problem(route, values.api_type == "WEBSOCKET")
            if problem:
                yield Finding("route", "error", f"The route '{route}' of the wire to '{link.other.name}' is none: {problem}", "Correct the route", node=placed.id, wire=link.id, parameter="routes")
            elif (route, link.parameters.release) in serving:
                yield Finding("duplicate-route", "error", f"Two integrations of '{placed.name}' serve the route '{route}' in one release", "Give each route to one integration", node=placed.id, wire=link.id, parameter="routes")
            served.add(route)
            serving.add((route, link.parameters.release))
    listed: set[str] = set()
    for settings in values.routes:
        problem = route_problem(settings.route, values.api_type == "WEBSOCKET") or ("it is listed twice" if settings.route in listed else None)
        if problem:
            yield Finding("route", "error", f"The route '{settings.route}' of '{placed.name}': {problem}", "Correct the route", node=placed.id, parameter="routes")
        listed.add(settings.route)
        if settings.authorization == "lambda" and not placed.out_of("authorizer"):
            yield Finding("no-authorizer", "error", f"The route '{settings.route}' of '{placed.name}' asks a Lambda authorizer, but none is wired", "Wire the port for the authorizer to a function",
                          node=placed.id, parameter="routes")
        if settings.caching_enabled and values.cache_cluster_size is None:
            yield Finding("no-cache", "warning", f"The route '{settings.route}' of '{placed.name}' is cached, but the stage has no cache", "Set the cache size", node=placed.id, parameter="cache_cluster_size")
        if settings.api_key_required and not values.usage_plans:
            yield Finding("no-usage-plan", "warning", f"The route '{settings.route}' of '{placed.name}' needs an API key, but there is no usage plan: every request is answered 403", "Add a usage plan",
                          node=placed.id, parameter="usage_plans")
    yield from _check_requests(placed, [*dict.fromkeys([*served, *listed])])


def _check_canary(placed: Placed) -> Iterable[Finding]:
    values = placed.parameters
    canaries = [link for port in ("integrations", "services") for link in placed.out_of(port) if link.parameters.release == "canary"]
    if canaries and not values.canary_share and not any(deployment.canary_share for deployment in values.deployments):
        yield Finding("idle-canary", "note", f"No request of '{placed.name}' goes to its canary, '{canaries[0].other.name}'", "Set the share of the canary, now or by a deployment", node=placed.id, wire=canaries[0].id, parameter="canary_share")
    if not canaries and (values.canary_share or values.deployments):
        yield Finding("no-canary", "warning", f"'{placed.name}' has a share for a canary, but no integration of a canary release: nothing changes", "Set 'Release' of a wire to canary", node=placed.id, parameter="deployments")


def _check_requests(placed: Placed, routes: list[str]) -> Iterable[Finding]:
    for link in placed.into("in"):
        for entry in getattr(link.other.parameters, "message_types", ()):
            if best_route(routes, entry.name, placed.parameters.api_type == "WEBSOCKET") is None:
                yield Finding("no-route", "warning", f"No route of '{placed.name}' takes '{entry.name}' of '{link.other.name}': it is answered {403 if placed.parameters.api_type == 'REST' else 404}",
                              "Name message types as request lines, for example 'GET /orders/7', and serve their routes", node=placed.id, wire=link.id, parameter="routes")


def _check_type(placed: Placed) -> Iterable[Finding]:
    values = placed.parameters
    if values.api_type == "REST":
        return
    if values.deployments or values.canary_share or any(link.parameters.release == "canary" for port in ("integrations", "services") for link in placed.out_of(port)):
        yield Finding("rest-only", "error", f"'{placed.name}' is not a REST API; it has no canary releases", "Make it a REST API, or remove canary and deployments", node=placed.id, parameter="deployments")
    if values.usage_plans:
        yield Finding("rest-only", "error", f"'{placed.name}' is not a REST API; it has no usage plans", "Make it a REST API, or remove them", node=placed.id, parameter="usage_plans")
    if values.cache_cluster_size is not None:
        yield Finding("rest-only", "error", f"'{placed.name}' is not a REST API; it has no response cache", "Make it a REST API, or remove the cache", node=placed.id, parameter="cache_cluster_size")
    if any(settings.api_key_required or settings.caching_enabled or settings.required_fields for settings in values.routes):
        yield Finding("rest-only", "error", f"'{placed.name}' is not a REST API: its routes have neither API keys nor caching nor validation", "Make it a REST API, or remove them",
                      node=placed.id, parameter="routes")


def _comes_back(placed: Placed, link: Link) -> bool:
    """Whether a request on this wire comes back to the API that sent it, by way of other APIs."""
    seen, ahead = set[str](), [link.other]
    while ahead:
        node = ahead.pop()
        if node.id == placed.id:
            return True
        if node.id not in seen and node.kind == placed.kind:
            seen.add(node.id)
            ahead.extend(further.other for further in node.out_of("integrations"))
    return False


def _check_timeout(placed: Placed, link: Link) -> Iterable[Finding]:
    api_type: ApiType = placed.parameters.api_type
    longest_s, streams = LONGEST_TIMEOUT_S[api_type], link.parameters.response_transfer_mode == "STREAM"
    if streams and api_type != "REST":
        yield Finding("rest-only", "error", f"'{placed.name}' is not a REST API: it does not stream answers", "Use BUFFERED", node=placed.id, wire=link.id, parameter="response_transfer_mode")
    given_s = link.parameters.timeout_s
    if given_s is not None and given_s > longest_s and not streams:
        severity: Literal["error", "note"] = "note" if api_type == "REST" else "error"
        yield Finding("integration-timeout", severity, f"'{placed.name}' waits {format_duration(given_s)} for '{link.other.name}'; the limit is {format_duration(longest_s)}",
                      "REST: ask AWS for a longer timeout, for Regional and private APIs only. HTTP: answer first, and work afterwards", node=placed.id, wire=link.id, parameter="timeout_s")
    function_s = getattr(link.other.parameters, "timeout_s", None)
    waits = waits_s(link.parameters, api_type)
    if link.other.kind == "lambda" and function_s is not None and function_s > waits:
        yield Finding("function-outlives-api", "note", f"'{link.other.name}' may run for {format_duration(function_s)}, but '{placed.name}' stops waiting after {format_duration(waits)}: the function goes on, is paid, and its answer is lost",
                      "Give the function a timeout below the API's", node=placed.id, wire=link.id, parameter="timeout_s", related=(link.other.id,))


