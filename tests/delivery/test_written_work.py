"""Written work in a release: what was accepted, with every round that led to it, and a release that verifies."""

import json

import pytest

from delivery.verification import verify_folder
from tests.cast import gather_cast
from tests.delivery.test_redaction import TRUSTED, fetch
from tests.factories import freeze, item_row, upload
from tests.traces import empty_files
from tests.written import BETTER, WHY, attempt, open_written_project, review, written


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
