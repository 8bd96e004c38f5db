"""Every address of the house. Each app mounts its own routes under the shared roots."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config.api import BlastRadius, DeskMe, Docs, ItemLife, Retention, Schema
from config.console.forms import form_check, form_preview
from config.console.judges import judges
from config.console.operations import operations
from config.console.quality import quality
from config.console.views import item_content
from config.portal.people import Welcome

handler400 = "config.api.bad_request"
handler404 = "config.api.missing"
handler500 = "config.api.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/desk/"), name="home"),
    path("api/v1/items/<uuid:item>/life", ItemLife.as_view()),
    path("api/v1/", include("labeling.api.urls")),
    path("api/v1/", include("routing.api.customer_urls")),
    path("api/v1/", include("quality.api.customer_urls")),
    path("api/v1/", include("delivery.api.urls")),
    path("api/v1/projects/<uuid:project>/guidelines/<int:number>/blast-radius", BlastRadius.as_view()),
    path("api/v1/retention", Retention.as_view()),
    path("api/desk/v1/me", DeskMe.as_view()),
    path("api/desk/v1/", include("routing.api.urls")),
    path("api/desk/v1/", include("quality.api.urls")),
    path("api/schema/", Schema.as_view(), name="schema"),
    path("api/docs/", Docs.as_view(), name="docs"),
    path("desk/", include("config.desk.urls")),
    path("portal/", include("config.portal.urls")),
    path("welcome/<str:token>/", Welcome.as_view(), name="welcome"),
    path("admin/content/<int:version>/", item_content, name="item-content"),
    path("admin/operations/<uuid:project>/", operations, name="operations"),
    path("admin/quality/<uuid:project>/", quality, name="quality"),
    path("admin/quality/<uuid:project>/judges/", judges, name="judges"),
    path("admin/form-preview/", form_preview, name="form-preview"),
    path("admin/form-check/", form_check, name="form-check"),
    path("admin/", admin.site.urls),
]
