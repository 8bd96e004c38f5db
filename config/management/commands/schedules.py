"""Make django-q2's schedule table say what config/schedules.py says."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from config.schedules import SCHEDULES


class Command(BaseCommand):
    help = "Make the job schedule in the database what config/schedules.py says."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        gone, _ = Schedule.objects.exclude(name__in=[each.name for each in SCHEDULES]).delete()
        for each in SCHEDULES:
            kept, is_new = Schedule.objects.get_or_create(
                name=each.name,
                defaults={
                    "func": each.job,
                    "schedule_type": Schedule.MINUTES,
                    "minutes": each.minutes,
                    "cluster": each.queue,
                    "repeats": -1,
                    "next_run": timezone.now(),
                },
            )
            if not is_new and (kept.func, kept.minutes, kept.cluster) != (each.job, each.minutes, each.queue):
                kept.func, kept.minutes, kept.cluster = each.job, each.minutes, each.queue
                kept.save(update_fields=["func", "minutes", "cluster"])
        if options["verbosity"]:
            self.stdout.write(f"{len(SCHEDULES)} schedules; {gone} removed.")
