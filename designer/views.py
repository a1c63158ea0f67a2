"""The API of diagrams, examples and new runs, and the pages."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from designer.definitions import LANGUAGES
from designer.diagrams import (
    checked_graph,
    create_diagram,
    diagram_json,
    erase,
    find_diagram,
    graph_of,
    listed_json,
    name_version,
    restore,
    save_diagram,
    trash,
)
from designer.models import Diagram
from designer.patterns import answer
from designer.serializers import (
    DefinitionAnswerSerializer,
    DefinitionSerializer,
    DiagramListedSerializer,
    DiagramRequestSerializer,
    DiagramSaveSerializer,
    DiagramSerializer,
    DistributionRequestSerializer,
    DistributionSerializer,
    ExampleSerializer,
    PatternAnswerSerializer,
    PatternTestSerializer,
    PortsRequestSerializer,
    PortsSerializer,
    VersionListedSerializer,
    VersionNameSerializer,
    VersionSerializer,
)
from simulator import catalog
from simulator.examples import examples
from simulator.web.errors import ApiError, not_there
from simulator.web.models import Run
from simulator.web.owners import owner_of
from simulator.web.runs import run_json, start_run
from simulator.web.serializers import ErrorSerializer, RunRequestSerializer, RunSerializer


@ensure_csrf_cookie
def page(request: HttpRequest, **_: Any) -> HttpResponse:
    """The shell of every page; the browser finds out from the address what to show."""
    owner_of(request)
    return render(request, "app.html")


class ExamplesView(APIView):
    """The gallery."""

    @extend_schema(responses=ExampleSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the examples with their graphs."""
        return Response([example.to_json() for example in examples()])


