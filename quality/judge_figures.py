"""Reads for the page of a project's judges: what each was measured at, has spent, and what is wrong with it."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Sum

from labeling.models import Prelabel, Project
from quality.judge_prompts import verdict_of
from quality.judged import documents_of, judges_that_count
from quality.models import Judge, JudgeAlarm, JudgeCalibration, JudgeCall
from quality.proportions import Share, share_of
from quality.types import CallPurpose, CallState

JUDGES_MOST = 20
FOLLOWED_MOST = 1000


@dataclass(frozen=True, slots=True)
class AnchorsSince:
    """How many anchors are answered otherwise on the last day than on the first, of those answered on both."""

    first: str
    last: str
    changed: Share


@dataclass(frozen=True, slots=True)
class Followed:
    """How often people answer as the judge does: those who were shown its answer before, and those who were not.

    The first is higher than the second where people follow it (anchoring).
    """

    seen: Share
    unseen: Share


# People's answers to what judges answered too, by way of the rounds: the latest of each judge.
BOTH = """
SELECT given.prelabel_id IS NOT DISTINCT FROM said.id, given.answers::text, said.answers::text
FROM (SELECT a.id, a.item_version_id, a.form_id, a.answers FROM labeling_annotation a
      WHERE a.reviewer_id = %(reviewer)s AND a.origin = 'model' ORDER BY a.id DESC LIMIT %(most)s) said
JOIN labeling_itemversion v ON v.id = said.item_version_id
JOIN labeling_round r ON r.item_id = v.item_id AND r.item_version_id = v.id AND r.form_id = said.form_id
JOIN labeling_annotation given ON given.round_id = r.id AND given.supersedes_id IS NULL AND given.origin = 'human'
JOIN labeling_task t ON t.id = given.task_id AND t.kind IN ('annotate', 'gold')
WHERE given.prelabel_id IS NULL OR given.prelabel_id = said.id
"""


@dataclass(slots=True)
class JudgeFigures:
    """`calls` are counts by how they ended; `shown` how many items people see its answer to before theirs."""

    judge: Judge
    calibration: JudgeCalibration | None = None
    is_counting: bool = False
    spent: Decimal = Decimal(0)
    calls: Counter[str] = field(default_factory=Counter)
    alarms: list[JudgeAlarm] = field(default_factory=list)
    anchors: AnchorsSince | None = None
    shown: int = 0
    followed: Followed | None = None


def figures_of_judges(project: Project) -> list[JudgeFigures]:
    """Return the project's judges, the newest first, each with what is known of it."""
    judges = Judge.objects.filter(project=project).select_related("made_by").order_by("-pk")[:JUDGES_MOST]
    found = {judge.pk: JudgeFigures(judge) for judge in judges}
    latest = JudgeCalibration.objects.filter(judge__in=found).order_by("judge", "-pk").distinct("judge")
    for calibration in latest:
        found[calibration.judge_id].calibration = calibration
    for judge in judges_that_count(project):
        if judge.pk in found:
            found[judge.pk].is_counting = True
    for alarm in JudgeAlarm.objects.filter(judge__in=found, closed_at=None).order_by("pk"):
        found[alarm.judge_id].alarms.append(alarm)
    calls = JudgeCall.objects.filter(judge__in=found).order_by().values_list("judge", "ended")
    for judge_id, ended, count, cost in calls.annotate(count=Count("pk"), cost=Sum("cost")):
        found[judge_id].calls[ended] += count
        found[judge_id].spent += cost
    shown = Prelabel.objects.filter(annotation__reviewer__judge__in=found, shown_until=None).order_by()
    for judge_id, count in shown.values_list("annotation__reviewer__judge").annotate(count=Count("pk")):
        found[judge_id].shown = count
    has_judged = any(each.calls for each in found.values())
    question = documents_of(project.pk).question if has_judged else None
    if question is not None:
        for judge_id, anchors in _anchors(question, found).items():
            found[judge_id].anchors = anchors
        for each in found.values():
            each.followed = _followed(question, each.judge)
    return list(found.values())


def _followed(question: Mapping[str, Any], judge: Judge) -> Followed:
    with connection.cursor() as cursor:
        cursor.execute(BOTH, {"reviewer": judge.reviewer_id, "most": FOLLOWED_MOST})
        both = [(is_seen, *map(json.loads, answers)) for is_seen, *answers in cursor.fetchall()]
    same = [(is_seen, verdict_of(question, given) == verdict_of(question, said)) for is_seen, given, said in both]
    seen, unseen = ([is_same for is_seen, is_same in same if is_seen == wanted] for wanted in (True, False))
    return Followed(share_of(sum(seen), len(seen)), share_of(sum(unseen), len(unseen)))


def _anchors(question: Mapping[str, Any], judge_ids: Collection[int]) -> dict[int, AnchorsSince]:
    answered = JudgeCall.objects.filter(
        judge__in=judge_ids, purpose=CallPurpose.ANCHOR, ended=CallState.ANSWERED
    ).order_by()
    days = {
        judge_id: (first, last)
        for judge_id, first, last in answered.values_list("judge").annotate(Min("variant"), Max("variant"))
        if first != last
    }
    said: dict[tuple[int, str], dict[int, Any]] = defaultdict(dict)
    wanted = answered.filter(judge__in=days, variant__in={day for both in days.values() for day in both})
    for judge_id, day, version, answers in wanted.values_list("judge", "variant", "item_version", "answers"):
        said[judge_id, day][version] = verdict_of(question, answers)
    return {
        judge_id: AnchorsSince(first, last, _changed([said[judge_id, day] for day in (first, last)]))
        for judge_id, (first, last) in days.items()
    }


def _changed(said: Sequence[dict[int, Any]]) -> Share:
    before, now = said
    both = before.keys() & now.keys()
    return share_of(sum(before[key] != now[key] for key in both), len(both))
