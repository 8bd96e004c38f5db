"""Every read begins at visible_to(user). Neither global permissions nor superuser status count: only object permissions,
which are derived from memberships."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef

from config.kernel.models import User
from config.kernel.types import Surface
from labeling.permissions import CustomerUserPermission, ProjectUserPermission


def _granted_projects(user: User, permission: str) -> models.QuerySet[ProjectUserPermission]:
    return ProjectUserPermission.objects.filter(user_id=user.pk, permission__codename=permission)


class CustomerQuerySet(models.QuerySet["Customer"]):  # type: ignore[name-defined]
    def visible_to(self, user: User, permission: str = "see_customer") -> Self:
        granted = CustomerUserPermission.objects.filter(
            user_id=user.pk, permission__codename=permission, content_object_id=OuterRef("pk")
        )
        return self.filter(Exists(granted))


class CustomersQuerySet(models.QuerySet[models.Model]):
    """For rows of a whole customer: invitations, granted paths, legal holds, erasures."""

    def visible_to(self, user: User, permission: str = "manage_customer") -> Self:
        """Keep the rows of customers that `user` manages, whatever other permission is asked for."""
        managed = CustomerUserPermission.objects.filter(
            user_id=user.pk, permission__codename="manage_customer", content_object_id=OuterRef("customer_id")
        )
        return self.filter(Exists(managed))


def _operates(user: User) -> bool:
    return user.is_superuser or (user.surface == Surface.CONSOLE and user.memberships.exists())


class OrganisationQuerySet(models.QuerySet["Organisation"]):  # type: ignore[name-defined]
    def visible_to(self, user: User, permission: str = "") -> Self:
        """All of them for those who operate something; a vendor's lead sees their own; anybody else none."""
        return self if _operates(user) else self.filter(leads__user=user)


class ReviewerQuerySet(models.QuerySet["Reviewer"]):  # type: ignore[name-defined]
    def visible_to(self, user: User, permission: str = "") -> Self:
        """All of them for those who operate something; a vendor's lead sees their own people; anybody else none."""
        return self if _operates(user) else self.filter(organisation__leads__user=user)


class CustomerChangeQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: User, permission: str = "manage_customer") -> Self:
        granted = CustomerUserPermission.objects.filter(user_id=user.pk, permission__codename=permission)
        return self.filter(pgh_obj__in=granted.values("content_object_id"))


class ProjectQuerySet(models.QuerySet["Project"]):  # type: ignore[name-defined]
    def visible_to(self, user: User, permission: str = "see_project") -> Self:
        """Keep the projects on which `user` holds the object permission."""
        return self.filter(Exists(_granted_projects(user, permission).filter(content_object_id=OuterRef("pk"))))


class TenantQuerySet(models.QuerySet[models.Model]):
    """For every row that belongs to a project, directly or along `project_path`."""

    def visible_to(self, user: User, permission: str = "see_project") -> Self:
        """Keep the rows of projects on which `user` holds the object permission."""
        granted = _granted_projects(user, permission).values("content_object_id")
        path = PROJECT_PATHS.get(self.model._meta.label, "project_id")
        return self.filter(**{f"{path}__in": granted})


class MembershipQuerySet(models.QuerySet["Membership"]):  # type: ignore[name-defined]
    def visible_to(self, user: User, permission: str = "manage_customer") -> Self:
        """Keep the memberships of customers on whom `user` holds the object permission."""
        granted = CustomerUserPermission.objects.filter(user_id=user.pk, permission__codename=permission)
        return self.filter(customer__in=granted.values("content_object_id"))


class AccessLogQuerySet(models.QuerySet["AccessLog"]):  # type: ignore[name-defined]
    def visible_to(self, user: User) -> Self:
        """The log is for those who manage the customer."""
        managed = CustomerUserPermission.objects.filter(user_id=user.pk, permission__codename="manage_customer").values(
            "content_object_id"
        )
        return self.filter(customer_id__in=managed)


# Where a row's project is, for the models that have no project_id of their own.
PROJECT_PATHS = {
    "labeling.RejectedRow": "batch__project_id",
    "labeling.StagedRow": "batch__project_id",
    "labeling.Draft": "task__project_id",
    "routing.EnrolmentChange": "pgh_obj__project_id",
    "routing.Exclusion": "round__project_id",
    "routing.EscalationStep": "escalation__project_id",
    "routing.Cursor": "pool__project_id",
    "routing.HandlingTime": "form__project_id",
    "routing.PoolStat": "pool__project_id",
    "labeling.ItemVersion": "item__project_id",
    "labeling.AnnotationInvalidation": "annotation__project_id",
    "labeling.UnplacedAnswer": "round__project_id",
    "labeling.ProjectChange": "pgh_obj_id",
    "quality.ExamChange": "pgh_obj__project_id",
    "quality.RulingReading": "ruling__project_id",
}
