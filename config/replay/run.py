"""Driving a dataset through Assay over HTTP: its items are uploaded, each rater judges what they judged, a release is read."""

import json
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from rich.console import Console
from rich.progress import Progress

from config.clients import Customer, Refused
from config.kernel.keys import issue_key
from config.kernel.models import User
from config.kernel.types import Scope, Surface
from config.progress import bars
from config.replay.adapters import Dataset
from config.simulate import Answer, Work, content_key, work
from delivery import signing
from delivery.verification import verify_folder
from labeling.models import Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.people import add_member, create_customer, create_reviewer
from labeling.services.projects import create_project, open_project
from labeling.services.rounds import assign_items
from labeling.types import Overlap, Role
from routing.services.enrolments import enrol_reviewer

AT_ONCE = 8
SLICE = 500


@dataclass(frozen=True, slots=True)
class Replayed:
    """The figures, whether everything is as it was given, what is not, and where the release lies."""

    figures: dict[str, Any]
    faults: list[str]
    content_digest: str
    folder: Path


@dataclass(frozen=True, slots=True)
class _Founded:
    project: Project
    customer_key: str
    reviewers: dict[str, Reviewer]
    keys: dict[str, str]


def replay(dataset: Dataset, *, url: str, console: Console) -> Replayed:
    """Replay the dataset against the server at `url`, which must be on this process's database. Raises Refused."""
    began = time.monotonic()
    with bars(console) as progress:
        founded = _found(dataset, progress)
        connections.close_all()
        with Customer(url, founded.customer_key) as customer:
            project = str(founded.project.public_id)
            _upload(customer, project, dataset, progress)
            _assign(founded, dataset)
            connections.close_all()
            judging = time.monotonic()
            done = _judge(url, founded, project, dataset, progress)
            judged_seconds = time.monotonic() - judging
            _wait_until_resolved(customer, project, dataset, progress)
            release = customer.release(project)
            folder = _fetch(customer, release, dataset.name, progress)
            manifest = customer.call("GET", f"/api/v1/releases/{release['id']}/manifest")
    found = manifest["quality"]["agreement"]["preference"]
    figures = {
        "items": len(dataset.items),
        "annotations": done.submitted - done.unplaced,
        "released": release["records"],
        "agreed": release["outcomes"].get("agreed", 0),
        "no_agreement": release["outcomes"].get("no_agreement", 0),
        "raters": len(founded.keys),
        "unanimous_share": found["unanimous_share"],
        "alpha_nominal": found["krippendorff_alpha"],
        "alpha_low": found["interval_95"][0],
        "alpha_high": found["interval_95"][1],
        "seconds": round(time.monotonic() - began, 1),
        "judgments_per_s": round(done.submitted / judged_seconds, 1),
        "duplicates": done.repeats + _duplicates(folder),
    }
    return Replayed(figures, list(_faults(dataset, folder, done)), release["content_digest"], folder)


def _duplicates(folder: Path) -> int:
    """Return how many judgments the release carries beyond one a rater and item."""
    doubled = 0
    with (folder / "records.jsonl").open(encoding="utf-8") as file:
        for line in file:
            annotators = [each["annotator"] for each in json.loads(line)["annotations"]]
            doubled += len(annotators) - len(set(annotators))
    return doubled


def _found(dataset: Dataset, progress: Progress) -> _Founded:
    """Make a customer, a project in which tasks are reserved for named people, and one reviewer a rater."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    raters = sorted({judgment.rater for judgment in dataset.judgments})
    with transaction.atomic():
        customer = create_customer(name=f"{dataset.title} {stamp}", slug=f"{dataset.name}-{stamp}", actor=None)
        admin = User.objects.create_user(
            f"{dataset.name}-{stamp}@example.org", name=dataset.title, surface=Surface.PORTAL
        )
        add_member(user=admin, customer=customer, role=Role.CUSTOMER_ADMIN, actor=None)
        project = create_project(
            customer=customer,
            slug=dataset.name,
            name=dataset.title,
            actor=None,
            overlap_kind=Overlap.ASSIGNED,
            gold_share=0,
        )
        publish_form(project=project, document=dataset.form, actor=None)
        publish_guideline(project=project, clauses=dataset.clauses, actor=None)
        open_project(project=project, actor=None)
        project.refresh_from_db()
        _, customer_key = issue_key(
            user=admin, name="replay", scopes=[Scope.READ, Scope.UPLOAD, Scope.DECIDE], actor=None, days=1
        )
    reviewers, keys = {}, {}
    for start in range(0, len(raters), SLICE):
        with transaction.atomic():
            for rater in progress.track(raters[start : start + SLICE], description="Found the raters"):
                user = User.objects.create_user(
                    f"{dataset.name}-{stamp}-{rater}@example.org", name=rater, surface=Surface.DESK
                )
                reviewers[rater] = create_reviewer(user=user, languages=["en"], actor=None)
                enrol_reviewer(project=project, reviewer=reviewers[rater], actor=None)
                acknowledge_guideline(reviewer=reviewers[rater], project=project, number=1)
                _, keys[rater] = issue_key(user=user, name="replay", scopes=[Scope.DESK], actor=None, days=1)
    return _Founded(project, customer_key, reviewers, keys)


def _upload(customer: Customer, project: str, dataset: Dataset, progress: Progress) -> None:
    bar = progress.add_task("Upload", total=len(dataset.items))
    content = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in dataset.items).encode()
    batch = customer.upload(project, f"{dataset.name}.ndjson", content)
    if batch["items_created"] != len(dataset.items):
        reject = next(customer.every(f"/api/v1/batches/{batch['id']}/rejects"), {"line": 0, "reason": batch["fault"]})
        raise Refused(f"Not every item was taken; line {reject['line']}: {reject['reason']}")
    customer.wait_for(f"/api/v1/projects/{project}/progress", lambda found: not found["states"].get("accepted"))
    progress.update(bar, completed=len(dataset.items))


def _assign(founded: _Founded, dataset: Dataset) -> None:
    """Reserve each item's tasks for exactly the people who judged it."""
    raters = defaultdict(list)
    for judgment in dataset.judgments:
        raters[judgment.external_id].append(founded.reviewers[judgment.rater])
    names = list(raters)
    for start in range(0, len(names), SLICE):
        piece = {name: raters[name] for name in names[start : start + SLICE]}
        assign_items(project=founded.project, assignments=piece, actor=None)


