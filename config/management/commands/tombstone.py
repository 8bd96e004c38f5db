"""Whether content that somebody holds was here once, and was erased."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.progress import print_json
from labeling.models import Customer
from labeling.selectors import verify_tombstone


class Command(BaseCommand):
    help = "Say which row a content digest (an item_digest of a release, say) was of, when it was erased, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", help="the customer's short name")
        parser.add_argument("digest", help="64 hexadecimal characters")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        customer = Customer.objects.filter(slug=options["customer"]).first()
        if customer is None:
            raise CommandError(f"No customer is called {options['customer']!r}.")
        found = verify_tombstone(customer=customer, digest=options["digest"].lower())
        if found is None:
            raise CommandError("Nothing with this digest was erased for this customer.")
        erased_at = found.erasure.created_at.isoformat(timespec="seconds")
        if options["json"]:
            about = {"subject": found.subject, "erased_at": erased_at, "reason": found.erasure.reason}
            print_json({"subject_id": found.subject_id}, ok=True, **about)
            return
        self.stdout.write(f"{found.subject} {found.subject_id} had it; erased {erased_at}: {found.erasure.reason}")
