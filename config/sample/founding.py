"""The sample's people and projects, made through the same services that operators use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from config import sample
from config.kernel.keys import issue_key
from config.kernel.models import User
from config.kernel.types import Scope, Surface
from labeling.models import Customer, Project, Reviewer
from labeling.services.acknowledgements import acknowledge_guideline
from labeling.services.forms import publish_form
from labeling.services.guidelines import publish_guideline
from labeling.services.people import add_member, create_customer, create_reviewer
from labeling.services.projects import create_project, open_project
from labeling.types import Role
from routing.models import BusinessCalendar
from routing.services.enrolments import enrol_reviewer, grant_qualification
from routing.services.levels import create_calendar, set_service_level

EVERYTHING = sorted([Scope.READ, Scope.UPLOAD, Scope.DECIDE, Scope.MANAGE])

OFFICE_HOURS = [{"day": day, "from": "09:00", "to": "17:00"} for day in range(5)]
# What each customer of the sample was promised: so many of its office hours for a batch.
PROMISES: dict[str, dict[str, Any]] = {
    "northwind": {"calendar": {"time_zone": "Europe/Berlin", "hours": OFFICE_HOURS}, "turnaround_hours": 16.0},
    "meridian": {"calendar": {"time_zone": "America/New_York", "hours": OFFICE_HOURS}, "turnaround_hours": 24.0},
}


@dataclass
class Founded:
    """What was made: people by short name, projects by slug, and a key for everybody who works through the API."""

    users: dict[str, User] = field(default_factory=dict)
    reviewers: dict[str, Reviewer] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def found_sample(*, password_of: Callable[[str], str | None]) -> Founded:
    """Make the sample's customers, people and projects. `password_of(email)` gives each person's password, or None."""
    people = sample.load("people.json")
    founded = Founded()

    def person(entry: dict[str, Any], surface: Surface, **more: Any) -> User:
        user = User.objects.create_user(
            entry["email"], password_of(entry["email"]), name=entry["name"], surface=surface, **more
        )
        founded.users[entry["username"]] = user
        return user

    for entry in people["operators"]:
        person(entry, Surface.CONSOLE, is_superuser=True)
    operator = founded.users[people["operators"][0]["username"]]
    for entry in people["customers"]:
        _found_customer(entry, person, operator, founded)
    for entry in sample.load("projects.json"):
        founded.projects[entry["slug"]] = found_project(entry, operator)
    for entry in [*people["reviewers"], people["guest"]]:
        _found_reviewer(entry, person(entry, Surface.DESK), operator, founded)
    return founded


def _found_customer(entry: dict[str, Any], person: Callable[..., User], operator: User, founded: Founded) -> None:
    customer = create_customer(name=entry["name"], slug=entry["slug"], actor=operator)
    add_member(user=operator, customer=customer, role=Role.OPERATOR, actor=operator)
    for part, role, scopes in (
        ("admin", Role.CUSTOMER_ADMIN, EVERYTHING),
        ("viewer", Role.CUSTOMER_VIEWER, [Scope.READ]),
    ):
        user = person(entry[part], Surface.PORTAL)
        add_member(user=user, customer=customer, role=role, actor=operator)
        _, founded.keys[entry[part]["username"]] = issue_key(user=user, name="sample", scopes=scopes, actor=operator)


def found_project(entry: dict[str, Any], operator: User) -> Project:
    """Make and open one project from its description in projects.json."""
    project = create_project(
        customer=Customer.objects.get(slug=entry["customer"]),
        slug=entry["slug"],
        name=entry["name"],
        actor=operator,
        confidentiality=entry["confidentiality"],
        overlap=entry["overlap"],
        lease_seconds=entry["lease_seconds"],
        gold_share=Decimal(str(entry["gold_share"])),
        skills_by_domain=entry["skills_by_domain"],
        price_amount=Decimal(entry["price_per_item"]),
        pay_amount=Decimal(entry["pay_per_judgment"]),
        currency=entry["currency"],
    )
    # An operator of the customer does not reach a confidential project without a grant of its own.
    add_member(user=operator, customer=project.customer, project=project, role=Role.LEAD, actor=operator)
    promise = PROMISES[project.customer.slug]
    calendar = BusinessCalendar.objects.filter(customer=project.customer).first() or create_calendar(
        customer=project.customer, name="Office hours", holidays=[], actor=operator, **promise["calendar"]
    )
    set_service_level(project=project, calendar=calendar, turnaround_hours=promise["turnaround_hours"], actor=operator)
    publish_form(project=project, document=entry["form"], actor=operator)
    publish_guideline(project=project, actor=operator, **entry["guideline"])
    open_project(project=project, actor=operator)
    project.refresh_from_db()
    return project


def _found_reviewer(entry: dict[str, Any], user: User, operator: User, founded: Founded) -> None:
    reviewer = create_reviewer(
        user=user,
        languages=entry["languages"],
        country=entry["country"],
        is_simulated="accuracy" in entry,
        actor=operator,
    )
    for skill, level in entry["skills"].items():
        grant_qualification(reviewer=reviewer, skill=skill, level=level, reason="Sample data", actor=operator)
    for slug in entry["projects"]:
        project = founded.projects[slug]
        enrol_reviewer(project=project, reviewer=reviewer, actor=operator)
        if reviewer.is_simulated:
            acknowledge_guideline(reviewer=reviewer, project=project, number=1)
    founded.reviewers[entry["username"]] = reviewer
    _, founded.keys[entry["username"]] = issue_key(user=user, name="sample", scopes=[Scope.DESK], actor=operator)
