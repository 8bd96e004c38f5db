"""Every address of the house. Each app mounts its own routes under the shared roots."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config.api import DeskMe, Docs, Retention, Schema
from config.console.views import item_content
from config.kernel import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/desk/"), name="home"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/v1/", include("labeling.api.urls")),
    path("api/v1/", include("delivery.api.urls")),
    path("api/v1/retention", Retention.as_view()),
    path("api/desk/v1/me", DeskMe.as_view()),
    path("api/desk/v1/", include("routing.api.urls")),
    path("api/schema/", Schema.as_view(), name="schema"),
    path("api/docs/", Docs.as_view(), name="docs"),
    path("desk/", include("config.desk.urls")),
    path("portal/", include("config.portal.urls")),
    path("admin/content/<int:version>/", item_content, name="item-content"),
    path("admin/", admin.site.urls),
]
