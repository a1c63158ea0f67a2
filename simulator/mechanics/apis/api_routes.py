"""Routes of an HTTP API: which one a request takes, and what is set for each.

The name of a message type is the request line: ``GET /orders/7`` takes the route that fits it best. A type with another
name is a request without a path, and takes ``$default`` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
API = Source("API models apigateway and apigatewayv2, botocore 1.43.11", "https://github.com/boto/botocore", "2026")
THROTTLING = Source("API Gateway Developer Guide, Throttle requests (text of 2020 to 2023)", f"{GUIDE}/api-gateway-request-throttling.html", "2026-11")
CACHING = Source("API Gateway Developer Guide, Cache settings (text of 2020 to 2023)", f"{GUIDE}/api-gateway-caching.html", "2026-11")
VALIDATION = Source("API Gateway Developer Guide, Request validation", f"{GUIDE}/api-gateway-method-request-validation.html", "2026-11", "M")

DEFAULT = "$default"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
REQUEST_LINE = re.compile(rf"({'|'.join(METHODS)}) (/\S*)")
CONNECTION_ROUTES = ("$connect", "$disconnect")

Authorization = Literal["none", "iam", "jwt", "lambda"]


class RouteSettings(ParameterSet):
    """What is set for one route (a method of a resource). A route that no wire serves is answered by the API itself (MOCK)."""

    route: str = parameter(
        DEFAULT, "Method and path, as GET /orders/{id}, ANY /{proxy+}, or $default for whatever no other route fits; for a WebSocket API a route key.", title="Route",
        section="Route", min_length=1, max_length=200)
    throttling_rate_limit_per_s: float | None = parameter(
        None, "Requests a second on this route (token bucket). Empty: the account's limit alone.", title="Rate limit", unit="per_s", section="Throttling",
        aws="throttlingRateLimit", gt=0, le=1_000_000, source=THROTTLING, capacity=True)
    throttling_burst_limit: int | None = parameter(
        None, "Size of the route's bucket. Empty: as many as a second brings.", title="Burst limit", unit="requests", section="Throttling", aws="throttlingBurstLimit",
        ge=1, le=1_000_000, source=THROTTLING, capacity=True)
    authorization: Authorization = parameter(
        "none", "Who checks the caller: no one, IAM, a JWT authorizer, or the Lambda function at the port for the authorizer.", title="Authorization", section="Access",
        aws="authorizationType", source=API)
    denied_share: float = parameter(0, "Share of the requests whose caller is not let in.", title="Denied", unit="share", section="Access", ge=0, le=1)
    api_key_required: bool = parameter(
        False, "Requests need an API key (the attribute x-api-key of the message type) of a usage plan. REST APIs only.", title="API key required", section="Access",
        aws="apiKeyRequired", source=API)
    required_fields: tuple[str, ...] = parameter(
        (), "Request validation: fields that the JSON body must have; a body without one of them is answered 400. REST APIs only.", title="Required fields of the body",
        section="Validation", source=VALIDATION, max_length=50)
    caching_enabled: bool = parameter(
        False, "Answers to GET are kept in the stage's cache, and a hit skips the integration. REST APIs only.", title="Caching", section="Caching", aws="cachingEnabled", source=CACHING)
    cache_ttl_s: float = parameter(
        300, "How long an answer is kept.", title="Cache TTL", unit="s", section="Caching", aws="cacheTtlInSeconds", ge=0, le=3600, source=CACHING)
    cache_by_key: bool = parameter(
        True, "The key of a message is one of the cache key parameters: every key has an answer of its own. Off: one answer for each request line.", title="Cache by key",
        section="Caching", aws="cacheKeyParameters", source=API)


def request_line(name: str) -> tuple[str, str] | None:
    """Method and path of a request line (or route key); None if it is none."""
    found = REQUEST_LINE.fullmatch(name.strip())
    return (found[1], found[2]) if found else None


def route_problem(route: str, websocket: bool) -> str | None:
    """Why this is no route key; None if it is one."""
    if route == DEFAULT:
        return None
    if websocket:
        return None if not re.search(r"\s", route) else "a route key of a WebSocket API has no spaces"
    found = request_line(route)
    if found is None:
        return f"it must be a method and a path, as 'GET /orders/{{id}}', or {DEFAULT}; methods are {', '.join(METHODS)}"
    segments = _segments(found[1])
    if any(segment.endswith("+}") for segment in segments[:-1]):
        return "only the last part of a path can be greedy ({proxy+})"
    return None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _fit(route: tuple[str, str], request: tuple[str, str]) -> tuple[int, ...] | None:
    """How well a route fits a request, to be compared: literal parts before parameters before greedy ones; None if it does not."""
    if route[0] not in ("ANY", request[0]):
        return None
    wanted, given = _segments(route[1]), _segments(request[1])
    greedy = bool(wanted) and wanted[-1].endswith("+}")
    if len(given) < len(wanted) or (len(given) > len(wanted) and not greedy):
        return None
    ranks = []
    for segment, part in zip(wanted, given, strict=False):
        if segment.startswith("{"):
            ranks.append(1 if segment.endswith("+}") else 2)
        elif segment == part:
            ranks.append(3)
        else:
            return None
    return (*ranks, 0 if route[0] == "ANY" else 1)


def best_route(routes: Iterable[str], name: str, websocket: bool = False) -> str | None:
    """The route that a request of this name takes; None if none fits."""
    known = list(routes)
    if websocket:
        if name in known and name not in CONNECTION_ROUTES:
            return name
        return DEFAULT if DEFAULT in known else None
    request = request_line(name)
    best: tuple[tuple[int, ...], str] | None = None
    for route in known:
        line = request_line(route)
        fit = _fit(line, request) if line is not None and request is not None else None
        if fit is not None and (best is None or fit > best[0]):
            best = (fit, route)
    if best is not None:
        return best[1]
    return DEFAULT if DEFAULT in known else None


def missing_field(body: Any, required: Iterable[str]) -> str | None:
    """The first required field that a JSON body does not have; None if it has all."""
    for name in required:
        if not isinstance(body, dict) or name not in body:
            return name
    return None
