"""The desk's pages: the task, when somebody works, training and tests, and the way in."""

from zoneinfo import available_timezones

from django.contrib.auth.views import LogoutView
from django.utils.dates import WEEKDAYS
from django.views.generic import TemplateView

from config.kernel.types import Surface
from config.surfaces import OfSurface, SurfaceLogin
from labeling.types import Problem


class TaskPage(OfSurface, TemplateView):
    """One page for all tasks: the next one takes the place of the last."""

    surface = Surface.DESK
    template_name = "desk/task.html"
    extra_context = {"problems": Problem.choices}


class AvailabilityPage(OfSurface, TemplateView):
    """When a reviewer works, how much at most, and their leave: what the page asks and changes is the API's."""

    surface = Surface.DESK
    template_name = "desk/availability.html"
    extra_context = {"days": list(WEEKDAYS.items()), "zones": sorted(available_timezones())}


class ExamsPage(OfSurface, TemplateView):
    """Training and tests, and how they went: what the page asks and begins is the API's."""

    surface = Surface.DESK
    template_name = "desk/exams.html"


class DeskLogin(SurfaceLogin):
    surface = Surface.DESK
    template_name = "desk/login.html"


class DeskLogout(LogoutView):
    next_page = "/desk/login/"
