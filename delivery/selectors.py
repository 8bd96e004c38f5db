"""Reads about releases. Fetching for a person goes through visible_to(user)."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, Count, JSONField, QuerySet, Sum
from django.db.models.expressions import RawSQL

from config.kernel.errors import NotFound
from config.kernel.life import newest
from config.kernel.models import User
from config.kernel.types import LifeMoment, Touched
from delivery.models import Artifact, LedgerEntry, Release, ReleaseEntry, SampleEntry
from labeling.guidelines import REACHED, reach_of
from labeling.life import reads_of
from labeling.models import GuidelineVersion, Item, Project

# The sealed releases that carry reached items, with what was charged for these, and the defects that cite a clause.
RADIUS = f"""
WITH reached AS MATERIALIZED ({REACHED}), carried AS MATERIALIZED (
    SELECT e.release_id, e.item_id FROM delivery_releaseentry e JOIN reached ON reached.item_id = e.item_id
    JOIN delivery_release r ON r.id = e.release_id AND r.state IN ('frozen', 'accepted')
)
SELECT (SELECT count(DISTINCT release_id) FROM carried),
  ARRAY(SELECT r.number::text FROM delivery_release r WHERE r.id IN (SELECT release_id FROM carried) ORDER BY r.id),
  (SELECT count(*) FROM delivery_defect d WHERE d.project_id = %(project)s AND d.clause = ANY(%(clauses)s)),
  count(l.id), COALESCE(sum(l.amount), 0)
FROM reached JOIN delivery_ledgerentry l ON l.subject_id = reached.item_id AND l.kind = 'charge'
  AND l.subject = 'labeling.item' AND l.currency = %(currency)s
"""

# What a release was made by, out of its manifest without reading all of it; and whether a breaking version newer than
# any of these is in force.
GUIDELINES = "jsonb_path_query_array(COALESCE(delivery_release.manifest, '{}'), '$.guidelines[*].number')"
SUPERSEDED = """(delivery_release.manifest IS NOT NULL AND EXISTS (
    SELECT FROM labeling_guidelineversion g WHERE g.project_id = delivery_release.project_id AND g.state = 'published'
      AND g.change_kind = 'breaking' AND lower(g.in_force) <= statement_timestamp()
      AND g.number > (SELECT max(made_by::int) FROM jsonb_path_query(delivery_release.manifest, '$.guidelines[*].number')
                      AS made_by)))"""


def releases(among: QuerySet[Release] | None = None) -> QuerySet[Release]:
    """Return these releases, or all, with `guideline_numbers` and `is_guideline_superseded`, without their manifests."""
    return (
        (Release.objects.all() if among is None else among)
        .select_related("project")
        .annotate(
            guideline_numbers=RawSQL(GUIDELINES, [], output_field=JSONField()),
            is_guideline_superseded=RawSQL(SUPERSEDED, [], output_field=BooleanField()),
        )
        .defer("manifest")
    )


def get_release(*, user: User, public_id: UUID, permission: str = "see_project") -> Release:
    """Return the release if this person holds the permission on its project; NotFound otherwise."""
    try:
        return releases(Release.objects.visible_to(user, permission)).get(public_id=public_id)
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
        .select_related("entry__resolution__round__form", "entry__item", "entry__resolution__item_version", "defect")
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
    """Delivery's part of an item's line of life: the releases that carry it, the checks of it, and the decisions."""
    entries, moments = newest(
        ReleaseEntry.objects.filter(item=item, release__frozen_at__isnull=False)
        .select_related("release")
        .defer("release__manifest"),
        "delivery",
        "releases",
        at="release.frozen_at",
    )
    for entry in entries:
        release = entry.release
        link = ("delivery.release", release.pk)
        moments.append(
            LifeMoment(release.frozen_at, "delivery", f"frozen in release {release.number}", kind="release", link=link)
        )
        if release.decided_at:
            moments.append(
                LifeMoment(
                    release.decided_at,
                    "delivery",
                    f"release {release.number} {release.state}",
                    kind="decision",
                    detail=release.decision_reason,
                    link=link,
                    user_id=release.decided_by_id,
                )
            )
    return moments + _checks(item, [entry.pk for entry in entries])


def _checks(item: Item, entry_ids: list[int]) -> list[LifeMoment]:
    """Return the looks at the item in samples, the verdicts and the defects."""
    sampled = list(
        SampleEntry.objects.filter(entry__in=entry_ids).select_related("defect", "entry__release")
        .defer("entry__release__manifest")
    )  # fmt: skip
    moments = []
    for each in sampled:
        if each.checked_at:
            defect = getattr(each, "defect", None)
            worse = f", {defect.get_severity_display().lower()}" if defect else ""
            moments.append(
                LifeMoment(
                    each.checked_at,
                    "delivery",
                    f"checked in the sample of release {each.entry.release.number}: {each.get_verdict_display().lower()}{worse}",
                    kind="defect" if defect else "verdict",
                    detail=defect.note if defect else "",
                    link=("delivery.sampleentry", each.pk),
                    user_id=each.checked_by_id,
                )
            )
    if sampled:
        moments += reads_of(item, {"delivery.sampleentry": [each.pk for each in sampled]}, "read in a sample")
    return moments


def blast_radius(version: GuidelineVersion, clauses: Collection[str]) -> list[Touched]:
    """Delivery's part: the releases that carry what is judged anew, which stay as they are, and what was charged for it."""
    with connection.cursor() as cursor:
        currency = version.project.currency
        cursor.execute(RADIUS, {**reach_of(version), "clauses": sorted(clauses), "currency": currency})
        carrying, numbers, defects, charged, amount = cursor.fetchone()
    return [
        Touched("delivery", "releases that carry them", carrying, examples=tuple(numbers)),
        Touched(
            "delivery",
            "records charged before, and not again",
            charged,
            amount=amount,
            currency=currency,
        ),
        Touched("delivery", "defects that cite a changed clause", defects),
    ]
