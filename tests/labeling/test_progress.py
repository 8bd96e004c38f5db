"""Where a project stands: counted when asked while it is small, by a job once it is large."""

from datetime import timedelta

from django.db.models import F

from labeling import jobs, selectors
from labeling.models import Item, ProjectCount
from labeling.selectors import progress_of
from labeling.services import counting
from tests.factories import judge, settle, upload_items


def test_a_small_project_is_counted_when_somebody_asks(cast, django_assert_num_queries):
    upload_items(cast.project, cast.mira, 3)
    assert jobs.count_projects() == 0
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    with django_assert_num_queries(3):
        progress = progress_of(cast.project)
    assert (progress.items, progress.in_progress, progress.resolved) == (3, 2, 1)
    assert (progress.judgments, progress.judgments_needed, progress.counted_at) == (3, 9, None)


def test_a_large_project_is_counted_by_the_job_and_read_in_one_statement(cast, monkeypatch, django_assert_num_queries):
    for module in (selectors, counting):
        monkeypatch.setattr(module, "COUNTED_WHEN_ASKED", 2)
    upload_items(cast.project, cast.mira, 3)
    assert jobs.count_projects() == 1
    with django_assert_num_queries(1):
        before = progress_of(cast.project)
    assert (before.items, before.judgments, before.judgments_needed) == (3, 0, 9)
    assert before.states == {"in_progress": 3}
    judge(cast.anna)
    assert progress_of(cast.project) == before
    assert jobs.count_projects() == 0
    ProjectCount.objects.update(counted_at=F("counted_at") - timedelta(minutes=1))
    assert jobs.count_projects() == 1
    assert progress_of(cast.project).judgments == 1
    assert not ProjectCount.objects.exclude(project=cast.project).exists()


def test_what_takes_long_to_count_is_counted_more_seldom(cast, monkeypatch):
    monkeypatch.setattr(counting, "COUNTED_WHEN_ASKED", 2)
    upload_items(cast.project, cast.mira, 3)
    jobs.count_projects()
    ProjectCount.objects.update(seconds=10.0, counted_at=F("counted_at") - timedelta(seconds=199))
    assert jobs.count_projects() == 0
    ProjectCount.objects.update(counted_at=F("counted_at") - timedelta(seconds=2))
    assert jobs.count_projects() == 1


def test_the_customer_reads_as_of_when_it_was_counted(cast, client, monkeypatch):
    monkeypatch.setattr(counting, "COUNTED_WHEN_ASKED", 2)
    upload_items(cast.project, cast.mira, 3)
    url = f"/api/v1/projects/{cast.project.public_id}/progress"
    assert client.get(url, headers=cast.bearer("dana")).json()["counted_at"] is None
    jobs.count_projects()
    told = client.get(url, headers=cast.bearer("dana")).json()
    assert (told["items"], told["counted_at"] is not None) == (Item.objects.count(), True)
