"""What a Task state calls, read from its ``Resource``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

OPTIMISED = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(?P<rest>.+)", re.DOTALL)
ACTIVITY = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:activity:(?P<name>.+)")
FUNCTION = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:(?P<name>.+)")
PATTERNS = (".waitForTaskToken", ".sync:2", ".sync")
REQUEST_RESPONSE = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """``service`` and ``action`` as in ``sqs:sendMessage``; ``pattern`` is empty, ``.sync``, ``.sync:2`` or ``.waitForTaskToken``.

    A Lambda function named by its own ARN has the action ``function``; an activity is the service ``activity``; what is only
    filled in when it is deployed (``${Name}``) is the service ``unknown``.
    """

    text: str
    service: str
    action: str
    pattern: str = REQUEST_RESPONSE

    @property
    def waits_for_token(self) -> bool:
        """Whether the task ends with SendTaskSuccess or SendTaskFailure."""
        return self.pattern == ".waitForTaskToken" or self.service == "activity"

    @property
    def runs_a_job(self) -> bool:
        """Whether the task ends when the job that it started has ended."""
        return self.pattern.startswith(".sync")


@lru_cache(maxsize=1024)
def parse_resource(text: str) -> Resource:
    """Read a ``Resource``; what is not known is the service ``unknown``."""
    activity, function = ACTIVITY.fullmatch(text), FUNCTION.fullmatch(text)
    if activity:
        return Resource(text, "activity", activity["name"])
    if function:
        return Resource(text, "lambda", "function")
    found = OPTIMISED.fullmatch(text)
    if not found:
        return Resource(text, "unknown", text)
    rest, pattern = found["rest"].lstrip(":"), REQUEST_RESPONSE
    for ending in PATTERNS:
        if rest.endswith(ending):
            rest, pattern = rest.removesuffix(ending), ending
            break
    service, _, action = rest.removeprefix("aws-sdk:").partition(":")
    return Resource(text, service, action, pattern)
