from importlib import import_module

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "config.kernel"
    label = "kernel"
    verbose_name = "People and plumbing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register how keys and sessions are described, before the description is made or checked."""
        import_module("config.kernel.api.schema")
