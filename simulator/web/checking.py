"""Findings of graphs on a server, where the same graph is asked about again and again: after a change, with its save, at its opening."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.core.cache import cache

from simulator import __version__
from simulator.findings import check
from simulator.scenario import ScenarioError
from simulator.web.runs import check_size


def findings_of(graph: Any) -> list[dict[str, Any]]:
    """What is wrong with a graph, as the API shows it, errors first. It is remembered by what the graph means: most edits only move something, and a save follows a check."""
    try:
        scenario = check_size(graph)
    except ScenarioError as error:
        return [finding.to_json() for finding in error.findings]
    # Of the view, only groups mean anything (see Scenario).
    meant = {**scenario.to_json(), "view": {"groups": scenario.view.get("groups")}}
    key = f"findings-{__version__}-{hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()}"
    found: list[dict[str, Any]] = cache.get_or_set(key, lambda: [finding.to_json() for finding in check(scenario)], settings.FINDINGS_REMEMBERED_S)
    return found
