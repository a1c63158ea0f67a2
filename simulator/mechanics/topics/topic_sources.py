"""Where the figures of SNS topics were read."""

from __future__ import annotations

from simulator.vocabulary import Source

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg"
API = Source("Amazon SNS API Reference", "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html", "2026-11")
FILTERS = Source("SNS Developer Guide, Amazon SNS message filtering", f"{GUIDE}/sns-message-filtering.html", "2026-11")
RETRIES = Source("SNS Developer Guide, Message delivery retries", f"{GUIDE}/sns-message-delivery-retries.html", "2026-11")
DEAD_LETTERS = Source("SNS Developer Guide, Amazon SNS dead-letter queues", f"{GUIDE}/sns-dead-letter-queues.html", "2026-11")
QUOTAS = Source("AWS General Reference, Amazon SNS endpoints and quotas", "https://docs.aws.amazon.com/general/latest/gr/sns.html", "2026-11")
METRICS = Source("SNS Developer Guide, Monitoring with CloudWatch", f"{GUIDE}/sns-monitoring-using-cloudwatch.html", "2026-11")
LATENCY = Source("bitesizedserverless, Latency compared: SNS to a Lambda function (eu-west-1, September 2022)", "https://bitesizedserverless.com/", "2022-09", "T")
ENVELOPE = Source("From memory: the size of the JSON envelope without raw delivery", f"{GUIDE}/sns-large-payload-raw-message-delivery.html", "2026-11", "M")
FREQUENT = Source("SNS FAQ as quoted by a guide of October 2026: typically under 30 ms", "https://aws.amazon.com/sns/faqs/", "2026-10", "T")
EMAIL = Source("AWS re:Post, e-mail subscription deactivated above 10 messages a second", "https://repost.aws/knowledge-center/sns-email-subscription-deactivated", "2026-11")
FIFO_LATENCY = Source("Derived: medians of bitesizedserverless, FIFO topic to queue to function less FIFO queue to function (eu-west-1, September 2022)", "https://bitesizedserverless.com/", "2022-09", "D")
STATUS_LOGS = Source("SNS Developer Guide, Message delivery status: sample rates of 0 to 100 %", f"{GUIDE}/sns-topic-attributes.html", "2026-11")
LOG_PRICE = Source("From memory: CloudWatch Logs, data taken in, us-east-1", "https://aws.amazon.com/cloudwatch/pricing/", "2026-11", "M")
BATCHES = Source("Amazon SNS API Reference, PublishBatch", "https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html", "2026-11")
DEDUPLICATION = Source("SNS Developer Guide, Message deduplication for FIFO topics", f"{GUIDE}/fifo-message-dedup.html", "2026-11")
FREE_WORD = Source("From memory: Amazon SNS pricing, us-east-1", "https://aws.amazon.com/sns/pricing/", "2026-11", "M")
PRICING = Source("Amazon SNS pricing, us-east-1", "https://aws.amazon.com/sns/pricing/", "2026-11", "T")
