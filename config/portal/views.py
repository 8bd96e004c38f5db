"""The portal: where each project stands, its batches and releases, the sample to check, and the decision."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.generic import TemplateView

from config.kernel.errors import DomainError, Invalid, NotFound
from config.kernel.rendering import render_markdown
from config.kernel.requests import person
from config.kernel.types import Surface
from config.portal.paging import page_of
from config.surfaces import OfSurface, SurfaceLogin
from delivery import selectors as delivery
from delivery.api.files import file_response
from delivery.models import Artifact, Release, SampleEntry
from delivery.services.acceptance import decide_release, give_verdict, sample_standing
from delivery.services.releases import request_release
from delivery.types import Severity
from labeling import selectors as labeling
from labeling.forms import BOTH_BAD, TIE, answers_in_words, preference_question
from labeling.models import Batch, ColumnMapping, Project, RejectedRow
from labeling.services.access import log_read
from labeling.services.batches import check_on_conflict, keep_source, receive_batch
from labeling.services.mappings import get_mapping
from labeling.types import OnConflict, SourceFormat
from routing.clock import shown_clock

SHOWN = 20
REJECTS = 100
LONGEST_TEXT = 5000
FLAGS_COUNTED = 1000


class PortalLogin(SurfaceLogin):
    surface = Surface.PORTAL
    template_name = "portal/login.html"


class PortalLogout(LogoutView):
    next_page = "/portal/login/"


class PortalPage(OfSurface, View):
    """The base: the portal's people only; a refusal comes back as a sentence, a missing thing as 404."""

    surface = Surface.PORTAL

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFound as error:
            return render(request, "portal/missing.html", {"message": error.message}, status=404)
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self.back())

    def back(self) -> str:
        """Return the page of ours that this request came from."""
        referer = self.request.headers.get("Referer", "")
        is_ours = url_has_allowed_host_and_scheme(referer, allowed_hosts={self.request.get_host()})
        return referer if is_ours and self.request.method == "POST" else reverse("portal:projects")

    def may(self, project: Project, permission: str) -> bool:
        return Project.objects.visible_to(person(self.request), permission).filter(pk=project.pk).exists()


class Projects(PortalPage, TemplateView):
    template_name = "portal/projects.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        projects = Project.objects.visible_to(person(self.request)).select_related("customer").order_by("name")[:SHOWN]
        return super().get_context_data(
            projects=[(project, labeling.progress_of(project)) for project in projects], **kwargs
        )


class ProjectPage(PortalPage):
    def get(self, request: HttpRequest, project: UUID) -> HttpResponse:
        found = labeling.get_project(user=person(request), public_id=project)
        context = {
            "project": found,
            "progress": labeling.progress_of(found),
            "batches": page_of(Batch.objects.filter(project=found), request, "batches"),
            "releases": page_of(Release.objects.filter(project=found).defer("manifest"), request, "releases"),
            "open_flags": labeling.open_flags_count(found, most=FLAGS_COUNTED),
            "clock": shown_clock(found),
            "costs": delivery.costs_of(found),
            "formats": SourceFormat.choices,
            "mappings": ColumnMapping.objects.filter(project=found).order_by("name", "-number")[:SHOWN],
            "on_conflicts": OnConflict.choices,
            "may_upload": self.may(found, "upload_batch"),
            "may_decide": self.may(found, "decide_release"),
        }
        return render(request, "portal/project.html", context)


class BatchPage(PortalPage):
    """One batch with the rows of it that were not taken, each with its reason. The read is logged."""

    def get(self, request: HttpRequest, batch: UUID) -> HttpResponse:
        found = labeling.get_batch(user=person(request), public_id=batch)
        after = request.GET.get("after", "0")
        if not after.isdecimal():
            raise NotFound("There is no such page; go back to the first one.")
        rows = list(
            RejectedRow.objects.filter(batch=found, line__gt=int(after))
            .defer("raw")
            .order_by("line", "pk")[: REJECTS + 1]
        )
        log_read(
            user_id=person(request).pk,
            customer_id=found.customer_id,
            project_id=found.project_id,
            door="portal",
            object_type="labeling.rejectedrow",
            object_ids=[row.pk for row in rows],
        )
        context = {
            "batch": found,
            "project": found.project,
            "rejects": rows[:REJECTS],
            "more": f"?after={rows[REJECTS - 1].line}" if len(rows) > REJECTS else "",
        }
        return render(request, "portal/batch.html", context)


