from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "config.kernel"
    label = "kernel"
    verbose_name = "People and plumbing"
    default_auto_field = "django.db.models.BigAutoField"
