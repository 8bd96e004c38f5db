"""The doors for files: what is said of them, what is refused before it is read, rejects out and in again, mappings."""

import gzip
import io
import json
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from config.kernel.models import User
from labeling.models import AccessLog, Batch, ColumnMapping, Item
from labeling.services.imports import grant_path
from labeling.services.mappings import save_mapping
from tests.factories import item_row, lines, settle, upload_items
from tests.labeling.test_columns import MAPPING

CSV = b"id,data.prompt,answer_1,answer_2,who,d,topic,tags\n1,Why?,A,B,m,2,t,x;y\n2,How?,A,B,m,huge,t,\n"


@pytest.fixture
def ask(cast):
    client = Client(headers=cast.bearer("dana"))
    at = f"/api/v1/projects/{cast.project.public_id}"

    def send(method, path, data=None, kind="application/json", **headers):
        path = path if path.startswith("/") else f"{at}/{path}"
        if kind is None:
            return getattr(client, method)(path, data, headers=headers)
        body = json.dumps(data) if kind == "application/json" and data is not None else data or b""
        return getattr(client, method)(path, body, content_type=kind, headers=headers)

    return send


def kept_files(cast):
    root = storages["sources"].path(str(cast.project.public_id))
    return sum(path.is_file() for path in Path(root).rglob("*"))


def test_a_table_with_a_saved_mapping_is_read_by_it_and_says_so(cast, ask):
    saved = ask("post", "column-mappings", {"name": "export", "document": MAPPING})
    assert (saved.status_code, saved.json()["version"]) == (201, 1)
    again = ask("post", "column-mappings", {"name": "export", "document": MAPPING})
    assert (again.status_code, again.json()) == (200, saved.json())
    changed = {"fields": {**MAPPING["fields"], "language": {"constant": "de"}}}
    assert ask("post", "column-mappings", {"name": "export", "document": changed}).json()["version"] == 2
    assert [each["version"] for each in ask("get", "column-mappings").json()["results"]] == [2, 1]
    answer = ask("post", f"batches?mapping={saved.json()['id']}", CSV, "text/csv")
    assert (answer.status_code, answer.json()["format"], answer.json()["mapping"]) == (202, "csv", saved.json()["id"])
    settle()
    batch = ask("get", f"/api/v1/batches/{answer.json()['id']}").json()
    assert (batch["state"], batch["rows_read"], batch["items_created"], batch["rejected"]) == ("accepted", 2, 1, 1)
    item = Item.objects.get().current_version
    assert (item.language, item.difficulty, item.metadata) == ("en", 2, {"topic": "t", "tags": ["x", "y"]})
    assert Batch.objects.get().mapping == ColumnMapping.objects.get(number=1)


def test_a_mapping_is_tried_on_the_first_rows_and_nothing_is_kept(cast, ask):
    file = SimpleUploadedFile("x.csv", CSV)
    answer = ask("post", "column-mappings/preview", {"file": file, "mapping": json.dumps(MAPPING)}, None)
    first, second = answer.json()["rows"]
    assert answer.json()["format"] == "csv"
    assert (first["line"], first["item"]["external_id"], first["item"]["difficulty"]) == (2, "1", 2)
    assert second == {
        "line": 3, "item": None, "field": "difficulty", "reason": "The column 'd' cannot be read as integer: huge.",
    }  # fmt: skip
    assert (Batch.objects.count(), ColumnMapping.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("content", "mapping", "field"),
    [
        (CSV, {"fields": {"colour": {}}}, "fields.colour"),
        (b"PAR1" + b"\x00" * 20, None, "file"),
        (b"a,b\n1,2\n", MAPPING, "answer_1"),
    ],
)
def test_a_preview_that_cannot_be_is_refused_with_its_place(ask, content, mapping, field):
    file = SimpleUploadedFile("x.csv", content)
    answer = ask("post", "column-mappings/preview", {"file": file, "mapping": json.dumps(mapping)}, None)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_a_long_file_is_previewed_by_its_beginning(ask):
    content = lines(*[item_row(f"item-{number}", metadata={"x": "y" * 2000}) for number in range(300)])
    file = SimpleUploadedFile("x.ndjson.gz", gzip.compress(content))
    rows = ask("post", "column-mappings/preview", {"file": file}, None).json()["rows"]
    assert [row["item"]["external_id"] for row in rows] == [f"item-{number}" for number in range(10)]


