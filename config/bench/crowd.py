"""People made up, who work through a real project: every answer is claimed and submitted, every job run, time moved by the day.

What `config.bench.reviewers` asks of the rules alone is asked of the product here: the queue decides who meets which
item and which gold, the jobs what follows. Nobody knows the truth but the people made up.
"""

import io
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from psycopg import sql
from rich.progress import Progress

from config.bench.queues import quieten
from config.kernel import handoffs
from config.kernel.events import subscriptions
from config.kernel.models import User
from config.kernel.types import Surface
from labeling.models import ItemVersion, Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.batches import keep_source, receive_batch
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.people import add_member, create_customer, create_reviewer
from labeling.services.projects import create_project, open_project
from labeling.types import Role
from quality import jobs as quality_jobs
from quality.models import Pause
from quality.services.pauses import confirm_pause, lift_pause
from quality.types import PauseState
from routing.services.claims import next_task
from routing.services.enrolments import enrol_reviewer
from routing.services.submits import submit_task
from routing.types import LeasedTask

ANSWERS = ("a", "b", "c", "d")
FORM: dict[str, Any] = {
    "title": "Which topic is it?",
    "questions": [
        {
            "id": "topic",
            "type": "choice",
            "text": "Which topic is it?",
            "nature": "objective",
            "required": True,
            "options": [{"value": value, "text": value.upper()} for value in ANSWERS],
        }
    ],
}
CLAUSES = [{"id": "topic", "title": "Topic", "text": "Choose what most of the text is about."}]
OVERLAP = 3
A_DAY = 40
# So many answers each before the jobs run: what is found is found that much later at most.
STRETCH = 5
DRAIN = "config.kernel.handoffs.drain_queue"
# What happens to be older when a day has gone by. The kernel's own tables know no days that matter here.
APPS = ("labeling", "routing", "quality", "delivery")


@dataclass(frozen=True, slots=True)
class Kind:
    """`accuracy` becomes `later` at a judgment drawn between `changes`. `together` is the share of answers taken from a
    shared list; `one_place` that of the same answer whatever is asked, `hurry` that of answers in three seconds."""

    accuracy: float
    later: float | None = None
    changes: tuple[int, int] = (0, 0)
    together: float = 0.0
    one_place: float = 0.0
    hurry: float = 0.02


KINDS = {
    "excellent": Kind(0.95),
    "honest": Kind(0.85),
    "careless": Kind(0.25, hurry=0.5),
    "straight": Kind(0.9, one_place=0.9),
    "drifting": Kind(0.95, later=0.5, changes=(80, 100)),
    "colluding": Kind(0.8, together=0.95),
}
GOOD = ("excellent", "honest")


@dataclass(slots=True)
class Person:
    """`given` counts judgments; from the judgment `changes_at` on there is something to find."""

    name: str
    kind: str
    user: User
    reviewer: Reviewer
    changes_at: int
    chance: random.Random
    given: int = 0

    @property
    def is_bad(self) -> bool:
        return self.kind not in GOOD and self.given >= self.changes_at

    def answer(self, item: str) -> tuple[str, float]:
        """Return what the person says of this item, and in how many seconds."""
        kind = KINDS[self.kind]
        seconds = 3.0 if self.chance.random() < kind.hurry else self.chance.uniform(15.0, 60.0)
        if self.chance.random() < kind.one_place:
            return ANSWERS[0], seconds
        accuracy = kind.later if kind.later is not None and self.given >= self.changes_at else kind.accuracy
        if self.chance.random() < kind.together:
            return answer_of(item, accuracy, random.Random(f"{self.kind} {item}")), seconds
        return answer_of(item, accuracy, self.chance), seconds


def truth_of(item: str) -> str:
    return random.Random(f"truth {item}").choice(ANSWERS)


def answer_of(item: str, accuracy: float, chance: random.Random) -> str:
    right = truth_of(item)
    return right if chance.random() < accuracy else chance.choice([each for each in ANSWERS if each != right])


@dataclass(slots=True)
class World:
    """A project with its people, what is drawn, and the owner's connection: only that may make the record older."""

    project: Project
    operator: User
    people: list[Person]
    chance: random.Random
    owner: psycopg.Connection[Any]
    names: dict[int, str] = field(default_factory=dict)

    @property
    def person_of(self) -> Mapping[int, Person]:
        return {person.reviewer.pk: person for person in self.people}


