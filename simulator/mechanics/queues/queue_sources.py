"""Where the figures of SQS queues were read."""

from __future__ import annotations

from simulator.vocabulary import Source

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
API = Source("Amazon SQS API Reference, SetQueueAttributes", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html", "2026-11")
QUOTAS = Source("SQS Developer Guide, Amazon SQS message quotas", f"{GUIDE}/quotas-messages.html", "2026-11")
METRICS = Source("SQS Developer Guide, Available CloudWatch metrics", f"{GUIDE}/sqs-available-cloudwatch-metrics.html", "2026-11")
PRICING = Source("Amazon SQS pricing, us-east-1", "https://aws.amazon.com/sqs/pricing/", "2026-11", "T")
FIFO = Source("SQS Developer Guide, FIFO delivery logic", f"{GUIDE}/FIFO-queues-understanding-logic.html", "2026-11")
FIFO_QUOTAS = Source("SQS Developer Guide, FIFO queue quotas", f"{GUIDE}/quotas-fifo.html", "2026-11")
PARTITIONS = Source("SQS Developer Guide, partitions and data distribution for high throughput", f"{GUIDE}/partitions-and-data-distribution.html", "2026-11")
LOOK_AHEAD = Source("SQS Developer Guide, avoid large message backlogs with the same message group ID", f"{GUIDE}/avoid-backlog-with-the-same-message-group-id.html", "2026-11")
FAIR = Source("SQS Developer Guide, how fair queues work", f"{GUIDE}/sqs-fair-queues.html", "2026-11")
KMS = Source("SQS Developer Guide, estimating AWS KMS costs", f"{GUIDE}/sqs-key-management.html", "2026-11", "M")
KMS_PRICE = Source("AWS KMS pricing", "https://aws.amazon.com/kms/pricing/", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/partitions-and-data-distribution.html", "2026-11", "M")
THIRD_TIER = Source("From memory: the quantity at which the third tier begins", "https://aws.amazon.com/sqs/pricing/", "2026-11", "M")
LOST = Source("SQS Developer Guide, visibility timeout: a message whose receive was lost stays hidden; how often that happens is not published", f"{GUIDE}/sqs-visibility-timeout.html", "2026-11", "D")
MEMORY = Source("From memory: AWS publishes no figure", f"{GUIDE}/sqs-short-and-long-polling.html", "2026-11", "M")
