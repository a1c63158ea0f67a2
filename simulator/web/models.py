"""A run and its two logs: frames that were made, and controls that were given."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from django.db import models
from django.db.models import F


def new_view_key() -> str:
    """A key that opens a run to whoever has the link."""
    return secrets.token_urlsafe(16)


class RunState(models.TextChoices):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


class Controllers(models.TextChoices):
    """Who may control a run beside its owner."""

    OWNER = "owner"
    LINK = "link"


ACTIVE = (RunState.WAITING, RunState.RUNNING)


class Run(models.Model):
    """One simulation of a frozen scenario. ``owner`` is ``user:ID`` or ``guest:UUID``; ``replications`` is how far those are, if there are any.

    ``samples`` is JSON, each figure by replication, for comparing this run with another.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.CharField(max_length=60, db_index=True)
    view_key = models.CharField(max_length=40, default=new_view_key)
    diagram = models.UUIDField(null=True, db_index=True)
    diagram_version = models.PositiveIntegerField(null=True)
    name = models.CharField(max_length=200, blank=True)
    scenario = models.JSONField()
    engine_version = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.WAITING, db_index=True)
    error = models.JSONField(null=True)
    speed = models.FloatField(null=True)
    paused = models.BooleanField(default=False)
    duration_s = models.FloatField()
    frame_interval_s = models.FloatField()
    simulated_s = models.FloatField(default=0)
    last_seq = models.IntegerField(default=-1)
    revision = models.PositiveIntegerField(default=0)
    report = models.TextField(blank=True)
    replications = models.JSONField(null=True)
    samples = models.TextField(blank=True)
    controllers = models.CharField(max_length=10, choices=Controllers.choices, default=Controllers.OWNER)
    process = models.IntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    ahead: int | None = None
    """How many runs wait for a free worker since before this one, as `note_place` found; None: it does not wait, or nobody looked."""

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name or 'run'} {self.id}"

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE

    def note_place(self) -> None:
        """Look how many runs are before this one, if it waits."""
        self.ahead = Run.objects.filter(state=RunState.WAITING, created_at__lt=self.created_at).count() if self.state == RunState.WAITING else None

    def change(self, **values: Any) -> bool:
        """Write these fields and count the revision up, so that viewers are told; false if the run was deleted."""
        for name, value in values.items():
            setattr(self, name, value)
        return bool(Run.objects.filter(pk=self.pk).update(revision=F("revision") + 1, **values))


class FrameRow(models.Model):
    """One frame of a run, as JSON text."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="frames")
    seq = models.PositiveIntegerField()
    time_s = models.FloatField()
    payload = models.TextField()

    class Meta:
        ordering = ("seq",)
        constraints = [models.UniqueConstraint(fields=("run", "seq"), name="one_frame_per_seq")]

    def __str__(self) -> str:
        return f"frame {self.seq}"


class ControlRow(models.Model):
    """One control of a run. ``time_s`` is the simulated time at which it took effect; null until then."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="controls")
    control = models.JSONField()
    time_s = models.FloatField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.control.get('action')} of {self.run_id}"
