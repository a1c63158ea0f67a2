"""One shape for every error that leaves the server: ``{"error": {"code", "message", "hint", "findings"}}``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response

from simulator.scenario import ScenarioError
from simulator.vocabulary import Finding

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """A refusal that is told to the caller as it is."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", findings: Sequence[Finding] = (), **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.findings = findings
        self.more = more


def error_shape(code: str, message: str, hint: str = "", findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """The JSON of an error."""
    return {"error": {"code": code, "message": message, "hint": hint, "findings": [finding.to_json() for finding in findings]}}


def not_there(what: str) -> ApiError:
    """Something does not exist, or is not the visitor's (which is told in the same words)."""
    return ApiError(404, "not-found", f"There is no such {what}", f"It was deleted, or it belongs to someone else. Open another {what}")


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into the one error shape."""
    if isinstance(error, ApiError):
        return Response({**error_shape(error.code, error.message, error.hint, error.findings), **error.more}, status=error.status)
    if isinstance(error, ScenarioError):
        message = error.findings[0].message if len(error.findings) == 1 else f"The scenario has {len(error.findings)} errors"
        return Response(error_shape("invalid-scenario", message, "See the findings", error.findings), status=422)
    if isinstance(error, RequestDataTooBig):
        return Response(error_shape("too-large", "The request is larger than this server takes", "Send less"), status=413)
    if isinstance(error, Http404):
        return Response(error_shape("not-found", "There is nothing at this address"), status=404)
    if isinstance(error, (PermissionDenied, exceptions.PermissionDenied)):
        return Response(error_shape("forbidden", str(error) or "This is not allowed", "Reload the page and try again"), status=403)
    if isinstance(error, exceptions.ParseError):
        return Response(error_shape("malformed-json", f"The request is not valid JSON: {error.detail}", "Send a JSON object"), status=400)
    if isinstance(error, exceptions.ValidationError):
        return Response(error_shape("invalid-request", _flat(error.detail), "Correct the fields named"), status=400)
    if isinstance(error, exceptions.APIException):
        return Response(error_shape(str(error.default_code).replace("_", "-"), str(error.detail)), status=error.status_code)
    logger.exception("A view failed")
    return Response(error_shape("server-error", "The server made a mistake", "Try again; if it happens again, report it"), status=500)


def _flat(detail: Any) -> str:
    if isinstance(detail, dict):
        return "; ".join(f"{name}: {_flat(value)}" for name, value in detail.items())
    if isinstance(detail, list):
        return ", ".join(_flat(value) for value in detail)
    return str(detail)


def _page_or_json(request: HttpRequest, status: int, code: str, message: str, hint: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(error_shape(code, message, hint), status=status)
    return render(request, "error.html", {"status": status, "message": message, "hint": hint}, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 404 page, or its JSON."""
    return _page_or_json(request, 404, "not-found", "There is nothing at this address", "It may be mistyped, or what was here is gone")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The 403 page, or its JSON."""
    return _page_or_json(request, 403, "forbidden", "This is not allowed", "Reload the page and try again")


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 page, or its JSON."""
    return _page_or_json(request, 500, "server-error", "The server made a mistake", "Try again; if it happens again, report it")