class DiagramsView(APIView):
    """The visitor's diagrams."""

    @extend_schema(parameters=[OpenApiParameter("trash", bool, description="Those in the trash instead of those in use")], responses=DiagramListedSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the visitor's diagrams, the latest changed first."""
        trashed = request.query_params.get("trash") in ("1", "true")
        return Response([listed_json(diagram) for diagram in Diagram.objects.filter(owner=owner_of(request), trashed_at__isnull=not trashed)])

    @extend_schema(request=DiagramRequestSerializer, responses={201: DiagramSerializer, 404: ErrorSerializer, 422: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Create a diagram from a graph, or as a copy of an example."""
        body = _object(request)
        graph = body.get("graph")
        if "example" in body:
            example = next((example for example in examples() if example.slug == body["example"]), None)
            if example is None:
                raise not_there("example")
            graph = example.graph
        if graph is None:
            raise ApiError(400, "invalid-request", "'graph' or 'example' is missing", "Send one of them")
        return Response(diagram_json(create_diagram(owner_of(request), graph)), status=201)


class DiagramView(APIView):
    """One diagram."""

    @extend_schema(responses={200: DiagramSerializer, 404: ErrorSerializer})
    def get(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Read a diagram at its latest version."""
        return Response(diagram_json(find_diagram(diagram_id, owner_of(request))))

    @extend_schema(request=DiagramSaveSerializer, responses={200: DiagramSerializer, 404: ErrorSerializer, 409: ErrorSerializer, 422: ErrorSerializer})
    def put(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Save a new version; refused with the current one if the diagram was changed elsewhere."""
        body = _object(request)
        if "graph" not in body:
            raise ApiError(400, "invalid-request", "'graph' is missing", "Send the graph with 'base_version'")
        return Response(diagram_json(save_diagram(diagram_id, owner_of(request), body["graph"], body.get("base_version"))))

    @extend_schema(parameters=[OpenApiParameter("forever", bool, description="Take it out of the trash and delete it")], responses={204: None, 404: ErrorSerializer})
    def delete(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Put a diagram into the trash, or delete one that is there with its versions and runs."""
        if request.query_params.get("forever") in ("1", "true"):
            erase(find_diagram(diagram_id, owner_of(request), trashed=True))
        else:
            trash(find_diagram(diagram_id, owner_of(request)))
        return Response(status=204)


class RestoreView(APIView):
    """A diagram in the trash."""

    @extend_schema(request=None, responses={200: DiagramSerializer, 404: ErrorSerializer, 429: ErrorSerializer})
    def post(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Take a diagram out of the trash."""
        diagram = find_diagram(diagram_id, owner_of(request), trashed=True)
        restore(diagram)
        return Response(diagram_json(diagram))


class DuplicateView(APIView):
    """A copy of a diagram."""

    @extend_schema(request=None, responses={201: DiagramSerializer, 404: ErrorSerializer})
    def post(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Copy a diagram at its latest version."""
        diagram = find_diagram(diagram_id, owner_of(request))
        graph = graph_of(diagram, diagram.version)
        return Response(diagram_json(create_diagram(diagram.owner, {**graph, "name": f"{diagram.name[:180]} (copy)"})), status=201)


class VersionsView(APIView):
    """The versions of a diagram."""

    @extend_schema(responses={200: VersionListedSerializer(many=True), 404: ErrorSerializer})
    def get(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """List the versions, the latest first."""
        versions = find_diagram(diagram_id, owner_of(request)).versions.values("number", "name", "created_at")
        return Response(list(versions))


class VersionView(APIView):
    """One version of a diagram."""

    @extend_schema(responses={200: VersionSerializer, 404: ErrorSerializer})
    def get(self, request: Request, diagram_id: uuid.UUID, number: int) -> Response:
        """Read one version."""
        version = find_diagram(diagram_id, owner_of(request)).versions.filter(number=number).first()
        if version is None:
            raise not_there("version")
        return Response({"number": version.number, "name": version.name, "created_at": version.created_at, "graph": version.graph})

    @extend_schema(request=VersionNameSerializer, responses={200: VersionListedSerializer, 400: ErrorSerializer, 404: ErrorSerializer, 429: ErrorSerializer})
    def patch(self, request: Request, diagram_id: uuid.UUID, number: int) -> Response:
        """Name a version, so that it is kept; an empty name takes it away."""
        version = name_version(find_diagram(diagram_id, owner_of(request)), number, _object(request).get("name"))
        return Response({"number": version.number, "name": version.name, "created_at": version.created_at})


class RunsView(APIView):
    """The visitor's runs."""

    @extend_schema(parameters=[OpenApiParameter("diagram", str)], responses=RunSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the visitor's runs (of one diagram), the latest first."""
        owner = owner_of(request)
        runs = Run.objects.filter(owner=owner).defer("scenario", "report", "samples")
        if request.query_params.get("diagram"):
            runs = runs.filter(diagram=_uuid(request.query_params["diagram"]))
        return Response([run_json(run, owner) for run in runs[:100]])

    @extend_schema(request=RunRequestSerializer, responses={201: RunSerializer, 400: ErrorSerializer, 404: ErrorSerializer, 422: ErrorSerializer, 429: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Start a run of a diagram or of a graph."""
        body = _object(request)
        serializer = RunRequestSerializer(data={key: value for key, value in body.items() if key in ("speed", "version")})
        serializer.is_valid(raise_exception=True)
        overrides = body.get("run")
        if overrides is not None and not isinstance(overrides, dict):
            raise ApiError(400, "invalid-request", "'run' must be an object of run settings")
        owner = owner_of(request)
        diagram, version, graph = None, None, body.get("graph")
        if body.get("diagram"):
            diagram = find_diagram(_uuid(body["diagram"]), owner)
            version = body.get("version") or diagram.version
            graph = graph_of(diagram, version)
        elif graph is None:
            raise ApiError(400, "invalid-request", "'diagram' or 'graph' is missing", "Say what to run")
        else:
            checked_graph(graph)
        run = start_run(owner, graph, speed=body.get("speed"), overrides=overrides, diagram=diagram.pk if diagram else None, version=version)
        return Response(run_json(run, owner), status=201)


class DefinitionsView(APIView):
    """Texts in a language of AWS, while they are written."""

    @extend_schema(request=DefinitionSerializer, responses={200: DefinitionAnswerSerializer, 400: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Say what is wrong with a text, and what it describes, as a graph."""
        serializer = DefinitionSerializer(data=_object(request))
        serializer.is_valid(raise_exception=True)
        return Response(LANGUAGES[serializer.validated_data["language"]](serializer.validated_data["text"]))


class DistributionsView(APIView):
    """What distributions of durations look like."""

    @extend_schema(request=DistributionRequestSerializer, responses={200: DistributionSerializer, 400: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Give mean, percentiles and shape of a distribution, by the formulas that the simulation draws from."""
        serializer = DistributionRequestSerializer(data=_object(request))
        serializer.is_valid(raise_exception=True)
        try:
            return Response(catalog.describe_distribution(serializer.validated_data["distribution"]))
        except ValueError as error:
            raise ApiError(400, "invalid-distribution", str(error), "Correct the distribution") from None


class PortsView(APIView):
    """The ports of nodes whose ports follow from their parameters."""

    @extend_schema(request=PortsRequestSerializer, responses={200: PortsSerializer, 400: ErrorSerializer, 404: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """List the ports of a node of this kind with these parameters; faulty parameters give those of every such node."""
        body = _object(request)
        kind, parameters = body.get("kind"), body.get("parameters", {})
        if not isinstance(parameters, dict):
            raise ApiError(400, "invalid-request", "'parameters' must be an object", "Send the node's parameters as the diagram holds them")
        if not isinstance(kind, str) or kind not in catalog.kinds():
            raise not_there("kind")
        try:
            found, valid = catalog.following_ports(kind, parameters)
        except RecursionError:
            raise ApiError(400, "invalid-request", "The parameters are nested too deeply", "Send some with fewer levels") from None
        return Response({"ports": [catalog.port_json(port) for port in found], "valid": valid})


class PatternTestView(APIView):
    """Whether a message matches an event pattern or a filter policy."""

    @extend_schema(request=PatternTestSerializer, responses={200: PatternAnswerSerializer, 400: ErrorSerializer})
    def post(self, request: Request) -> Response:
        """Say whether the message matches, and why; a pattern that AWS would reject is answered with its faults."""
        try:
            serializer = PatternTestSerializer(data=_object(request))
            serializer.is_valid(raise_exception=True)
            return Response(answer(**serializer.validated_data))
        except RecursionError:
            raise ApiError(400, "invalid-request", "The pattern or the message is nested too deeply", "Send one with fewer levels") from None


def _object(request: Request) -> dict[str, Any]:
    if not isinstance(request.data, dict):
        raise ApiError(400, "invalid-request", "The request must be a JSON object")
    return request.data


def _uuid(text: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise ApiError(400, "invalid-request", f"'{text}' is not the id of a diagram") from None
