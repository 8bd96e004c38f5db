"""After a backup was restored into another cluster: what was remembered by the old one's transactions is forgotten."""

from typing import Any

from django.core.management.base import BaseCommand

from routing.services.places import forget_places


class Command(BaseCommand):
    help = "Run once after pg_restore into another cluster, before reviewers work: forget their places in the queues."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{forget_places()} places are looked up again.")
