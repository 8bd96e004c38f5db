"""Who changed which setting in the console, when, from what to what: one immutable row a change."""

from typing import Any

from config.kernel.history import changes_of
from labeling.models.projects import Project
from labeling.models.tenants import Customer, Organisation, Reviewer
from labeling.querysets import CustomerChangeQuerySet, TenantQuerySet

CustomerChanges: Any = changes_of(Customer, "name", "slug", "conflict_tags", "retention_days")
OrganisationChanges: Any = changes_of(Organisation, "name", "kind")
ReviewerChanges: Any = changes_of(
    Reviewer, "organisation", "country", "languages", "clearance", "conflict_tags", "is_active"
)
ProjectChanges: Any = changes_of(
    Project,
    "customer", "slug", "name", "description", "state", "stage", "confidentiality", "clearance", "languages",
    "skills_by_domain", "overlap_kind", "overlap", "overlap_most", "target_confidence", "send_backs_most", "lease_seconds",
    "gold_share", "gold_share_most", "is_gold_delivered", "quality_contract", "acceptance_plan",
    "endpoints", "priority", "due_at", "hold_flagged", "recheck_share", "retention_days", "pay_amount", "price_amount",
    "currency", "countries", "organisation_ids", "distressing_domains",
)  # fmt: skip


class CustomerChange(CustomerChanges):
    """A customer's settings as they were from then on; never its pseudonym key."""

    objects = CustomerChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of customer {self.pgh_obj_id}"


class OrganisationChange(OrganisationChanges):
    """An organisation as it was from then on."""

    def __str__(self) -> str:
        return f"{self.pgh_label} of organisation {self.pgh_obj_id}"


class ReviewerChange(ReviewerChanges):
    """A reviewer's settings as they were from then on."""

    def __str__(self) -> str:
        return f"{self.pgh_label} of reviewer {self.pgh_obj_id}"


class ProjectChange(ProjectChanges):
    """A project's settings as they were from then on."""

    objects = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pgh_label} of project {self.pgh_obj_id}"
