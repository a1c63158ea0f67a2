"""The gallery: scenarios that run as they are, each of which teaches one thing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

TOPICS = ("Start here", "Queues and functions", "Topics and event buses", "Streams", "Message brokers", "Workflows", "APIs and data stores")
"""The headings of the gallery, in their order."""


@dataclass(frozen=True, slots=True)
class Example:
    """A scenario of the gallery. ``teaches`` says what a run shows, as a sentence; ``topic`` is the heading it stands under, ``order`` its place."""

    slug: str
    topic: str
    title: str
    summary: str
    teaches: str
    order: int
    text: str

    @property
    def graph(self) -> dict[str, Any]:
        """The scenario as JSON values, a fresh copy that may be changed."""
        graph: dict[str, Any] = json.loads(self.text)["graph"]
        return graph

    def to_json(self) -> dict[str, Any]:
        """The example as the gallery shows it (docs/reference/contracts.md, section 7)."""
        return {"slug": self.slug, "topic": self.topic, "title": self.title, "summary": self.summary, "teaches": self.teaches, "graph": self.graph}


@cache
def _read() -> tuple[Example, ...]:
    found = []
    for file in resources.files(__name__).iterdir():
        if not file.name.endswith(".json"):
            continue
        text = file.read_text(encoding="utf-8")
        saved = json.loads(text)
        slug = file.name.removesuffix(".json")
        if saved["slug"] != slug:
            raise ValueError(f"the example in {file.name} has the slug '{saved['slug']}'; the two must agree")
        if saved.get("topic") not in TOPICS:
            raise ValueError(f"the example in {file.name} needs a topic, one of: {', '.join(TOPICS)}")
        found.append(Example(slug, saved["topic"], saved["title"], saved["summary"], saved["teaches"], saved["order"], text))
    return tuple(sorted(found, key=lambda entry: (TOPICS.index(entry.topic), entry.order, entry.slug)))


def examples() -> list[Example]:
    """All examples, in the order of the gallery."""
    return list(_read())


def example(slug: str) -> Example:
    """The example with this slug; raise `KeyError` if there is none."""
    for entry in _read():
        if entry.slug == slug:
            return entry
    raise KeyError(slug)
