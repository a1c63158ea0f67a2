"""A diagram, and its versions: graphs that are never changed, with a name where somebody gave one."""

from __future__ import annotations

import uuid

from django.db import models


class Diagram(models.Model):
    """A diagram of one owner (``user:ID`` or ``guest:UUID``). ``version`` is the number of its latest version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.CharField(max_length=60, db_index=True)
    name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    """When it was put into the trash; null while it is in use."""

    class Meta:
        ordering = ("-updated_at",)

    def __str__(self) -> str:
        return self.name or str(self.pk)


class DiagramVersion(models.Model):
    """One version of a diagram's graph."""

    diagram = models.ForeignKey(Diagram, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    graph = models.JSONField()
    name = models.CharField(max_length=200, blank=True)
    """What its owner calls this state of the diagram; named versions are kept however many come after."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = [models.UniqueConstraint(fields=("diagram", "number"), name="one_graph_per_version")]

    def __str__(self) -> str:
        return f"version {self.number} of {self.diagram_id}"
