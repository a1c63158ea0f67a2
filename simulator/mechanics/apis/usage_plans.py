"""Usage plans of an API: for each API key a token bucket, and a quota of requests in a day, week or month."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from simulator.mechanics.apis.api_routes import GUIDE
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import ParameterSet, Source, parameter

PLANS = Source("API Gateway Developer Guide, Usage plans and API keys (text of 2020 to 2023)", f"{GUIDE}/api-gateway-api-usage-plans.html", "2026-11")

PERIOD_S = {"DAY": 86400.0, "WEEK": 604800.0, "MONTH": 2_628_000.0}
"""A month has 730 hours here, as on the bill."""


class UsagePlan(ParameterSet):
    """What the clients of a plan may ask for; each API key has its own bucket and its own quota."""

    api_keys: tuple[str, ...] = parameter(
        ("key",), "The API keys of the plan: values of the attribute x-api-key of message types.", title="API keys", section="Usage plan", min_length=1, max_length=1000)
    throttle_rate_limit_per_s: float | None = parameter(
        None, "Requests a second for each key. Empty: no limit.", title="Rate limit", unit="per_s", section="Usage plan", aws="throttle.rateLimit", gt=0, le=1_000_000, source=PLANS,
        capacity=True)
    throttle_burst_limit: int | None = parameter(
        None, "Size of each key's bucket. Empty: as many as a second brings.", title="Burst limit", unit="requests", section="Usage plan", aws="throttle.burstLimit", ge=1,
        le=1_000_000, source=PLANS, capacity=True)
    quota_limit: int | None = parameter(
        None, "Requests of each key in a period; one more is answered 429. Empty: no quota.", title="Quota", unit="requests", section="Usage plan", aws="quota.limit", ge=1,
        le=1_000_000_000, source=PLANS, capacity=True)
    quota_offset: int = parameter(
        0, "Requests taken off the quota of the first period.", title="Quota offset", unit="requests", section="Usage plan", aws="quota.offset", ge=0, le=1_000_000_000, source=PLANS,
        advanced=True)
    quota_period: Literal["DAY", "WEEK", "MONTH"] = parameter(
        "MONTH", "The period of the quota; the run begins with one.", title="Quota period", section="Usage plan", aws="quota.period", source=PLANS)


def bucket_of(rate_per_s: float | None, burst: int | None) -> TokenBucket | None:
    """The token bucket for these limits; None for no limit."""
    if rate_per_s is None:
        return None
    return TokenBucket(rate_per_s, float(burst) if burst is not None else max(1.0, rate_per_s))


class ApiKey:
    """One client of a plan, as it is metered."""

    __slots__ = ("_bucket", "_period", "_plan", "_used")

    def __init__(self, plan: UsagePlan) -> None:
        self._plan = plan
        self._bucket = bucket_of(plan.throttle_rate_limit_per_s, plan.throttle_burst_limit)
        self._period = 0
        self._used = plan.quota_offset

    def refuses(self, now_s: float) -> Literal["usage_plan_throttle", "quota_exceeded"] | None:
        """Meter a request; what it runs into, if it does. A refused request uses up nothing."""
        period = math.floor(now_s / PERIOD_S[self._plan.quota_period])
        if period != self._period:
            self._period, self._used = period, 0
        if self._plan.quota_limit is not None and self._used >= self._plan.quota_limit:
            return "quota_exceeded"
        if self._bucket is not None and not self._bucket.take_all(1, now_s):
            return "usage_plan_throttle"
        self._used += 1
        return None


def keys_of(plans: Sequence[UsagePlan]) -> dict[str, ApiKey]:
    """Every API key with its meter; a key in two plans is metered by the first."""
    found: dict[str, ApiKey] = {}
    for plan in plans:
        for key in plan.api_keys:
            found.setdefault(key, ApiKey(plan))
    return found
