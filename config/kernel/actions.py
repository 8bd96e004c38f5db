"""Actions of the console: each calls a service row by row, and says what was done, what was refused, and why."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import DatabaseError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import ngettext

from config.kernel.errors import DomainError
from config.kernel.requests import person

NEEDS_REASON = "reason"
CONFIRMED = "confirm"


def service_action(
    service: Callable[..., Any],
    *,
    argument: str,
    description: Any,
    needs_reason: bool = False,
    consequence: Any = "",
    in_steps: bool = False,
    **fixed: Any,
) -> Callable[..., Any]:
    """Make an admin action that calls `service(<argument>=row, actor=person[, reason=text], **fixed)` for each chosen row.

    Each row is a transaction of its own (with `in_steps`, as many as the service makes); a refusal is reported with its
    sentence and stops no other row. With `needs_reason` the person is first asked why; with a `consequence`, told it and asked whether to go on.
    """

    def act(modeladmin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        lacks_reason = needs_reason and not request.POST.get(NEEDS_REASON, "").strip()
        if lacks_reason or (consequence and CONFIRMED not in request.POST):
            context = {
                "title": description,
                "action": act.__name__,
                "needs_reason": needs_reason,
                "consequence": consequence,
            }
            return _ask(modeladmin, request, queryset, context)
        more = {"reason": request.POST[NEEDS_REASON].strip(), **fixed} if needs_reason else fixed
        done, refused = _each(
            queryset, lambda row: service(**{argument: row, "actor": person(request), **more}), in_steps=in_steps
        )
        if done:
            text = ngettext("%(count)d done: %(what)s.", "%(count)d done: %(what)s.", done)
            modeladmin.message_user(request, text % {"count": done, "what": description}, messages.SUCCESS)
        for row, why in refused:
            modeladmin.message_user(request, f"{row}: {why}", messages.ERROR)
        return None

    act.__name__ = "_".join([service.__name__, *map(str, fixed.values())])
    return admin.action(description=description)(act)


def _each(
    rows: Iterable[models.Model], call: Callable[[Any], Any], *, in_steps: bool
) -> tuple[int, list[tuple[models.Model, str]]]:
    done, refused = 0, []
    for row in rows:
        try:
            with nullcontext() if in_steps else transaction.atomic():
                call(row)
        except DomainError as error:
            refused.append((row, error.message))
        except DatabaseError as error:
            refused.append((row, str(error).splitlines()[0]))
        else:
            done += 1
    return done, refused


def _ask(
    modeladmin: Any, request: HttpRequest, queryset: models.QuerySet[Any], context: dict[str, Any]
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "opts": modeladmin.opts,
        "rows": list(queryset),
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        **context,
    }
    return TemplateResponse(request, "console/reason.html", context)