class Upload(PortalPage):
    def post(self, request: HttpRequest, project: UUID) -> HttpResponse:
        found = labeling.get_project(user=person(request), public_id=project, permission="upload_batch")
        file = request.FILES.get("file")
        if file is None:
            messages.error(request, "Choose a file first.")
        else:
            name, on_conflict = file.name or "upload", typed(request, "on_conflict") or OnConflict.REFUSE
            check_on_conflict(on_conflict)
            mapping = get_mapping(project=found, public_id=typed(request, "mapping"))
            source = keep_source(project=found, source=file, name=name, said=typed(request, "format"))
            batch, is_new = receive_batch(
                project=found, name=name, source=source, actor=person(request), mapping=mapping, on_conflict=on_conflict
            )
            said = "is being read" if is_new else "was uploaded before; nothing was done"
            messages.success(request, f"{batch.name} {said}.")
        return HttpResponseRedirect(reverse("portal:project", args=[project]))


class AskRelease(PortalPage):
    def post(self, request: HttpRequest, project: UUID) -> HttpResponse:
        found = labeling.get_project(user=person(request), public_id=project, permission="decide_release")
        release = request_release(project=found, actor=person(request))
        messages.success(request, f"Version {release.number} is being frozen; it takes a moment.")
        return HttpResponseRedirect(reverse("portal:project", args=[project]))


class ReleasePage(PortalPage):
    def get(self, request: HttpRequest, release: UUID) -> HttpResponse:
        found = delivery.get_release(user=person(request), public_id=release)
        sample = getattr(found, "sample", None)
        entries = list(delivery.sampled_records(found)) if sample else []
        _log(request, found, "delivery.sampleentry", [entry.pk for entry in entries])
        context = {
            "release": found,
            "project": found.project,
            "files": Artifact.objects.filter(release=found).prefetch_related("redactions").order_by("name"),
            "sample": sample,
            "standing": sample_standing(sample) if sample else None,
            "records": [_shown(entry) for entry in entries],
            "severities": Severity.choices,
            "may_decide": self.may(found.project, "decide_release"),
        }
        return render(request, "portal/release.html", context)


def _shown(entry: SampleEntry) -> dict[str, Any]:
    version, resolution = entry.entry.resolution.item_version, entry.entry.resolution
    form = resolution.round.form.document
    question = preference_question(form)
    chosen = resolution.answers.get(question, {}).get("choice") if question else None
    return {
        "entry": entry,
        "external_id": entry.entry.external_id,
        "language": version.language,
        "outcome": resolution.get_outcome_display(),
        "answers": answers_in_words(form, {k: v for k, v in resolution.answers.items() if k != question}),
        "votes": resolution.distribution,
        "messages": [(each["role"], render_markdown(each["content"])) for each in version.payload["messages"]],
        "responses": [
            {"key": each["key"], "html": render_markdown(each["text"]), "is_chosen": each["key"] == chosen}
            for each in version.payload["responses"]
        ],
        "said": chosen if chosen in (TIE, BOTH_BAD) else "",
    }


class ReleaseFile(PortalPage):
    def get(self, request: HttpRequest, release: UUID, name: str) -> Any:
        found = delivery.get_release(user=person(request), public_id=release)
        artifact = delivery.get_artifact(release=found, name=name)
        _log(request, found, "delivery.artifact", [artifact.pk])
        return file_response(request, artifact)


class GiveVerdict(PortalPage):
    def post(self, request: HttpRequest, release: UUID, entry: UUID) -> HttpResponse:
        found = delivery.get_release(user=person(request), public_id=release, permission="decide_release")
        chosen = delivery.get_sample_entry(release=found, public_id=entry)
        give_verdict(
            entry=chosen,
            verdict=typed(request, "verdict"),
            severity=typed(request, "severity"),
            note=typed(request, "note"),
            actor=person(request),
        )
        return HttpResponseRedirect(reverse("portal:release", args=[release]) + f"#{entry}")


class Decide(PortalPage):
    def post(self, request: HttpRequest, release: UUID) -> HttpResponse:
        found = delivery.get_release(user=person(request), public_id=release, permission="decide_release")
        decided = decide_release(
            release=found,
            decision=typed(request, "decision"),
            reason=typed(request, "reason"),
            actor=person(request),
        )
        messages.success(request, f"Version {decided.number} is {decided.get_state_display().lower()}.")
        return HttpResponseRedirect(reverse("portal:release", args=[release]))


def typed(request: HttpRequest, name: str) -> str:
    """Return what was typed, which may be nothing but is text that the database takes."""
    value = request.POST.get(name, "")[:LONGEST_TEXT]
    if "\x00" in value:
        raise Invalid("The text contains a NUL character; remove it.", field=name)
    return value


def _log(request: HttpRequest, release: Release, kind: str, ids: list[int]) -> None:
    log_read(
        user_id=person(request).pk,
        customer_id=release.customer_id,
        project_id=release.project_id,
        door="portal",
        object_type=kind,
        object_ids=ids,
    )
