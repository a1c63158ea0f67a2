"""The Django application that runs simulations for visitors."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Runs, their frames and controls."""

    name = "simulator.web"
    label = "runs"
    verbose_name = "Runs"
