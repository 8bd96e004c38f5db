"""The tenant, the people in it, and the identities that judge."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.querysets import (
    CustomerQuerySet,
    CustomersQuerySet,
    MembershipQuerySet,
    OrganisationQuerySet,
    ReviewerQuerySet,
)
from labeling.types import OrganisationKind, ReviewerKind, Role


def new_pseudonym_key() -> bytes:
    return secrets.token_bytes(32)


class Customer(models.Model):
    """The tenant. Nothing crosses it; people appear to it under pseudonyms keyed by `pseudonym_key`."""

    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("short name"), unique=True)
    conflict_tags = ArrayField(
        models.CharField(max_length=60), default=list, blank=True, verbose_name=_("conflict tags")
    )
    retention_days = models.PositiveIntegerField(
        _("keep content for (days)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    pseudonym_key = models.BinaryField(default=new_pseudonym_key, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        permissions = [
            ("see_customer", "See the customer and its progress"),
            ("manage_customer", "Manage the customer's people and settings"),
        ]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(retention_days=None) | Q(retention_days__gte=1), name="customer_keeps_content_a_day"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Who belongs where, as what. Object permissions are derived from these rows and from nothing else."""

    public_id = PublicIdField(db_default=RandomUUID())
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships")
    project = models.ForeignKey("labeling.Project", models.CASCADE, null=True, blank=True, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "customer", "project", "role"],
                name="membership_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class Organisation(models.Model):
    """Whose people they are: ours, or a vendor's."""

    public_id = PublicIdField()
    name = models.CharField(_("name"), max_length=150, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=OrganisationKind)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("organisation")

    def __str__(self) -> str:
        return self.name


class OrganisationLead(models.Model):
    """Somebody leads a vendor's people: in the console they see these people and nobody else's, and no content."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="leads")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="leads")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        verbose_name = _("organisation lead")
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="organisation_lead_once")]

    def __str__(self) -> str:
        return f"{self.user} leads {self.organisation}"


class Invitation(models.Model):
    """Somebody is asked to join a customer. Only the SHA-256 of the link's token is kept; the link is shown once."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="invitations")
    project = models.ForeignKey("labeling.Project", models.CASCADE, null=True, blank=True, related_name="+")
    public_id = PublicIdField()
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    token_digest = models.CharField(_("digest of the token"), max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("invited"), db_default=Now())
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "email", "role", "project"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="invitation_one_open",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(withdrawn_at=None), name="invitation_accepted_or_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display()}"


class Reviewer(models.Model):
    """An identity that judges, human or model. `languages` are BCP 47 ranges, matched by RFC 4647 basic filtering."""

    public_id = PublicIdField()
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="reviewer"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ReviewerKind, default=ReviewerKind.HUMAN)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="reviewers")
    country = models.CharField(_("country (ISO 3166-1)"), max_length=2, blank=True)
    languages = ArrayField(models.CharField(max_length=35), default=list, verbose_name=_("languages"))
    clearance = models.PositiveSmallIntegerField(_("clearance"), default=0)
    conflict_tags = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name=_("conflict tags"),
        help_text=_("Employers and interests; work of customers with one of these tags is never offered."),
    )
    is_simulated = models.BooleanField(_("simulated"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("since"), db_default=Now())

    objects = ReviewerQuerySet.as_manager()

    class Meta:
        verbose_name = _("reviewer")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=ReviewerKind.HUMAN, user__isnull=False)
                | Q(kind__in=[ReviewerKind.MODEL, ReviewerKind.IMPORTED], user__isnull=True),
                name="reviewer_is_person_or_model",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user) if self.user_id else f"{self.kind} {self.public_id}"


class ImportedIdentity(models.Model):
    """Who somebody was in the tool that a customer's history came from: one reviewer identity a customer and name."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    reviewer = models.OneToOneField(Reviewer, models.PROTECT, related_name="imported_identity")
    name = models.CharField(_("name there"), max_length=200)

    objects = CustomersQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported identity")
        verbose_name_plural = _("imported identities")
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="imported_identity_once")]

    def __str__(self) -> str:
        return self.name
