"""Creating, saving, copying and finding diagrams, with their limits and permissions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from designer.models import Diagram, DiagramVersion
from simulator.web.checking import findings_of
from simulator.web.errors import ApiError, not_there
from simulator.web.models import Run
from simulator.web.runs import check_size, run_json

MAX_NAME = 200


def find_diagram(diagram_id: uuid.UUID, owner: str, *, lock: bool = False, trashed: bool = False) -> Diagram:
    """A diagram of this owner, in use or ``trashed``; otherwise it is not there."""
    diagrams = Diagram.objects.select_for_update() if lock else Diagram.objects
    diagram = diagrams.filter(pk=diagram_id, owner=owner, trashed_at__isnull=not trashed).first()
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
    if Diagram.objects.filter(owner=owner, trashed_at=None).count() >= settings.MAX_DIAGRAMS_PER_OWNER:
        raise ApiError(429, "too-many-diagrams", f"You have {settings.MAX_DIAGRAMS_PER_OWNER} diagrams, as many as this server keeps", "Delete some")
    with transaction.atomic():
        diagram = Diagram.objects.create(owner=owner, name=stored["name"])
        DiagramVersion.objects.create(diagram=diagram, number=1, graph=stored)
    return diagram


def save_diagram(diagram_id: uuid.UUID, owner: str, graph: Any, base_version: Any) -> Diagram:
    """Store a new version if ``base_version`` is the latest; raise a 409 `ApiError` with the current diagram otherwise.

    A browser whose answer was lost sends the same change again: it is no conflict, and the diagram as it is now is the answer.
    """
    if not isinstance(base_version, int) or isinstance(base_version, bool):
        raise ApiError(400, "invalid-request", "'base_version' must be the number of the version that was changed", "Send it with the graph")
    stored = checked_graph(graph)
    with transaction.atomic():
        diagram = find_diagram(diagram_id, owner, lock=True)
        if diagram.version != base_version:
            if _has_arrived(diagram, stored, base_version):
                return diagram
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
        DiagramVersion.objects.filter(diagram=diagram, number__lte=diagram.version - settings.MAX_VERSIONS_PER_DIAGRAM, name="").delete()
    return diagram


def _has_arrived(diagram: Diagram, stored: dict[str, Any], base_version: int) -> bool:
    """Whether this very graph is the latest version, or the one that followed ``base_version``."""
    return any(version.graph == stored for version in diagram.versions.filter(number__gt=base_version, number__in=(base_version + 1, diagram.version)))


def name_version(diagram: Diagram, number: int, name: Any) -> DiagramVersion:
    """Give a version a name, or take it away with an empty one."""
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise ApiError(400, "invalid-request", f"'name' must be a text of at most {MAX_NAME} characters", "An empty one takes the name away")
    version = diagram.versions.filter(number=number).first()
    if version is None:
        raise not_there("version")
    if name and not version.name and diagram.versions.exclude(name="").count() >= settings.MAX_NAMED_VERSIONS_PER_DIAGRAM:
        raise ApiError(429, "too-many-names", f"{settings.MAX_NAMED_VERSIONS_PER_DIAGRAM} versions of this diagram have names, as many as this server keeps", "Take the name of another away")
    version.name = name.strip()
    version.save(update_fields=["name"])
    return version


def trash(diagram: Diagram) -> None:
    """Put a diagram into the trash; of a full trash, the oldest goes for good."""
    diagram.trashed_at = timezone.now()
    diagram.save(update_fields=["trashed_at"])
    for old in Diagram.objects.filter(owner=diagram.owner).exclude(trashed_at=None).order_by("-trashed_at")[settings.MAX_TRASHED_DIAGRAMS_PER_OWNER:]:
        erase(old)


def restore(diagram: Diagram) -> None:
    """Take a diagram out of the trash."""
    if Diagram.objects.filter(owner=diagram.owner, trashed_at=None).count() >= settings.MAX_DIAGRAMS_PER_OWNER:
        raise ApiError(429, "too-many-diagrams", f"You have {settings.MAX_DIAGRAMS_PER_OWNER} diagrams, as many as this server keeps", "Delete some")
    diagram.trashed_at = None
    diagram.save(update_fields=["trashed_at"])


def erase(diagram: Diagram) -> None:
    """Delete a diagram with its versions and runs, for good."""
    Run.objects.filter(diagram=diagram.pk, owner=diagram.owner).delete()
    diagram.delete()


def graph_of(diagram: Diagram, number: int) -> dict[str, Any]:
    """The graph of one version."""
    version = diagram.versions.filter(number=number).first()
    if version is None:
        raise not_there("version")
    graph: dict[str, Any] = version.graph
    return graph


def latest_run(diagram: Diagram) -> dict[str, Any] | None:
    """The latest run of a diagram, if there is one."""
    run = Run.objects.filter(diagram=diagram.pk, owner=diagram.owner).defer("scenario", "report", "samples").first()
    return run_json(run, diagram.owner) if run else None


def diagram_json(diagram: Diagram) -> dict[str, Any]:
    """A diagram as the API shows it."""
    graph = graph_of(diagram, diagram.version)
    return {
        "id": str(diagram.pk), "name": diagram.name, "version": diagram.version, "graph": graph, "created_at": diagram.created_at.isoformat(),
        "updated_at": diagram.updated_at.isoformat(), "latest_run": latest_run(diagram), "findings": findings_of(graph),
    }


def listed_json(diagram: Diagram) -> dict[str, Any]:
    """A diagram as a list shows it, with the kinds and places of its nodes for a preview."""
    graph = graph_of(diagram, diagram.version)
    return {
        "id": str(diagram.pk), "name": diagram.name, "version": diagram.version, "updated_at": diagram.updated_at.isoformat(),
        "node_kinds": [node["kind"] for node in graph["nodes"]], "latest_run": latest_run(diagram),
        "trashed_at": diagram.trashed_at.isoformat() if diagram.trashed_at else None,
    }
