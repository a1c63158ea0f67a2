"""The shapes of requests and answers, for validation and for the OpenAPI description."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from pydantic import TypeAdapter
from rest_framework import serializers

from simulator.frames import Control, FrameShape
from simulator.scenario import Scenario
from simulator.web.models import Controllers, RunState


class ShapeField(serializers.JSONField):
    """JSON whose form is declared elsewhere, by Pydantic."""

    shape: Any = dict


class GraphField(ShapeField):
    """A scenario."""

    shape = Scenario


class FrameField(ShapeField):
    """A frame."""

    shape = FrameShape


class ControlField(ShapeField):
    """A control."""

    shape = Control


class ShapeFieldExtension(OpenApiSerializerFieldExtension):
    """Describe such a field by its Pydantic schema, with its definitions written out in place."""

    target_class = ShapeField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return shape_schema(self.target.shape)


class VisitorScheme(OpenApiAuthenticationExtension):
    """Visitors are known by their session cookie."""

    target_class = "simulator.web.owners.VisitorAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
        return {key: _inlined(value, definitions) for key, value in schema.items() if key != "discriminator"}
    if isinstance(schema, list):
        return [_inlined(entry, definitions) for entry in schema]
    return schema


def shape_schema(shape: Any) -> dict[str, Any]:
    """The JSON Schema of a shape that Pydantic declares, with its definitions written out in place."""
    schema = TypeAdapter(shape).json_schema(by_alias=True)
    definitions = schema.pop("$defs", {})
    found: dict[str, Any] = _inlined(schema, definitions)
    return found


class FindingSerializer(serializers.Serializer):
    """Something about a scenario that its author can mend."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "note"])
    node = serializers.CharField(allow_null=True)
    wire = serializers.CharField(allow_null=True)
    parameter = serializers.CharField(allow_null=True)
    message = serializers.CharField()
    hint = serializers.CharField()
    related = serializers.ListField(child=serializers.CharField())


class FindingsSerializer(serializers.Serializer):
    """All findings of a graph."""

    findings = FindingSerializer(many=True)


class ErrorDetailSerializer(serializers.Serializer):
    """What went wrong, and the way out."""

    code = serializers.CharField()
    message = serializers.CharField()
    hint = serializers.CharField()
    findings = FindingSerializer(many=True)


class ErrorSerializer(serializers.Serializer):
    """The one shape of errors."""

    error = ErrorDetailSerializer()


class ServicesSerializer(serializers.Serializer):
    """Everything the browser needs to know of services."""

    engine_version = serializers.CharField()
    services = serializers.ListField(child=serializers.JSONField())
    run = serializers.JSONField(help_text="JSON Schema of the run settings")


class GraphRequestSerializer(serializers.Serializer):
    """A graph to look at."""

    graph = GraphField()


class RunRequestSerializer(serializers.Serializer):
    """What to run: a diagram of yours (its latest version if none is named), or a graph."""

    diagram = serializers.UUIDField(required=False, allow_null=True)
    version = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    graph = GraphField(required=False)
    speed = serializers.FloatField(required=False, allow_null=True, min_value=1e-6, max_value=1e9, help_text="Simulated seconds a second; null: as fast as possible")
    run = serializers.JSONField(required=False, help_text="Overrides of the graph's run settings")


class ProgressFigureSerializer(serializers.Serializer):
    """A figure over the replications so far."""

    figure = serializers.ListField(child=serializers.CharField())
    title = serializers.CharField()
    unit = serializers.CharField()
    mean = serializers.FloatField()
    half_width = serializers.FloatField(allow_null=True)
    min = serializers.FloatField()
    max = serializers.FloatField()
    samples = serializers.IntegerField()


class ReplicationProgressSerializer(serializers.Serializer):
    """How far the replications of a run are."""

    done = serializers.IntegerField()
    expected = serializers.IntegerField(help_text="How many it looks like being")
    precision = serializers.FloatField(allow_null=True, help_text="The widest of the chosen intervals, half of it as a share of its mean")
    figures = ProgressFigureSerializer(many=True)


class RunSerializer(serializers.Serializer):
    """A run."""

    id = serializers.UUIDField()
    diagram = serializers.UUIDField(allow_null=True)
    diagram_version = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    state = serializers.ChoiceField(choices=RunState.choices)
    error = ErrorDetailSerializer(allow_null=True)
    speed = serializers.FloatField(allow_null=True)
    paused = serializers.BooleanField()
    simulated_s = serializers.FloatField()
    duration_s = serializers.FloatField()
    last_seq = serializers.IntegerField()
    frame_interval_s = serializers.FloatField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    engine_version = serializers.CharField()
    is_owner = serializers.BooleanField()
    controllers = serializers.ChoiceField(choices=Controllers.choices, help_text="Who may control it: its owner alone, or everyone with the link")
    may_control = serializers.BooleanField(help_text="Whether whoever asks may")
    ahead = serializers.IntegerField(allow_null=True, help_text="Runs that wait for a free worker since before this one; null where it does not wait")
    replications = ReplicationProgressSerializer(allow_null=True)
    view_url = serializers.CharField(allow_null=True)


class RunChangeSerializer(serializers.Serializer):
    """What an owner may change of a run."""

    controllers = serializers.ChoiceField(choices=Controllers.choices)


class RunWithGraphSerializer(RunSerializer):
    """A run with the graph it ran on, and what identifies that graph."""

    graph = GraphField()
    graph_sha256 = serializers.CharField()


class FramesSerializer(serializers.Serializer):
    """Frames in order."""

    frames = serializers.ListField(child=FrameField())
    last_seq = serializers.IntegerField()


class ControlSerializer(serializers.Serializer):
    """A control that was given, and when it took effect."""

    id = serializers.IntegerField()
    control = ControlField()
    time_s = serializers.FloatField(allow_null=True)


class HealthSerializer(serializers.Serializer):
    """The server answers."""

    status = serializers.CharField()
