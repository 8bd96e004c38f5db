"""Judges: made, put to work and stopped, with what they may spend, what they are tried on and what is wrong with them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from config.kernel.canonical import digest
from config.kernel.errors import Conflict, Invalid
from config.kernel.events import record
from config.kernel.locks import lock_row
from config.kernel.models import User
from config.kernel.reasons import checked_reason
from config.kernel.transitions import transition
from labeling.models import Organisation, Project, Reviewer
from labeling.services.modelled import show_no_more
from labeling.types import OrganisationKind, Overlap, ReviewerKind
from quality.judged import expert_answers
from quality.model_families import families_of
from quality.models import Anchor, Judge, JudgeAlarm
from quality.types import JUDGE_MACHINE, AlarmKind, JudgeState

ANCHORS_MOST = 50
ASK = "Say why; it stays with your name."
WRITTEN = "Where people write, a model's text beside theirs would be copied; show it afterwards only."
# What a judge may be told beside the messages: nothing that asks for several answers, tools or a stream.
PARAMETERS = frozenset({
    "temperature", "top_p", "seed", "max_tokens", "max_completion_tokens", "reasoning_effort", "presence_penalty",
    "frequency_penalty", "response_format",
})  # fmt: skip
# Keys lie in variables of this prefix only: else a judge could be told to send the house's own secrets to its endpoint.
KEY_PREFIX = "ASSAY_JUDGE_KEY"


@transaction.atomic
def make_judge(
    *, project: Project, name: str, endpoint: str, model: str, prompt: str, actor: User, family: str = "", **more: Any
) -> Judge:
    """Make a draft judge and its identity as a reviewer. `more` are its parameters, key's variable, limits and prices.

    The same name with another prompt is the prompt's next version. Raises Invalid for what it may not be, and Conflict
    where the project does not list the endpoint or has this judge already.
    """
    project = lock_row(Project.objects.filter(pk=project.pk))
    if fault := endpoint_fault(endpoint):
        raise Invalid(fault, field="endpoint")
    if endpoint not in project.endpoints:
        raise Conflict(_not_listed(project, endpoint), field="endpoint")
    if "latest" in model.lower():
        raise Invalid("Name a pinned model: what “latest” stands for changes under the judge.", field="model")
    parameters = _checked_parameters(more.pop("parameters", None) or {})
    variable = more.get("key_variable", "")
    if variable and not variable.startswith(KEY_PREFIX):
        raise Invalid(f"A judge's key lies in a variable whose name begins with {KEY_PREFIX}.", field="key_variable")
    if more.get("is_shown_before") and project.overlap_kind == Overlap.REVIEWED:
        raise Invalid(WRITTEN, field="is_shown_before")
    version = _prompt_version(project, name, prompt)
    identity = digest([endpoint, model, prompt, version, parameters])
    if Judge.objects.filter(project=project, digest=identity).exists():
        raise Conflict("This project has this very judge already; change its model, prompt or parameters.")
    judge = Judge(
        customer_id=project.customer_id,
        project=project,
        reviewer=_identity(),
        name=name,
        endpoint=endpoint,
        model=model,
        family=family or sorted(families_of(model))[0],
        prompt=prompt,
        prompt_version=version,
        parameters=parameters,
        digest=identity,
        made_by=actor,
        **more,
    )
    judge.full_clean(exclude=["customer", "project", "reviewer", "made_by", "created_at"])
    judge.save()
    record("judge.made", subject=judge, actor_id=actor.pk, data={"project": project.pk, "digest": identity})
    return judge


@transaction.atomic
def activate_judge(*, judge: Judge, actor: User) -> None:
    """Let it judge. Raises Conflict while an alarm is open, or where the project no longer lists its endpoint."""
    project = lock_row(Project.objects.filter(pk=judge.project_id))
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    if judge.endpoint not in project.endpoints:
        raise Conflict(_not_listed(project, judge.endpoint))
    if alarm := judge.alarms.filter(closed_at=None).first():
        raise Conflict(f"An alarm about it is open: {alarm.sentence} Look into it and close it first.")
    transition(judge, JudgeState.ACTIVE, machine=JUDGE_MACHINE, actor_id=actor.pk)


@transaction.atomic
def stop_judge(*, judge: Judge, actor: User | None, reason: str = "") -> None:
    """Let it judge no more, until somebody lets it again. A call that is under way is still kept; what it has answered
    is shown to nobody before they answer, from now on."""
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    show_no_more(reviewer=judge.reviewer)
    transition(
        judge,
        JudgeState.STOPPED,
        machine=JUDGE_MACHINE,
        actor_id=actor.pk if actor else None,
        data={"reason": reason} if reason else None,
    )


@transaction.atomic
def show_before(*, judge: Judge, actor: User) -> None:
    """Show people, from now on, what it answers before they do. Again, it does nothing. What it has answered by then stays
    hidden: people are shown what comes. Raises Conflict where work is reviewed."""
    if judge.project.overlap_kind == Overlap.REVIEWED:
        raise Conflict(WRITTEN)
    _set_showing(judge, True, actor)


@transaction.atomic
def hide_before(*, judge: Judge, actor: User) -> None:
    """Show people no more what it answers before they do. Again, it does nothing."""
    if _set_showing(judge, False, actor):
        show_no_more(reviewer=judge.reviewer)


def _set_showing(judge: Judge, is_shown: bool, actor: User) -> bool:
    """Write whether its answers are shown before; return whether that is another way than before."""
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    if judge.is_shown_before == is_shown:
        return False
    Judge.objects.filter(pk=judge.pk).update(is_shown_before=is_shown)
    record("judge.showing_turned", subject=judge, actor_id=actor.pk, data={"is_shown_before": is_shown})
    return True


@transaction.atomic
def double_budget(*, judge: Judge, actor: User) -> None:
    """Let it spend twice what it was allowed to, all in all."""
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    if not judge.budget:
        raise Conflict("It has no budget to double; make a judge that has one.")
    Judge.objects.filter(pk=judge.pk).update(budget=F("budget") * 2)
    data = {"from": str(judge.budget), "to": str(judge.budget * 2)}
    record("judge.budget_raised", subject=judge, actor_id=actor.pk, data=data)


@transaction.atomic
def choose_anchors(*, judge: Judge, actor: User) -> int:
    """Take as anchors what experts have answered, up to ANCHORS_MOST, spread evenly; what is one stays. Return how many are new.

    Raises Conflict while experts have answered nothing.
    """
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    known = set(judge.anchors.values_list("item_version_id", flat=True))
    answered = sorted(set(expert_answers(judge.project_id)) - known)
    room = max(0, ANCHORS_MOST - len(known))
    if not known and not answered:
        raise Conflict("Experts have answered nothing here yet: make gold or audit first, and take anchors from that.")
    step = max(1, len(answered) / room) if room else 1
    chosen = [answered[int(place * step)] for place in range(min(room, len(answered)))]
    Anchor.objects.bulk_create(
        [
            Anchor(customer_id=judge.customer_id, project_id=judge.project_id, judge=judge, item_version_id=each)
            for each in chosen
        ],
        ignore_conflicts=True,
    )
    record("judge.anchored", subject=judge, actor_id=actor.pk, data={"anchors": len(chosen)})
    return len(chosen)


# --- alarms -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def raise_alarm(*, judge: Judge, kind: str, sentence: str) -> None:
    """Say what is wrong with it, once until the alarm is closed. Where it cannot go on by itself it stops.

    A judge that has drifted goes on, and counts for nothing meanwhile. Nothing that it has answered is shown to people
    before they answer any more.
    """
    judge = lock_row(Judge.objects.filter(pk=judge.pk))
    show_no_more(reviewer=judge.reviewer)
    if not judge.alarms.filter(kind=kind, closed_at=None).exists():
        alarm = JudgeAlarm.objects.create(
            customer_id=judge.customer_id, project_id=judge.project_id, judge=judge, kind=kind, sentence=sentence[:300]
        )
        record("judge.alarmed", subject=alarm, actor_id=None, data={"judge": judge.pk, "kind": kind})
    if kind != AlarmKind.DRIFT and judge.state == JudgeState.ACTIVE:
        transition(judge, JudgeState.STOPPED, machine=JUDGE_MACHINE, actor_id=None, data={"alarm": kind})


@transaction.atomic
def close_alarm(*, alarm: JudgeAlarm, reason: str, actor: User) -> None:
    """Say that somebody has looked, and what they found. The judge goes on once it is let."""
    reason = checked_reason(reason, ask=ASK)
    alarm = lock_row(JudgeAlarm.objects.filter(pk=alarm.pk))
    if alarm.closed_at is not None:
        raise Conflict("This alarm is closed already.")
    JudgeAlarm.objects.filter(pk=alarm.pk).update(closed_by=actor, closed_at=Now(), reason=reason)
    record("judge.alarm_closed", subject=alarm, actor_id=actor.pk, data={"judge": alarm.judge_id})


# --- what it may be ---------------------------------------------------------------------------------------------------


def endpoint_fault(endpoint: str) -> str | None:
    """Return what is wrong with an endpoint's address, as a sentence; None where it is sound."""
    parts = urlsplit(endpoint)
    schemes = ("https", "http") if settings.JUDGES_MAY_CALL_PRIVATE else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        return "An endpoint is an address such as https://models.example.org/v1."
    if parts.username or parts.password or parts.query or parts.fragment:
        return "An endpoint's address holds no password, query or fragment; the key is in the environment."
    return None


