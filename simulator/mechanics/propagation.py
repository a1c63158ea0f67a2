"""How long AWS takes until a changed setting acts, service by service. Each is the longest time documented, or a guess that says so."""

from __future__ import annotations

from simulator.vocabulary import Propagation, Source

_SQS = Source("SQS API Reference, SetQueueAttributes", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html", "2026-11")
QUEUE_ATTRIBUTE = Propagation(60, _SQS, "Up to 60 s for most attributes of a queue.")
QUEUE_RETENTION = Propagation(900, _SQS, "Up to 15 minutes; messages older than a shorter period expire then.")

FILTER_POLICY = Propagation(
    900, Source("SNS Developer Guide, applying a filter policy", "https://docs.aws.amazon.com/sns/latest/dg/message-filtering-apply.html", "2026-11"),
    "Up to 15 minutes until additions and changes take full effect.")


def _guess(page: str, seconds: float, note: str) -> Propagation:
    return Propagation(seconds, Source("From memory: AWS publishes no figure", page, "2026-11", "M"), note)


FUNCTION_CONFIGURATION = _guess(
    "https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html", 10, "A guess: the update succeeds within seconds; environments started before keep the old setting until then.")
FUNCTION_CONCURRENCY = _guess("https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html", 5, "A guess: seconds.")
MAPPING = _guess("https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html", 60, "A guess: the mapping is Updating for up to a minute or so.")
TABLE_THROUGHPUT = _guess(
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html", 60, "A guess: seconds to minutes, more for a large table; the old throughput holds until the table is ACTIVE again.")
RULE = _guess("https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html", 60, "A guess: AWS asks to allow a short time until a changed rule acts.")
STAGE = _guess("https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-stages.html", 30, "A guess: stage settings are spread within seconds.")
INTEGRATION = _guess("https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html", 60, "A guess: the API must be deployed again, which takes up to a minute or so to act.")
