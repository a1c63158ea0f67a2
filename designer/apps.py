"""The Django application of diagrams."""

from django.apps import AppConfig


class DesignerConfig(AppConfig):
    """Diagrams, saved as graphs in immutable versions."""

    name = "designer"