def _not_listed(project: Project, endpoint: str) -> str:
    return f"{project} does not let its content reach {endpoint}; add it to the project's endpoints first."


def _checked_parameters(parameters: Any) -> dict[str, Any]:
    if not isinstance(parameters, Mapping):
        raise Invalid('Parameters are an object such as {"temperature": 0}.', field="parameters")
    for name in parameters:
        if name not in PARAMETERS:
            raise Invalid(
                f"{name!r} is no parameter of a judge; there are {', '.join(sorted(PARAMETERS))}.", field="parameters"
            )
    # Without a bound on what it writes, nothing could be said beforehand of what a call costs.
    bound = {} if {"max_tokens", "max_completion_tokens"} & parameters.keys() else {"max_tokens": 1000}
    return {**parameters, **bound}


def _prompt_version(project: Project, name: str, prompt: str) -> int:
    named = Judge.objects.filter(project=project, name=name)
    same = named.filter(prompt=prompt).first()
    return same.prompt_version if same else (named.aggregate(last=Max("prompt_version"))["last"] or 0) + 1


def _identity() -> Reviewer:
    """A reviewer that no router knows of: it is not active, so nothing is ever offered to it."""
    house, _ = Organisation.objects.get_or_create(name="Models", defaults={"kind": OrganisationKind.IN_HOUSE})
    return Reviewer.objects.create(kind=ReviewerKind.MODEL, organisation=house, languages=["*"], is_active=False)
