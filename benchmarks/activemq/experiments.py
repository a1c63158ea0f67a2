"""What is asked of the real broker and of the simulated one, and what each answered."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.activemq.broker import Running, Settings, java, running
from benchmarks.activemq.stomp import Stomp
from simulator.run import simulate

HERE = Path(__file__).parent
CLASSES = ":".join(f"/usr/share/java/{name}.jar" for name in ("activemq-client", "geronimo-jms_1.1_spec", "slf4j-api", "hawtbuf", "geronimo-j2ee-management-1.1-spec"))
QUIET_S = 1.5


@dataclass(frozen=True)
class Comparison:
    """One figure, measured and simulated."""

    question: str
    real: float
    simulated: float
    unit: str


def _scenario(nodes: dict[str, tuple[str, dict[str, Any]]], wires: list[tuple[str, str, dict[str, Any]]], duration_s: float) -> dict[str, Any]:
    laid = []
    for number, (source, target, parameters) in enumerate(wires):
        start, end = (end.split(".") for end in (source, target))
        laid.append({"id": f"w{number}", "from": {"node": start[0], "port": start[1]}, "to": {"node": end[0], "port": end[1]}, "parameters": parameters})
    return {"version": 1, "nodes": [{"id": key, "kind": kind, "parameters": values} for key, (kind, values) in nodes.items()], "wires": laid,
            "run": {"duration_s": duration_s, "frame_interval_s": 0.25}}


def _burst(count: int, size_bytes: int = 1024) -> dict[str, Any]:
    return {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [1.0] * count}}, "message_types": [{"size_bytes": size_bytes}]}


# -- prefetch -------------------------------------------------------------------------------------------------------


def held(port: int, queue: str, messages: int, prefetches: tuple[int, int], *, late: bool) -> list[int]:
    """How many unacknowledged messages two consumers hold; the second comes ``late``, after the messages, or before them."""
    consumers = [Stomp(port), Stomp(port)]
    consumers[0].subscribe(f"/queue/{queue}", prefetches[0])
    if not late:
        consumers[1].subscribe(f"/queue/{queue}", prefetches[1])
        time.sleep(0.3)
    sender = Stomp(port)
    for number in range(messages):
        if not sender.send(queue, f"message {number}"):
            raise RuntimeError("the broker did not take a message")
    if late:
        consumers[1].subscribe(f"/queue/{queue}", prefetches[1])
    held = [sum(frame.command == "MESSAGE" for frame in consumer.all_within(QUIET_S)) for consumer in consumers]
    for connection in (*consumers, sender):
        connection.close()
    return held


def held_in_simulation(messages: int, prefetches: tuple[int, int], *, late: bool) -> list[float]:
    idle = {"consumers": 1, "duration": {"type": "constant", "value_s": 1e6}}
    nodes: dict[str, tuple[str, dict[str, Any]]] = {"source": ("traffic", _burst(messages)), "mq": ("mq", {}), "a": ("jms_consumer", idle), "b": ("jms_consumer", idle | ({"start_s": 30} if late else {}))}
    wires = [("source.out", "mq.in", {}), ("mq.out", "a.source", {"prefetch": prefetches[0]}), ("mq.out", "b.source", {"prefetch": prefetches[1]})]
    nodes_after = simulate(_scenario(nodes, wires, 60)).to_json()["nodes"]
    return [nodes_after[name]["metrics"]["PrefetchedMessages"]["last"] + nodes_after[name]["metrics"]["BusyConsumers"]["last"] for name in ("a", "b")]


def prefetch(broker: Running) -> Iterator[Comparison]:
    """How messages are spread over two consumers."""
    cases = [(300, (1000, 1000), False), (301, (1000, 1000), False), (300, (1000, 1000), True), (1500, (1000, 1000), True), (300, (100, 10), False), (60, (1, 100), False)]
    for number, (messages, prefetches, late) in enumerate(cases):
        real = held(broker.stomp_port, f"prefetch{number}", messages, prefetches, late=late)
        simulated = held_in_simulation(messages, prefetches, late=late)
        came = "the second comes later" if late else "both are there"
        for place in (0, 1):
            which = "first" if place == 0 else "second"
            yield Comparison(f"{messages} messages, prefetch {prefetches[0]} and {prefetches[1]}, {came}: the {which} consumer holds", real[place], simulated[place], "messages")


# -- redelivery -----------------------------------------------------------------------------------------------------


def redelivery(broker: Running) -> Iterator[Comparison]:
    """A poison message at a JMS consumer with the default policy, and a good one behind it."""
    ran = subprocess.run([java(), "-cp", CLASSES, str(HERE / "Redelivery.java"), str(broker.openwire_port), "9000"], capture_output=True, text=True, timeout=60, check=True)
    seen = [(line.split()[0], int(line.split()[1]) / 1000) for line in ran.stdout.splitlines()]
    poison = [at_s for name, at_s in seen if name == "poison"]
    good_s = next(at_s for name, at_s in seen if name == "good")
    dead = Stomp(broker.stomp_port)
    dead.subscribe("/queue/ActiveMQ.DLQ", 100)
    in_dlq = sum(frame.command == "MESSAGE" for frame in dead.all_within(QUIET_S))
    dead.close()
    types = {"message_types": [{"name": "poison", "failure_probability": 1}]}
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "bad": ("traffic", {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [1.0]}}, **types}),
        "good": ("traffic", {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [1.0]}}}),
        "mq": ("mq", {"sync_latency_s": 0}), "app": ("jms_consumer", {"consumers": 1, "duration": {"type": "constant", "value_s": 0}})}
    report = simulate(_scenario(nodes, [("bad.out", "mq.in", {}), ("good.out", "mq.in", {}), ("mq.out", "app.source", {})], 20)).to_json()
    metrics = report["nodes"]["app"]["metrics"]
    path = next(path for path in report["paths"] if path["nodes"] == ["good", "mq", "app"])
    yield Comparison("Deliveries of a poison message", len(poison), metrics["Errors"]["total"], "times")
    yield Comparison("Dead letters", in_dlq, report["nodes"]["mq"]["metrics"]["DeadLetters"]["total"], "messages")
    yield Comparison("From the first to the last delivery", poison[-1] - poison[0], 6.0, "s")
    yield Comparison("A good message behind it waits", good_s, path["latency"]["mean"], "s")


# -- producers that block -------------------------------------------------------------------------------------------


def blocking() -> Iterator[Comparison]:
    """Messages that the broker takes before it withholds its answer, with nobody consuming."""
    vm = "<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>"
    cases = [
        ("Memory of a queue 1 MiB, all in memory", Settings(policy='memoryLimit="1mb" producerFlowControl="true"', cursor=vm), True, {"memory_limit_bytes": 2**20, "cursor": "vmQueueCursor"}),
        ("Message store 4 MiB, journal files of 1 MiB", Settings(journal='journalMaxFileLength="1mb"', store="4 mb"), True, {"storage_quota_bytes": 4 * 2**20, "journal_file_bytes": 2**20}),
    ]
    for title, settings, persistent, ours in cases:
        for size_bytes in (1_000, 10_000):
            with running(settings) as broker:
                sender = Stomp(broker.stomp_port)
                taken = 0
                while taken < 20_000 and sender.send("full", "x" * size_bytes, persistent=persistent, wait_s=3):
                    taken += 1
                sender.close()
            yield Comparison(f"{title}: messages of {size_bytes:,} bytes taken", taken, _taken_in_simulation(ours, size_bytes), "messages")


def _taken_in_simulation(settings: dict[str, Any], size_bytes: int) -> float:
    nodes: dict[str, tuple[str, dict[str, Any]]] = {"source": ("traffic", _burst(20_000, size_bytes)), "mq": ("mq", settings | {"sync_latency_s": 0, "store_throughput_bytes_per_s": 1e12})}
    report = simulate(_scenario(nodes, [("source.out", "mq.in", {"producers": 1})], 60)).to_json()
    return float(report["nodes"]["mq"]["metrics"]["EnqueueCount"]["total"])


# -- overload and drain ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Curve:
    """Queue size over time, measured and simulated: (seconds, messages)."""

    real: list[tuple[float, float]]
    simulated: list[tuple[float, float]]

    def difference(self) -> tuple[float, float]:
        """(mean, greatest) absolute difference at the moments of the measurement."""
        gaps = [abs(level - _level_at(self.simulated, at_s)) for at_s, level in self.real if at_s <= self.simulated[-1][0]]
        return sum(gaps) / len(gaps), max(gaps)


def _level_at(curve: list[tuple[float, float]], at_s: float) -> float:
    before = curve[0]
    for point in curve:
        if point[0] > at_s:
            share = (at_s - before[0]) / (point[0] - before[0])
            return before[1] + share * (point[1] - before[1])
        before = point
    return before[1]


def overload(broker: Running, rate_per_s: float = 200, for_s: float = 12, work_s: float = 0.008, until_s: float = 26) -> Curve:
    """A producer sends more than a consumer takes, and stops; the queue drains. The consumer needs ``work_s`` for each message."""
    sampler = subprocess.Popen([java(), "-cp", CLASSES, str(HERE / "Sampler.java"), str(broker.openwire_port), "load", "250"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stop = threading.Event()
    worked: list[float] = []
    consumer = threading.Thread(target=_consume, args=(broker.stomp_port, work_s, stop, worked), daemon=True)
    try:
        time.sleep(4)
        consumer.start()
        time.sleep(0.5)
        sender = Stomp(broker.stomp_port)
        began_s, sent = time.time(), []
        for number in range(int(rate_per_s * for_s)):
            due_s = began_s + number / rate_per_s
            time.sleep(max(0.0, due_s - time.time()))
            sender.send("load", f"message {number}")
            sent.append(time.time() - began_s)
        time.sleep(max(0.0, began_s + until_s - time.time()))
        sender.close()
    finally:
        stop.set()
        output, _ = sampler.communicate("stop\n", timeout=20)
    real = [(int(line.split()[0]) / 1000 - began_s, float(line.split()[1])) for line in output.splitlines()]
    real = [(at_s, level) for at_s, level in real if 0 <= at_s <= until_s]
    return Curve(real, _simulated_overload(sent, [at_s - began_s for at_s in worked], work_s, until_s))


def _consume(port: int, work_s: float, stop: threading.Event, worked: list[float]) -> None:
    connection = Stomp(port)
    connection.subscribe("/queue/load", 100)
    while not stop.is_set():
        try:
            message = connection.next(0.2)
        except TimeoutError:
            continue
        if message.command == "MESSAGE":
            worked.append(time.time())
            time.sleep(work_s)
            connection.acknowledge(message)
    connection.close()


def _paces(worked: list[float], work_s: float, until_s: float) -> list[float]:
    """How long the real consumer needed for a message, in each second: this machine has other things to do too."""
    found: list[list[float]] = [[] for _ in range(int(until_s) + 1)]
    for earlier, later in itertools.pairwise(worked):
        if 0 <= earlier < until_s and later - earlier < 20 * work_s:
            found[int(earlier)].append(later - earlier)
    paces, last = [], work_s
    for gaps in found:
        last = sum(gaps) / len(gaps) if gaps else last
        paces.append(last)
    return paces


def _simulated_overload(sent: list[float], worked: list[float], work_s: float, until_s: float) -> list[tuple[float, float]]:
    """The same sends, as they were made, and a consumer that is as fast in each second as the real one was."""
    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "source": ("traffic", {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": sent}}}), "mq": ("mq", {"sync_latency_s": 0}),
        "app": ("jms_consumer", {"consumers": 1, "duration": {"type": "constant", "value_s": work_s}})}
    paces = [{"time_s": float(second), "action": "parameter", "node": "app", "parameter": "duration", "value": {"type": "constant", "value_s": pace_s}}
             for second, pace_s in enumerate(_paces(worked, work_s, until_s)) if second < until_s]
    report = simulate(_scenario(nodes, [("source.out", "mq.in", {}), ("mq.out", "app.source", {"prefetch": 100})], until_s), paces).to_json()
    return list(zip(report["series"]["time_s"], report["series"]["nodes"]["mq"]["QueueSize"], strict=True))
