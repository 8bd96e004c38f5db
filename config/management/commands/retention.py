"""What retention would erase; with --erase, the erasing itself."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import erasures
from config.kernel.words import counted
from config.progress import console_for, print_json
from labeling.models import Customer
from labeling.services.retention import MOST_COUNTED, erase_due

COLUMNS = (
    "customer", "project", "days", "items", "in_work", "versions", "annotations", "files", "files_searched", "releases",
    "oldest", "is_more", "held_by",
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Say what retention would erase, project by project; erase it with --erase. Files follow by a job. A project's"
        f" oldest {MOST_COUNTED:,} items are counted; is more says that there are more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--customer", help="one customer's short name; all of them otherwise")
        parser.add_argument("--erase", action="store_true", help="erase what is due of all customers, for good")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["erase"] and options["customer"]:
            raise CommandError("--erase is for all customers, as the daily job; leave --customer out.")
        customer = self._customer(options["customer"])
        rows = [{key: row[key] for key in COLUMNS} for row in erasures.what_would_go(customer=customer)]
        erased = 0
        while options["erase"] and (done := erase_due(most=erasures.ERASED_A_RUN)):
            erased += done
        if options["json"]:
            plain = json.loads(json.dumps(rows, default=str))
            print_json({"due": sum(row["items"] for row in rows), "erased": erased}, ok=True, projects=plain)
            return
        console = console_for(is_json=False)
        for row in rows:
            since = f" The oldest is of {row['oldest']:%Y-%m-%d}." if row["oldest"] else ""
            console.print(f"{row['customer']}, {erasures.in_words(row)}{since}", markup=False, highlight=False)
        if not rows:
            console.print("No project and no customer says for how long content is kept.")
        was = counted(erased, "item was", "items were")
        console.print(f"{was} erased." if options["erase"] else "Nothing was changed; --erase erases.")

    def _customer(self, slug: str | None) -> Customer | None:
        if slug is None:
            return None
        found = Customer.objects.filter(slug=slug).first()
        if found is None:
            raise CommandError(f"No customer is called {slug!r}.")
        return found
