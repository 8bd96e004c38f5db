"""The cast: the same people in every test, so that a name says who somebody is.

Northwind is the customer at hand. Dana administers it, Victor may look, Mira operates it, and Anna, Bela, Cleo and Dido
judge for it and have read its guideline. Meridian is another tenant: Ruth administers it, Otto operates it, Remo judges
for it; all three are outsiders to Northwind.
"""

from dataclasses import dataclass, field
from typing import Any

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
from routing.services.enrolments import enrol_reviewer

FORM: dict[str, Any] = {
    "title": "Pairs",
    "questions": [
        {
            "id": "preference",
            "type": "preference",
            "text": "Which response is better?",
            "nature": "preferential",
            "required": True,
            "tie": True,
            "both_bad": True,
        },
        {"id": "rationale", "type": "rationale", "text": "Why?", "required": False},
    ],
}
CLAUSES = [{"id": "true", "title": "Truth first", "text": "A wrong fact outweighs good style."}]


@dataclass
class Cast:
    northwind: Customer
    meridian: Customer
    project: Project
    foreign_project: Project
    dana: User
    victor: User
    mira: User
    ruth: User
    otto: User
    anna: Reviewer
    bela: Reviewer
    cleo: Reviewer
    dido: Reviewer
    remo: Reviewer
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, name: str, *scopes: str) -> str:
        """Return an API key's text for one of the cast, with these scopes or all of their surface."""
        who = getattr(self, name)
        user = who.user if isinstance(who, Reviewer) else who
        chosen = scopes or (
            (Scope.DESK,) if user.surface == Surface.DESK else (Scope.READ, Scope.UPLOAD, Scope.DECIDE, Scope.MANAGE)
        )
        return issue_key(user=user, name=name, scopes=chosen, actor=None)[1]

    def bearer(self, name: str, *scopes: str) -> dict[str, str]:
        """Return the header of a request by one of the cast."""
        return {"Authorization": f"Bearer {self.key(name, *scopes)}"}


def gather_cast() -> Cast:
    """Make everybody through the services that make them in the product."""

    def person(name: str, surface: Surface) -> User:
        return User.objects.create_user(
            f"{name}@example.org", f"{name}-password", name=name.capitalize(), surface=surface
        )

    mira, otto = person("mira", Surface.CONSOLE), person("otto", Surface.CONSOLE)
    dana, victor, ruth = (person(name, Surface.PORTAL) for name in ("dana", "victor", "ruth"))
    northwind = create_customer(name="Northwind", slug="northwind", actor=mira)
    meridian = create_customer(name="Meridian", slug="meridian", actor=otto)
    for user, customer, role in (
        (mira, northwind, Role.OPERATOR),
        (otto, meridian, Role.OPERATOR),
        (dana, northwind, Role.CUSTOMER_ADMIN),
        (victor, northwind, Role.CUSTOMER_VIEWER),
        (ruth, meridian, Role.CUSTOMER_ADMIN),
    ):
        add_member(user=user, customer=customer, role=role, actor=None)
    project = open_new_project(northwind, "pairs", mira)
    foreign = open_new_project(meridian, "notes", otto)
    reviewers = {
        name: create_reviewer(user=person(name, Surface.DESK), languages=["en"], actor=None)
        for name in ("anna", "bela", "cleo", "dido", "remo")
    }
    for name, reviewer in reviewers.items():
        works_on = foreign if name == "remo" else project
        enrol_reviewer(project=works_on, reviewer=reviewer, actor=None)
        acknowledge_guideline(reviewer=reviewer, project=works_on, number=1)
    return Cast(
        northwind=northwind,
        meridian=meridian,
        project=project,
        foreign_project=foreign,
        dana=dana,
        victor=victor,
        mira=mira,
        ruth=ruth,
        otto=otto,
        **reviewers,
    )


def open_new_project(
    customer: Customer, slug: str, actor: User, form: dict[str, Any] | None = None, **settings: Any
) -> Project:
    """Make and open a project with the cast's form and guideline; an item needs three judgments unless said otherwise."""
    project = create_project(
        customer=customer,
        slug=slug,
        name=slug.capitalize(),
        actor=actor,
        pay_amount="0.25",
        price_amount="1.20",
        **settings,
    )
    publish_form(project=project, document=form or FORM, actor=actor)
    publish_guideline(project=project, clauses=CLAUSES, actor=actor)
    open_project(project=project, actor=actor)
    project.refresh_from_db()
    return project
