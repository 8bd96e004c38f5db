"""Flags after acceptance: what is noticed, what waits for it, and what becomes of a job that dies or runs twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.db.models.functions import Now
from django_q.models import OrmQ

from config.kernel.models import Event
from labeling import jobs
from labeling.models import Batch, Flag, Item, ItemSketch, ItemVersion, Task
from labeling.near_duplicates import MOST_A_BAND
from labeling.services import flagging
from labeling.services.flagging import flag_batch, measure_flagging
from tests.cast import gather_cast, open_new_project
from tests.factories import item_row, run_jobs, settle, take, upload
from tests.labeling.test_language_identification import ENGLISH, GERMAN

LONG = (
    "When the river rises in spring the miller opens every gate along the old canal, so that water from the mountains may"
    " pass the village without harm. His neighbours bring sacks of last year's grain before the roads turn to mud, and"
    " children count how many stones of the bridge remain above the stream. On the seventh day they choose two people who"
    " walk upstream, look at the snow that is left, and tell everybody whether it is time to sow the lower fields."
)


def row(name, text=ENGLISH, **more):
    """Return a row whose words are the text's and its own name's."""
    messages = [{"role": "user", "content": text}]
    responses = [{"key": "a", "text": f"{text} {name} a"}, {"key": "b", "text": f"{text} {name} b"}]
    return item_row(name, messages=messages, responses=responses, **more)


def without_language(name, text):
    written = row(name, text)
    del written["language"]
    return written


def noticed(**filters):
    return list(Flag.objects.filter(**filters).order_by("id").values_list("kind", "field", "detail"))


def test_personal_data_is_flagged_by_field_and_the_words_stay_where_they_are(cast):
    text = "Write to anna@example.org, or bob@example.org, or call +49 30 1234567."
    upload(cast.project, cast.dana, row("one", text, metadata={"author": {"mail": "cleo@example.org"}}))
    version = ItemVersion.objects.get()
    assert noticed() == [
        ("personal_data", "messages[0].content", {"count": 2, "pattern": "email"}),
        ("personal_data", "messages[0].content", {"count": 1, "pattern": "phone"}),
        ("personal_data", "responses[0].text", {"count": 2, "pattern": "email"}),
        ("personal_data", "responses[0].text", {"count": 1, "pattern": "phone"}),
        ("personal_data", "responses[1].text", {"count": 2, "pattern": "email"}),
        ("personal_data", "responses[1].text", {"count": 1, "pattern": "phone"}),
        ("personal_data", "metadata.author.mail", {"count": 1, "pattern": "email"}),
    ]
    assert (version.number, version.payload["messages"][0]["content"]) == (1, text)
    assert Item.objects.get().state == "in_progress"


def test_a_language_that_disagrees_with_its_tag_is_flagged(cast):
    upload(cast.project, cast.dana, row("right"), row("wrong", GERMAN), row("short", "Ja.", language="de"))
    [flag] = Flag.objects.filter(kind="language")
    assert flag.item_version.item.external_id == "wrong"
    assert flag.detail == {"uploaded": "en", "found": "de", "probability": flag.detail["probability"]}
    assert flag.detail["probability"] >= 0.9


def test_a_near_duplicate_is_linked_to_the_earlier_item_and_never_dropped(cast):
    upload(cast.project, cast.dana, row("first", LONG))
    batch = upload(cast.project, cast.dana, row("other", "Name three rivers."), row("again", LONG))
    assert (batch.items_created, batch.duplicates) == (2, 0)
    flag = Flag.objects.get(kind="near_duplicate")
    assert (flag.item_version.item.external_id, flag.other_item.external_id) == ("again", "first")
    assert 0.8 <= flag.detail["similarity"] <= 1
    assert Item.objects.get(external_id="again").state == "in_progress"


def test_near_duplicates_of_one_slice_point_to_the_earliest_of_the_most_alike(cast):
    same = {"messages": [{"role": "user", "content": ENGLISH}], "responses": row("x")["responses"]}
    upload(cast.project, cast.dana, *[item_row(f"same-{number}", **same) for number in range(4)])
    links = Flag.objects.filter(kind="near_duplicate").order_by("id")
    assert [(each.item_version.item.external_id, each.other_item.external_id) for each in links] == [
        ("same-1", "same-0"), ("same-2", "same-0"), ("same-3", "same-0"),
    ]  # fmt: skip
    assert {each.detail["similarity"] for each in links} == {1}


def test_of_very_many_that_are_alike_each_has_one_link_and_a_band_stays_small(cast, monkeypatch):
    monkeypatch.setattr(flagging, "SLICE", 20)
    names = [f"item-{number:02d}" for number in range(70)]
    rows = [item_row(name, messages=[{"role": "user", "content": f"{LONG} {n % 7}"}]) for n, name in enumerate(names)]
    upload(cast.project, cast.dana, *rows)
    linked = Flag.objects.filter(kind="near_duplicate").order_by("item_version").select_related("other_item")
    assert linked.count() == 69
    # The same text as one of the first seven: that one. The first seven differ in a word: the earliest that is most alike.
    assert [flag.other_item.external_id for flag in linked[6:]] == [f"item-{n % 7:02d}" for n in range(7, 70)]
    assert {flag.detail["similarity"] for flag in linked[6:]} == {1.0}
    assert ItemSketch.objects.count() == 70
    met = Counter(band for bands in ItemSketch.objects.values_list("bands", flat=True) for band in bands)
    assert max(met.values()) == MOST_A_BAND


def test_what_was_withdrawn_makes_room_for_the_next_that_are_alike(cast):
    upload(cast.project, cast.dana, *[row(f"item-{number:02d}", LONG) for number in range(MOST_A_BAND)])
    Item.objects.update(state="withdrawn")
    upload(cast.project, cast.dana, row("new", LONG), row("again", LONG))
    flag = Flag.objects.get(kind="near_duplicate", item_version__item__external_id="again")
    assert flag.other_item.external_id == "new"
    assert not Flag.objects.filter(kind="near_duplicate", item_version__item__external_id="new").exists()


def test_items_of_two_projects_and_customers_never_meet(cast):
    second = open_new_project(cast.northwind, "second", cast.mira)
    for project, actor in ((cast.project, cast.dana), (second, cast.dana), (cast.foreign_project, cast.otto)):
        upload(project, actor, row("same", LONG))
    assert ItemSketch.objects.count() == 3
    assert not Flag.objects.exists()


def test_an_item_without_a_language_waits_and_gets_it_as_a_new_version(cast):
    batch = upload(cast.project, cast.dana, without_language("one", GERMAN), row("two"))
    item = Item.objects.get(external_id="one")
    assert list(item.versions.order_by("number").values_list("number", "reason", "language", "batch")) == [
        (1, "upload", "und", batch.pk),
        (2, "identified", "de", None),
    ]
    assert (item.current_version.language, item.state) == ("de", "in_progress")
    assert set(Task.objects.filter(round__item=item).values_list("pool__language", flat=True)) == {"de"}
    assert not Flag.objects.filter(kind="language").exists()
    told = Event.objects.get(kind="item.identified")
    assert (told.subject_id, told.data["language"]) == (item.pk, "de")


def test_an_identified_version_has_the_digest_of_one_uploaded_so(cast):
    second = open_new_project(cast.northwind, "second", cast.mira)
    upload(cast.project, cast.dana, without_language("one", GERMAN))
    upload(second, cast.dana, row("one", GERMAN, language="de"))
    first, other = (Item.objects.get(project=project) for project in (cast.project, second))
    assert first.current_version.digest == other.current_version.digest


def test_an_item_whose_language_nobody_can_tell_is_held_with_an_open_flag(cast):
    upload(cast.project, cast.dana, without_language("one", "42!"), row("two"))
    item = Item.objects.get(external_id="one")
    assert (item.state, item.current_version.language) == ("held", "und")
    assert noticed(kind="language") == [("language", "language", {"uploaded": "und"})]
    assert Item.objects.get(external_id="two").state == "in_progress"


def test_flags_of_the_kinds_that_hold_keep_items_from_work_and_the_others_go_on(cast):
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    upload(cast.project, cast.dana, row("mail", "Write to anna@example.org."), row("german", GERMAN), row("plain"))
    assert dict(Item.objects.values_list("external_id", "state")) == {
        "mail": "held", "german": "in_progress", "plain": "in_progress",
    }  # fmt: skip
    assert Task.objects.count() == 6


def test_tasks_do_not_wait_for_flags_where_none_can_hold(cast, monkeypatch):
    monkeypatch.setattr(flagging, "_flag_slice", lambda batch_id: pytest.fail("flags were looked for first"))
    order = []
    monkeypatch.setattr(jobs, "flag", lambda batch_id: order.append("flag"))
    upload(cast.project, cast.dana, row("one"))
    assert order == ["flag"]
    assert Item.objects.get().state == "in_progress"


def test_generation_leaves_a_batch_alone_that_waits_for_its_flags(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, without_language("one", GERMAN))
    assert jobs.generate(batch.pk) == 0
    assert Item.objects.get().state == "accepted"
    monkeypatch.undo()
    assert jobs.flag(batch.pk) == 1
    settle()
    assert Item.objects.get().state == "in_progress"


def test_progress_is_seen_and_a_killed_job_goes_on_where_it_was(cast, monkeypatch):
    monkeypatch.setattr(flagging, "SLICE", 2)
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, *[row(f"i{number}", "Write to anna@example.org.") for number in range(5)])
    slices = []
    once = flagging._flag_slice

    def dies(batch_id):
        if len(slices) == 2:
            raise RuntimeError("killed")
        slices.append(once(batch_id))
        return slices[-1]

    monkeypatch.setattr(flagging, "_flag_slice", dies)
    with pytest.raises(RuntimeError, match="killed"):
        flag_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.flagged_count, batch.flagged_at) == (4, None)
    before = Flag.objects.filter(kind="personal_data").count()
    assert before == 12
    monkeypatch.setattr(flagging, "_flag_slice", once)
    assert flag_batch(batch_id=batch.pk) == 1
    batch.refresh_from_db()
    assert batch.flagged_count == 5
    assert batch.flagged_at is not None
    assert Flag.objects.filter(kind="personal_data").count() == 15
    assert flag_batch(batch_id=batch.pk) == 0
    assert Event.objects.get(kind="batch.flagged").data == {"versions": 5}


def test_a_slice_that_fails_leaves_nothing(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, without_language("one", GERMAN), row("two", "Write to anna@example.org."))
    monkeypatch.setattr(flagging, "_hold", lambda batch, flags: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        flag_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.flagged_through, batch.flagged_count, batch.flagged_at) == (0, 0, None)
    assert (Flag.objects.count(), ItemSketch.objects.count(), ItemVersion.objects.count()) == (0, 0, 2)


def test_after_its_time_the_rest_is_queued(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, row("one"))
    monkeypatch.undo()
    assert flag_batch(batch_id=batch.pk, seconds=-1) == 0
    assert [queued.task["func"] for queued in OrmQ.objects.all()] == ["labeling.jobs.flag"]
    run_jobs()
    batch.refresh_from_db()
    assert batch.flagged_count == 1


def test_the_sweep_finds_batches_whose_flags_nobody_looks_for(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, row("one"))
    monkeypatch.undo()
    assert jobs.sweep_batches() == 0
    Batch.objects.update(worked_at=Now() - timedelta(hours=1))
    assert jobs.sweep_batches() == 1
    settle()
    batch.refresh_from_db()
    assert batch.flagged_at is not None
    assert jobs.sweep_batches() == 0


def test_the_speed_is_measured_on_a_batch_that_waits(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, row("one"))
    assert measure_flagging(batch_id=batch.pk) > 0
    assert measure_flagging(batch_id=batch.pk) == 0


def test_a_slice_takes_as_many_statements_for_many_items_as_for_few(cast, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    rows = [row(f"i{number}", "Write to anna@example.org.") for number in range(30)]
    batch = upload(cast.project, cast.dana, *rows)
    with django_assert_max_num_queries(27):
        assert flag_batch(batch_id=batch.pk) == 30


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_look_at_everything_once(monkeypatch):
    """Real threads: two batches of one project, a job each, started together, again and again until nothing waits."""
    cast = gather_cast()
    monkeypatch.setattr(flagging, "SLICE", 3)
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batches = [
        upload(cast.project, cast.dana, *[row(f"{name}{number}", f"{LONG} {number * 1001}") for number in range(8)])
        for name in "ab"
    ]
    failures, done = [], []
    barrier = threading.Barrier(4)

    def look(batch):
        try:
            barrier.wait()
            done.append(flag_batch(batch_id=batch.pk))
        except BaseException as failure:  # noqa: BLE001 - told to the main thread, which fails on it
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look, args=[batch]) for batch in batches * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sum(done) == 16
    assert list(Batch.objects.values_list("flagged_count", flat=True)) == [8, 8]
    assert ItemSketch.objects.count() == 16
    linked = Flag.objects.filter(kind="near_duplicate")
    assert linked.count() == len(set(linked.values_list("item_version", flat=True)))
    assert all(flag.other_item_id < flag.item_version.item_id for flag in linked)


def test_a_flag_never_holds_what_is_in_work(cast, monkeypatch):
    monkeypatch.setattr(jobs, "flag", lambda batch_id: 0)
    batch = upload(cast.project, cast.dana, row("one", "Write to anna@example.org."))
    token = take(cast.anna).token
    cast.project.hold_flagged = ["personal_data"]
    cast.project.save()
    assert flag_batch(batch_id=batch.pk) == 1
    assert Item.objects.get().state == "in_progress"
    assert Task.objects.filter(state="leased").count() == 1
    assert token


FLAG = """
import django, sys, time
from django.conf import settings
settings.DATABASES["default"]["NAME"] = settings.DATABASES["default"]["TEST"]["NAME"]
django.setup()
from labeling.services import flagging
flagging._flag_slice = lambda batch_id: time.sleep(120)
flagging.flag_batch(batch_id=int(sys.argv[1]))
"""


def test_what_a_killed_worker_looked_through_is_queued_again_by_the_next_minute(transactional_db):
    cast = gather_cast()
    batch = upload(cast.project, cast.dana, row("one"))
    Batch.objects.update(flagged_at=None)
    OrmQ.objects.all().delete()
    process = subprocess.Popen(
        [sys.executable, "-c", FLAG, str(batch.pk)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )
    ends = time.monotonic() + 60
    while not Batch.objects.filter(flagging_since__isnull=False).exists():
        assert time.monotonic() < ends
        assert process.poll() is None
        time.sleep(0.05)
    assert jobs.sweep_flagging() == 0
    flag_batch(batch_id=batch.pk)
    assert not Batch.objects.get().flagged_at
    process.send_signal(signal.SIGKILL)
    process.wait()
    while not jobs.sweep_flagging():
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert (jobs.sweep_flagging(), OrmQ.objects.count()) == (0, 1)
    run_jobs()
    batch.refresh_from_db()
    assert (batch.flagged_at is not None, batch.flagging_since) == (True, None)
