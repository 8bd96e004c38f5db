"""The console's own pages about one project: who may open them, and as what they are served."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from config.kernel.console import is_operator
from config.kernel.errors import NotFound
from config.kernel.requests import person
from labeling.models import Project
from labeling.selectors import get_project


def project_page(view: Callable[[HttpRequest, Project], HttpResponse]) -> Callable[..., Any]:
    """Have the view show one project to who operates it: it is given the project, and anybody else 404."""

    @require_GET
    @csp_replace(settings.CONSOLE_SECURITY_POLICY)  # type: ignore[arg-type]
    @wraps(view)
    def page(request: HttpRequest, project: UUID) -> HttpResponse:
        if not admin.site.has_permission(request):
            return redirect_to_login(request.path, "/admin/login/")
        try:
            found = get_project(user=person(request), public_id=project, permission="operate_project")
        except NotFound:
            raise Http404 from None
        if not is_operator(request):
            raise Http404
        return view(request, found)

    return page
