"""Sentences that say what happened in a run, made from causes and series: where it backed up, when, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.engine.network import Network
from simulator.engine.node import Node
from simulator.units import format_count, format_duration, format_rate, format_share, inside_sentence
from simulator.vocabulary import Direction, Verb

if TYPE_CHECKING:
    from simulator.reporting import Recorder

JUMP_FACTOR = 1.2
NOISE = 4.0
"""A change of the arrival rate is told if it is this many standard deviations of Poisson arrivals."""

TOLD_WAIT_S = 0.05
"""Waits that are shorter on average are not worth a sentence."""

EPISODES_TOLD = 3
LESSER_PEAK_SHARE = 0.3


def explain(network: Network, recorder: Recorder, nodes: Mapping[str, Any], paths: Sequence[Mapping[str, Any]], grown: Mapping[str, float]) -> list[str]:
    """What a reader should know first. ``grown`` is how fast backlogs grew, by node, of those that grew to the end."""
    sentences = [sentence for node in network.nodes.values() for sentence in _backlog(node, recorder, nodes[node.id], grown.get(node.id)) or _waiting(node, nodes[node.id])]
    sentences.extend(sentence for node in network.nodes.values() for sentence in _trouble(node, nodes[node.id]))
    if not sentences:
        sentences.append("Nothing backed up: every node kept pace with its load.")
    if paths:
        sentences.append(_slowest_path(network, paths))
    return sentences


def _waiting(node: Node, figures: Mapping[str, Any]) -> list[str]:
    """What was waited for at a node that has no backlog of its own to tell of: messages in a busy consumer's buffer, retries."""
    scarce = [wait for wait in figures["waits"] if wait["scarce"]]
    waited_s = scarce[0]["message_s"] / max(1, arrived(node)) if scarce else 0.0
    if waited_s < TOLD_WAIT_S:
        return []
    return [f"Messages waited for {format_duration(waited_s)} on average at {node.name}: {node.network.inside(scarce[0]['title'])}."]


def _backlog(node: Node, recorder: Recorder, figures: Mapping[str, Any], growth_per_s: float | None) -> list[str]:
    backlog = recorder.backlogs[node.id]
    peak = max(backlog, default=0)
    if peak >= 1 and _has_no_consumer(node):
        left = backlog[-1]
        return [f"{counted(left, 'messages')} {'is' if left == 1 else 'are'} left in {node.name}, which nothing consumes."] if left >= 1 else []
    scarce = [wait for wait in figures["waits"] if wait["scarce"]]
    waited_s = scarce[0]["message_s"] / max(1, arrived(node)) if scarce else 0.0
    if peak < 1 or (not scarce and peak < 10) or (waited_s < TOLD_WAIT_S and peak < 100):
        return []
    episodes = _episodes(backlog, peak)
    at = backlog.index(peak)
    sentences = []
    for episode, before in zip(episodes, [(0, 0), *episodes], strict=False):
        height = max(backlog[episode[0] : episode[1] + 1])
        top = backlog.index(height, episode[0])
        jump = _jump(recorder, node.id, before[1], episode[0], top)
        if top == at or (jump and height >= LESSER_PEAK_SHARE * peak):
            verb = "peaked at" if top == at else "also reached"
            text = f"The backlog of {node.name} {verb} {format_count(height)} after {format_duration(recorder.time_s[top])}{jump}"
            sentences.append((height, text + _drain(recorder.time_s, backlog, top, height, growth_per_s)))
    told = sorted(sentences, reverse=True)[:EPISODES_TOLD]
    sentences_in_time = [text for entry in sentences if entry in told for text in entry[1:]]
    if scarce:
        sentences_in_time.append(_time_spent(node, figures["waits"], scarce[0]))
    return sentences_in_time


def _time_spent(node: Node, waits: Sequence[Mapping[str, Any]], scarce: Mapping[str, Any]) -> str:
    """How much of the time at a node went into waiting for what was scarcest; ``waits`` has the greatest first."""
    whole = sum(wait["message_s"] for wait in waits)
    share, first = scarce["message_s"] / whole, waits[0]
    if first is scarce:
        return f"{share_of(share)} of the time spent at {node.name} has one cause: {scarce['title']}."
    return f"Of the time spent at {node.name}, {format_share(first['message_s'] / whole)} has this cause: {node.network.inside(first['title'])}; {format_share(share)} this one: {node.network.inside(scarce['title'])}."


