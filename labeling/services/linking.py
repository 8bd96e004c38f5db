"""Near-duplicates: each version looked at is linked to the earlier item that it is most like, and leaves its sketch.

For jobs only: what it compares with needs numpy.
"""

from collections.abc import Collection, Sequence

from django.db import connection

from labeling.models import Batch, ItemSketch, ItemVersion
from labeling.near_duplicates import ALIKE, Neighbourhood, bands_of, signature_of, stored, text_to_compare

# The planner knows nothing yet of rows just written, and must not read the table through for them.
BY_INDEX = "SELECT set_config('enable_seqscan', %s, true)"

# The sketches of other items, each by its latest, that share a band with any of these.
KNOWN = """
SELECT s.signature, v.item_id, s.bands
FROM labeling_itemsketch s
JOIN labeling_itemversion v ON v.id = s.item_version_id AND v.item_id <> ALL(%(items)s)
JOIN labeling_item i ON i.id = v.item_id AND i.state <> 'withdrawn'
WHERE s.bands && %(bands)s::bigint[] AND s.project_id = %(project)s
  AND NOT EXISTS (SELECT FROM labeling_itemversion later JOIN labeling_itemsketch ls ON ls.item_version_id = later.id
                  WHERE later.item_id = v.item_id AND later.number > v.number)
ORDER BY s.id
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
    """Return the earlier sketches that any of these may be like."""
    near = Neighbourhood()
    with connection.cursor() as cursor:
        cursor.execute(BY_INDEX, ["off"])
        cursor.execute(
            KNOWN,
            {
                "project": batch.project_id,
                "items": [sketch.item_version.item_id for sketch in sketches],
                "bands": sorted({band for sketch in sketches for band in sketch.bands}),
            },
        )
        for signature, item_id, bands in cursor:
            near.add(bytes(signature), item_id, bands)
        cursor.execute(BY_INDEX, ["on"])
    return near
