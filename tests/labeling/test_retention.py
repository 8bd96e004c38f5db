"""Retention: what is past its time goes, what is held or worked on stays, and a dry run says so beforehand."""

import io
import json
from contextlib import redirect_stdout
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from psycopg import sql

from config import erasures as roof
from config.admin import in_words
from config.kernel.clock import database_now
from labeling.models import Annotation, Batch, Customer, Erasure, Item, Project, RejectedRow
from labeling.services import retention
from labeling.services.legal_holds import lift_legal_hold, place_legal_hold
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, let_batches_age, resolve_items, settle, upload, upload_items
from tests.traces import empty_files, files_with, tables_with


@pytest.fixture
def kept(transactional_db):
    """Two delivered items of a project that keeps content for ten days, and one that is still being judged."""
    empty_files()
    cast = gather_cast()
    resolve_items(cast.project, cast.mira, [cast.anna, cast.bela, cast.cleo], count=2)
    cast.release = freeze(cast.project, cast.dana)
    upload(cast.project, cast.dana, item_row("open"))
    Project.objects.filter(pk=cast.project.pk).update(retention_days=10)
    return cast


def age(project, days):
    """Let the project's items have been accepted so many days ago."""
    Item.objects.filter(project=project).update(created_at=database_now() - timedelta(days=days))


def row_of(cast, **more):
    [row] = roof.what_would_go(customer=cast.northwind, **more)
    return row


def test_a_dry_run_counts_what_would_go_and_changes_nothing(kept):
    assert row_of(kept)["items"] == 0
    age(kept.project, 11)
    row = row_of(kept)
    assert {key: row[key] for key in ("project", "days", "items", "in_work", "versions", "annotations", "files")} == {
        "project": "pairs", "days": 10, "items": 2, "in_work": 1, "versions": 2, "annotations": 6, "files": 1,
    }  # fmt: skip
    assert (row["releases"], row["held_by"]) == (1, "")
    assert row["oldest"] == Item.objects.earliest("created_at").created_at
    assert not Erasure.objects.exists()
    assert Batch.objects.filter(source_erased_at=None).count() == 2


def test_a_dry_run_counts_the_files_that_go_and_apart_those_that_may(kept):
    upload(kept.project, kept.dana, item_row("item-000"), item_row("open"), name="known")
    unlike = upload(kept.project, kept.dana, item_row("young"), b"nonsense", name="unlike")
    age(kept.project, 11)
    Item.objects.filter(external_id="young").update(created_at=database_now())
    assert (row_of(kept)["files"], row_of(kept)["files_searched"]) == (1, 2)
    assert roof.erase_due() == 2
    settle()
    assert Batch.objects.get(name="known").source_erased_at is not None
    unlike.refresh_from_db()
    assert unlike.source_erased_at is None
    assert (row_of(kept)["files"], row_of(kept)["files_searched"]) == (0, 0)


def test_of_very_many_the_oldest_are_counted_and_that_there_are_more_is_said(kept, monkeypatch):
    age(kept.project, 11)
    assert row_of(kept)["is_more"] is False
    monkeypatch.setattr(retention, "MOST_COUNTED", 1)
    row = row_of(kept)
    assert [row[name] for name in ("items", "versions", "annotations", "files", "releases", "in_work", "is_more")] == [
        1, 1, 3, 1, 1, 1, True,
    ]  # fmt: skip
    assert in_words(row).startswith("pairs (kept for 10 days): more than 1 item with 1 version and 3 annotations")
    monkeypatch.setattr(retention, "MOST_COUNTED", 2)
    assert (row_of(kept)["items"], row_of(kept)["is_more"]) == (2, False)


def test_what_would_go_by_a_later_day_is_known_today(kept):
    assert row_of(kept, by=database_now() + timedelta(days=9))["items"] == 0
    assert row_of(kept, by=database_now() + timedelta(days=11))["items"] == 2


