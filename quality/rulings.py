"""Reads about rulings: those that a reviewer may read at the desk."""

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from config.kernel.errors import NotFound
from config.kernel.models import User
from quality.models import Ruling, RulingReading
from routing.answers import projects_at_work

# "Me" counts no further.
COUNTED = 100


def rulings_for(user: User) -> QuerySet[Any]:
    """Return what was ruled on the projects that this person works on, and what they asked themselves; each says whether
    they asked it (`is_mine`) and have read the answer (`is_read`)."""
    mine = Q(asked_by__user=user)
    read = RulingReading.objects.filter(ruling=OuterRef("pk"), reviewer__user=user)
    shown = Ruling.objects.filter(mine | Q(answered_at__isnull=False), project__in=projects_at_work(user))
    return shown.exclude(question="", answer="").annotate(is_mine=Exists(_asked(user)), is_read=Exists(read))


def _asked(user: User) -> QuerySet[Ruling]:
    return Ruling.objects.filter(pk=OuterRef("pk"), asked_by__user=user)


def get_ruling(*, user: User, public_id: UUID) -> Ruling:
    ruling = rulings_for(user).filter(public_id=public_id).first()
    if ruling is None:
        raise NotFound("There is no such ruling.")
    return ruling


def desk_me(user: User) -> dict[str, Any]:
    """Quality's part of "me": how many rulings this person has still to read."""
    unread = rulings_for(user).filter(answered_at__isnull=False, is_read=False)
    return {"rulings_to_read": unread.order_by()[:COUNTED].count()}
