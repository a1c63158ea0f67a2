"""The API of services, findings, traces and runs."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from simulator import catalog
from simulator.findings import check
from simulator.frames import Control
from simulator.scenario import RunSettings, ScenarioError
from simulator.traces import TraceError, parse_trace, summary
from simulator.web.errors import ApiError
from simulator.web.models import ControlRow, FrameRow
from simulator.web.owners import owner_of
from simulator.web.runs import check_size, find_run, give_control, run_json
from simulator.web.serializers import (
    ControlSerializer,
    ErrorSerializer,
    FindingsSerializer,
    FramesSerializer,
    GraphRequestSerializer,
    HealthSerializer,
    RunWithGraphSerializer,
    ServicesSerializer,
    shape_schema,
)

KEY = OpenApiParameter("key", str, description="The key of a view link")


class HealthView(APIView):
    """Whether the server answers."""

    authentication_classes = ()

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        """Say that the server is up."""
        return Response({"status": "ok"})


class ServicesView(APIView):
    """The catalog."""

    @extend_schema(responses=ServicesSerializer)
    def get(self, request: Request) -> Response:
        """Describe every service, and the run settings."""
        return Response({**catalog.describe_all(), "run": catalog.schema(RunSettings)})


class FindingsView(APIView):
    """What is wrong with a graph."""

    @extend_schema(request=GraphRequestSerializer, responses=FindingsSerializer)
    def post(self, request: Request) -> Response:
        """Check a graph; all findings at once, errors first."""
        try:
            found = check(check_size(_field(request, "graph")))
        except ScenarioError as error:
            found = error.findings
        return Response({"findings": [finding.to_json() for finding in found]})


class TracesView(APIView):
    """Arrival traces."""

    parser_classes = (MultiPartParser, FormParser)

    @extend_schema(
        request={"multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, "interval_s": {"type": "number"}, "kind": {"type": "string", "enum": ["counts", "times"]}}}},
        responses={200: OpenApiTypes.OBJECT, 400: ErrorSerializer, 413: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Parse an uploaded CSV trace into the value of a trace parameter."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_UPLOAD_BYTES + 10_000:
            raise ApiError(413, "too-large", f"The file is larger than the {settings.MAX_UPLOAD_BYTES / 1e6:g} MB that this server reads", "Use longer intervals, or a part of the trace")
        uploaded = request.FILES.get("file")
        if uploaded is None:
            raise ApiError(400, "invalid-request", "The field 'file' is missing", "Send the CSV file as multipart form data")
        kind = request.data.get("kind", "counts")
        if kind not in ("counts", "times"):
            raise ApiError(400, "invalid-request", f"'{kind}' is no kind of trace", "Use counts or times")
        try:
            interval_s = float(request.data.get("interval_s", 60))
            trace = parse_trace(uploaded.read(), name=uploaded.name, kind=kind, interval_s=interval_s, max_bytes=settings.MAX_UPLOAD_BYTES, max_values=settings.MAX_TRACE_VALUES)
        except TraceError as error:
            raise ApiError(400, "invalid-trace", f"{uploaded.name}: {error}", "Correct that line and upload the file again") from None
        except ValueError:
            raise ApiError(400, "invalid-request", "'interval_s' must be a number of seconds", "Give for example 60") from None
        return Response({"trace": trace, "summary": summary(trace)})


class RunView(APIView):
    """One run."""

    @extend_schema(parameters=[KEY], responses={200: RunWithGraphSerializer, 404: ErrorSerializer})
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Read a run and its graph."""
        owner = owner_of(request)
        run = find_run(run_id, owner, request.query_params.get("key", ""))
        return Response({**run_json(run, owner), "graph": run.scenario})

    @extend_schema(responses={204: None, 404: ErrorSerializer})
    def delete(self, request: Request, run_id: uuid.UUID) -> Response:
        """Delete a run; one that goes on is stopped."""
        find_run(run_id, owner_of(request), to_change=True).delete()
        return Response(status=204)


class FramesView(APIView):
    """The frames of a run."""

    @extend_schema(parameters=[KEY, OpenApiParameter("from", int), OpenApiParameter("limit", int)], responses={200: FramesSerializer, 404: ErrorSerializer})
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        """Read stored frames, in order."""
        run = find_run(run_id, owner_of(request), request.query_params.get("key", ""))
        first, limit = _whole(request, "from", 0), _whole(request, "limit", 500)
        limit = min(limit, settings.MAX_FRAMES_PER_REQUEST)
        frames = FrameRow.objects.filter(run=run, seq__gte=first).values_list("payload", flat=True)[:limit]
        return HttpResponse('{"frames":[' + ",".join(frames) + f'],"last_seq":{run.last_seq}}}', content_type="application/json")


class ReportView(APIView):
    """The report of a run."""

    @extend_schema(parameters=[KEY], responses={200: OpenApiTypes.OBJECT, 404: ErrorSerializer})
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        """Read the report of a run that has ended."""
        run = find_run(run_id, owner_of(request), request.query_params.get("key", ""))
        if not run.report:
            raise ApiError(404, "report-not-ready", "The report is made when the run ends", "Wait, or stop the run")
        return HttpResponse(run.report, content_type="application/json")


class ControlsView(APIView):
    """The controls of a run."""

    @extend_schema(parameters=[KEY], responses={200: ControlSerializer(many=True), 404: ErrorSerializer})
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Read the controls given so far."""
        run = find_run(run_id, owner_of(request), request.query_params.get("key", ""))
        return Response([_control_json(row) for row in run.controls.all()])

    @extend_schema(request={"application/json": shape_schema(Control)}, responses={201: ControlSerializer, 400: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer})
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Control a run that goes on; it takes effect between two frames."""
        run = find_run(run_id, owner_of(request), to_change=True)
        return Response(_control_json(give_control(run, request.data)), status=201)


def _control_json(row: ControlRow) -> dict[str, Any]:
    return {"id": row.pk, "control": row.control, "time_s": row.time_s}


def _field(request: Request, name: str) -> Any:
    if not isinstance(request.data, dict) or name not in request.data:
        raise ApiError(400, "invalid-request", f"The field '{name}' is missing", "Send a JSON object with it")
    return request.data[name]


def _whole(request: Request, name: str, default: int) -> int:
    try:
        value = int(request.query_params.get(name, default))
    except ValueError:
        value = -1
    if value < 0:
        raise ApiError(400, "invalid-request", f"'{name}' must be a whole number of 0 or more")
    return value

