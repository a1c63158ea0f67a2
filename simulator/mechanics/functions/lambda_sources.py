"""Where the figures of AWS Lambda come from: one `Source` for each page that was read."""

from __future__ import annotations

from simulator.vocabulary import Source

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
API = Source("AWS Lambda API Reference", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html", "2026-11")
LIMITS = Source("Lambda Developer Guide, Lambda quotas", f"{GUIDE}/gettingstarted-limits.html", "2026-11")
SCALING = Source("Lambda Developer Guide, Lambda function scaling", f"{GUIDE}/lambda-concurrency.html", "2026-11")
ASYNC = Source("Lambda Developer Guide, asynchronous error handling", f"{GUIDE}/invocation-async-error-handling.html", "2026-11")
MAPPING_API = Source("AWS Lambda API Reference, CreateEventSourceMapping", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html", "2026-11")
EARLIER_SCALING = Source("Lambda Developer Guide of October 2023 (60 a minute, 1,000); AWS Compute Blog on faster polling, November 2023 (1,250)", "https://aws.amazon.com/blogs/compute/", "2023-11")
MAPPING_SCALING = Source("Lambda Developer Guide, scaling behavior for SQS event source mappings", f"{GUIDE}/services-sqs-scaling.html", "2026-11")
MAPPING_ERRORS = Source("Lambda Developer Guide, handling errors for an SQS event source", f"{GUIDE}/services-sqs-errorhandling.html", "2026-11")
MAPPING_BATCHING = Source("Lambda Developer Guide, event source mappings and Amazon SQS (2022 text)", f"{GUIDE}/with-sqs.html", "2023-10")
MAPPING_FILTERS = Source("Lambda Developer Guide, event filtering", f"{GUIDE}/invocation-eventfiltering.html", "2026-11")
PROVISIONED_MODE = Source("AWS News Blog, provisioned mode for SQS event source mapping, 14 November 2025", "https://aws.amazon.com/blogs/aws/aws-lambda-enhances-sqs-processing-with-new-provisioned-mode-3x-faster-scaling-16x-higher-capacity", "2026-11")
KAFKA_POLLERS = Source("Lambda Developer Guide, Kafka event poller scaling modes (2025-26 copy)", f"{GUIDE}/kafka-scaling-modes.html", "2026-11")
POLLER_PRICE = Source("Price example of provisioned mode, US East, quoted in a public repository", "https://aws.amazon.com/lambda/pricing/", "2026-11", "T")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/services-sqs-scaling.html", "2026-11", "M")
ASYNC_UNPUBLISHED = Source("Said in the Lambda Developer Guide without a figure; an assumption to change", f"{GUIDE}/invocation-async-error-handling.html", "2026-11", "M")
RECURSION = Source("Lambda Developer Guide, recursive loop detection", f"{GUIDE}/invocation-recursion.html", "2026-11")
LATENCY = Source("bitesizedserverless, Latency compared (eu-west-1, September 2022)", "https://bitesizedserverless.com/", "2022-09", "T")
BENCHMARK = Source("lambda-perf benchmark, 512 MB, x86_64, hello world (July and August 2026)", "https://maxday.github.io/lambda-perf/", "2026-08", "T")
SEBS = Source("SeBS benchmark data (2020), recomputed", "https://github.com/spcl/serverless-benchmarks", "2020", "T")
METRICS = Source("Lambda Developer Guide, types of metrics for Lambda functions", f"{GUIDE}/monitoring-metrics-types.html", "2026-11")
ALLOWANCE = Source("From memory: what AWS gives an account free each month", "https://aws.amazon.com/lambda/pricing/", "2026-11", "M")
PRICES = Source("AWS price list, us-east-1, snapshot of August 2026", "https://aws.amazon.com/lambda/pricing/", "2026-08")
PRICE_LIST = Source("AWS price list, us-east-1, as queried in October 2025 and quoted in a public repository", "https://aws.amazon.com/lambda/pricing/", "2025-10", "T")
PROVISIONED = Source("Lambda Developer Guide, provisioned concurrency, as third-party documents quote it", f"{GUIDE}/provisioned-concurrency.html", "2026-11", "T")
PROVISIONED_SCALING = Source("Lambda Developer Guide, managing provisioned concurrency with Application Auto Scaling", f"{GUIDE}/provisioned-concurrency.html", "2023-10")
ALARMS = Source("From memory: the alarms of Application Auto Scaling's target tracking", "https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html", "2026-11", "M")
ENVIRONMENT = Source("Lambda Developer Guide, execution environment", f"{GUIDE}/lambda-runtime-environment.html", "2026-11")
ENVIRONMENT_UNPUBLISHED = Source("Said in the Lambda Developer Guide without a figure; an assumption to change", f"{GUIDE}/lambda-runtime-environment.html", "2026-11", "M")
NETWORK = Source("Derived from the network quota of an environment, 625 Mbps", f"{GUIDE}/gettingstarted-limits.html", "2026-11", "D")
SNAP_START = Source("Lambda Developer Guide, SnapStart", f"{GUIDE}/snapstart.html", "2026-11")
SNAP_START_UNPUBLISHED = Source("AWS says 'as low as sub-second'; an assumption to change", f"{GUIDE}/snapstart.html", "2026-11", "M")
MEMORY = Source("Lambda Developer Guide, Lambda quotas: 1,769 MB are one vCPU", f"{GUIDE}/gettingstarted-limits.html", "2026-11")
