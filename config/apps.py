"""The app of the start-up: its checks and commands."""

from django.apps import AppConfig


class StartConfig(AppConfig):
    """Registers the system checks that keep demo and production apart."""

    name = "config"
    label = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401