def share_of(share: float) -> str:
    """A share in words where its figure would say all, and is not."""
    return "Nearly all" if 0.995 <= share < 1 else "All" if share == 1 else format_share(share)


def arrived(node: Node) -> int:
    """Messages and requests that came to ``node`` or began there, taken or not. What answers requests has only those it did the work for."""
    unanswered = sum(wire.sent - wire.delivered for port in node.wires_in.values() for wire in port if wire.target_port.verb is Verb.INVOKE)
    return node.entered + node.created + unanswered


def counted(number: float, unit: str) -> str:
    """A number with its unit, which is singular for one."""
    return f"{format_count(number)} {unit.removesuffix('s') if number == 1 else unit}"


def _has_no_consumer(node: Node) -> bool:
    pulled = [port.name for port in node.own_ports if port.verb is Verb.POLL and port.direction is Direction.OUT]
    return bool(pulled) and not any(node.wires_out[name] for name in pulled)


def _episodes(backlog: Sequence[float], peak: float) -> list[tuple[int, int]]:
    """First and last frame of each time in which the backlog stayed above a twentieth of its peak."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for place, level in enumerate([*backlog, 0.0]):
        if level > 0.05 * peak and start is None:
            start = place
        elif level <= 0.05 * peak and start is not None:
            found.append((start, place - 1))
            start = None
    return found


def _jump(recorder: Recorder, node: str, calm: int, start: int, top: int) -> str:
    """Words for a change of the arrival rate: between the frames ``calm`` and ``start``, against ``start`` to ``top``."""
    came, time_s = recorder.arrived[node], recorder.time_s
    calm_s, growing_s = time_s[start] - time_s[calm], time_s[top] - time_s[start]
    if calm_s <= 0 or growing_s <= 0:
        return ""
    before, during = (came[start] - came[calm]) / calm_s, (came[top] - came[start]) / growing_s
    noise = NOISE * math.sqrt(before / growing_s + before / calm_s)
    if before <= 0 or during <= JUMP_FACTOR * before or during - before <= noise:
        return ""
    return f", when {format_rate(during)} arrived instead of {format_rate(before)}"


def _drain(time_s: Sequence[float], backlog: Sequence[float], at: int, peak: float, growth_per_s: float | None) -> str:
    empty = next((place for place in range(at, len(backlog)) if backlog[place] <= 0.02 * peak), None)
    if empty is not None:
        return f"; it had drained {format_duration(time_s[empty] - time_s[at])} later."
    if growth_per_s is not None and backlog[-1] >= 0.9 * peak:
        return f", and was still growing at the end, by {format_rate(growth_per_s)}."
    return f"; {format_count(backlog[-1])} were left at the end."


COUNTED = ("messages", "requests")
"""Units that read well after a number; anything else is told as so many times."""


def _trouble(node: Node, figures: Mapping[str, Any]) -> list[str]:
    sentences = [f"{figures['name']} lost {counted(loss['messages'], 'messages')}: {node.network.inside(loss['title'])}." for loss in figures["losses"] if loss["messages"]]
    for metric in figures["metrics"].values():
        if metric["type"] == "sum" and metric.get("trouble") and metric["total"]:
            sentences.append(f"{figures['name']}, {inside_sentence(metric['title'])}: {counted(metric['total'], metric['unit'] if metric['unit'] in COUNTED else 'times')}.")
    return sentences


def _slowest_path(network: Network, paths: Sequence[Mapping[str, Any]]) -> str:
    path = max(paths[:20], key=lambda entry: entry["latency"]["p99"] or 0)
    names = " → ".join(network.nodes[node].name for node in path["nodes"])
    text = f"Slowest way: {names}, {path['end']}: half of {format_count(path['messages'])} messages within {format_duration(path['latency']['p50'])}, 99 % within {format_duration(path['latency']['p99'])}"
    if path["split"]:
        first = path["split"][0]
        share = share_of(first["share"])
        text += f"; {share[:1].lower()}{share[1:]} of it: {network.inside(first['title'])}"
    return text + "."
