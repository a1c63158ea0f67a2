"""Creating, saving, copying and finding diagrams, with their limits and permissions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction

from designer.models import Diagram, DiagramVersion
from simulator.findings import check
from simulator.scenario import ScenarioError
from simulator.web.errors import ApiError, not_there
from simulator.web.models import Run
from simulator.web.runs import check_size, run_json


def find_diagram(diagram_id: uuid.UUID, owner: str, *, lock: bool = False) -> Diagram:
    """A diagram of this owner; otherwise it is not there."""
    diagrams = Diagram.objects.select_for_update() if lock else Diagram.objects
    diagram = diagrams.filter(pk=diagram_id, owner=owner).first()
    if diagram is None:
        raise not_there("diagram")
    return diagram


def checked_graph(graph: Any) -> dict[str, Any]:
    """A graph in the form in which it is stored; raise `ScenarioError` or `ApiError` if it cannot be."""
    size = len(json.dumps(graph))
    if size > settings.MAX_GRAPH_BYTES:
        raise ApiError(413, "too-large", f"The diagram has {size / 1e6:.1f} MB; this server takes {settings.MAX_GRAPH_BYTES / 1e6:g} MB", "Shorten its traces")
    return check_size(graph).to_json()


def create_diagram(owner: str, graph: Any) -> Diagram:
    """Store a new diagram with its first version."""
    stored = checked_graph(graph)
    if Diagram.objects.filter(owner=owner).count() >= settings.MAX_DIAGRAMS_PER_OWNER:
        raise ApiError(429, "too-many-diagrams", f"You have {settings.MAX_DIAGRAMS_PER_OWNER} diagrams, as many as this server keeps", "Delete some")
    with transaction.atomic():
        diagram = Diagram.objects.create(owner=owner, name=stored["name"])
        DiagramVersion.objects.create(diagram=diagram, number=1, graph=stored)
    return diagram


def save_diagram(diagram_id: uuid.UUID, owner: str, graph: Any, base_version: Any) -> Diagram:
    """Store a new version if ``base_version`` is the latest; raise a 409 `ApiError` with the current diagram otherwise."""
    if not isinstance(base_version, int) or isinstance(base_version, bool):
        raise ApiError(400, "invalid-request", "'base_version' must be the number of the version that was changed", "Send it with the graph")
    stored = checked_graph(graph)
    with transaction.atomic():
        diagram = find_diagram(diagram_id, owner, lock=True)
        if diagram.version != base_version:
            raise ApiError(
                409, "version-conflict", f"The diagram was changed elsewhere: it is at version {diagram.version}, this change began at {base_version}",
                "Keep one of the two, or save yours as a copy", current=diagram_json(diagram),
            )
        if graph_of(diagram, diagram.version) == stored:
            return diagram
        diagram.version += 1
        diagram.name = stored["name"]
        diagram.save()
        DiagramVersion.objects.create(diagram=diagram, number=diagram.version, graph=stored)
        DiagramVersion.objects.filter(diagram=diagram, number__lte=diagram.version - settings.MAX_VERSIONS_PER_DIAGRAM).delete()
    return diagram


def graph_of(diagram: Diagram, number: int) -> dict[str, Any]:
    """The graph of one version."""
    version = diagram.versions.filter(number=number).first()
    if version is None:
        raise not_there("version")
    graph: dict[str, Any] = version.graph
    return graph


def latest_run(diagram: Diagram) -> dict[str, Any] | None:
    """The latest run of a diagram, if there is one."""
    run = Run.objects.filter(diagram=diagram.pk, owner=diagram.owner).defer("scenario", "report").first()
    return run_json(run, diagram.owner) if run else None


def diagram_json(diagram: Diagram) -> dict[str, Any]:
    """A diagram as the API shows it."""
    graph = graph_of(diagram, diagram.version)
    try:
        findings = check(check_size(graph))
    except ScenarioError as error:
        findings = error.findings
    return {
        "id": str(diagram.pk), "name": diagram.name, "version": diagram.version, "graph": graph, "created_at": diagram.created_at.isoformat(),
        "updated_at": diagram.updated_at.isoformat(), "latest_run": latest_run(diagram), "findings": [finding.to_json() for finding in findings],
    }


def listed_json(diagram: Diagram) -> dict[str, Any]:
    """A diagram as a list shows it, with the kinds and places of its nodes for a preview."""
    graph = graph_of(diagram, diagram.version)
    return {
        "id": str(diagram.pk), "name": diagram.name, "version": diagram.version, "updated_at": diagram.updated_at.isoformat(),
        "node_kinds": [node["kind"] for node in graph["nodes"]], "latest_run": latest_run(diagram),
    }
