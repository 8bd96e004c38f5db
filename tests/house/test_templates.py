"""Every template, all the way: a project of it is created, worked on at the desk, resolved, released and verified."""

import json

import pytest
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from config import sample
from config.sample.answers import answer_form
from delivery import signing
from delivery.verification import verify_folder
from labeling.forms.templates import TEMPLATES
from labeling.models import Annotation
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.projects import create_project, open_project
from routing.services.enrolments import enrol_reviewer
from tests.cast import CLAUSES, gather_cast
from tests.factories import item_row, lines, settle

GALLERY = next(each for each in sample.load("projects.json") if each["slug"] == "question-gallery")["form"]
CONVERSATION = [
    {"role": "user", "content": "Where shall I go in May?"},
    {"role": "assistant", "content": "Do you like the sea?"},
    {"role": "user", "content": "I do."},
]


@pytest.fixture
def cast(transactional_db):
    return gather_cast()


def found(cast, form, reviewers):
    project = create_project(
        customer=cast.northwind, slug="template", name="Template", actor=cast.mira, overlap=len(reviewers)
    )
    publish_form(project=project, document=form, actor=cast.mira)
    publish_guideline(project=project, clauses=CLAUSES, actor=cast.mira)
    open_project(project=project, actor=cast.mira)
    for reviewer in reviewers:
        enrol_reviewer(project=project, reviewer=reviewer, actor=cast.mira)
        acknowledge_guideline(reviewer=reviewer, project=project, number=1)
    return project


def as_customer(cast):
    """Return what asks the customers' API as Dana and returns what it answers."""
    client, bearer = Client(headers=cast.bearer("dana")), "application/x-ndjson"

    def call(method, path, body=b""):
        more = {"data": body, "content_type": bearer} if method == "post" else {}
        answer = getattr(client, method)(f"/api/v1/{path}", **more)
        assert answer.status_code < 300, answer.content
        return answer

    return call


def work(cast, name, project, schema):
    """Let one of the reviewers take and answer every task of the project that is left for them; return how many."""
    desk, done = Client(headers=cast.bearer(name)), 0
    while True:
        body = {"project": str(project.public_id)}
        task = desk.post("/api/desk/v1/next", body, content_type="application/json").json()["task"]
        if task is None:
            return done
        answers = answer_form(task["form"], task["item"], seed=f"{name}:{done}")
        schema.validate(answers)
        path = f"/api/desk/v1/tasks/{task['lease']['token']}/submit"
        placed = desk.post(path, {"value": answers, "seconds": 9}, content_type="application/json")
        assert placed.status_code == 201, placed.content
        done += 1


def fetched(call, release, folder):
    """Fetch every file of a release into the folder, which is then what the customer has of it."""
    for file in call("get", f"releases/{release}/files").json()["results"]:
        target = folder / file["name"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(call("get", f"releases/{release}/files/{file['name']}")))
    return folder


def run(cast, form, names, folder):
    """Do the whole job with this form; return the verified release's manifest and records."""
    reviewers = [getattr(cast, name) for name in names]
    project, call = found(cast, form, reviewers), as_customer(cast)
    schema = Draft202012Validator(call("get", f"projects/{project.public_id}/form").json()["answers_schema"])
    rows = [item_row("one"), item_row("two", messages=CONVERSATION)]
    call("post", f"projects/{project.public_id}/batches", lines(*rows))
    settle()
    assert [work(cast, name, project, schema) for name in names] == [2] * len(names)
    settle()
    assert call("get", f"projects/{project.public_id}/progress").json()["resolved"] == 2
    release = call("post", f"projects/{project.public_id}/releases").json()["id"]
    settle()
    fetched(call, release, folder)
    trusted = signing.published(signing.signing_key(settings.SIGNING_KEY))["key_id"]
    assert verify_folder(folder, trusted_fingerprint=trusted).records == 2
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return json.loads((folder / "manifest.json").read_text()), records


def check_against_manifest(manifest, records):
    """The manifest alone says what the answers of every record look like."""
    schemas = {form["number"]: Draft202012Validator(form["answers_schema"]) for form in manifest["forms"]}
    for record in records:
        for annotation in record["annotations"]:
            schemas[annotation["form"]].validate(annotation["answers"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_project_of_each_template_ends_in_a_verified_release(cast, tmp_path, name):
    manifest, records = run(cast, TEMPLATES[name].form, ["anna"], tmp_path)
    check_against_manifest(manifest, records)
    for record in records:
        assert record["resolution"]["outcome"] == "agreed"
        assert record["resolution"]["answers"] == record["annotations"][0]["answers"]
    assert Annotation.objects.count() == 2


def test_the_gallery_judged_by_three_keeps_votes_on_all_but_what_was_written(cast, tmp_path):
    manifest, records = run(cast, GALLERY, ["anna", "bela", "cleo"], tmp_path)
    check_against_manifest(manifest, records)
    two = next(record for record in records if record["external_id"] == "two")
    voted = {path.partition(".")[0] for path in two["resolution"]["distribution"]}
    assert voted == {"preference", "ranking", "length", "asks", "quality", "faults", "turns"}
    assert not {"critique", "correction", "own", "where"} & set(two["resolution"]["answers"])
    assert all(
        "diff" in annotation["answers"]["correction"] for record in records for annotation in record["annotations"]
    )
    assert manifest["quality"]["agreement"]["turns.1"]["units"] == 1
    assert manifest["quality"]["agreement"]["ranking.a>b"]["units"] == 2


def test_what_is_demonstrated_and_corrected_is_in_the_view_for_fine_tuning(cast, tmp_path):
    manifest, records = run(cast, TEMPLATES["demonstration"].form, ["anna"], tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "views" / "sft.jsonl").read_text().splitlines()]
    assert [row["messages"][-1]["content"] for row in rows] == [
        record["resolution"]["answers"]["response"] for record in records
    ]
    assert rows[1]["messages"][:-1] == CONVERSATION
    assert manifest["views"] == {"openai_preference": 0, "preference": 0, "sft": 2, "unpaired": 0}


def test_the_customer_sees_in_the_portal_what_was_answered(cast, tmp_path):
    manifest, records = run(cast, TEMPLATES["critique_and_rewrite"].form, ["anna"], tmp_path)
    client = Client()
    client.force_login(cast.dana)
    page = client.get(f"/portal/releases/{manifest['release']['id']}/")
    by_name = {record["external_id"]: dict(record["answers"]) for record in page.context["records"]}
    answers = records[0]["resolution"]["answers"]
    rewrite = answers["rewrite"]
    assert by_name["one"]["Rewrite one response so that it is."] == [f"{rewrite['response']}: {rewrite['text']}"]
    assert by_name["one"]["The rewritten response …"][0].startswith("is true: ")
    assert "Rewrite one response so that it is." in page.content.decode()
