"""The main job, once, on the bundled sample: upload, judge, resolve, freeze, check, accept, verify. All over HTTP."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Sum
from rich.console import Console
from rich.progress import Progress

from config import sample
from config.clients import Customer, Refused
from config.house import House
from config.progress import bars
from config.sample.answers import answer_form
from config.sample.founding import Founded, found_sample
from config.sample.simulation import Persona, judge, right_choice
from config.simulate import Answer, content_key, work
from delivery import signing
from delivery.holding import held_results
from delivery.models import LedgerEntry
from delivery.verification import Verified, verify_folder
from quality.models import GoldItem, Standing

SEED = 20_260_115
SETTLE_SECONDS = 20.0
MAIN = "assistant-preferences"
GALLERY = "gallery.ndjson"


@dataclass
class Report:
    """What happened, for people and for programs."""

    figures: dict[str, Any] = field(default_factory=dict)
    standings: list[dict[str, Any]] = field(default_factory=list)
    folder: Path = Path()
    manifest: dict[str, Any] = field(default_factory=dict)
    cost: str = ""
    held: str = ""
    is_foreign_refused: bool = False


class SampleReviewers:
    """The bundled sample's simulated reviewers: what each answers to a task that is shown to them."""

    def __init__(self, files: Mapping[str, Any] | None = None) -> None:
        self.merits = sample.load("merit.json")
        people = sample.load("people.json")["reviewers"]
        self.personas = {each["username"]: Persona.from_json(each) for each in people}
        self.projects = {each["username"]: each["projects"] for each in people}
        self.names = {
            content_key(item["messages"], _with_keys(item["responses"])): item["external_id"]
            for name in ("northwind.ndjson", "meridian.ndjson", GALLERY)
            for item in sample.lines(name)
        }

    def external_id(self, task: dict[str, Any]) -> str:
        return self.names[content_key(task["item"]["messages"], task["item"]["responses"])]

    def answer(self, name: str, task: dict[str, Any]) -> Answer:
        external_id = self.external_id(task)
        if external_id not in self.merits:
            value = answer_form(task["form"], task["item"], seed=f"{SEED}:{name}:{external_id}")
            return Answer(value, self.personas[name].median_seconds)
        verdict = judge(self.personas[name], external_id=external_id, merits=self.merits[external_id], seed=SEED)
        return Answer(verdict.answers, verdict.seconds)

    def keys(self, founded: Founded, slug: str) -> dict[str, str]:
        """Return the key of everybody who works on a project."""
        return {name: founded.keys[name] for name, projects in self.projects.items() if slug in projects}

    def is_right(self, external_id: str, answers: dict[str, Any]) -> bool:
        """Whether the agreed answer is what a careful customer would say; no agreement is nobody's mistake."""
        preference = answers.get("preference")
        if preference is None:
            return True
        merits = self.merits[external_id]
        return preference["choice"] in {right_choice(merits, tie_width=width) for width in (0.0, 0.04, 0.08)}