def test_the_daily_job_erases_what_is_due_and_nothing_else(kept):
    age(kept.project, 9)
    assert roof.erase_due() == 0
    age(kept.project, 11)
    assert roof.erase_due() == 2
    settle()
    assert Erasure.objects.filter(requested_by=None, reason="Kept for 10 days, as agreed.").count() == 2
    assert Erasure.objects.filter(finished_at=None).count() == 0
    states = dict(Item.objects.values_list("external_id", "state"))
    assert states == {"item-000": "withdrawn", "item-001": "withdrawn", "open": "in_progress"}
    assert tables_with("(item-000)") == files_with("(item-000)") == set()
    assert tables_with("(open)") == {"labeling_itemversion"}
    assert row_of(kept)["items"] == 0
    assert roof.erase_due() == 0


def test_an_item_is_erased_once_the_work_on_it_has_ended(kept):
    age(kept.project, 11)
    roof.erase_due()
    for reviewer in (kept.anna, kept.bela, kept.cleo):
        judge(reviewer)
    settle()
    assert row_of(kept)["in_work"] == 0
    assert roof.erase_due() == 1
    assert Item.objects.get(external_id="open").state == "withdrawn"


def test_an_upload_that_became_no_item_goes_with_its_refused_rows(kept):
    refused = upload(kept.project, kept.dana, b"nonsense that nobody may keep", name="refused")
    let_batches_age(timedelta(days=11))
    assert (refused.state, row_of(kept)["files"], row_of(kept)["items"]) == ("refused", 1, 0)
    hold = place_legal_hold(customer=kept.northwind, project=kept.project, reason="Court", actor=kept.mira)
    assert roof.erase_due() == 0
    lift_legal_hold(hold=hold, reason="Over", actor=kept.mira)
    assert roof.erase_due() == 1
    settle()
    assert tables_with("nonsense that") == files_with("nonsense that") == set()
    refused.refresh_from_db()
    assert refused.source_erased_at is not None
    assert RejectedRow.objects.get(batch=refused).reason != ""
    assert Batch.objects.filter(source_erased_at=None).count() == 2
    assert roof.erase_due() == 0


def test_gold_is_past_its_time_too(kept):
    upload(kept.project, kept.dana, item_row("gold", expected={"answer": {"preference": {"choice": "a"}}}))
    age(kept.project, 11)
    assert row_of(kept)["items"] == 3


def test_a_project_keeps_as_long_as_its_customer_unless_it_says_otherwise(kept):
    Customer.objects.filter(pk=kept.northwind.pk).update(retention_days=30)
    age(kept.project, 11)
    assert row_of(kept)["days"] == 10
    Project.objects.filter(pk=kept.project.pk).update(retention_days=None)
    assert (row_of(kept)["days"], row_of(kept)["items"]) == (30, 0)
    Customer.objects.filter(pk=kept.northwind.pk).update(retention_days=None)
    assert roof.what_would_go() == []
    assert roof.erase_due() == 0


def test_a_legal_hold_keeps_what_is_due_and_the_dry_run_says_so(kept):
    age(kept.project, 11)
    place_legal_hold(customer=kept.northwind, reason="Court", actor=kept.mira)
    assert (row_of(kept)["held_by"], row_of(kept)["items"]) == ("Court", 2)
    assert roof.erase_due() == 0
    assert not Erasure.objects.exists()


def test_a_long_list_goes_in_slices(kept, monkeypatch):
    monkeypatch.setattr(roof, "ERASED_A_RUN", 1)
    age(kept.project, 11)
    assert roof.erase_due() == 1
    settle()
    assert Erasure.objects.count() == 2


def test_the_dry_run_asks_as_much_of_many_items_as_of_few(kept, django_assert_num_queries):
    age(kept.project, 11)
    with django_assert_num_queries(10):
        roof.what_would_go()
    upload_items(kept.project, kept.mira, 20)
    with django_assert_num_queries(10):
        roof.what_would_go()


