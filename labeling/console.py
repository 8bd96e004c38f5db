"""What the console must know of the record: who operates, who leads a vendor's people, and which content a page showed."""

from collections import defaultdict
from typing import Any

from django.db.models import Exists, OuterRef

from config.kernel.models import User
from config.kernel.types import ConsoleRules
from labeling.authority import manages_something
from labeling.models import Membership, Organisation, OrganisationLead
from labeling.querysets import PROJECT_PATHS
from labeling.services.access import log_read


def standing(user: User) -> str:
    """Return what this person is here: an operator (or superuser), a vendor lead, or nothing."""
    if user.is_superuser:
        return "operator"
    operates, leads = (
        User.objects.filter(pk=user.pk)
        .annotate(
            is_member=Exists(Membership.objects.filter(user=OuterRef("pk"))),
            is_lead=Exists(OrganisationLead.objects.filter(user=OuterRef("pk"))),
        )
        .values_list("is_member", "is_lead")
        .get()
    )
    return "operator" if operates else "vendor_lead" if leads else ""


def led_organisations(user: User) -> Any:
    return Organisation.objects.visible_to(user).values("pk")


def log_shown(user: User, rows: list[Any]) -> None:
    """Leave one row in the access log for each project whose content a page of the console showed."""
    model = type(rows[0])
    path = PROJECT_PATHS.get(model._meta.label, "project_id")
    places = (
        [(row.pk, row.customer_id, row.project_id) for row in rows]
        if path == "project_id"
        else model._default_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", "customer_id", path)
    )
    shown = defaultdict(list)
    for key, customer_id, project_id in places:
        shown[customer_id, project_id].append(key)
    for (customer_id, project_id), keys in sorted(shown.items()):
        log_read(
            user_id=user.pk,
            customer_id=customer_id,
            project_id=project_id,
            door="console",
            object_type=model._meta.label_lower,
            object_ids=sorted(keys),
        )


RULES = ConsoleRules(
    standing=standing, led_organisations=led_organisations, manages=manages_something, log_shown=log_shown
)