def _with_keys(responses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": each.get("key", "abcdefghij"[index]), "text": each["text"]} for index, each in enumerate(responses)]


def run_demo(house: House, console: Console) -> Report:
    """Do the main job on a house whose database is new; return the report. Raises Refused or ReleaseBroken."""
    report, began = Report(), time.monotonic()
    founded = found_sample(password_of=lambda _email: None)
    connections.close_all()
    reviewers = SampleReviewers()
    with (
        bars(console) as progress,
        Customer(house.url, founded.keys["dana"]) as dana,
        Customer(house.url, founded.keys["ruth"]) as ruth,
    ):
        project = dana.project(MAIN)["id"]
        batch = _upload(dana, project, "northwind.ndjson", progress)
        _upload(ruth, ruth.project("triage-notes")["id"], "meridian.ndjson", progress)
        done = _judge(house, reviewers.keys(founded, MAIN), dana, project, reviewers, progress)
        state = _settle(dana, project, progress)
        release = _freeze(dana, project, progress)
        held = held_results(project_id=founded.projects[MAIN].pk)
        sampled = _check(dana, release["id"], reviewers, progress)
        decided = dana.decide(release["id"], "accept", sampled["reason"])
        report.folder = settings.HOME / "demo" / f"release-{release['version']}"
        verified = _fetch_and_verify(dana, release["id"], report.folder, progress)
        report.manifest = dana.call("GET", f"/api/v1/releases/{release['id']}/manifest")
        report.is_foreign_refused = _is_refused(ruth, f"/api/v1/releases/{release['id']}")
        charged = _wait_for_charges(dana, project)
        gallery = _show_gallery(house, founded, dana, reviewers, progress)
    report.figures = {
        "items": batch["items_created"],
        "rejected_rows": batch["rejected"],
        "annotations": done["submitted"],
        "resolved": state["resolved"],
        "released": release["records"],
        "held": held.doubted + held.unproven,
        "agreed": release["outcomes"].get("agreed", 0),
        "no_agreement": release["outcomes"].get("no_agreement", 0),
        "gold_items": state["gold"],
        "sampled": sampled["checked"],
        "defects": sampled["defects"],
        "accepted": int(decided["state"] == "accepted"),
        "verified_records": verified.records,
        "verified_files": verified.files,
        "duplicates": done["repeats"],
        **gallery,
        "judgments_per_s": round(done["submitted"] / done["seconds"], 1),
        "seconds": round(time.monotonic() - began, 1),
    }
    report.figures |= _agreement(report.manifest)
    report.cost, money = _money(charged, founded)
    report.figures |= {**money, "foreign_refused": int(report.is_foreign_refused), "signature_verified": 1}
    report.held = held.in_words()
    report.standings = _standings(founded, reviewers)
    return report


def _upload(customer: Customer, project: str, name: str, progress: Progress) -> dict[str, Any]:
    content = (sample.FOLDER / name).read_bytes()
    rows = content.count(b"\n")
    bar = progress.add_task(f"Upload {name}", total=rows)
    batch = customer.upload(project, name, content)
    if batch["state"] != "accepted":
        raise Refused(batch["fault"])
    customer.wait_for(
        f"/api/v1/projects/{project}/progress",
        lambda found: found["states"].get("accepted", 0) == 0,
    )
    progress.update(bar, completed=rows)
    return batch


def _judge(
    house: House,
    keys: Mapping[str, str],
    dana: Customer,
    project: str,
    reviewers: SampleReviewers,
    progress: Progress,
) -> dict[str, Any]:
    """Reviewers work until nothing is left for anybody; gold comes on top of what the items need."""
    needed = dana.progress(project)["judgments_needed"]
    bar = progress.add_task("Reviewers judge", total=needed)
    began = time.monotonic()
    done = work(
        url=house.url,
        keys=keys,
        project=project,
        answer=reviewers.answer,
        at_once=len(keys),
        on_submit=lambda: progress.advance(bar),
    )
    progress.update(bar, total=done.submitted)
    return {"submitted": done.submitted, "repeats": done.repeats, "seconds": time.monotonic() - began}


def _settle(dana: Customer, project: str, progress: Progress) -> dict[str, Any]:
    """Wait until consensus has nothing left to resolve."""
    ends = time.monotonic() + SETTLE_SECONDS
    bar = progress.add_task("Consensus resolves", total=None)
    while True:
        state = dana.progress(project)
        total = state["resolved"] + state["in_progress"]
        progress.update(bar, completed=state["resolved"], total=total)
        if state["in_progress"] == 0 or time.monotonic() > ends:
            return state
        time.sleep(0.2)


def _freeze(dana: Customer, project: str, progress: Progress) -> dict[str, Any]:
    bar = progress.add_task("Freeze the release", total=1)
    release = dana.release(project)
    progress.update(bar, completed=release["records"], total=release["records"])
    return release


def _check(dana: Customer, release: str, reviewers: SampleReviewers, progress: Progress) -> dict[str, Any]:
    """The customer looks at every sampled record and says what they think of it."""
    sampled = dana.sample(release)
    defects = 0
    for record in progress.track(sampled["records"], description="The customer checks a sample"):
        if reviewers.is_right(record["external_id"], record["answers"]):
            dana.give_verdict(release, record["id"], verdict="good")
            continue
        defects += 1
        note = "The other response is the better one."
        dana.give_verdict(release, record["id"], verdict="defect", severity="minor", note=note)
    allowed = sampled["plan"]["defects"]
    reason = f"{defects} minor defects; they go into the next guideline." if defects > allowed else ""
    return {"checked": len(sampled["records"]), "defects": defects, "reason": reason}


def _fetch_and_verify(dana: Customer, release: str, folder: Path, progress: Progress) -> Verified:
    """Fetch every file and check it against the signing key that the operator knows, not the one that came along."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bar = progress.add_task("Fetch and verify", total=None)
    count = dana.fetch(release, folder, on_file=lambda: progress.advance(bar))
    progress.update(bar, total=count)
    trusted = signing.published(signing.signing_key(settings.SIGNING_KEY))["key_id"]
    return verify_folder(folder, trusted_fingerprint=trusted)


def _show_gallery(
    house: House, founded: Founded, dana: Customer, reviewers: SampleReviewers, progress: Progress
) -> dict[str, int]:
    """Take a few items with every type of question the same way: uploaded, judged, resolved, released, verified."""
    project = dana.project("question-gallery")["id"]
    batch = _upload(dana, project, GALLERY, progress)
    _judge(house, reviewers.keys(founded, "question-gallery"), dana, project, reviewers, progress)
    _settle(dana, project, progress)
    release = _freeze(dana, project, progress)
    folder = settings.HOME / "demo" / f"gallery-release-{release['version']}"
    verified = _fetch_and_verify(dana, release["id"], folder, progress)
    return {"gallery_items": batch["items_created"], "gallery_released": verified.records}


def _is_refused(stranger: Customer, path: str) -> bool:
    try:
        stranger.call("GET", path)
    except Refused:
        return True
    return False


def _wait_for_charges(dana: Customer, project: str) -> list[dict[str, Any]]:
    path = f"/api/v1/projects/{project}/costs"
    ends = time.monotonic() + SETTLE_SECONDS
    while not (costs := dana.call("GET", path)) and time.monotonic() < ends:
        time.sleep(0.1)
    return list(costs)


def _agreement(manifest: dict[str, Any]) -> dict[str, Any]:
    found = manifest["quality"]["agreement"]["preference"]
    low, high = found["interval_95"]
    return {
        "unanimous_share": found["unanimous_share"],
        "alpha_nominal": found["krippendorff_alpha"],
        "alpha_low": low,
        "alpha_high": high,
    }


def _money(charged: list[dict[str, Any]], founded: Founded) -> tuple[str, dict[str, float]]:
    """Return what was charged and what is owed, as a sentence and as figures a currency."""
    project = founded.projects[MAIN]
    owed = LedgerEntry.objects.filter(project=project, kind="pay").aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    lines = [f"{Decimal(each['amount']):.2f} {each['currency']} for {each['records']} records" for each in charged]
    figures = {f"charged_{each['currency'].lower()}": float(each["amount"]) for each in charged}
    figures[f"owed_{project.currency.lower()}"] = float(owed)
    return f"{'; '.join(lines) or 'nothing'} charged, {owed:.2f} {project.currency} owed to reviewers", figures


def _standings(founded: Founded, reviewers: SampleReviewers) -> list[dict[str, Any]]:
    names = {reviewer.pk: name for name, reviewer in founded.reviewers.items()}
    rows = Standing.objects.filter(project=founded.projects[MAIN], skill="").order_by("-lower_bound")
    return [
        {
            "reviewer": names[row.reviewer_id],
            "standing": row.state,
            "gold": row.evidence_count,
            "why": row.reason,
            "simulated_accuracy": reviewers.personas[names[row.reviewer_id]].accuracy,
        }
        for row in rows
        if names[row.reviewer_id] in reviewers.personas
    ]


def tell(report: Report, console: Console) -> None:
    """Print the report."""
    say = partial(console.print, soft_wrap=True)
    figures = report.figures
    alpha = f"{figures['alpha_nominal']:.2f} ({figures['alpha_low']:.2f} to {figures['alpha_high']:.2f})"
    say()
    say("[bold]Northwind AI: assistant preferences, from upload to acceptance[/bold]")
    say(
        f"  {figures['items']} items uploaded, {figures['gold_items']} of them gold; {figures['annotations']} judgments by"
        f" {len(report.standings)} simulated reviewers (seed {SEED}), {figures['judgments_per_s']} a second over HTTP."
    )
    say(
        f"  {figures['agreed']} agreed, {figures['no_agreement']} without an agreed answer;"
        f" unanimous {figures['unanimous_share']:.0%}, Krippendorff's alpha {alpha}."
    )
    say(
        f"  Release {report.manifest['release']['version']}: {figures['released']} records frozen;"
        f" {figures['sampled']} checked, {figures['defects']} defects; accepted."
    )
    say(f"  {figures['held']} resolved items are held back: {report.held}.")
    say(f"  Verified: the signature, {figures['verified_files']} files and {figures['verified_records']} records.")
    foreign = "is told that there is no such release" if report.is_foreign_refused else "COULD READ THE RELEASE"
    say(f"  The other customer {foreign}.")
    say(f"  Costs: {report.cost}.")
    say(
        f"  The question gallery, which asks every type of question: {figures['gallery_items']} items uploaded,"
        f" {figures['gallery_released']} released and verified."
    )
    say(f"  Files: {report.folder}")
    say()
    say("  Standings that gold found, beside the accuracy each reviewer was simulated with:")
    for row in report.standings:
        line = f"    {row['reviewer']:<8} {row['simulated_accuracy']:>4.0%}  {row['standing']:<10} {row['why']}"
        say(line)
    gold = GoldItem.objects.count()
    say(f"\nDone in {figures['seconds']} s ({gold} gold items in all). `make serve` shows it to you in a browser.")
