"""The base of the console: the only importer of its theme.

Rows are read; what is seen begins at visible_to(user); states change by actions, each of which calls a service row by
row and says what was done, what was refused, and why. Settings change through a service too, field by named field.
No page counts a big table.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display as theme_display
from unfold.forms import AuthenticationForm as ThemeLogin
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite

from config.kernel.actions import service_action
from config.kernel.errors import DomainError
from config.kernel.history import history_of
from config.kernel.logins import CountedLogin, told_to_wait
from config.kernel.requests import person
from config.kernel.types import ConsoleRules

__all__ = [
    "BigTableAdmin",
    "ConsoleAdmin",
    "ConsoleInline",
    "ConsoleSite",
    "ServiceAdd",
    "ServiceChange",
    "display",
    "is_operator",
    "is_vendor_lead",
    "rules",
    "service_action",
    "short",
    "state",
]

# The theme's decorator takes lazy translations, whatever its types say.
display: Any = theme_display

ROWS_A_PAGE = 50

OPERATOR, VENDOR_LEAD = "operator", "vendor_lead"


@cache
def rules() -> ConsoleRules:
    """Return what the record has to say about who sees what here."""
    found: ConsoleRules = import_string(settings.ASSAY_CONSOLE_RULES)
    return found


def standing_of(request: HttpRequest) -> str:
    """Return who asks, as the rules see them; asked once a request."""
    known = getattr(request, "console_standing", None)
    if known is None:
        user = request.user
        known = rules().standing(user) if user.is_authenticated and user.is_staff else ""
        request.console_standing = known  # type: ignore[attr-defined]
    return str(known)


def is_operator(request: HttpRequest) -> bool:
    """Whether this person operates something, or is a superuser."""
    return standing_of(request) == OPERATOR


def is_vendor_lead(request: HttpRequest) -> bool:
    """Whether this person leads a vendor's people and operates nothing."""
    return standing_of(request) == VENDOR_LEAD


def manages(request: HttpRequest) -> bool:
    """Whether this person manages a customer, or is a superuser; asked once a request."""
    known = getattr(request, "console_manages", None)
    if known is None:
        known = rules().manages(request.user)
        request.console_manages = known  # type: ignore[attr-defined]
    return bool(known)


class ConsoleLogin(CountedLogin, ThemeLogin):
    """E-mail and password, for people of the console."""


class ConsoleSite(UnfoldAdminSite):
    """The console. Only active people of the console's surface enter; its responses carry the console's own policy."""

    site_title = "Assay"
    site_header = "Assay"
    index_title = _("Overview")
    login_form = ConsoleLogin

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return csp_replace(settings.CONSOLE_SECURITY_POLICY)(super().admin_view(view, cacheable))

    @method_decorator(csp_replace(settings.CONSOLE_SECURITY_POLICY))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return told_to_wait(super().login(request, extra_context))


