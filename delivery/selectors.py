"""Reads about releases. Fetching for a person goes through visible_to(user)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from config.kernel.errors import NotFound
from config.kernel.models import User
from config.kernel.types import LifeMoment
from delivery.models import Artifact, LedgerEntry, Release, ReleaseEntry, SampleEntry
from labeling.models import Item, Project


def get_release(*, user: User, public_id: UUID, permission: str = "see_project") -> Release:
    """Return the release if this person holds the permission on its project; NotFound otherwise."""
    try:
        return Release.objects.visible_to(user, permission).select_related("project").get(public_id=public_id)
    except Release.DoesNotExist:
        raise NotFound("There is no such release.") from None


def get_artifact(*, release: Release, name: str) -> Artifact:
    try:
        return Artifact.objects.prefetch_related("redactions").get(release=release, name=name)
    except Artifact.DoesNotExist:
        raise NotFound(f"The release has no file {name!r}; its manifest lists them.") from None


def get_sample_entry(*, release: Release, public_id: UUID) -> SampleEntry:
    try:
        return SampleEntry.objects.select_related("sample").get(sample__release=release, public_id=public_id)
    except SampleEntry.DoesNotExist:
        raise NotFound("There is no such record in the sample.") from None


def sampled_records(release: Release) -> QuerySet[SampleEntry]:
    """Return the sample's entries with all that is shown of each."""
    return (
        SampleEntry.objects.filter(sample__release=release)
        .select_related("entry__resolution", "entry__item", "entry__resolution__item_version", "defect")
        .order_by("entry__external_id")
    )


def releases_carrying(items: QuerySet[Item]) -> int:
    """Return how many frozen releases carry any of these items."""
    return ReleaseEntry.objects.filter(item__in=items).values("release").distinct().count()


def costs_of(project: Project) -> list[dict[str, Any]]:
    """Return what was charged for the project so far, one line a currency."""
    sums = (
        LedgerEntry.objects.filter(project=project, kind="charge")
        .values("currency")
        .annotate(amount=Sum("amount"), records=Count("id"))
        .order_by("currency")
    )
    return [
        {"currency": each["currency"], "amount": each["amount"] or Decimal(0), "records": each["records"]}
        for each in sums
    ]


def life_of_item(item: Item) -> list[LifeMoment]:
    """Delivery's part of an item's line of life: the releases that carry it, and what was decided on them."""
    moments = []
    for entry in ReleaseEntry.objects.filter(item=item).select_related("release").order_by("id"):
        release = entry.release
        if release.frozen_at:
            moments.append(LifeMoment(release.frozen_at, "delivery", f"frozen in release {release.number}"))
        if release.decided_at:
            moments.append(LifeMoment(release.decided_at, "delivery", f"release {release.number} {release.state}"))
    return moments