def _judge(url: str, founded: _Founded, project: str, dataset: Dataset, progress: Progress) -> Work:
    bar = progress.add_task("Raters judge", total=len(dataset.judgments))
    names = defaultdict(list)
    for item in dataset.items:
        names[content_key(item["messages"], item["responses"])].append(item["external_id"])
    given = {(judgment.rater, judgment.external_id): judgment for judgment in dataset.judgments}
    left = {key: list(values) for key, values in names.items()}
    answered: dict[tuple[str, str], list[str]] = {}

    def answer(rater: str, task: dict[str, Any]) -> Answer:
        """Two items may show the same words: a rater's verdicts on them are given in the items' order."""
        shown = content_key(task["item"]["messages"], task["item"]["responses"])
        mine = answered.setdefault((rater, shown), [name for name in left[shown] if (rater, name) in given])
        judgment = given[rater, mine.pop(0)]
        return Answer(judgment.value, judgment.seconds)

    return work(
        url=url,
        keys=founded.keys,
        project=project,
        answer=answer,
        at_once=AT_ONCE,
        shares=Counter(judgment.rater for judgment in dataset.judgments),
        on_submit=lambda: progress.advance(bar),
    )


def _wait_until_resolved(customer: Customer, project: str, dataset: Dataset, progress: Progress) -> None:
    judged = len({judgment.external_id for judgment in dataset.judgments})
    bar = progress.add_task("Consensus resolves", total=judged)

    def is_resolved(found: dict[str, Any]) -> bool:
        progress.update(bar, completed=found["resolved"])
        return bool(found["resolved"] >= judged)

    customer.wait_for(f"/api/v1/projects/{project}/progress", is_resolved)


def _fetch(customer: Customer, release: dict[str, Any], name: str, progress: Progress) -> Path:
    folder: Path = settings.HOME / "replay" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bar = progress.add_task("Fetch and verify", total=None)
    count = customer.fetch(release["id"], folder, on_file=lambda: progress.advance(bar))
    progress.update(bar, total=count)
    trusted = signing.published(signing.signing_key(settings.SIGNING_KEY))["key_id"]
    verify_folder(folder, trusted_fingerprint=trusted)
    return folder


def _faults(dataset: Dataset, folder: Path, done: Work) -> Iterator[str]:
    """Compare the release with the dataset itself: items, judgments, and the majority that plain counting gives."""
    choices: dict[str, list[str]] = defaultdict(list)
    for judgment in dataset.judgments:
        choices[judgment.external_id].append(judgment.value["preference"]["choice"])
    expected = {name: plain_majority(given) for name, given in choices.items()}
    found = {}
    with (folder / "records.jsonl").open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            name = record["external_id"]
            found[name] = record["resolution"]["answers"].get("preference", {}).get("choice")
            carried = sorted(each["answers"]["preference"]["choice"] for each in record["annotations"])
            if carried != sorted(choices[name]):
                yield f"{name} carries {carried} and was judged {sorted(choices[name])}."
    if missing := sorted(expected.keys() - found.keys()):
        yield f"{len(missing)} judged items are not in the release, the first {missing[0]}."
    if differing := [name for name in found if found[name] != expected[name]]:
        yield f"{len(differing)} majorities differ from plain counting, the first {differing[0]}."
    if done.unplaced:
        yield f"{done.unplaced} answers were not placed."


def plain_majority(choices: list[str]) -> str | None:
    """Return the choice that more than half of the raters made, if there is one."""
    for choice in set(choices):
        if choices.count(choice) * 2 > len(choices):
            return choice
    return None
