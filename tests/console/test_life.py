"""An item's whole life on one line of time, for operators by name and for its customer under pseudonyms."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.contributions import LIFE_OF_ITEM, life_of_item
from config.kernel import life
from config.kernel.types import Scope
from delivery.services.acceptance import decide_release, give_verdict
from labeling.life import SAID_OF_ANNOTATIONS, SAID_OF_VERSIONS, looks_at
from labeling.life import life_of_item as record_of_item
from labeling.models import AccessLog, Annotation, Erasure, Flag, Item
from labeling.pseudonyms import pseudonym
from labeling.services.access import log_read
from labeling.services.judgments import invalidate_annotation
from labeling.services.rounds import reopen_items
from labeling.types import Origin, VersionReason
from quality.services.gold import retire_gold
from quality.services.rulings import answer_ruling, ask_for_ruling
from routing.answers import lease_of
from routing.services.leases import skip_task
from tests.cast import gather_cast
from tests.factories import freeze, item_row, judge, resolve_items, settle, take, upload, upload_items


def console(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def lived(transactional_db):
    """An item that went the whole way: flagged, skipped, judged, invalidated, resolved anew, released, checked, read."""
    cast = gather_cast()
    cast.item = upload_items(cast.project, cast.mira)[0]
    flag = Flag.objects.create(
        customer=cast.northwind, project=cast.project, item_version=cast.item.current_version, kind="language",
        field="messages",
    )  # fmt: skip
    Flag.objects.filter(pk=flag.pk).update(
        state="dismissed", decided_by=cast.mira, decided_at="2026-11-01T12:00:00Z", reason="It is English"
    )
    lease = lease_of(user=cast.dido.user, token=take(cast.dido).token)
    ruling, _ = ask_for_ruling(lease=lease, clause="true", question="Is near enough true?", actor=cast.dido.user)
    answer_ruling(ruling=ruling, answer="No, only true is.", actor=cast.mira)
    skip_task(user=cast.dido.user, token=lease.token, reason="I know the author")
    for reviewer in (cast.anna, cast.bela, cast.cleo):
        judge(reviewer)
    settle()
    invalidate_annotation(
        annotation=Annotation.objects.get(reviewer=cast.cleo), reason="Shared account", actor=cast.mira
    )
    settle()
    release = freeze(cast.project, cast.dana)
    entry = release.sample.entries.get()
    client = Client()
    client.get(f"/api/v1/releases/{release.public_id}/sample", headers=cast.bearer("dana", Scope.READ))
    give_verdict(entry=entry, verdict="defect", severity="minor", note="Too short", actor=cast.dana)
    decide_release(release=release, decision="accept", reason="Good enough", actor=cast.dana)
    client.get(f"/api/v1/items/{cast.item.public_id}", headers=cast.bearer("dana", Scope.READ))
    console(cast.mira).get(f"/admin/content/{cast.item.current_version_id}/")
    Erasure.objects.create(customer=cast.northwind, kind="item", subject_id=cast.item.pk, reason="Asked for")
    cast.item.refresh_from_db()
    return cast


def test_the_line_tells_everything_in_order(lived):
    told = life_of_item(lived.item)
    assert [moment.at for moment in told] == sorted(moment.at for moment in told)
    said = {(moment.app, moment.what) for moment in told}
    assert said >= {
        ("labeling", "uploaded with items.ndjson, line 1: version 1"),
        ("labeling", "flagged: language in messages"),
        ("labeling", "flag dismissed: language"),
        ("labeling", "round 1 opened: first judgment"),
        ("labeling", "annotated in round 1"),
        ("labeling", "annotation in round 1 invalidated"),
        ("labeling", "round 1 resolved"),
        ("labeling", "read (api)"),
        ("labeling", "read (console)"),
        ("labeling", "read in a sample (api)"),
        ("labeling", "content erased; what is left are keyed digests"),
        ("routing", "leased"),
        ("routing", "lease skipped"),
        ("routing", "lease submitted"),
        ("quality", "ruling asked for on clause true"),
        ("quality", "ruling given on clause true"),
        ("delivery", "frozen in release 1"),
        ("delivery", "checked in the sample of release 1: defect, minor"),
        ("delivery", "release 1 accepted"),
    }
    assert ("quality", "agreed by majority (100%)") in said
    assert ("quality", "agreed by majority (100%), in place of an earlier one") in said
    assert {moment.detail for moment in told} >= {"I know the author", "Shared account", "It is English", "Too short"}
    asked, given = [moment for moment in told if moment.kind == "ruling"]
    assert (asked.detail, asked.reviewer_id) == ("Is near enough true?", lived.dido.pk)
    assert (given.detail, given.user_id) == ("No, only true is.", lived.mira.pk)


def test_the_items_page_shows_it_by_name_with_ways_to_the_rows(lived):
    page = console(lived.mira).get(reverse("admin:labeling_item_change", args=[lived.item.pk]))
    content = page.content.decode()
    assert 'data-testid="life"' in content
    for name in ("Anna", "Bela", "Cleo", "Dido", "Dana", "Mira"):
        assert f"<b>{name}</b>" in content
    assert "I know the author" in content
    annotation = Annotation.objects.first()
    assert f'href="/admin/labeling/annotation/{annotation.pk}/change/"' in content
    assert "Paris" not in content
    for _day, moments in page.context["days"]:
        for told in moments:
            if told.link:
                assert console(lived.mira).get(told.link).status_code == 200, told.link


def test_it_takes_a_bounded_number_of_statements(lived, django_assert_max_num_queries):
    item = Item.objects.select_related("project__customer").get(pk=lived.item.pk)
    with django_assert_max_num_queries(13):
        life_of_item(item)
    assert len(LIFE_OF_ITEM) == 4


def test_the_customer_reads_it_under_pseudonyms_and_the_read_is_logged(lived):
    before = AccessLog.objects.count()
    told = Client().get(f"/api/v1/items/{lived.item.public_id}/life", headers=lived.bearer("dana", Scope.READ)).json()
    text = str(told)
    for hidden in (
        "Anna",
        "Mira",
        "mira@",
        "I know the author",
        "Shared account",
        "Too short",
        "near enough",
        "only true is",
        "detail",
        "link",
    ):
        assert hidden not in text
    name = pseudonym(key=lived.northwind.pseudonym_key, reviewer=lived.anna.public_id)
    assert {each["what"] for each in told if each["who"] == name} == {
        "leased",
        "lease submitted",
        "annotated in round 1",
    }
    by = {each["what"]: each["who"] for each in told}
    assert by["release 1 accepted"] == "dana@example.org"
    assert by["annotation in round 1 invalidated"] == "console"
    assert AccessLog.objects.count() == before + 1
    latest = AccessLog.objects.latest("id")
    assert (latest.door, latest.object_type, latest.object_ids) == ("api", "labeling.item", [lived.item.pk])


def test_gold_tells_how_it_was_answered(transactional_db):
    cast = gather_cast()
    expected = {"answer": {"preference": {"choice": "a"}}}
    upload(cast.project, cast.dana, item_row("gold", expected=expected))
    resolve_items(cast.project, cast.mira, [cast.anna], count=1)
    judge(cast.anna, "b")
    settle()
    gold = Item.objects.get(external_id="gold")
    retire_gold(gold_item=gold.current_version.gold, reason="Leaked", actor=cast.mira)
    said = [moment.what for moment in life_of_item(gold)]
    assert {"made gold", "retired as gold"} <= set(said)
    assert any(what.startswith("answered ") for what in said)


def test_another_round_is_told(lived):
    reopen_items(item_ids=[lived.item.pk], reason="rework", actor=lived.mira)
    assert "round 2 opened: rework" in [moment.what for moment in life_of_item(lived.item)]


def test_a_very_long_life_is_cut_with_a_note(cast, monkeypatch):
    item = upload_items(cast.project, cast.mira)[0]
    monkeypatch.setattr(life, "MOST", 3)
    for _ in range(5):
        log_read(
            user_id=cast.dana.pk, customer_id=item.customer_id, project_id=item.project_id, door="api",
            object_type="labeling.item", object_ids=[item.pk],
        )  # fmt: skip
    reads = [moment.what for moment in record_of_item(item) if moment.kind in {"read", "note"}]
    assert sorted(reads) == ["earlier reads are not shown", "read (api)", "read (api)", "read (api)"]


def test_reads_at_the_desk_and_of_other_things_with_the_same_number_are_not_told(cast):
    item = upload_items(cast.project, cast.mira)[0]
    for door, kind in (("desk", "labeling.itemversion"), ("api", "delivery.artifact")):
        log_read(
            user_id=cast.dana.pk, customer_id=item.customer_id, project_id=item.project_id, door=door,
            object_type=kind, object_ids=[item.pk, item.current_version_id],
        )  # fmt: skip
    assert not [moment for moment in record_of_item(item) if moment.kind == "read"]


def test_reads_are_found_by_their_index(cast):
    item = upload_items(cast.project, cast.mira)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labeling_accesslog (customer_id, user_id, door, object_type, object_ids)"
            " SELECT %s, 1, CASE n %% 20 WHEN 0 THEN 'api' ELSE 'desk' END, 'labeling.item', ARRAY[n] FROM"
            " generate_series(100000, 120000) n",
            [item.customer_id],
        )
        cursor.execute("RESET ROLE")
        cursor.execute("ANALYZE labeling_accesslog")
    plan = looks_at(item, {"labeling.item": [item.pk]}).order_by("-pk")[: life.MOST + 1].explain()
    assert "access_by_object" in plan


def test_every_reason_and_every_origin_has_its_words():
    assert set(SAID_OF_VERSIONS) == set(VersionReason)
    assert set(SAID_OF_ANNOTATIONS) == set(Origin)
