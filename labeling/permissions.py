"""Who may. Object permissions on customers and projects, derived from memberships by one service.

With the two permission models below, this module is the app's only importer of django-guardian. Confidential projects
are granted one by one: a membership of the whole customer reaches them only for the customer's own people.
"""

from django.db import models
from guardian.models import UserObjectPermissionBase

from labeling.types import Role

CUSTOMER_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.CUSTOMER_ADMIN: frozenset({"see_customer", "manage_customer"}),
    Role.CUSTOMER_VIEWER: frozenset({"see_customer"}),
    Role.OPERATOR: frozenset({"see_customer", "manage_customer"}),
}

PROJECT_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.CUSTOMER_ADMIN: frozenset({"see_project", "upload_batch", "decide_release"}),
    Role.CUSTOMER_VIEWER: frozenset({"see_project"}),
    Role.OPERATOR: frozenset({"see_project", "operate_project"}),
    Role.LEAD: frozenset({"see_project", "operate_project"}),
    Role.REVIEWER: frozenset({"judge_items"}),
    Role.AUDITOR: frozenset({"judge_items", "audit_items"}),
}

# Whose customer-wide membership reaches confidential projects too: the content is their own.
OWN_PEOPLE = frozenset({Role.CUSTOMER_ADMIN, Role.CUSTOMER_VIEWER})


class CustomerUserPermission(UserObjectPermissionBase):
    """A person's permission on a customer. Derived; never edited."""

    content_object = models.ForeignKey("labeling.Customer", models.CASCADE, related_name="+")

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "customer permission"


class ProjectUserPermission(UserObjectPermissionBase):
    """A person's permission on a project. Derived; never edited."""

    content_object = models.ForeignKey("labeling.Project", models.CASCADE, related_name="+")

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = "project permission"
