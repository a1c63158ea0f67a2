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

from designer.diagrams import checked_graph, create_diagram, diagram_json, find_diagram, graph_of, listed_json, save_diagram
from designer.models import Diagram
from designer.patterns import answer
from designer.serializers import (
    DiagramListedSerializer,
    DiagramRequestSerializer,
    DiagramSaveSerializer,
    DiagramSerializer,
    ExampleSerializer,
    PatternAnswerSerializer,
    PatternTestSerializer,
    VersionListedSerializer,
    VersionSerializer,
)
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

    @extend_schema(responses=DiagramListedSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the visitor's diagrams, the latest changed first."""
        return Response([listed_json(diagram) for diagram in Diagram.objects.filter(owner=owner_of(request))])

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

    @extend_schema(responses={204: None, 404: ErrorSerializer})
    def delete(self, request: Request, diagram_id: uuid.UUID) -> Response:
        """Delete a diagram with its versions and runs."""
        diagram = find_diagram(diagram_id, owner_of(request))
        Run.objects.filter(diagram=diagram.pk, owner=diagram.owner).delete()
        diagram.delete()
        return Response(status=204)


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
        versions = find_diagram(diagram_id, owner_of(request)).versions.values("number", "created_at")
        return Response(list(versions))


class VersionView(APIView):
    """One version of a diagram."""

    @extend_schema(responses={200: VersionSerializer, 404: ErrorSerializer})
    def get(self, request: Request, diagram_id: uuid.UUID, number: int) -> Response:
        """Read one version."""
        version = find_diagram(diagram_id, owner_of(request)).versions.filter(number=number).first()
        if version is None:
            raise not_there("version")
        return Response({"number": version.number, "created_at": version.created_at, "graph": version.graph})


class RunsView(APIView):
    """The visitor's runs."""

    @extend_schema(parameters=[OpenApiParameter("diagram", str)], responses=RunSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the visitor's runs (of one diagram), the latest first."""
        owner = owner_of(request)
        runs = Run.objects.filter(owner=owner).defer("scenario", "report")
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
