"""The form editor's two doors: a page that shows a form as the desk would, and the check of a form that is being written.

Neither touches a customer's content, and the preview can send nothing anywhere: its policy forbids it.
"""

import json

from csp.decorators import csp
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from labeling.forms import InvalidForm, check_form

# The whole policy, not an addition to the settings': what is not named here is forbidden.
PREVIEW_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
}


@require_GET
@xframe_options_sameorigin
@csp(PREVIEW_POLICY)
def form_preview(request: HttpRequest) -> HttpResponse:
    """Show the desk with an invented item; the page around it says which form."""
    if not admin.site.has_permission(request):
        return redirect_to_login(request.path, "/admin/login/")
    return render(request, "console/form_preview.html")


@require_POST
def form_check(request: HttpRequest) -> HttpResponse:
    """Say whether the body is a form, and if not, what is wrong and where. Nothing is kept."""
    if not admin.site.has_permission(request):
        return redirect_to_login(request.path, "/admin/login/")
    try:
        check_form(json.loads(request.body))
    except InvalidForm as error:
        return JsonResponse({"ok": False, "message": error.message, "field": error.field})
    except (ValueError, RecursionError):
        return JsonResponse({"ok": False, "message": "This is not JSON; send the form as JSON.", "field": None})
    return JsonResponse({"ok": True})
