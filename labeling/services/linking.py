"""Near-duplicates: each version looked at is linked to the earlier item that it is most like, and leaves its sketch.

For jobs only: what it compares with needs numpy.
"""

from collections.abc import Collection, Sequence

from django.db import connection

from labeling.models import Batch, ItemSketch, ItemVersion
from labeling.near_duplicates import ALIKE, Neighbourhood, bands_of, signature_of, stored, text_to_compare

# By the index of bands, whatever the planner guesses: it takes a list of thousands for a reason to read the table through.
BY_BANDS = "SELECT set_config('enable_seqscan', %(on)s, true), set_config('enable_indexscan', %(on)s, true)"

MET = """
SELECT s.id, s.item_version_id, s.signature, s.bands FROM labeling_itemsketch s
WHERE s.bands && %(bands)s::bigint[] AND s.project_id = %(project)s
"""

# Of these versions, those of other items that are still there, each item by its latest that left a sketch.
OTHERS = """
SELECT v.id, v.item_id FROM labeling_itemversion v
JOIN labeling_item i ON i.id = v.item_id AND i.state <> 'withdrawn'
WHERE v.id = ANY(%(versions)s) AND v.item_id <> ALL(%(items)s) AND v.number = (
    SELECT max(u.number) FROM labeling_itemversion u JOIN labeling_itemsketch s ON s.item_version_id = u.id
    WHERE u.item_id = v.item_id
)
"""


def link_near_duplicates(*, batch: Batch, versions: Sequence[ItemVersion]) -> dict[int, tuple[float, int]]:
    """Keep each version's sketch; return of those that are like an earlier item how much (ALIKE or more) and which.

    The caller sees to it that a project's versions come one slice after another. A version that was compared before is
    left alone.
    """
    before = set(ItemSketch.objects.filter(item_version__in=versions).values_list("item_version_id", flat=True))
    sketches = [
        sketch for version in versions if version.pk not in before and (sketch := _sketch(batch, version)) is not None
    ]
    if not sketches:
        return {}
    near = _known(batch, sketches)
    links = {}
    for sketch in sketches:
        found = near.most_alike(bytes(sketch.signature), sketch.bands)
        if found is not None and found[0] >= ALIKE:
            links[sketch.item_version_id] = found
        sketch.bands = near.add(bytes(sketch.signature), sketch.item_version.item_id, sketch.bands)
    ItemSketch.objects.bulk_create(sketches)
    return links


def _sketch(batch: Batch, version: ItemVersion) -> ItemSketch | None:
    """Return the version's sketch with all of its bands, not saved yet; None where it has no words."""
    signature = signature_of(text_to_compare(version.payload))
    if signature is None:
        return None
    return ItemSketch(
        customer_id=batch.customer_id,
        project_id=batch.project_id,
        item_version=version,
        signature=stored(signature),
        bands=bands_of(signature, project_id=batch.project_id),
    )


def _known(batch: Batch, sketches: Collection[ItemSketch]) -> Neighbourhood:
    """Return the earlier sketches of other items that share a band with any of these."""
    bands = sorted({band for sketch in sketches for band in sketch.bands})
    items = [sketch.item_version.item_id for sketch in sketches]
    near = Neighbourhood()
    with connection.cursor() as cursor:
        cursor.execute(BY_BANDS, {"on": "off"})
        cursor.execute(MET, {"bands": bands, "project": batch.project_id})
        met = sorted(cursor.fetchall())
        cursor.execute(BY_BANDS, {"on": "on"})
        if met:
            cursor.execute(OTHERS, {"versions": [version_id for _, version_id, _, _ in met], "items": items})
            others = dict(cursor.fetchall())
            for _, version_id, signature, of_bands in met:
                if version_id in others:
                    near.add(bytes(signature), others[version_id], of_bands)
    return near
