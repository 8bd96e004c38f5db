"""Written work in a release: what was accepted, with every round that led to it, and a release that verifies."""

import json

import pytest

from delivery.verification import verify_folder
from labeling.models import Project
from labeling.services.people import add_member
from labeling.types import Role
from tests.cast import gather_cast
from tests.delivery.test_redaction import TRUSTED, fetch
from tests.factories import freeze, item_row, take, upload
from tests.traces import empty_files
from tests.written import BETTER, TEXT, WHY, answer, attempt, open_written_project, review, written


@pytest.fixture
def cast(transactional_db):
    empty_files()
    return gather_cast()


def test_what_was_written_is_released_with_every_round_and_without_the_questions_of_the_review(cast, tmp_path):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "send_back")
    attempt(cast.anna, BETTER)
    review(cast.bela, "fix", response=BETTER + " Truly.")
    folder = fetch(cast, tmp_path, freeze(project, cast.dana))
    record = json.loads((folder / "records.jsonl").read_text())
    assert record["resolution"]["answers"] == written(BETTER + " Truly.")
    assert (record["resolution"]["method"], record["resolution"]["outcome"]) == ("reviewed", "agreed")
    assert [
        (each["round"], each["role"], each["verdict"], each["clause"], each["answers"])
        for each in record["annotations"]
    ] == [
        (1, "attempt", None, None, written()),
        (1, "review", "send_back", "true", {}),
        (2, "attempt", None, None, written(BETTER)),
        (2, "review", "fix", None, written(BETTER + " Truly.")),
    ]
    assert "review_" not in json.dumps(record)
    assert WHY not in json.dumps(record)
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).records == 1


def test_what_an_adjudicator_decided_is_released_with_every_round_that_led_to_it(cast, tmp_path):
    project = open_written_project(cast)
    Project.objects.filter(pk=project.pk).update(send_backs_most=0)
    add_member(user=cast.dido.user, customer=cast.northwind, project=project, role=Role.AUDITOR, actor=cast.mira)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "reject")
    said = {"review_verdict": "answer", "review_reason": "It is right, and brief.", **written(BETTER)}
    answer(take(cast.dido), cast.dido, said)
    folder = fetch(cast, tmp_path, freeze(project, cast.dana))
    record = json.loads((folder / "records.jsonl").read_text())
    assert record["resolution"]["method"] == "adjudicated"
    assert [(each["round"], each["role"], each["verdict"], each["answers"]) for each in record["annotations"]] == [
        (1, "attempt", None, written(TEXT)),
        (1, "review", "reject", {}),
        (2, "adjudication", None, written(BETTER)),
    ]
    assert len({each["annotator"] for each in record["annotations"]}) == 3
    assert verify_folder(folder, trusted_fingerprint=TRUSTED).records == 1
