"""What CreateBroker and a broker's configuration set."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.brokers.broker_producers import CLIENT, WEB
from simulator.mechanics.brokers.broker_reconnection import Interruption
from simulator.mechanics.brokers.broker_sources import API, CONFIGURATION, DEFAULT_XML, FAILOVER, IMPLIED, INSTANCES, LIMITS, MAINTENANCE, STORAGE, UNPUBLISHED
from simulator.mechanics.distributions import Constant, Distribution, Uniform
from simulator.vocabulary import ParameterSet, parameter


class BrokerParameters(ParameterSet):
    """What CreateBroker and the broker's configuration set."""

    deployment_mode: Literal["SINGLE_INSTANCE", "ACTIVE_STANDBY_MULTI_AZ"] = parameter(
        "SINGLE_INSTANCE", "Active/standby: a second broker takes over when the active one fails. It needs EFS, which both share.", title="Deployment mode",
        section="Broker", aws="DeploymentMode", source=API)
    host_instance_type: Literal["mq.t3.micro", "mq.m5.large", "mq.m5.xlarge", "mq.m5.2xlarge", "mq.m5.4xlarge"] = parameter(
        "mq.m5.large", "Decides vCPUs, memory, connections and storage.", title="Instance type", section="Broker", aws="HostInstanceType", source=INSTANCES)
    storage_type: Literal["EFS", "EBS"] = parameter(
        "EFS", "EBS is faster (about 2 ms a write against 12.5 ms), and only for single mq.m5 brokers. Fixed at creation.", title="Storage type",
        section="Broker", aws="StorageType", source=STORAGE)
    default_destination: str = parameter(
        "orders", "The queue or topic of wires that name none.", title="Default destination", section="Broker", min_length=1, max_length=200)
    memory_usage_percent_of_jvm_heap: float = parameter(
        70, "Share of the JVM's heap for messages, in per cent.", title="Memory usage", section="Memory", aws="memoryUsage.percentOfJvmHeap", ge=1, le=70, source=CONFIGURATION)
    jvm_heap_share: float = parameter(
        0.5, "Share of the instance's memory that the JVM's heap is. AWS does not publish it.", title="JVM heap", unit="share", section="Memory", gt=0, le=1,
        source=UNPUBLISHED, advanced=True)
    memory_limit_bytes: int | None = parameter(
        None, "Memory of each queue. Empty: it shares the broker's.", title="Memory limit", unit="bytes", section="Memory", aws="policyEntry.memoryLimit",
        ge=1, le=10**12, source=WEB, changeable=True)
    message_overhead_bytes: int = parameter(
        1056, "What a message takes in memory beside its own size. Measured on ActiveMQ 5.17 with short headers; AWS publishes none.", title="Message overhead", unit="bytes", section="Memory", ge=0, le=1_000_000, source=UNPUBLISHED, advanced=True)
    cursor: Literal["storeCursor", "vmQueueCursor"] = parameter(
        "storeCursor", "Where waiting messages are. storeCursor: beyond the high-water mark only on disk (persistent) or in the temporary store. vmQueueCursor: all in memory, so"
        " that producers are blocked when it is full.", title="Pending message cursor", section="Memory", aws="pendingQueuePolicy", source=WEB)
    cursor_memory_high_water_mark: float = parameter(
        70, "Per cent of the memory from which on waiting messages are no longer kept in it.", title="Cursor high-water mark", section="Memory", aws="cursorMemoryHighWaterMark",
        ge=1, le=100, source=CLIENT)
    max_page_size: int = parameter(
        200, "Messages that are read from disk at a time.", title="Page size", unit="messages", section="Memory", aws="maxPageSize", ge=1, le=100_000, source=CLIENT, advanced=True)
    producer_flow_control: bool = parameter(
        True, "Producers are blocked when memory is full. Off: memory can be overrun.", title="Producer flow control", section="Flow control", aws="producerFlowControl", source=WEB)
    send_fail_if_no_space: bool = parameter(
        False, "A send without room fails at once (ResourceAllocationException) instead of blocking.", title="Fail if no space", section="Flow control",
        aws="sendFailIfNoSpace", source=CONFIGURATION)
    send_fail_if_no_space_after_timeout_s: float = parameter(
        0, "A send without room fails after this time. 0: never.", title="Fail after", unit="s", section="Flow control", aws="sendFailIfNoSpaceAfterTimeout", ge=0, le=86400, source=CLIENT)
    store_usage_high_water_mark: float = parameter(
        100, "Per cent of the store from which on persistent sends block.", title="Store high-water mark", section="Flow control", aws="storeUsageHighWaterMark", ge=1, le=100, source=CLIENT)
    storage_quota_bytes: int | None = parameter(
        None, "Size of the message store. Empty: 200 GB, 20 GB for mq.t3.micro.", title="Store", unit="bytes", section="Storage", ge=1, le=10**14, source=LIMITS, advanced=True)
    temporary_quota_bytes: int | None = parameter(
        None, "Size of the temporary store. Empty: 50 GB, 5 GB for mq.t3.micro.", title="Temporary store", unit="bytes", section="Storage", ge=1, le=10**14, source=LIMITS, advanced=True)
    journal_disk_sync_strategy: Literal["always", "periodic", "never"] = parameter(
        "always", "Always: a persistent send waits for the disk. Periodic: the last second may be lost when the broker fails. Never: more.", title="Journal sync",
        section="Storage", aws="journalDiskSyncStrategy", source=WEB)
    journal_file_bytes: int = parameter(
        33_554_432, "Size of a journal file, which is deleted as a whole when no message in it is left.", title="Journal file", unit="bytes", section="Storage",
        aws="journalMaxFileLength", ge=1024, le=10**10, source=CLIENT, advanced=True)
    journal_record_overhead_bytes: int = parameter(
        610, "What a message takes in the journal beside its own size. Measured on ActiveMQ 5.17 with short headers; AWS publishes none.", title="Record overhead", unit="bytes",
        section="Storage", ge=0, le=1_000_000, source=UNPUBLISHED, advanced=True)
    journal_keeps_acknowledgements: bool = parameter(
        True, "A journal file also stays while acknowledgements in it belong to a file that is there: one old message pins all that follows.", title="Keeps acknowledgements",
        section="Storage", source=UNPUBLISHED, advanced=True)
    journal_cleanup_s: float = parameter(
        30, "How often the journal is cleaned.", title="Journal cleanup", unit="s", section="Storage", aws="cleanupInterval", ge=0.1, le=86400, source=UNPUBLISHED, advanced=True)
    sync_latency_s: float | None = parameter(
        None, "Time to write a persistent message. Empty: what AWS's throughput of one producer implies, 2 ms on EBS and 12.5 ms on EFS.", title="Write latency", unit="s",
        section="Storage", ge=0, le=60, source=IMPLIED, advanced=True)
    store_throughput_bytes_per_s: float | None = parameter(
        None, "What the store writes a second. Empty: 50 MB on EBS and 8 MB on EFS, since AWS says that beyond 100 KB it is throughput that limits.", title="Store throughput",
        unit="bytes", section="Storage", ge=1000, le=1e12, source=IMPLIED, advanced=True)
    operations_per_vcpu_per_s: float = parameter(
        10_000, "Sends and dispatches that one vCPU does a second. AWS publishes no figure.", title="Operations a vCPU", unit="per_s", section="Broker", ge=1, le=1e9,
        source=UNPUBLISHED, advanced=True)
    strict_order_dispatch: bool = parameter(
        False, "The first consumer gets messages until its prefetch is full. Off: consumers take turns.", title="Strict order", section="Dispatch", aws="strictOrderDispatch", source=CLIENT)
    use_consumer_priority: bool = parameter(
        True, "Consumers with a higher priority are filled first.", title="Consumer priority", section="Dispatch", aws="useConsumerPriority", source=WEB, advanced=True)
    message_groups_cached: int = parameter(
        1024, "Groups whose consumer the broker remembers; beyond, the longest unused loses its order.", title="Message groups", unit="count", section="Dispatch",
        ge=1, le=10_000_000, source=WEB, advanced=True)
    constant_pending_message_limit: int | None = parameter(
        1000, "Messages that wait for a subscriber of a topic that is not durable, when its prefetch is full; the oldest are discarded. Empty: no bound (ActiveMQ's own default).",
        title="Pending message limit", unit="messages", section="Dispatch", aws="constantPendingMessageLimitStrategy", ge=0, le=10**9, source=DEFAULT_XML)
    expire_messages_period_s: float = parameter(
        30, "How often waiting messages are searched for those that have expired.", title="Expiry scan", unit="s", section="Dead letters", aws="expireMessagesPeriod", ge=1, le=86400, source=CLIENT)
    dead_letter_strategy: Literal["shared", "individual", "discarding"] = parameter(
        "shared", "Shared: dead letters are in ActiveMQ.DLQ. Individual: in DLQ.<queue>. Discarding: they are dropped.", title="Dead letter strategy", section="Dead letters",
        aws="deadLetterStrategy", source=CLIENT)
    process_non_persistent: bool = parameter(
        False, "Messages that are not persistent become dead letters too, instead of being dropped.", title="Non-persistent dead letters", section="Dead letters",
        aws="processNonPersistent", source=CLIENT)
    failover: Distribution = parameter(
        lambda: Uniform(low_s=5, high_s=60), "Time until the standby has taken over, without the recovery of its journal. AWS says 'a short while'.", title="Failover", unit="s",
        section="Failover", widget="distribution", source=FAILOVER)
    restart: Distribution = parameter(
        lambda: Constant(value_s=300), "Time until a single broker that failed is there again. AWS publishes no figure.", title="Replacement", unit="s", section="Failover",
        widget="distribution", source=UNPUBLISHED)
    reboot: Distribution = parameter(
        lambda: Constant(value_s=5), "Time that a reboot takes: 'a few seconds'.", title="Reboot", unit="s", section="Failover", widget="distribution", source=FAILOVER)
    maintenance_s: float = parameter(
        7200, "Time that maintenance keeps a single broker down, up to 2 h. With a standby only the failover is felt.", title="Maintenance", unit="s", section="Failover",
        ge=0, le=7200, source=MAINTENANCE)
    recovery_per_file_s: float = parameter(
        0.1, "Time to read one journal file when a broker starts.", title="Recovery of a file", unit="s", section="Failover", ge=0, le=60, source=UNPUBLISHED, advanced=True)
    initial_reconnect_delay_s: float = parameter(
        0.01, "Clients try to reconnect after this time, then after twice as long, and so on.", title="First reconnect", unit="s", section="Failover", aws="initialReconnectDelay",
        ge=0.001, le=60, source=CLIENT, advanced=True)
    max_reconnect_delay_s: float = parameter(
        30, "The longest pause between two tries to reconnect.", title="Longest reconnect pause", unit="s", section="Failover", aws="maxReconnectDelay", ge=0.01, le=3600, source=CLIENT, advanced=True)
    interruptions: tuple[Interruption, ...] = parameter(
        (), "Failures, reboots and maintenance at set times.", title="Interruptions", section="Failover", max_length=50)
    wire_level_connections: int | None = parameter(
        None, "Connections that the broker takes; clients beyond it are refused. Empty: 2,000, 300 for mq.t3.micro. A soft quota.", title="Connections", unit="count",
        section="Quotas", ge=1, le=1_000_000, source=LIMITS, advanced=True)
