"""Addresses of the API, except those of diagrams."""

from django.urls import path

from simulator.web import views

urlpatterns = [
    path("health/", views.HealthView.as_view()),
    path("services/", views.ServicesView.as_view()),
    path("findings/", views.FindingsView.as_view()),
    path("traces/", views.TracesView.as_view()),
    path("runs/<uuid:run_id>/", views.RunView.as_view()),
    path("runs/<uuid:run_id>/frames/", views.FramesView.as_view()),
    path("runs/<uuid:run_id>/report/", views.ReportView.as_view()),
    path("compare/", views.CompareView.as_view()),
    path("runs/<uuid:run_id>/controls/", views.ControlsView.as_view()),
]
