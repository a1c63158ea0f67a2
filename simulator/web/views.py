"""The API of services, findings, traces and runs."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.text import slugify
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from simulator import catalog
from simulator.frames import Control
from simulator.report_formats import ENDINGS, MEDIA_TYPES, digest, write
from simulator.run_comparison import MOST_RUNS, Side, side_by_side
from simulator.scenario import RunSettings
from simulator.traces import TraceError, parse_trace, summary
from simulator.web.checking import findings_of
from simulator.web.errors import ApiError
from simulator.web.models import Controllers, ControlRow, FrameRow
from simulator.web.owners import owner_of
from simulator.web.runs import find_run, give_control, run_json
from simulator.web.serializers import (
    ControlSerializer,
    ErrorSerializer,
    FindingsSerializer,
    FramesSerializer,
    GraphRequestSerializer,
    HealthSerializer,
    RunChangeSerializer,
    RunSerializer,
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
        return Response({"findings": findings_of(_field(request, "graph"))})


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
        owner, key = owner_of(request), request.query_params.get("key", "")
        run = find_run(run_id, owner, key)
        return Response({**run_json(run, owner, key), "graph": run.scenario, "graph_sha256": digest(run.scenario)})

    @extend_schema(request=RunChangeSerializer, responses={200: RunSerializer, 400: ErrorSerializer, 404: ErrorSerializer})
    def patch(self, request: Request, run_id: uuid.UUID) -> Response:
        """Choose who may control a run: its owner alone, or everyone with the link."""
        owner = owner_of(request)
        run = find_run(run_id, owner, to_change=True)
        controllers = _field(request, "controllers")
        if controllers not in Controllers.values:
            raise ApiError(400, "invalid-request", f"'{controllers}' says not who may control a run", f"Use {' or '.join(Controllers.values)}")
        run.change(controllers=controllers)
        return Response(run_json(run, owner))

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

    @extend_schema(
        parameters=[KEY, OpenApiParameter("format", str, enum=list(MEDIA_TYPES), description="A file with the definition of every figure; without it, the report alone")],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/markdown"): OpenApiTypes.STR, (200, "text/csv"): OpenApiTypes.STR, 400: ErrorSerializer, 404: ErrorSerializer},
    )
    def get(self, request: Request, run_id: uuid.UUID) -> HttpResponse:
        """Read the report of a run that has ended, as it is or as a file."""
        run = find_run(run_id, owner_of(request), request.query_params.get("key", ""))
        style = request.query_params.get("format")
        if style is not None and style not in MEDIA_TYPES:
            raise ApiError(400, "invalid-request", f"'{style}' is no format of a report", f"Use {', '.join(MEDIA_TYPES)}")
        if not run.report:
            raise ApiError(404, "report-not-ready", "The report is made when the run ends", "Wait, or stop the run")
        if style is None:
            return HttpResponse(run.report, content_type="application/json")
        # Whoever reads the file is to find the run, too: the address is the view link, which lets nobody change anything of a run that is over.
        content = write(style, json.loads(run.report), run.scenario, request.build_absolute_uri(f"/runs/{run.pk}/?key={run.view_key}"))
        name = f"{slugify(run.name) or 'run'}-report.{ENDINGS[style]}"
        return HttpResponse(content, content_type=f"{MEDIA_TYPES[style]}; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})


class ControlsView(APIView):
    """The controls of a run."""

    @extend_schema(parameters=[KEY], responses={200: ControlSerializer(many=True), 404: ErrorSerializer})
    def get(self, request: Request, run_id: uuid.UUID) -> Response:
        """Read the controls given so far."""
        run = find_run(run_id, owner_of(request), request.query_params.get("key", ""))
        return Response([_control_json(row) for row in run.controls.all()])

    @extend_schema(parameters=[KEY], request={"application/json": shape_schema(Control)}, responses={201: ControlSerializer, 400: ErrorSerializer, 403: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer})
    def post(self, request: Request, run_id: uuid.UUID) -> Response:
        """Control a run that goes on; it takes effect between two frames."""
        owner, key = owner_of(request), request.query_params.get("key", "")
        return Response(_control_json(give_control(find_run(run_id, owner, key), request.data, owner, key)), status=201)


class CompareView(APIView):
    """Runs side by side."""

    @extend_schema(
        parameters=[OpenApiParameter("runs", str, description="Ids of two runs or more, joined by commas; the others are compared with the first"),
                    OpenApiParameter("keys", str, description="The keys of their view links in the same order, joined by commas, for runs of others")],
        responses={200: OpenApiTypes.OBJECT, 400: ErrorSerializer, 404: ErrorSerializer, 409: ErrorSerializer})
    def get(self, request: Request) -> Response:
        """Compare runs that have ended: what differs in their diagrams, every figure, and what it comes to."""
        owner = owner_of(request)
        ids = [text for text in request.query_params.get("runs", "").split(",") if text]
        keys = request.query_params.get("keys", "").split(",")
        if not 2 <= len(ids) <= MOST_RUNS:
            raise ApiError(400, "invalid-request", f"Two to {MOST_RUNS} runs can be compared, not {len(ids)}", "Name them as ?runs=ID,ID")
        runs = [find_run(_run_id(text), owner, keys[place] if place < len(keys) else "") for place, text in enumerate(ids)]
        for run in runs:
            if not run.report:
                raise ApiError(409, "report-not-ready", f"The run '{run.name or run.pk}' has no report: it goes on, or it failed", "Wait for its end, or compare others")
        sides = [Side(run.name or f"Run {place}", json.loads(run.report), run.scenario, json.loads(run.samples or "{}")) for place, run in enumerate(runs, 1)]
        return Response({**side_by_side(sides), "ids": ids})


def _run_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ApiError(400, "invalid-request", f"'{text}' is not the id of a run") from None


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

