"""What was looked at and what happened: rows of numbers, which have no foreign keys, told by name and with a way to each."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from config.kernel.briefs import brief
from config.kernel.console import BigTableAdmin, display
from config.kernel.models import Event, User
from config.kernel.requests import person
from labeling.models import AccessLog, Customer, Project

LINKED = 5


class NamedRows(BigTableAdmin):
    """For tables that keep numbers: those of people, customers and projects are named, in one statement each a page.

    `named` says which column holds the numbers of which model.
    """

    named: dict[str, type[models.Model]] = {}
    list_select_related = False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        self._name(changelist.result_list)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self._name([row])
        return row

    def _name(self, rows: Iterable[Any]) -> None:
        for column, model in self.named.items():
            keys = {getattr(row, column) for row in rows} - {None}
            names = {key: str(found) for key, found in model._default_manager.in_bulk(keys).items()} if keys else {}
            for row in rows:
                row.names = {**getattr(row, "names", {}), column: names.get(getattr(row, column), "")}

    def named_link(self, row: Any, column: str) -> Any:
        key = getattr(row, column)
        if key is None:
            return "–"
        return linked(self.named[column]._meta.label_lower, key, row.names[column] or f"{key} ({_('gone')})")


def linked(label: str, key: int, text: object) -> Any:
    """Return a link to the row's page; the text alone where the console has none."""
    try:
        address = reverse(f"admin:{label.replace('.', '_')}_change", args=[key])
    except NoReverseMatch:
        return text
    return format_html('<a href="{}">{}</a>', address, text)


def noun_of(label: str) -> str:
    """Return what the rows of a model are called; its label where it is none of ours."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


@admin.register(AccessLog)
class AccessLogAdmin(NamedRows):
    named = {"user_id": User, "customer_id": Customer, "project_id": Project}
    list_display = ("at", "door", "who", "customer", "project", "what", "which")
    fields = ("at", "door", "who", "customer", "project", "what", "which", "request_id")
    readonly_fields = ("who", "customer", "project", "what", "which")
    list_filter = ("door",)
    search_fields = ("=user_id", "=request_id")
    permission = None

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AccessLog]:
        """The log is for those who manage the customer."""
        return AccessLog.objects.visible_to(person(request))

    @display(description=_("who"))
    def who(self, row: AccessLog) -> Any:
        return self.named_link(row, "user_id")

    @display(description=_("customer"))
    def customer(self, row: AccessLog) -> Any:
        return self.named_link(row, "customer_id")

    @display(description=_("project"))
    def project(self, row: AccessLog) -> Any:
        return self.named_link(row, "project_id")

    @display(description=_("what"))
    def what(self, row: AccessLog) -> str:
        return noun_of(row.object_type)

    @display(description=_("which"))
    def which(self, row: AccessLog) -> Any:
        links = format_html_join(", ", "{}", ((linked(row.object_type, key, key),) for key in row.object_ids[:LINKED]))
        more = len(row.object_ids) - LINKED
        return format_html("{} {}", links, _("and %(count)d more") % {"count": more}) if more > 0 else links


@admin.register(Event)
class EventAdmin(NamedRows):
    named = {"actor_id": User}
    permission = None
    list_display = ("at", "kind", "about", "who", brief("data", _("data")))
    fields = ("at", "kind", "about", "who", "data", "request_id")
    readonly_fields = ("about", "who")
    search_fields = ("=kind", "=subject_id", "=request_id")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Event]:
        """Events of customers whom this person sees, and those that concern no customer."""
        seen = Customer.objects.visible_to(person(request)).values("pk")
        return super().get_queryset(request).filter(models.Q(customer_id=None) | models.Q(customer_id__in=seen))

    @display(description=_("about"))
    def about(self, row: Event) -> Any:
        return linked(row.subject, row.subject_id, f"{noun_of(row.subject)} {row.subject_id}")

    @display(description=_("who"))
    def who(self, row: Event) -> Any:
        return self.named_link(row, "actor_id")
