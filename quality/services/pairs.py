"""Who stands together with the author of an answer, against others, in the rounds that the author judged. Reads; for checks."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from labeling.forms import CHOICE, PREFERENCE
from labeling.models import Annotation
from labeling.types import Origin, TaskKind
from quality.crowd import answers_of
from quality.effort import Finding
from quality.models import Standing
from quality.together import ALONE_LEAST, SHARED_LEAST, stand_together, tally_pair

# So many of the author's last answers are looked at, with what others said there.
ROUNDS_MOST = 300
ANSWERS_MOST = 2000
# Of so few at once is more read than the author's own rounds tell: whoever is suspected by these alone, most first.
SUSPECTS_MOST = 3

Rounds = dict[int, dict[int, str]]


def found_together(newest: Annotation, *, after: int, chance_below: float) -> Finding | None:
    """Return what is found of this one's author and one other; what came before the annotation `after` is left out.

    Of a form's questions the first objective one with one answer of a few is looked at: on preferential ones people may
    agree as they like. Each judged on their own: reviews, adjudications and answers beside a pre-label do not count.
    """
    question = _question_of(newest.form.document)
    if question is None:
        return None
    me, answers = newest.reviewer_id, answers_of(question)
    own = _rounds(newest, me, question, after)
    people = {who for said in own.values() for who in said} - {me}
    pairs = {who: tally_pair(own.values(), me, who) for who in people}
    chances = {who: pair.chance(ALONE_LEAST) for who, pair in pairs.items() if pair.shared >= SHARED_LEAST}
    bound = chance_below / max(1, len(chances))
    suspects = sorted((who for who in chances if chances[who] < bound), key=lambda who: chances[who])[:SUSPECTS_MOST]
    known = _accuracies(newest.project_id, [me, *suspects]) if suspects else {}
    for who in suspects:
        both = _rounds(newest, who, question, after) | own
        at_least_right = (known.get(me, 0.0), known.get(who, 0.0))
        pair = tally_pair(both.values(), me, who)
        if finding := stand_together(pair, answers=answers, at_least_right=at_least_right, chance_below=bound):
            return finding
    return None


def _question_of(form: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for question in form["questions"]:
        is_one = question["type"] in (CHOICE, PREFERENCE) and not question.get("each_response")
        if is_one and question.get("nature") == "objective" and not question.get("per_turn"):
            return question
    return None


def _rounds(newest: Annotation, reviewer_id: int, question: Mapping[str, Any], after: int) -> Rounds:
    """Return who said what in this person's last rounds, by round, in the order it was said."""
    alone = Annotation.objects.filter(
        project=newest.project_id,
        form=newest.form_id,
        task__kind=TaskKind.ANNOTATE,
        origin=Origin.HUMAN,
        supersedes=None,
        prelabel=None,
        pk__gt=after,
    )
    theirs = alone.filter(reviewer=reviewer_id).order_by("-pk").values("round")[:ROUNDS_MOST]
    given = alone.filter(round__in=theirs).order_by("-pk").values_list("round", "reviewer", "answers")[:ANSWERS_MOST]
    rounds: Rounds = defaultdict(dict)
    for number, who, answers in reversed(given):
        answer = answers.get(question["id"])
        if answer is not None:
            rounds[number][who] = str(answer["choice"] if question["type"] == PREFERENCE else answer)
    return rounds


def _accuracies(project_id: int, people: list[int]) -> dict[int, float]:
    """Return what standings say of these people, at their means."""
    standings = Standing.objects.filter(project=project_id, reviewer__in=people, skill="")
    return {who: alpha / (alpha + beta) for who, alpha, beta in standings.values_list("reviewer", "alpha", "beta")}
