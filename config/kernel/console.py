"""The base of the console: the only importer of its theme.

Rows are read, not edited; what is seen begins at visible_to(user); states change by actions, each of which calls a
service row by row and says what was done, what was refused, and why. No page counts a big table.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display as theme_display
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite

from config.kernel.errors import DomainError
from config.kernel.requests import person

__all__ = [
    "BigTableAdmin",
    "ConsoleAdmin",
    "ConsoleInline",
    "ConsoleSite",
    "ServiceAdd",
    "display",
    "service_action",
    "short",
    "state",
]

# The theme's decorator takes lazy translations, whatever its types say.
display: Any = theme_display

ROWS_A_PAGE = 50
NEEDS_REASON = "reason"


class ConsoleSite(UnfoldAdminSite):
    """The console. Only active people of the console's surface enter; its responses carry the console's own policy."""

    site_title = "Assay"
    site_header = "Assay"
    index_title = _("Overview")

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return csp_replace(settings.CONSOLE_SECURITY_POLICY)(super().admin_view(view, cacheable))

    @method_decorator(csp_replace(settings.CONSOLE_SECURITY_POLICY))
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)


class ConsoleAdmin(ModelAdmin):
    """Read-only, tenant-bound, paged without counts. A subclass adds actions, made by `service_action`.

    `permission` is the object permission that rows need; None for models that belong to no customer.
    """

    permission: ClassVar[str | None] = "operate_project"
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
        if self.permission is None or not hasattr(rows, "visible_to"):
            return rows
        return rows.visible_to(person(request), self.permission)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
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

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_authenticated and request.user.is_staff)

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
    new row. A refusal is shown on the form with its sentence, at its field where it has one.
    """

    add_fields: ClassVar[Any] = ()

    def make(self, request: HttpRequest, values: dict[str, Any]) -> models.Model:
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fields if obj is None else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else super().get_readonly_fields(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None:
            return form
        make = self.make

        class Made(form):  # type: ignore[misc,valid-type]
            def _post_clean(self) -> None:
                """The service decides, in place of the model's own validation."""
                if self.errors:
                    return
                try:
                    with transaction.atomic():
                        self.instance = make(request, self.cleaned_data)
                except DomainError as error:
                    self.add_error(error.field if error.field in self.fields else None, error.message)
                except ValidationError as error:
                    self.add_error(None, ValidationError(error.messages))
                except IntegrityError as error:
                    self.add_error(None, f"The database refuses this: {str(error).splitlines()[0]}.")

            def save(self, commit: bool = True) -> models.Model:
                made: models.Model = self.instance
                return made

            def save_m2m(self) -> None:
                """The service has saved all there is."""

        return Made

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The service has saved it while the form was checked."""


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


def service_action(
    service: Callable[..., Any], *, argument: str, description: Any, needs_reason: bool = False
) -> Callable[..., Any]:
    """Make an admin action that calls `service(<argument>=row, actor=person[, reason=text])` for each chosen row.

    Each row is a transaction of its own; a refusal is reported with its sentence and stops no other row. With
    `needs_reason` the person is first asked why.
    """

    def act(modeladmin: ConsoleAdmin, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        if needs_reason and not request.POST.get(NEEDS_REASON, "").strip():
            return _ask_reason(modeladmin, request, queryset, act.__name__, description)
        more = {"reason": request.POST[NEEDS_REASON].strip()} if needs_reason else {}
        done, refused = _each(queryset, lambda row: service(**{argument: row, "actor": person(request), **more}))
        if done:
            text = ngettext("%(count)d done: %(what)s.", "%(count)d done: %(what)s.", done)
            modeladmin.message_user(request, text % {"count": done, "what": description}, messages.SUCCESS)
        for row, why in refused:
            modeladmin.message_user(request, f"{row}: {why}", messages.ERROR)
        return None

    act.__name__ = service.__name__
    return admin.action(description=description)(act)


def _each(rows: Iterable[models.Model], call: Callable[[Any], Any]) -> tuple[int, list[tuple[models.Model, str]]]:
    done, refused = 0, []
    for row in rows:
        try:
            with transaction.atomic():
                call(row)
        except DomainError as error:
            refused.append((row, error.message))
        except DatabaseError as error:
            refused.append((row, str(error).splitlines()[0]))
        else:
            done += 1
    return done, refused


def _ask_reason(
    modeladmin: ConsoleAdmin,
    request: HttpRequest,
    queryset: models.QuerySet[Any],
    action: str,
    description: Any,
) -> HttpResponse:
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": description,
        "opts": modeladmin.opts,
        "rows": list(queryset),
        "action": action,
        "action_checkbox_name": admin.helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "console/reason.html", context)
