"""Three surfaces that never mix: who enters where, and where everybody else is sent."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.mixins import AccessMixin
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from config.kernel.logins import CountedLogin, told_to_wait
from config.kernel.types import Surface

HOMES = {Surface.DESK: "/desk/", Surface.CONSOLE: "/admin/", Surface.PORTAL: "/portal/"}


class OfSurface(AccessMixin):
    """A page of one surface: others are sent to their own, and the unknown to the login."""

    surface: Surface

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"{HOMES[self.surface]}login/?next={request.path}")
        if request.user.surface != self.surface:
            return HttpResponseRedirect(HOMES[Surface(request.user.surface)])
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class SurfaceForm(CountedLogin, AuthenticationForm):
    """E-mail and password, for people of one surface."""

    surface: Surface

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if user.surface != self.surface:
            raise ValidationError(
                _("This account works elsewhere; log in at %(home)s."),
                code="other_surface",
                params={"home": HOMES[Surface(user.surface)]},
            )


class SurfaceLogin(LoginView):
    """The login of one surface; it leads nowhere else."""

    surface: Surface
    redirect_authenticated_user = False

    def get_form_class(self) -> type[SurfaceForm]:
        return type("Form", (SurfaceForm,), {"surface": self.surface})

    def form_invalid(self, form: Any) -> HttpResponse:
        return told_to_wait(super().form_invalid(form))

    def get_success_url(self) -> str:
        asked = self.get_redirect_url()
        home = HOMES[self.surface]
        return asked if asked.startswith(home) else home
