"""The bundled sample keeps its promises, and its simulated reviewers are what their personas say."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from config import sample
from config.sample.simulation import Persona, judge, right_choice

SEED = 20240501
FILES = ("northwind.ndjson", "meridian.ndjson")
PRECISE = Persona(username="precise", accuracy=1.0, tie_width=0.05, median_seconds=60.0, spread=0.4)


def items(*names: str) -> list[dict[str, Any]]:
    return [item for name in names or FILES for item in sample.lines(name)]


def chosen(persona: Persona, external_id: str, merits: dict[str, float], seed: int = SEED) -> str:
    choice = judge(persona, external_id=external_id, merits=merits, seed=seed).answers["preference"]["choice"]
    assert isinstance(choice, str)
    return choice


def personas() -> dict[str, Persona]:
    return {entry["username"]: Persona.from_json(entry) for entry in sample.load("people.json")["reviewers"]}


def test_northwind_covers_five_domains_and_three_languages():
    rows = items("northwind.ndjson")
    domains = Counter(row["domain"] for row in rows)
    languages = Counter(row["language"] for row in rows)
    assert len(rows) >= 86
    assert set(domains) == {"everyday", "coding", "medical", "legal", "safety"}
    assert min(domains.values()) >= 14
    assert set(languages) == {"en", "de", "es"}
    assert languages["de"] >= 12
    assert languages["es"] >= 6


def test_about_a_quarter_of_northwind_is_in_several_turns():
    rows = items("northwind.ndjson")
    turns = [sum(message["role"] != "system" for message in row["messages"]) for row in rows]
    assert 0.2 <= sum(count >= 3 for count in turns) / len(rows) <= 0.35
    assert max(turns) == 5
    assert {row["messages"][-1]["role"] for row in rows} == {"user"}


def test_between_15_and_28_percent_of_northwind_is_gold():
    rows = items("northwind.ndjson")
    assert 0.15 <= sum("expected" in row for row in rows) / len(rows) <= 0.28


def test_meridian_has_14_items_of_which_four_are_gold():
    rows = items("meridian.ndjson")
    assert len(rows) == 14
    assert sum("expected" in row for row in rows) == 4
    assert {row["domain"] for row in rows} == {"medical", "legal"}


def test_external_ids_are_unique():
    ids = [row["external_id"] for row in items()]
    assert len(ids) == len(set(ids))


def test_every_item_has_merits_for_exactly_its_keys():
    merits = sample.load("merit.json")
    keys = {row["external_id"]: [response["key"] for response in row["responses"]] for row in items()}
    assert {external_id: sorted(of) for external_id, of in merits.items()} == keys
    assert all(0.0 <= merit <= 1.0 for of in merits.values() for merit in of.values())


def test_the_expected_choice_is_the_highest_merit_and_no_close_call():
    merits = sample.load("merit.json")
    for row in items():
        if "expected" in row:
            choice = row["expected"]["answer"]["preference"]["choice"]
            others = [merit for key, merit in merits[row["external_id"]].items() if key != choice]
            assert merits[row["external_id"]][choice] - max(others) >= 0.2, row["external_id"]
            assert row["expected"]["explanation"]
            assert row["expected"]["concept"]


def test_neither_place_nor_length_nor_version_gives_the_best_response_away():
    merits = sample.load("merit.json")
    rows = items("northwind.ndjson")
    best = {row["external_id"]: max(merits[row["external_id"]].items(), key=lambda entry: entry[1])[0] for row in rows}
    longest = {
        row["external_id"]: max(row["responses"], key=lambda response: len(response["text"]))["key"] for row in rows
    }
    models = Counter(
        response["model"]
        for row in rows
        for response in row["responses"]
        if response["key"] == best[row["external_id"]]
    )
    assert max(Counter(best.values()).values()) / len(rows) <= 0.55
    assert sum(best[key] == longest[key] for key in best) / len(rows) <= 0.75
    assert models.most_common(1)[0][1] / len(rows) <= 0.7


def test_honest_ties_and_hopeless_items_exist():
    merits = sample.load("merit.json").values()
    ranked = [sorted(of.values(), reverse=True) for of in merits]
    hopeless = [of for of in ranked if of[0] < 0.25]
    close = [of for of in ranked if of[0] >= 0.25 and of[0] - of[1] <= 0.08 + 1e-9]
    assert len(hopeless) == 2
    assert 8 <= len(close) <= 14


@pytest.mark.parametrize("project", sample.load("projects.json"), ids=lambda project: str(project["slug"]))
def test_three_reviewers_qualify_for_every_language_and_domain(project: dict[str, Any]):
    reviewers = sample.load("people.json")["reviewers"]
    for language, domain in {(row["language"], row["domain"]) for row in items(*project["sources"])}:
        needed = project["skills_by_domain"].get(domain, {})
        fit = [
            reviewer["username"]
            for reviewer in reviewers
            if project["slug"] in reviewer["projects"]
            and language in reviewer["languages"]
            and all(reviewer["skills"].get(skill, 0) >= level for skill, level in needed.items())
        ]
        assert len(fit) >= 3, (language, domain, fit)


def test_usernames_are_unique_and_addresses_lead_nowhere():
    people = sample.load("people.json")
    customers = [customer[role] for customer in people["customers"] for role in ("admin", "viewer")]
    everyone = [*people["operators"], *customers, *people["reviewers"]]
    usernames = [person["username"] for person in everyone]
    assert len(usernames) == len(set(usernames))
    assert all(username.isascii() and username.islower() for username in usernames)
    assert all(person["email"].endswith("@example.org") for person in everyone)


def test_the_same_seed_reviewer_and_item_give_the_same_verdict():
    merits = {"a": 0.9, "b": 0.3}
    for persona in personas().values():
        first = judge(persona, external_id="eve-001", merits=merits, seed=SEED)
        assert judge(persona, external_id="eve-001", merits=dict(reversed(merits.items())), seed=SEED) == first
    seconds = {judge(PRECISE, external_id="eve-001", merits=merits, seed=seed).seconds for seed in range(20)}
    assert len(seconds) > 15


def test_a_faultless_reviewer_answers_every_gold_item_as_expected():
    merits = sample.load("merit.json")
    gold = [row for row in items() if "expected" in row]
    given = [chosen(PRECISE, row["external_id"], merits[row["external_id"]]) for row in gold]
    assert given == [row["expected"]["answer"]["preference"]["choice"] for row in gold]


@pytest.mark.parametrize(
    ("merits", "tie_width", "choice"),
    [
        ({"a": 0.8, "b": 0.76}, 0.04, "tie"),
        ({"a": 0.8, "b": 0.76}, 0.03, "a"),
        ({"a": 0.3, "b": 0.76, "c": 0.8}, 0.05, "tie"),
        ({"a": 0.24, "b": 0.1}, 0.05, "both_bad"),
        ({"a": 0.24, "b": 0.23}, 0.05, "both_bad"),
        ({"a": 0.1, "b": 0.25}, 0.05, "b"),
        ({"a": 0.9}, 0.05, "a"),
    ],
)
def test_the_tie_width_decides_what_is_too_close_to_call(merits, tie_width, choice):
    assert right_choice(merits, tie_width=tie_width) == choice
    assert chosen(replace(PRECISE, tie_width=tie_width), "eve-001", merits) == choice


def test_nobody_judges_an_item_without_merits():
    with pytest.raises(ValueError, match="without merits"):
        judge(PRECISE, external_id="eve-001", merits={}, seed=SEED)


def test_a_persona_outside_its_ranges_is_refused():
    entry = {"username": "x", "accuracy": 0.9, "tie_width": 0.1, "seconds": [60, 0.4]}
    assert Persona.from_json(entry).median_seconds == 60.0
    for field, bad in (("accuracy", 1.2), ("tie_width", -0.1), ("seconds", [0, 0.4])):
        with pytest.raises(ValueError, match="of x"):
            Persona.from_json({**entry, field: bad})


def test_a_slip_is_never_the_right_choice():
    wrong = replace(PRECISE, accuracy=0.0)
    for merits in ({"a": 0.9, "b": 0.3}, {"a": 0.8, "b": 0.78}, {"a": 0.1, "b": 0.2}):
        right = right_choice(merits, tie_width=wrong.tie_width)
        given = {chosen(wrong, f"item-{number}", merits) for number in range(300)}
        assert given == {"a", "b", "tie", "both_bad"} - {right}


@pytest.mark.parametrize(("username", "right_of_1000"), [("priya", 974), ("tomasz", 658), ("sam", 496)])
def test_a_persona_errs_at_about_its_rate(username, right_of_1000):
    persona = personas()[username]
    merits = {"a": 0.9, "b": 0.3}
    right = sum(chosen(persona, f"item-{number}", merits) == "a" for number in range(1000))
    assert right == right_of_1000
    assert abs(right / 1000 - persona.accuracy) < 0.05


def test_three_verdicts_in_ten_carry_a_rationale_and_the_rest_leave_it_out():
    verdicts = [judge(PRECISE, external_id=f"item-{n}", merits={"a": 0.9, "b": 0.3}, seed=SEED) for n in range(1000)]
    with_reason = [verdict for verdict in verdicts if "rationale" in verdict.answers]
    assert 260 <= len(with_reason) <= 340
    assert all(verdict.answers["rationale"] for verdict in with_reason)


def test_the_time_spent_centres_on_the_median():
    verdicts = [judge(PRECISE, external_id=f"item-{n}", merits={"a": 0.9, "b": 0.3}, seed=SEED) for n in range(1000)]
    seconds = sorted(verdict.seconds for verdict in verdicts)
    assert 55.0 <= seconds[500] <= 65.0
    assert min(seconds) >= 2.0


def test_gold_tells_the_careless_and_the_hasty_from_the_rest():
    """Twenty gold items in one run leave room for luck, so the claim is about the mean of thirty runs."""
    merits = sample.load("merit.json")
    expected = {
        row["external_id"]: row["expected"]["answer"]["preference"]["choice"]
        for row in items("northwind.ndjson")
        if "expected" in row
    }
    scores = {
        username: sum(
            chosen(persona, external_id, merits[external_id], seed) == choice
            for external_id, choice in expected.items()
            for seed in range(30)
        )
        / (30 * len(expected))
        for username, persona in personas().items()
    }
    careless, hasty, *others = sorted(scores, key=lambda username: scores[username])
    assert [careless, hasty] == ["sam", "tomasz"]
    assert min(scores[username] for username in others) - scores[hasty] > 0.1
