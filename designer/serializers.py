"""The shapes of diagrams in requests and answers."""

from __future__ import annotations

from rest_framework import serializers

from designer.definitions import LANGUAGES
from designer.patterns import KINDS
from simulator.languages.asl.definition import MOST_CHARACTERS
from simulator.web.serializers import FindingSerializer, GraphField, RunSerializer


class DiagramListedSerializer(serializers.Serializer):
    """A diagram in a list."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    updated_at = serializers.DateTimeField()
    node_kinds = serializers.ListField(child=serializers.CharField())
    latest_run = RunSerializer(allow_null=True)
    trashed_at = serializers.DateTimeField(allow_null=True)


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
    name = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class VersionNameSerializer(serializers.Serializer):
    """A name for a version."""

    name = serializers.CharField(allow_blank=True, max_length=200)


class VersionSerializer(VersionListedSerializer):
    """A version with its graph."""

    graph = GraphField()


class ExampleSerializer(serializers.Serializer):
    """An example of the gallery."""

    slug = serializers.CharField()
    topic = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    teaches = serializers.CharField()
    graph = GraphField()


class PatternTestSerializer(serializers.Serializer):
    """A pattern and a message to try it on."""

    kind = serializers.ChoiceField(KINDS)
    pattern = serializers.JSONField(allow_null=True, help_text="An event pattern or a filter policy, for the kinds in the plural a list of patterns of which one has to match; null matches everything.")
    message = serializers.JSONField(
        allow_null=True, help_text="For an event pattern the event (or its detail alone); otherwise {attributes: {name: {Type, Value}}, body}.")
    name = serializers.CharField(default="message", max_length=200, help_text="The detail type of an event whose detail alone is given.")
    scope = serializers.ChoiceField(("MessageAttributes", "MessageBody"), default="MessageAttributes", help_text="What a filter policy looks at.")


class PatternAnswerSerializer(serializers.Serializer):
    """What came of it."""

    valid = serializers.BooleanField()
    match = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField())


class PortsRequestSerializer(serializers.Serializer):
    """A node whose ports are asked for."""

    kind = serializers.CharField()
    parameters = serializers.DictField(required=False, help_text="What differs from the defaults.")


class PortsSerializer(serializers.Serializer):
    """The ports of a node, each as in GET /api/services/."""

    ports = serializers.ListField(child=serializers.DictField())
    valid = serializers.BooleanField(help_text="Whether the parameters from which ports follow are valid; if not, the ports are those of every such node.")


class DistributionRequestSerializer(serializers.Serializer):
    """A distribution of durations, as a parameter holds it."""

    distribution = serializers.DictField()


class PercentileSerializer(serializers.Serializer):
    """The duration that this share of the work does not exceed."""

    share = serializers.FloatField()
    value_s = serializers.FloatField()


class BinsSerializer(serializers.Serializer):
    """How much of the work lies between which durations."""

    scale = serializers.ChoiceField(("linear", "log"))
    edges_s = serializers.ListField(child=serializers.FloatField(), help_text="One more than shares, rising.")
    shares = serializers.ListField(child=serializers.FloatField())


class DistributionSerializer(serializers.Serializer):
    """What a distribution looks like."""

    mean_s = serializers.FloatField()
    deviation_s = serializers.FloatField()
    percentiles = PercentileSerializer(many=True)
    bins = BinsSerializer()


class DefinitionSerializer(serializers.Serializer):
    """A text in a language of AWS."""

    language = serializers.ChoiceField(tuple(LANGUAGES))
    text = serializers.CharField(max_length=MOST_CHARACTERS, allow_blank=True, trim_whitespace=False)


class ProblemSerializer(serializers.Serializer):
    """What is wrong at one place."""

    path = serializers.CharField()
    message = serializers.CharField()
    severity = serializers.ChoiceField(("error", "warning"))
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)


class PartSerializer(serializers.Serializer):
    """A part of what the text describes."""

    name = serializers.CharField()
    type = serializers.CharField()
    group = serializers.CharField()
    start = serializers.BooleanField()
    end = serializers.BooleanField()


class WaySerializer(serializers.Serializer):
    """A way from one part to another (``from`` and ``to``)."""

    to = serializers.CharField()
    kind = serializers.ChoiceField(("next", "default", "catch"))

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.CharField(), **super().get_fields()}


class PartGraphSerializer(serializers.Serializer):
    """What the text describes."""

    nodes = PartSerializer(many=True)
    edges = WaySerializer(many=True)


class DefinitionAnswerSerializer(serializers.Serializer):
    """What is wrong with a text, and what it describes."""

    problems = ProblemSerializer(many=True)
    graph = PartGraphSerializer()
