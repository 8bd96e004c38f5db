"""Workers killed anywhere leave nothing half judged: real processes, SIGKILL, and every row compared with an undisturbed run."""

import io
from functools import partial

import pytest

from config.kernel import handoffs
from labeling.models import ItemVersion, Project, Task
from labeling.services.batches import keep_source, receive_batch
from labeling.services.ingest import ingest_batch
from labeling.services.rounds import generate_tasks
from quality.figure_jobs import measure_project
from quality.jobs import look_at_falls
from quality.models import Fall, GoldItem, GoldScore, Pause
from quality.services import falls
from routing.services.claims import next_task
from routing.services.submits import submit_task
from routing.types import LeasedTask
from tests.answering import add_gold, add_items, hire, open_safety, says, truth_of
from tests.cast import gather_cast
from tests.factories import item_row, lines
from tests.killing import survives

ACCURACIES = {"ada": 1.0, "ben": 1.0, "cora": 0.0}


def drain(name):
    return partial(handoffs.drain, name, until=float("inf"))


@pytest.fixture
def crowd(transactional_db):
    """A project with gold ahead, of which nobody has answered anything."""
    cast = gather_cast()
    project = open_safety(cast, overlap_kind="adaptive", overlap=2, overlap_most=3, target_confidence="0.950")
    return cast, project, hire(project, list(ACCURACIES))


def answer_all(hired):
    """Everybody answers all they are given; no job has heard of it."""
    done = 0
    for name, reviewer in hired.items():
        while isinstance(leased := next_task(user=reviewer.user), LeasedTask):
            external = ItemVersion.objects.select_related("item").get(pk=leased.item_version_id).item.external_id
            said = says(name, external, ACCURACIES[name])
            submit_task(user=reviewer.user, token=leased.token, answers={"safe": said}, seconds=5.0)
            done += 1
    return done


def upload_unheard(project, actor, rows):
    """Upload and ingest; no job has heard of it."""
    source = keep_source(project=project, source=io.BytesIO(lines(*rows)), name="gold.ndjson")
    batch, _ = receive_batch(project=project, name="gold", source=source, actor=actor)
    assert ingest_batch(batch_id=batch.pk)
    generate_tasks(batch_id=batch.pk)


def test_gold_is_made_whole_or_not_at_all(crowd):
    cast, project, _hired = crowd
    Project.objects.filter(pk=project.pk).update(gold_share="0.3")
    add_items(project, cast.mira, 4)
    names = [f"gold-{number}" for number in range(4)]
    upload_unheard(
        project, cast.mira, [item_row(name, expected={"answer": {"safe": truth_of(name)}}) for name in names]
    )
    assert survives(drain("gold"), is_atomic=True, step=6) >= 1
    assert GoldItem.objects.count() == 4
    assert Task.objects.filter(kind="gold").count() == 9


def test_every_step_from_an_answer_to_a_fall_survives_killed_workers(crowd, monkeypatch):
    cast, project, hired = crowd
    add_gold(project, cast.mira, list(hired.values()), 6)
    add_items(project, cast.mira, 6)
    assert answer_all(hired) == 30
    assert survives(drain("answers"), is_atomic=True, step=15) >= 1
    assert GoldScore.objects.count() == 18
    assert survives(drain("consensus"), is_atomic=True, step=5) >= 1
    assert survives(drain("signs"), is_atomic=True) >= 1
    assert survives(drain("what others agreed on"), is_atomic=True, step=2) >= 1
    assert survives(drain("standings"), is_atomic=True, step=3) >= 1
    assert Pause.objects.count() == 1
    monkeypatch.setattr(falls, "SLICE", 2)
    assert survives(look_at_falls, is_atomic=False, step=2) >= 1
    assert Fall.objects.get().finished_at is not None
    assert survives(partial(measure_project, project.pk), is_atomic=False, step=3) >= 1