class ConsoleAdmin(ModelAdmin):
    """Read-only, tenant-bound, paged without counts. A subclass adds actions, made by `service_action`.

    `permission` is the object permission that rows need; None for the house's own tables, which whoever operates
    something may see. `led` is the way from a row to the organisation whose lead may see it; without it, a vendor lead
    sees nothing of the table, and with it only `led_display` of their own people's rows. `content` says that pages
    show a customer's content: each leaves a row in the access log.
    """

    permission: ClassVar[str | None] = "operate_project"
    led: ClassVar[str | None] = None
    led_display: ClassVar[Any] = ()
    content: ClassVar[bool] = False
    actions: Any = ()
    list_per_page = ROWS_A_PAGE
    show_full_result_count = False
    list_select_related: ClassVar[Any] = True
    list_filter_submit = False
    compressed_fields = True
    list_fullwidth = True
    list_disable_select_all = True
    ordering: ClassVar[Any] = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if is_vendor_lead(request):
            return self.led_rows(rows, request)
        if self.permission is None or not hasattr(rows, "visible_to"):
            return rows
        return rows.visible_to(person(request), self.permission)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what a filter of the list offers: any other lookup would tell a secret column sign by sign."""
        names = [str(each[0] if isinstance(each, tuple) else each) for each in self.get_list_filter(request)]
        return any(lookup == name or lookup.startswith(f"{name}__") for name in names)

    def led_rows(self, rows: models.QuerySet[Any], request: HttpRequest) -> models.QuerySet[Any]:
        """Keep the rows of the people whom this vendor lead leads."""
        if self.led is None:
            return rows.none()
        return rows.filter(**{f"{self.led}__in": rules().led_organisations(person(request))})

    def get_list_display(self, request: HttpRequest) -> Any:
        return self.led_display if is_vendor_lead(request) else super().get_list_display(request)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """A filter lists what there is to choose from, other vendors' names among it."""
        return () if is_vendor_lead(request) else super().get_list_filter(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.led_display if is_vendor_lead(request) else super().get_fields(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        return {} if is_vendor_lead(request) else super().get_actions(request)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Rows beside their parent are shown, and never sent back with a form."""
        return () if is_vendor_lead(request) or request.method == "POST" else super().get_inlines(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if is_vendor_lead(request):
            return self.led_display
        named = [field.name for field in self.opts.fields if not field.primary_key]
        shown = self.fields or named
        return [*shown, *[name for name in self.readonly_fields if name not in shown]]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer, and take, only rows of what this person operates."""
        rows = db_field.related_model._default_manager.all()
        if hasattr(rows, "visible_to"):
            needed = "manage_customer" if db_field.related_model.__name__ == "Customer" else "operate_project"
            kwargs["queryset"] = rows.visible_to(person(request), needed)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().changelist_view(request, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("cl")
        self._log(request, list(shown.result_list) if shown is not None else [])
        return response

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        shown = (getattr(response, "context_data", None) or {}).get("original")
        self._log(request, [shown] if shown is not None else [])
        return response

    def _log(self, request: HttpRequest, rows: list[Any]) -> None:
        if self.content and rows:
            rules().log_shown(person(request), rows)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who changed what, when, from what to what; and the events that are about the row."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not is_operator(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("History of %s") % row,
            "opts": self.opts,
            "object": row,
            "changes": history_of(row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "console/history.html", context)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request) or (self.led is not None and is_vendor_lead(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ServiceAdd(ConsoleAdmin):
    """For models whose rows people make in the console: a form's values go to a service, and nowhere else.

    `add_fields` are the model's fields that are asked for; `make(request, values)` calls the service and returns the
    new row. With `made_by_managers` it reaches beyond a project: whoever leads one alone makes none. A refusal is shown on the form with its sentence, at its field where it has one.
    """

    add_fields: ClassVar[Any] = ()
    made_by_managers: ClassVar[bool] = False

    def make(self, request: HttpRequest, values: dict[str, Any]) -> models.Model:
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request) and (not self.made_by_managers or manages(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fields if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_readonly_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return form if obj is not None else _decided(form, lambda made: self.make(request, made.cleaned_data))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The service has saved it while the form was checked."""


class ServiceChange(ServiceAdd):
    """For models whose settings people change in the console, as well as make them: what changed goes to a service, and nowhere else.

    `change_fields` may be changed, everything else is read; `change(request, row, changes)` calls the service with the
    fields that differ and returns the row. A refusal is shown with its sentence, at its field where it has one.
    """

    change_fields: ClassVar[Any] = ()

    def change(self, request: HttpRequest, row: Any, changes: dict[str, Any]) -> models.Model:
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        if obj is None or is_vendor_lead(request):
            return fixed
        return [name for name in fixed if name not in self.change_fields]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is None:
            return form

        def changed(made: Any) -> models.Model:
            given = {name: made.cleaned_data[name] for name in self.change_fields if name in made.cleaned_data}
            changes = {name: value for name, value in given.items() if value != getattr(obj, name)}
            return self.change(request, obj, changes) if changes else obj

        return _decided(form, changed)


def _decided(form: Any, decide: Callable[[Any], models.Model]) -> Any:
    """Return the form class with a service in place of the model's own validation and saving."""

    class Decided(form):
        def _post_clean(self) -> None:
            if self.errors:
                return
            try:
                with transaction.atomic():
                    self.instance = decide(self)
            except DomainError as error:
                self.add_error(error.field if error.field in self.fields else None, error.message)
            except ValidationError as error:
                told = getattr(error, "message_dict", {"": error.messages})
                for name, sentences in told.items():
                    self.add_error(name if name in self.fields else None, sentences)
            except IntegrityError as error:
                self.add_error(None, f"The database refuses this: {str(error).splitlines()[0]}.")

        def save(self, commit: bool = True) -> models.Model:
            made: models.Model = self.instance
            return made

        def save_m2m(self) -> None:
            """The service has saved all there is."""

    return Decided


class ConsoleInline(TabularInline):
    """Rows of another table beside their parent, read-only."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = True
    tab = True

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class BigTableAdmin(ConsoleAdmin):
    """For tables of a million rows: newest first and no other way, no counts, and search by exact keys only."""

    sortable_by: ClassVar[Any] = ()

    paginator = InfinitePaginator


def state(labels: dict[str, str]) -> Any:
    """Return a list column that shows `state` as a label, coloured by what each means: success, info, warning, danger."""

    @display(description=_("state"), ordering="state", label=labels)
    def shown(row: Any) -> tuple[str, str]:
        return row.state, row.get_state_display()

    return shown


def short(field: str, description: Any) -> Any:
    """Return a list column that shows the first twelve characters of a digest or key."""

    @display(description=description)
    def shown(row: Any) -> str:
        return str(getattr(row, field))[:12]

    return shown
