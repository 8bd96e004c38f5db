"""The portal's page of a project's flags: what was noticed and where, never the words; and the decisions on it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from config.kernel.errors import Invalid, NotFound
from config.kernel.requests import person
from config.portal.paging import page_of
from config.portal.views import PortalPage, typed
from labeling import selectors as labeling
from labeling.api.flags import SHOWN
from labeling.flag_words import noticed
from labeling.models import Flag
from labeling.services.access import log_read
from labeling.services.revisions import redact_flagged
from labeling.services.triage import confirm_flag, dismiss_flag
from labeling.types import FlagKind, FlagState

# What may be done with an open flag, with what is said once it is done.
DECISIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "dismiss": (dismiss_flag, "The flag is dismissed."),
    "confirm": (confirm_flag, "The flag is confirmed."),
    "redact": (redact_flagged, "What was found is redacted; the item goes on in its next version."),
}


class FlagsPage(PortalPage):
    """A project's flags, newest first, by kind and state. Each read is logged: a flag says something about content."""

    def get(self, request: HttpRequest, project: UUID) -> HttpResponse:
        found = labeling.get_project(user=person(request), public_id=project)
        chosen = {"kind": _choice(request, "kind", FlagKind), "state": _choice(request, "state", FlagState)}
        about = Flag.objects.filter(project=found, **{name: value for name, value in chosen.items() if value})
        page = page_of(
            about.select_related("item_version__item", "annotation__item_version__item", "other_item").only(
                *SHOWN, "item_version__item__external_id", "annotation__item_version__item__external_id",
                "other_item__external_id",
            ),
            request,
            "after",
        )  # fmt: skip
        log_read(
            user_id=person(request).pk,
            customer_id=found.customer_id,
            project_id=found.pk,
            door="portal",
            object_type="labeling.flag",
            object_ids=[flag.pk for flag in page.rows],
        )
        context = {
            "project": found,
            "flags": [_shown(flag) for flag in page.rows],
            "more": page.more,
            "chosen": chosen,
            "kinds": FlagKind.choices,
            "states": FlagState.choices,
            "holds": [FlagKind(kind).label for kind in found.hold_flagged],
            "may_decide": self.may(found, "upload_batch"),
        }
        return render(request, "portal/flags.html", context)


def _choice(request: HttpRequest, name: str, choices: type[FlagKind] | type[FlagState]) -> str:
    value = request.GET.get(name, "")
    if value and value not in choices.values:
        raise NotFound("There is no such page; go back to the first one.")
    return value


def _shown(flag: Flag) -> dict[str, Any]:
    version = flag.item_version or flag.annotation.item_version  # type: ignore[union-attr]
    return {
        "flag": flag,
        "item": version.item.external_id,
        "version": version.number,
        "noticed": noticed(flag.kind, flag.detail),
        "other": flag.other_item.external_id if flag.other_item else "",
        "is_open": flag.state == FlagState.OPEN,
        "may_be_redacted": flag.kind == FlagKind.PERSONAL_DATA and flag.item_version is not None,
    }


class DecideFlag(PortalPage):
    """For those who upload: they know what may be in the content."""

    def post(self, request: HttpRequest, flag: UUID) -> HttpResponse:
        found = labeling.get_flag(user=person(request), public_id=flag, permission="upload_batch")
        if typed(request, "decision") not in DECISIONS:
            raise Invalid(f"The decision is one of {', '.join(DECISIONS)}.", field="decision")
        decide, said = DECISIONS[typed(request, "decision")]
        decide(flag=found, reason=typed(request, "reason"), actor=person(request))
        messages.success(request, said)
        return HttpResponseRedirect(self.back())
