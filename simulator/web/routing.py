"""Addresses of sockets."""

from django.urls import path

from simulator.web.consumers import RunConsumer

websocket_urlpatterns = [path("ws/runs/<uuid:run_id>/", RunConsumer.as_asgi())]
