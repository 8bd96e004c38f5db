"""Whom somebody of the console decides on: sees by name, gives passwords and keys, changes, erases."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from config.kernel.errors import NotAllowed
from config.kernel.models import Event, User
from labeling.models import Customer, Membership, Organisation, OrganisationLead, Reviewer


def manages_something(user: User) -> bool:
    """Whether this person is a superuser or manages a customer: who leads a project alone does neither."""
    return user.is_superuser or Customer.objects.visible_to(user, "manage_customer").exists()


def people_in_charge_of(user: User) -> QuerySet[User]:
    """Return oneself, and people all of whose customers `user` manages, or whom they made and who have no customer yet.

    Superusers and vendors' leads are for superusers alone, who also decide on everybody without a customer.
    """
    managed = Customer.objects.visible_to(user, "manage_customer").values("pk")
    memberships = Membership.objects.filter(user=OuterRef("pk"))
    within = ~Exists(memberships.exclude(customer__in=managed))
    if user.is_superuser:
        return User.objects.filter(Q(pk=user.pk) | within)
    made = Event.objects.filter(kind="person.created", subject="kernel.user", actor_id=user.pk).values("subject_id")
    own = Exists(memberships) | Q(pk__in=made)
    above = Q(is_superuser=True) | Exists(OrganisationLead.objects.filter(user=OuterRef("pk")))
    return User.objects.filter(Q(pk=user.pk) | (within & own & ~above))


def check_in_charge(actor: User, user: User | None) -> None:
    """Raise NotAllowed unless `actor` decides on `user`; on nobody (a model, an imported identity), superusers do."""
    if actor.is_superuser:
        return
    if user is None or not people_in_charge_of(actor).filter(pk=user.pk).exists():
        raise NotAllowed("This person works for customers that you do not manage; ask a superuser.")


def check_in_charge_of_organisation(actor: User, organisation: Organisation) -> None:
    """Raise NotAllowed where somebody of the organisation is not this person's to decide on."""
    others = Reviewer.objects.filter(organisation=organisation).exclude(user__in=people_in_charge_of(actor))
    if not actor.is_superuser and others.exists():
        raise NotAllowed("People of this organisation work for customers that you do not manage; ask a superuser.")
