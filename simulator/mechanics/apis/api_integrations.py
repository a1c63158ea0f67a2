"""Integrations of an API: what a wire to a backend says, and with which status the API relays what went wrong there."""

from __future__ import annotations

from typing import Literal

from simulator.engine.outcomes import Outcome, Refusal
from simulator.mechanics.apis.api_routes import API, DEFAULT, GUIDE
from simulator.mechanics.apis.stage_deployments import CANARY, Release
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.functions.function_concurrency import THROTTLES
from simulator.mechanics.propagation import INTEGRATION
from simulator.vocabulary import ParameterSet, Source, parameter

LAMBDA_ERRORS = Source(
    "Lambda Developer Guide, Handling Lambda errors with an API Gateway API", "https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS publishes no figure", f"{GUIDE}/welcome.html", "2026-11", "M")

ApiType = Literal["REST", "HTTP", "WEBSOCKET"]
LONGEST_TIMEOUT_S: dict[str, float] = {"REST": 29.0, "HTTP": 30.0, "WEBSOCKET": 29.0}
LONGEST_STREAM_S = 900.0


class ServiceIntegration(ParameterSet):
    """A route whose integration hands the request to an AWS service, and answers when the service has taken it."""

    routes: tuple[str, ...] = parameter(
        (DEFAULT,), "The routes that this integration serves, as [\"POST /orders\"].", title="Routes", section="Route", min_length=1, max_length=100)
    release: Release = parameter(
        "stage", "The stage's integration of these routes, or that of a canary release, which takes a share of the requests. Canary: REST APIs only.", title="Release", section="Route", source=CANARY)
    service_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.01, p99_s=0.05), "Time the service needs to take the request. AWS publishes no figure.", title="Service latency", unit="s", section="Integration",
        widget="distribution", source=UNPUBLISHED, advanced=True)
    response_bytes: int = parameter(1024, "Size of an answer.", title="Answer size", unit="bytes", section="Integration", ge=0, le=10_485_760)


class Integration(ParameterSet):
    """A route whose integration calls a backend and waits for its answer."""

    routes: tuple[str, ...] = parameter(
        (DEFAULT,), "The routes that this integration serves, as [\"GET /orders/{id}\", \"POST /orders\"].", title="Routes", section="Route", min_length=1, max_length=100)
    release: Release = parameter(
        "stage", "The stage's integration of these routes, or that of a canary release, which takes a share of the requests. Canary: REST APIs only.", title="Release", section="Route", source=CANARY)
    timeout_s: float | None = parameter(
        None, "How long the API waits for the backend, which goes on without it. Empty: the longest without a raised quota (REST and WebSocket 29 s, HTTP 30 s). More than 29 s only"
        " for Regional and private REST APIs, on request.", title="Timeout", unit="s", section="Integration", aws="timeoutInMillis", ge=0.05, le=900, source=API, changeable=INTEGRATION)
    response_bytes: int = parameter(1024, "Size of an answer.", title="Answer size", unit="bytes", section="Integration", ge=0, le=10_485_760)
    response_transfer_mode: Literal["BUFFERED", "STREAM"] = parameter(
        "BUFFERED", "STREAM: REST APIs pass the answer on as it comes, for up to 15 minutes.", title="Transfer mode", section="Integration", aws="responseTransferMode", source=API,
        advanced=True)
    throttled_status: Literal[429, 500, 502, 503] = parameter(
        500, "The status of the answer when Lambda throttles the invocation. REST: 500; for HTTP APIs no source was found.", title="Status when throttled", section="Integration",
        source=LAMBDA_ERRORS, advanced=True)


def waits_s(integration: Integration, api_type: ApiType) -> float:
    """How long an API of this type waits for the backend."""
    if integration.timeout_s is not None:
        return integration.timeout_s
    return LONGEST_STREAM_S if integration.response_transfer_mode == "STREAM" else LONGEST_TIMEOUT_S[api_type]


REASONS = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 413: "Request Too Large", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}


def relayed(refusal: Refusal, api_type: ApiType, throttled_status: int) -> tuple[int, str]:
    """Status and name of the gateway's answer when the backend gave this one, as the API type relays it."""
    if refusal.outcome is Outcome.TIMED_OUT and refusal.cause == "timeout":
        return (503 if api_type == "HTTP" else 504), "integration_timeout"
    if refusal.outcome is Outcome.THROTTLED and refusal.cause in THROTTLES:
        return throttled_status, "integration_throttled"
    if refusal.status is not None:
        return refusal.status, f"integration_{refusal.status}"
    if refusal.cause == "connection_refused":
        return (503 if api_type == "HTTP" else 504), "integration_failure"
    if refusal.outcome is Outcome.THROTTLED:
        return throttled_status, "integration_throttled"
    if refusal.cause in ("function_error", "function_timeout", "function_crash"):
        return (500 if api_type == "HTTP" else 502), refusal.cause
    return (400, "integration_rejected") if refusal.outcome is Outcome.REJECTED else (500, "integration_error")
