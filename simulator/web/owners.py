"""Whose diagrams and runs these are: a signed-in user's, or a guest's, known by their session."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

GUEST_KEY = "guest_id"


class VisitorAuthentication(SessionAuthentication):
    """Like Django's sessions, but requests of guests are checked against forgery too: their diagrams are worth as much."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        user = getattr(request._request, "user", None)
        self.enforce_csrf(request)
        return (user, None) if user is not None and user.is_active else None


def owner_of(request: HttpRequest | Request) -> str:
    """The owner that this visitor is; a new guest gets an id of their own, kept in the session."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    session = request.session
    if GUEST_KEY not in session:
        session[GUEST_KEY] = str(uuid.uuid4())
    return f"guest:{session[GUEST_KEY]}"


def owner_of_scope(scope: Mapping[str, Any]) -> str | None:
    """The owner at the other end of a socket; None for a visitor who has none yet."""
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    guest = scope["session"].get(GUEST_KEY) if "session" in scope else None
    return f"guest:{guest}" if guest else None
