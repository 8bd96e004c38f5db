"""The sample in a lively, half-done state, for looking around: an accepted release, one to check, work in progress."""

from collections.abc import Iterable

from django.db import connections
from rich.console import Console

from config import sample
from config.clients import Customer, Refused
from config.demo import GALLERY, MAIN, SampleReviewers
from config.house import House
from config.progress import bars
from config.sample.founding import Founded
from config.simulate import work

FIRST_BATCH = 50
JUDGED_OF_THE_SECOND = 55
JUDGED_OF_MERIDIAN = 12
JUDGED_OF_THE_GALLERY = 3


def make_lively(house: House, founded: Founded, console: Console) -> None:
    """Bring the newly founded sample to where a week's work would have. Everything goes through the APIs."""
    connections.close_all()
    reviewers = SampleReviewers()
    lines = (sample.FOLDER / "northwind.ndjson").read_bytes().splitlines(keepends=True)
    with (
        bars(console) as progress,
        Customer(house.url, founded.keys["dana"]) as dana,
        Customer(house.url, founded.keys["ruth"]) as ruth,
    ):
        bar = progress.add_task("Make the sample lively", total=8)
        northwind = dana.project(MAIN)["id"]
        meridian = ruth.project("triage-notes")["id"]
        gallery = dana.project("question-gallery")["id"]

        _upload(dana, northwind, "week-1.ndjson", lines[:FIRST_BATCH])
        progress.advance(bar)
        _work(house, founded, reviewers, MAIN, northwind, most=None)
        progress.advance(bar)
        _wait_until_resolved(dana, northwind)
        first = dana.release(northwind)
        _accept(dana, first["id"], reviewers)
        progress.advance(bar)
        _upload(dana, northwind, "week-2.ndjson", lines[FIRST_BATCH:])
        _upload(
            ruth,
            meridian,
            "meridian.ndjson",
            (sample.FOLDER / "meridian.ndjson").read_bytes().splitlines(True),
        )
        progress.advance(bar)
        _work(house, founded, reviewers, MAIN, northwind, most=JUDGED_OF_THE_SECOND)
        progress.advance(bar)
        _work(house, founded, reviewers, "triage-notes", meridian, most=JUDGED_OF_MERIDIAN)
        progress.advance(bar)
        _upload(dana, gallery, GALLERY, (sample.FOLDER / GALLERY).read_bytes().splitlines(True))
        _work(house, founded, reviewers, "question-gallery", gallery, most=JUDGED_OF_THE_GALLERY)
        progress.advance(bar)
        dana.sample(dana.release(northwind)["id"])
        progress.advance(bar)


def _upload(customer: Customer, project: str, name: str, lines: Iterable[bytes]) -> None:
    batch = customer.upload(project, name, b"".join(lines))
    if batch["state"] != "accepted":
        raise Refused(batch["fault"])
    customer.wait_for(f"/api/v1/projects/{project}/progress", lambda found: not found["states"].get("accepted"))


def _work(
    house: House, founded: Founded, reviewers: SampleReviewers, slug: str, project: str, *, most: int | None
) -> None:
    keys = reviewers.keys(founded, slug)
    work(url=house.url, keys=keys, project=project, answer=reviewers.answer, at_once=len(keys), most=most)


def _wait_until_resolved(customer: Customer, project: str) -> None:
    customer.wait_for(f"/api/v1/projects/{project}/progress", lambda found: found["in_progress"] == 0)


def _accept(customer: Customer, release: str, reviewers: SampleReviewers) -> None:
    defects = 0
    for record in customer.sample(release)["records"]:
        if reviewers.is_right(record["external_id"], record["answers"]):
            customer.give_verdict(release, record["id"], verdict="good")
        else:
            defects += 1
            note = "The other response is the better one."
            customer.give_verdict(release, record["id"], verdict="defect", severity="minor", note=note)
    customer.decide(release, "accept", f"{defects} minor defects, noted." if defects else "")
