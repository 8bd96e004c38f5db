"""What holds single results back from releases, as SQL; and what releases carry that came to be doubted since."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from delivery.models import SEALED, Release, ReleaseEntry
from quality.models import Doubt
from quality.types import DoubtState

# A fall put it in doubt, and nobody has cleared it yet (`s` is the resolution).
DOUBTED = "EXISTS (SELECT FROM quality_doubt d WHERE d.resolution_id = s.id AND d.state = 'open')"

# Nothing is released on the strength of those alone who are on probation, in training, or judge only along with others, in
# a project whose gold can tell who may be trusted; without gold nobody could ever rise. Whoever adjudicates is an
# expert; a judge proves nobody.
UNPROVEN = """(EXISTS (SELECT FROM quality_golditem g WHERE g.project_id = s.project_id AND g.use = 'gold' AND g.work = 'judge')
  AND (SELECT count(*) FILTER (WHERE NOT proven) > 0 AND count(*) FILTER (WHERE proven) = 0
    FROM (SELECT t.kind = 'adjudicate' OR NOT EXISTS (
              SELECT FROM routing_enrolment e WHERE e.reviewer_id = a.reviewer_id AND e.project_id = a.project_id
                AND e.trust IN ('training', 'probation', 'consensus_only')) AS proven
          FROM labeling_annotation a JOIN labeling_task t ON t.id = a.task_id
          WHERE a.id = ANY(s.annotation_ids) AND a.origin <> 'model') said))"""

HELD = f"({DOUBTED} OR {UNPROVEN})"

COUNTED = f"""
SELECT count(*) FILTER (WHERE {DOUBTED}), count(*) FILTER (WHERE NOT {DOUBTED} AND {UNPROVEN})
FROM labeling_item i
JOIN LATERAL (SELECT r.id FROM labeling_round r WHERE r.item_id = i.id AND r.state = 'resolved' AND r.reason NOT IN ('gold', 'audit')
              ORDER BY r.number DESC LIMIT 1) latest ON true
JOIN quality_resolution s ON s.round_id = latest.id
  AND NOT EXISTS (SELECT FROM quality_resolution later WHERE later.supersedes_id = s.id)
WHERE i.project_id = %s AND i.state = 'resolved'
"""


@dataclass(frozen=True, slots=True)
class HeldResults:
    """How many results a release of the project would leave out now, by why."""

    doubted: int
    unproven: int

    def __bool__(self) -> bool:
        return bool(self.doubted or self.unproven)

    def in_words(self) -> str:
        return (
            f"{self.doubted} in doubt since somebody's standing fell (clear them, or have them judged anew), {self.unproven}"
            " judged by people on probation alone (trust somebody, or wait until their standing rises)"
        )


def held_results(*, project_id: int) -> HeldResults:
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [project_id])
        return HeldResults(*cursor.fetchone())


def doubted_releases(*, fall_id: int) -> list[tuple[Release, int]]:
    """Return the frozen releases that carry results doubted because of this fall and not cleared, and how many of them."""
    doubted = Doubt.objects.filter(fall=fall_id).exclude(state=DoubtState.CLEARED)
    carried = ReleaseEntry.objects.filter(resolution__in=doubted.values("resolution"), release__state__in=SEALED)
    counts = dict(carried.order_by().values_list("release").annotate(n=Count("id")))
    releases = Release.objects.filter(pk__in=counts).select_related("project").order_by("pk")
    return [(release, counts[release.pk]) for release in releases]
