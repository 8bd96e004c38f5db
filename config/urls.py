"""Every address of the house."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from config.kernel import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("admin/", admin.site.urls),
]
