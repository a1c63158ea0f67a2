"""The shapes of diagrams in requests and answers."""

from __future__ import annotations

from rest_framework import serializers

from simulator.web.serializers import FindingSerializer, GraphField, RunSerializer


class DiagramListedSerializer(serializers.Serializer):
    """A diagram in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField()
    node_kinds = serializers.ListField(child=serializers.CharField())
    latest_run = RunSerializer(allow_null=True)


class DiagramSerializer(serializers.Serializer):
    """A diagram at its latest version."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    graph = GraphField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    latest_run = RunSerializer(allow_null=True)
    findings = FindingSerializer(many=True)


class DiagramRequestSerializer(serializers.Serializer):
    """A new diagram, from a graph or from an example."""

    graph = GraphField(required=False)
    example = serializers.CharField(required=False)


class DiagramSaveSerializer(serializers.Serializer):
    """A changed graph, and the version it was made from."""

    graph = GraphField()
    base_version = serializers.IntegerField()


class VersionListedSerializer(serializers.Serializer):
    """A version in a list."""

    number = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class VersionSerializer(VersionListedSerializer):
    """A version with its graph."""

    graph = GraphField()


class ExampleSerializer(serializers.Serializer):
    """An example of the gallery."""

    slug = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    teaches = serializers.CharField()
    graph = GraphField()


class PatternTestSerializer(serializers.Serializer):
    """A pattern and a message to try it on."""

    kind = serializers.ChoiceField(("event_pattern", "filter_policy"))
    pattern = serializers.JSONField(allow_null=True, help_text="An event pattern or a filter policy; null matches everything.")
    message = serializers.JSONField(
        allow_null=True, help_text="For an event pattern the event (or its detail alone); for a filter policy {attributes: {name: {Type, Value}}, body}.")
    scope = serializers.ChoiceField(("MessageAttributes", "MessageBody"), default="MessageAttributes", help_text="What a filter policy looks at.")


class PatternAnswerSerializer(serializers.Serializer):
    """What came of it."""

    valid = serializers.BooleanField()
    match = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField())