def test_a_mapping_of_another_project_is_not_found(cast, ask):
    foreign, _ = save_mapping(project=cast.foreign_project, name="x", document=MAPPING, actor=cast.ruth)
    for name in (str(foreign.public_id), "nonsense"):
        answer = ask("post", f"batches?mapping={name}", CSV, "text/csv")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Batch.objects.exists()


def test_ten_gigabytes_claimed_in_a_header_are_refused_before_anything_is_read(cast):
    class Never(io.RawIOBase):
        def read(self, *_):
            raise AssertionError("The body was read.")

    answer = Client(headers=cast.bearer("dana")).generic(
        "POST", f"/api/v1/projects/{cast.project.public_id}/batches", b"", content_type="application/x-ndjson",
        CONTENT_LENGTH=str(10 * 1024**3), **{"wsgi.input": Never()},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["detail"] == "The file is larger than 2 GB; split it into several, or pack it."
    assert not Batch.objects.exists()


def test_a_body_that_turns_out_too_large_is_refused(ask, settings):
    settings.UPLOADED_BYTES_MOST = 100
    answer = ask("post", "batches", lines(item_row()), "application/x-ndjson")
    assert answer.status_code == 413
    assert not Batch.objects.exists()


def test_the_same_key_and_body_are_answered_alike_and_another_body_is_refused(cast, ask):
    key = {"Idempotency-Key": "k-1"}
    first = ask("post", "batches", lines(item_row("one")), "application/x-ndjson", **key)
    again = ask("post", "batches", lines(item_row("one")), "application/x-ndjson", **key)
    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (202, first.json(), "true")
    for path, content in (("batches", item_row("two")), ("batches?on_conflict=new_version", item_row("one"))):
        other = ask("post", path, lines(content), "application/x-ndjson", **key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Batch.objects.count() == 1
    assert kept_files(cast) == 1


def test_the_same_bytes_read_in_another_way_are_another_batch(ask):
    content = lines(item_row("one"))
    first = ask("post", "batches", content, "application/x-ndjson")
    assert ask("post", "batches", content, "application/octet-stream").json()["id"] == first.json()["id"]
    assert ask("post", "batches?format=ndjson", content, "application/octet-stream").json()["id"] == first.json()["id"]
    anew = ask("post", "batches?on_conflict=new_version", content, "application/x-ndjson")
    assert (anew.status_code, anew.json()["on_conflict"]) == (202, "new_version")
    settle()
    assert ask("get", f"/api/v1/batches/{anew.json()['id']}").json()["duplicates"] == 1


@pytest.mark.parametrize("query", ["format=excel", "on_conflict=overwrite"])
def test_a_way_of_reading_that_there_is_not_is_refused(ask, query):
    answer = ask("post", f"batches?{query}", lines(item_row()), "application/x-ndjson")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, query.split("=")[0])
    assert not Batch.objects.exists()


def test_rejects_go_out_as_they_came_and_come_in_again_mended(cast, ask):
    bad = [item_row("two", difficulty=9), item_row("three", language="xx")]
    sent = ask("post", "batches", lines(item_row("one"), *bad, b"{broken"), "application/x-ndjson").json()
    settle()
    answer = ask("get", f"/api/v1/batches/{sent['id']}/rejects.ndjson")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"] == f'attachment; filename="rejects-{sent["id"]}.ndjson"'
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [row["_rejected"]["line"] for row in rows] == [2, 3, 4]
    assert [rows[0]["external_id"], rows[1]["language"], rows[2]["_raw"]] == ["two", "xx", "{broken"]
    assert AccessLog.objects.filter(object_type="labeling.batch", user_id=cast.dana.pk, door="api").count() == 1
    rows[0]["difficulty"], rows[1]["language"] = 3, "en"
    again = ask("post", "batches", lines(*rows), "application/x-ndjson").json()
    settle()
    batch = ask("get", f"/api/v1/batches/{again['id']}").json()
    assert (batch["items_created"], batch["rejected"]) == (2, 1)
    [left] = ask("get", f"/api/v1/batches/{again['id']}/rejects").json()["results"]
    assert (left["line"], left["field"]) == (3, "_raw")


def test_a_granted_file_is_named_and_becomes_a_batch(cast, ask):
    storages["imports"].save("drop/items.ndjson", ContentFile(lines(item_row("one"))))
    assert ask("post", "batches", {"path": "drop/items.ndjson"}).status_code == 404
    boss = User.objects.create_superuser("boss@example.org", "boss-password", name="Boss")
    grant_path(customer=cast.northwind, path="drop", actor=boss)
    answer = ask("post", "batches", {"path": "drop/items.ndjson"})
    assert (answer.status_code, answer.json()["sha256"]) == (202, None)
    settle()
    storages["imports"].delete("drop/items.ndjson")
    batch = ask("get", f"/api/v1/batches/{answer.json()['id']}").json()
    assert (batch["state"], batch["items_created"], len(batch["sha256"])) == ("accepted", 1, 64)
    assert ask("post", "batches", {"path": "drop/../x"}).json()["errors"][0]["field"] == "path"


def test_the_portal_reads_a_file_as_it_is_told(cast):
    client = Client()
    client.force_login(cast.dana)
    at = f"/portal/projects/{cast.project.public_id}/"
    file = SimpleUploadedFile("items.txt", b"external_id;prompt;response_a;response_b;language\n1;Q;A;B;en\n")
    client.post(f"{at}upload/", {"file": file, "format": "csv", "mapping": "", "on_conflict": "new_version"})
    settle()
    batch = Batch.objects.get()
    assert (batch.format, batch.on_conflict, batch.items_created) == ("csv", "new_version", 1)
    page = client.get(at).content.decode()
    assert '<select id="on_conflict" name="on_conflict">' in page
    file = SimpleUploadedFile("items.txt", b"x")
    client.post(f"{at}upload/", {"file": file, "on_conflict": "overwrite"})
    assert Batch.objects.count() == 1


@pytest.mark.parametrize("cursor", ["cD1h", "cD0lMDA=", "cD0wMDAxLTAxLTAxVDAwOjAwOjAwJTJCMjM6NTk="])
def test_a_cursor_that_no_page_named_is_not_found(ask, cursor):
    for path in ("items", "/api/v1/keys"):
        answer = ask("get", f"{path}?cursor={cursor}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Invalid cursor")


def test_the_next_page_is_found_by_its_cursor(cast, ask):
    upload_items(cast.project, cast.mira, 2)
    cast.bearer("dana")
    for path in ("items", "/api/v1/keys"):
        first = ask("get", f"{path}?page_size=1").json()
        second = ask("get", first["next"].removeprefix("http://testserver")).json()
        assert (len(second["results"]), second["results"] != first["results"]) == (1, True)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B23:00", "9999-12-31T23:59:59-23:00", "soon"])
def test_a_time_that_is_none_in_utc_is_refused(ask, moment):
    answer = ask("get", f"/api/v1/access-log?since={moment}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "since")


@pytest.mark.parametrize(
    "fields", [{"\ud800": {"column": "x"}}, {"external_id": {"column": "x", "\ud800": 1}, "messages": 1}]
)
def test_a_mapping_with_half_a_surrogate_is_refused_by_its_place(ask, fields):
    answer = ask("post", "column-mappings", {"name": "m", "document": {"fields": fields}})
    assert (answer.status_code, ColumnMapping.objects.count()) == (422, 0)
    assert answer.json()["errors"][0]["field"].endswith(".?")