@pytest.mark.parametrize("columns", ["80", "40"])
def test_the_command_says_it_in_whole_words_on_a_narrow_screen(kept, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    age(kept.project, 11)
    lines = command().splitlines()
    assert max(len(line) for line in lines) <= int(columns)
    for word in ("annotations,", "uploaded", "written", "worked"):
        assert any(word in line.split() for line in lines)


def command(*arguments):
    """Run the command and return what it printed."""
    out = io.StringIO()
    with redirect_stdout(out):
        call_command("retention", *arguments)
    return out.getvalue()


def test_the_command_says_and_with_erase_does(kept):
    age(kept.project, 11)
    told = command()
    assert told.startswith("northwind, pairs (kept for 10 days)")
    assert "Nothing was changed" in told
    assert "2 items with 2 versions and 6 annotations" in " ".join(told.split())
    said = json.loads(command("--json", "--customer", "northwind"))
    assert (said["figures"], said["projects"][0]["project"]) == ({"due": 2, "erased": 0}, "pairs")
    with pytest.raises(CommandError, match="No customer is called"):
        command("--customer", "nobody")
    with pytest.raises(CommandError, match="all customers"):
        command("--customer", "northwind", "--erase")
    assert not Erasure.objects.exists()
    assert json.loads(command("--json", "--erase"))["figures"] == {"due": 2, "erased": 2}
    assert Annotation.objects.filter(answers={}).count() == 6


def test_customers_read_their_own_retention(kept):
    age(kept.project, 11)
    client, path = Client(), "/api/v1/retention"
    [row] = client.get(path, headers=kept.bearer("dana")).json()
    assert (row["project_id"], row["days"], row["items"]) == (str(kept.project.public_id), 10, 2)
    [later] = client.get(f"{path}?by=2000-01-31", headers=kept.bearer("dana")).json()
    assert later["items"] == 0
    assert client.get(f"{path}?by=soon", headers=kept.bearer("dana")).status_code == 422
    [never] = client.get(f"{path}?by=0001-01-01", headers=kept.bearer("dana")).json()
    assert (never["items"], never["files"]) == (0, 0)
    assert client.get(path, headers=kept.bearer("victor")).json() == []
    assert client.get(path, headers=kept.bearer("ruth")).json() == []


def test_the_console_says_what_would_go(kept):
    age(kept.project, 11)
    client = Client()
    client.force_login(kept.mira)
    path = reverse("admin:labeling_customer_changelist")
    action = {"action": "show_retention", "_selected_action": [kept.northwind.pk]}
    said = [str(message) for message in client.post(path, action, follow=True).context["messages"]]
    assert said == [
        "Northwind, pairs (kept for 10 days): 2 items with 2 versions and 6 annotations, 1 uploaded file, 1 release"
        " written anew; 1 more is still being worked on."
    ]
    assert not Erasure.objects.exists()
    Project.objects.update(retention_days=None)
    said = [str(message) for message in client.post(path, action, follow=True).context["messages"]]
    assert said == ["Northwind: content is kept for ever; no number of days is set."]


def test_the_daily_job_reads_none_of_what_was_erased_before(kept):
    age(kept.project, 11)
    assert roof.erase_due() == 2
    grow_erased(kept, 5000)
    before = items_read()
    assert roof.erase_due() == 0
    assert items_read() - before < 100


def test_only_the_erasure_says_that_an_item_is_erased(kept):
    for change in (
        "UPDATE labeling_item SET erased_at = now()",
        "SET assay.erasing = 'on'; UPDATE labeling_item SET erased_at = now()",
    ):
        with pytest.raises(IntegrityError, match="erased by the one function"), transaction.atomic():
            connection.cursor().execute(change)
    assert not Item.objects.exclude(erased_at=None).exists()


def grow_erased(cast, count):
    """Items of the project that were accepted long ago and erased since."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; ALTER TABLE labeling_item DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO labeling_item (customer_id, project_id, batch_id, public_id, external_id, state, created_at, erased_at)"
            " SELECT customer_id, project_id, batch_id, gen_random_uuid(), 'gone-' || n, 'withdrawn', '2020-01-01', now()"
            " FROM labeling_item, generate_series(1, %s) n WHERE external_id = 'item-000'",
            [count],
        )
        cursor.execute("ALTER TABLE labeling_item ENABLE TRIGGER USER; ANALYZE labeling_item")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(settings.RUNTIME_ROLE["USER"])))


def items_read():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'labeling_item'")
        return cursor.fetchone()[0]
