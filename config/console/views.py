"""Customer content in the console: in a frame of its own, which may run and fetch nothing. Every look is logged."""

from csp.decorators import csp
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from config.kernel.rendering import render_markdown
from config.kernel.requests import person
from labeling.models import ItemVersion
from labeling.services.access import log_read

FRAME_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'self'"],
    "frame-ancestors": ["'self'"],
    "sandbox": [],
}


@xframe_options_sameorigin
@csp(FRAME_POLICY)  # type: ignore[arg-type]
def item_content(request: HttpRequest, version: int) -> HttpResponse:
    """Show one item version to an operator of its project; 404 for anybody else."""
    if not admin.site.has_permission(request):
        return redirect_to_login(request.path, "/admin/login/")
    found = (
        ItemVersion.objects.visible_to(person(request), "operate_project")
        .select_related("item")
        .filter(pk=version)
        .first()
    )
    if found is None:
        raise Http404
    log_read(
        user_id=person(request).pk,
        customer_id=found.customer_id,
        project_id=found.item.project_id,
        door="console",
        object_type="labeling.itemversion",
        object_ids=[found.pk],
    )
    context = {
        "version": found,
        "messages": [(each["role"], render_markdown(each["content"])) for each in found.payload["messages"]],
        "responses": [
            (each["key"], each["model"], render_markdown(each["text"])) for each in found.payload["responses"]
        ],
    }
    return render(request, "console/content.html", context)