def found_world(
    *, counts: Mapping[str, int], seed: int, items: int, gold: int, gold_share: str, owner: psycopg.Connection[Any]
) -> World:
    """Make the project, so many people of each kind, and upload its items and gold, through the services that do it."""
    operator = User.objects.create_user("operator@crowd.example", name="Operator", surface=Surface.CONSOLE)
    customer = create_customer(name="Crowd", slug="crowd", actor=None)
    add_member(user=operator, customer=customer, role=Role.OPERATOR, actor=None)
    project = create_project(
        customer=customer,
        slug="crowd",
        name="Crowd",
        actor=None,
        overlap=OVERLAP,
        gold_share=gold_share,
        gold_share_most="0.3",
    )
    publish_form(project=project, document=FORM, actor=None)
    publish_guideline(project=project, clauses=CLAUSES, actor=None)
    open_project(project=project, actor=None)
    project.refresh_from_db()
    people = []
    for kind, count in counts.items():
        for number in range(count):
            name = f"{kind}-{number}"
            chance = random.Random(f"{seed} {name}")
            user = User.objects.create_user(f"{name}@crowd.example", name=name, surface=Surface.DESK)
            reviewer = create_reviewer(user=user, languages=["en"], actor=None)
            enrol_reviewer(project=project, reviewer=reviewer, actor=None)
            acknowledge_guideline(reviewer=reviewer, project=project, number=1)
            people.append(Person(name, kind, user, reviewer, chance.randint(*KINDS[kind].changes), chance))
    world = World(project, operator, people, random.Random(seed), owner)
    _upload(world, "items", [_row(f"item-{seed}-{number:05d}") for number in range(items)])
    known = [f"known-{seed}-{number:04d}" for number in range(gold)]
    _upload(world, "gold", [_row(name, expected={"answer": {"topic": truth_of(name)}}) for name in known])
    world.names = dict(ItemVersion.objects.filter(item__project=project).values_list("pk", "item__external_id"))
    return world


def _row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "external_id": name,
        "messages": [{"role": "user", "content": f"What is text {name} about?"}],
        "responses": [{"key": "a", "text": f"It is about {name}.", "model": "one"}],
        "language": "en",
        **more,
    }


def _upload(world: World, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    source = keep_source(project=world.project, source=io.BytesIO(content), name=f"{name}.ndjson")
    receive_batch(project=world.project, name=name, source=source, actor=world.operator)
    settle()


def live(world: World, *, days: int, look: Callable[[], None], progress: Progress) -> Iterator[int]:
    """Let everybody work day by day, `look` after each stretch; yield each day's number in its evening, before the night."""
    bar = progress.add_task("Days of work", total=days * A_DAY // STRETCH)
    for day in range(days):
        for _ in range(A_DAY // STRETCH):
            _work(world)
            settle()
            quality_jobs.sweep_rounds()
            settle()
            look()
            progress.advance(bar)
        yield day
        _night(world)


def _work(world: World) -> None:
    """One answer each, in an order drawn anew each time, until each has given a stretch or has nothing to do."""
    for _ in range(STRETCH):
        for person in world.chance.sample(world.people, len(world.people)):
            leased = next_task(user=person.user)
            if not isinstance(leased, LeasedTask):
                continue
            said, seconds = person.answer(world.names[leased.item_version_id])
            _let_pass(world, leased, seconds)
            submit_task(user=person.user, token=leased.token, answers={"topic": said}, seconds=seconds)
            person.given += 1


def _let_pass(world: World, leased: LeasedTask, seconds: float) -> None:
    """The person has looked at the task for so long: leases never change, but for whoever moves time."""
    with quieten(world.owner, "routing_lease"):
        world.owner.execute(
            "UPDATE routing_lease SET claimed_at = claimed_at - make_interval(secs => %s) WHERE token = %s",
            [seconds, leased.token],
        )


def _night(world: World) -> None:
    """What the clock does once a day and more often, the operator's decisions on pauses, and a day goes by."""
    quality_jobs.review_all_standings()
    quality_jobs.retire_served_gold()
    settle()
    person_of = world.person_of
    for pause in Pause.objects.filter(project=world.project, state=PauseState.PROVISIONAL).select_related("standing"):
        decide = confirm_pause if person_of[pause.standing.reviewer_id].is_bad else lift_pause
        decide(pause=pause, reason="Looked at their answers.", actor=world.operator)
    settle()
    age(world.owner)


def settle() -> None:
    """Hand facts on and run what is queued, here and now, until nothing moves any more."""
    while sum(handoffs.drain(each.name, until=float("inf")) for each in subscriptions()) or _run_queued():
        pass


def _run_queued() -> int:
    done = 0
    while (row := OrmQ.objects.order_by("id").first()) is not None:
        task = row.task
        row.delete()
        if task["func"] != DRAIN:  # `settle` drains
            import_string(task["func"])(*task["args"])
        done += 1
    return done


def age(connection: psycopg.Connection[Any]) -> None:
    """Make everything on record a day older: every date and moment of the apps' tables, in one transaction."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
        " AND split_part(t.table_name, '_', 1) = ANY(%s) AND c.is_generated = 'NEVER'"
        " AND c.data_type IN ('timestamp with time zone', 'date') ORDER BY 1, 2",
        [list(APPS)],
    ):
        columns.setdefault(table, []).append(column)
    with quieten(connection, *columns), connection.transaction():
        for table, names in columns.items():
            older = sql.SQL(", ").join(
                sql.SQL("{name} = {name} - interval '1 day'").format(name=sql.Identifier(name)) for name in names
            )
            connection.execute(sql.SQL("UPDATE {} SET {}").format(sql.Identifier(table), older))
