"""Sources of traffic with the messages they really send: an application, web pages, devices, a SaaS partner, AWS services.

The shapes of AWS events follow the event reference of each service, read 2026-11; identifiers are made up. What varies from
event to event and is not filtered on (ids, times, checksums) is left out of the bodies, and counted in the sizes.
"""

from __future__ import annotations

from typing import Any

from simulator.vocabulary import Preset


def _event(name: str, share: float, size_bytes: int, source: str, detail_type: str, detail: dict[str, Any], resources: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A message type whose body is an event as it stands on a bus."""
    body = {"source": source, "detail-type": detail_type, "resources": resources or [], "detail": detail}
    return {"name": name, "share": share, "size_bytes": size_bytes, "body": body, **more}


def _customers(number: int, exponent: float = 0.8) -> dict[str, Any]:
    return {"keys": "zipf", "number": number, "exponent": exponent}


def _attribute(value: str) -> dict[str, dict[str, str]]:
    return {"kind": {"Type": "String", "Value": value}}


APPLICATION = Preset(
    "application", "Own application", "A shop that announces orders and payments on a bus, with a source and detail types of its own.",
    {
        "load": {"shape": "sine", "mean_per_s": 40, "amplitude": 0.5, "cycle_s": 3600, "peak_at_s": 900},
        "message_types": [
            _event("order placed", 10, 1500, "shop.orders", "OrderPlaced", {"total": 49.5, "currency": "EUR", "country": "DE", "lines": [{"sku": "lamp", "count": 2}]}, key=_customers(5000)),
            _event("large order placed", 1, 1700, "shop.orders", "OrderPlaced", {"total": 980, "currency": "USD", "country": "US", "lines": [{"sku": "desk", "count": 2}]}, key=_customers(5000)),
            _event("order cancelled", 1, 700, "shop.orders", "OrderCancelled", {"reason": "customer", "country": "DE"}, key=_customers(5000)),
            _event("stock low", 0.5, 500, "shop.stock", "StockLow", {"sku": "lamp", "left": 3}),
        ],
    },
    "resource/GenericApplication",
)  # fmt: skip

CLICKSTREAM = Preset(
    "clickstream", "Clickstream", "Page views, clicks and searches of a web site: many, small, and most from a few busy visitors.",
    {
        "load": {"shape": "sine", "mean_per_s": 400, "amplitude": 0.6, "cycle_s": 3600, "peak_at_s": 1200},
        "message_types": [
            {"name": "page view", "share": 70, "size_bytes": 450, "attributes": _attribute("page_view"), "body": {"kind": "page_view", "page": "/lamps", "device": "mobile"}, "key": _customers(20_000, 1.0)},
            {"name": "click", "share": 25, "size_bytes": 300, "attributes": _attribute("click"), "body": {"kind": "click", "page": "/lamps", "element": "buy", "device": "desktop"}, "key": _customers(20_000, 1.0)},
            {"name": "search", "share": 5, "size_bytes": 350, "attributes": _attribute("search"), "body": {"kind": "search", "words": "desk lamp", "device": "mobile"}, "key": _customers(20_000, 1.0)},
        ],
    },
    "resource/Users",
)  # fmt: skip

DEVICES = Preset(
    "iot_fleet", "IoT fleet", "Ten thousand devices that report at a steady pace, and now and then raise an alarm.",
    {
        "load": {"shape": "constant", "rate_per_s": 1000}, "arrivals": "even",
        "message_types": [
            {"name": "telemetry", "share": 999, "size_bytes": 200, "attributes": _attribute("telemetry"), "body": {"kind": "telemetry", "temperature_c": 21.5, "battery": 0.8}, "key": {"keys": "uniform", "number": 10_000}},
            {"name": "alarm", "share": 1, "size_bytes": 300, "attributes": _attribute("alarm"), "body": {"kind": "alarm", "temperature_c": 83.2, "battery": 0.8}, "key": {"keys": "uniform", "number": 10_000}},
        ],
    },
    "resource/AWSIoTSensor",
)  # fmt: skip

RECONNECT = Preset(
    "iot_reconnect", "IoT fleet that reconnects", "The same fleet after an outage of its network: for a minute all devices come back at random times, and each sends what it had kept.",
    {
        "load": {"shape": "burst", "base_per_s": 1000, "peak_per_s": 6000, "start_s": 120, "length_s": 60},
        "message_types": [
            {"name": "telemetry", "share": 999, "size_bytes": 200, "attributes": _attribute("telemetry"), "body": {"kind": "telemetry", "temperature_c": 21.5, "battery": 0.8}, "key": {"keys": "uniform", "number": 10_000}},
            {"name": "alarm", "share": 1, "size_bytes": 300, "attributes": _attribute("alarm"), "body": {"kind": "alarm", "temperature_c": 83.2, "battery": 0.8}, "key": {"keys": "uniform", "number": 10_000}},
        ],
    },
    "resource/AWSIoTSensor",
)  # fmt: skip

APPLICATION_LOG = Preset(
    "application_log", "Application log", "Log lines of forty hosts, with bursts of stack traces when something is deployed; the host is the key.",
    {
        "load": {"shape": "burst", "base_per_s": 200, "peak_per_s": 900, "start_s": 300, "length_s": 90, "repeat_s": 1800},
        "message_types": [
            {"name": "info", "share": 90, "size_bytes": 250, "body": {"level": "INFO", "service": "checkout"}, "key": {"keys": "uniform", "number": 40}},
            {"name": "warning", "share": 8, "size_bytes": 400, "body": {"level": "WARN", "service": "checkout"}, "key": {"keys": "uniform", "number": 40}},
            {"name": "stack trace", "share": 2, "size_bytes": 6000, "body": {"level": "ERROR", "service": "checkout"}, "key": {"keys": "zipf", "number": 40, "exponent": 1.0}},
        ],
    },
    "resource/Logs",
)  # fmt: skip

PARTNER = Preset(
    "saas_partner", "SaaS partner", "A partner's events on their way to a partner event bus: support tickets, in bursts.",
    {
        "load": {"shape": "burst", "base_per_s": 5, "peak_per_s": 60, "start_s": 120, "length_s": 60},
        "message_types": [
            _event("ticket created", 3, 2600, "aws.partner/tickets.example.com/123456/default", "Support Ticket: Ticket Created", {"ticket_event": {"type": "Ticket Created", "ticket": {"priority": "NORMAL", "status": "NEW"}}}, key=_customers(300)),
            _event("urgent ticket created", 1, 2600, "aws.partner/tickets.example.com/123456/default", "Support Ticket: Ticket Created", {"ticket_event": {"type": "Ticket Created", "ticket": {"priority": "URGENT", "status": "NEW"}}}, key=_customers(300)),
            _event("comment created", 6, 1900, "aws.partner/tickets.example.com/123456/default", "Support Ticket: Comment Created", {"ticket_event": {"type": "Comment Created", "comment": {"is_public": True}}}, key=_customers(300)),
        ],
    },
    "resource/AmazonEventBridgeSaasPartnerEvent",
)  # fmt: skip

BUCKET = "arn:aws:s3:::uploads"

OBJECTS = Preset(
    "s3_events", "S3 object events", "Objects created in and deleted from a bucket, as S3 announces them on the default bus: free, and outside the PutEvents quota.",
    {
        "load": {"shape": "constant", "rate_per_s": 20},
        "message_types": [
            _event("object created", 8, 900, "aws.s3", "Object Created", {"version": "0", "bucket": {"name": "uploads"}, "object": {"key": "invoices/2026/1.pdf", "size": 48_120}, "requester": "123456789012", "reason": "PutObject"}, [BUCKET]),
            _event("large object created", 1, 900, "aws.s3", "Object Created", {"version": "0", "bucket": {"name": "uploads"}, "object": {"key": "video/1.mp4", "size": 734_003_200}, "requester": "123456789012", "reason": "CompleteMultipartUpload"}, [BUCKET]),
            _event("object deleted", 1, 900, "aws.s3", "Object Deleted", {"version": "0", "bucket": {"name": "uploads"}, "object": {"key": "tmp/1"}, "requester": "s3.amazonaws.com", "reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"}, [BUCKET]),
        ],
    },
    "resource/AmazonSimpleStorageServiceBucket",
)  # fmt: skip

INSTANCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0"

OPERATIONS = Preset(
    "aws_operations", "AWS operations events", "What AWS services tell about themselves: instances that change their state, alarms, container tasks that stop.",
    {
        "load": {"shape": "constant", "rate_per_s": 2},
        "message_types": [
            *(_event(f"instance {state}", 2, 620, "aws.ec2", "EC2 Instance State-change Notification", {"instance-id": "i-0123456789abcdef0", "state": state}, [INSTANCE]) for state in ("pending", "running", "stopped")),
            _event("alarm", 1, 1800, "aws.cloudwatch", "CloudWatch Alarm State Change", {"alarmName": "orders-age", "state": {"value": "ALARM"}, "previousState": {"value": "OK"}}, ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-age"]),
            _event("alarm over", 1, 1800, "aws.cloudwatch", "CloudWatch Alarm State Change", {"alarmName": "orders-age", "state": {"value": "OK"}, "previousState": {"value": "ALARM"}}, ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:orders-age"]),
            _event("task stopped", 1, 2600, "aws.ecs", "ECS Task State Change", {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "EssentialContainerExited", "launchType": "FARGATE"}, ["arn:aws:ecs:us-east-1:123456789012:task/shop/1"]),
        ],
    },
    "resource/AmazonCloudWatchAlarm",
)  # fmt: skip

SOURCES = (APPLICATION, CLICKSTREAM, DEVICES, RECONNECT, APPLICATION_LOG, PARTNER, OBJECTS, OPERATIONS)
"""All of them, in the order of the palette."""
