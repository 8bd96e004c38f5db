"""Draw the state diagrams in the apps' READMEs anew, from the transition tables."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.diagrams import MACHINES, readme_of, with_diagrams


class Command(BaseCommand):
    help = "Draw the state diagrams in the apps' READMEs anew."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        for app in MACHINES:
            path = readme_of(app, settings.BASE_DIR)
            path.write_text(with_diagrams(path.read_text(encoding="utf-8"), app), encoding="utf-8")
            self.stdout.write(str(path))
