"""Addresses of pages, and of the API of diagrams."""

from django.urls import path

from designer import views

urlpatterns = [
    path("", views.page),
    path("diagrams/<uuid:diagram_id>/", views.page),
    path("compare/", views.page),
    path("runs/<uuid:run_id>/", views.page),
    path("api/examples/", views.ExamplesView.as_view()),
    path("api/diagrams/", views.DiagramsView.as_view()),
    path("api/diagrams/<uuid:diagram_id>/", views.DiagramView.as_view()),
    path("api/diagrams/<uuid:diagram_id>/duplicate/", views.DuplicateView.as_view()),
    path("api/diagrams/<uuid:diagram_id>/restore/", views.RestoreView.as_view()),
    path("api/diagrams/<uuid:diagram_id>/versions/", views.VersionsView.as_view()),
    path("api/diagrams/<uuid:diagram_id>/versions/<int:number>/", views.VersionView.as_view()),
    path("api/definitions/", views.DefinitionsView.as_view()),
    path("api/distributions/", views.DistributionsView.as_view()),
    path("api/ports/", views.PortsView.as_view()),
    path("api/patterns/test/", views.PatternTestView.as_view()),
    path("api/runs/", views.RunsView.as_view()),
]
