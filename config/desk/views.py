"""The desk's pages: the task, and the way in."""

from django.contrib.auth.views import LogoutView
from django.views.generic import TemplateView

from config.kernel.types import Surface
from config.surfaces import OfSurface, SurfaceLogin
from labeling.types import Problem


class TaskPage(OfSurface, TemplateView):
    """One page for all tasks: the next one takes the place of the last."""

    surface = Surface.DESK
    template_name = "desk/task.html"
    extra_context = {"problems": Problem.choices}


class DeskLogin(SurfaceLogin):
    surface = Surface.DESK
    template_name = "desk/login.html"


class DeskLogout(LogoutView):
    next_page = "/desk/login/"
