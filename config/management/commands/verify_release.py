"""Check a release that was fetched: signature, files, records."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.progress import print_json
from delivery.errors import ReleaseBroken
from delivery.verification import verify_folder


class Command(BaseCommand):
    help = "Check a fetched release: its signature against a fingerprint you trust, every file, every record."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder with manifest.json")
        parser.add_argument("--fingerprint", required=True, help="sha256:…, as you were told it")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verified = verify_folder(options["folder"], trusted_fingerprint=options["fingerprint"])
        except ReleaseBroken as error:
            raise CommandError(error.message) from error
        figures = {
            "records": verified.records,
            "files": verified.files,
            "size_bytes": verified.bytes,
            "erased": verified.erased,
        }
        if options["json"]:
            print_json(figures, ok=True, content_digest=verified.content_digest)
        else:
            self.stdout.write(
                f"In order: the signature, {verified.files} files, {verified.records} records."
                f" Content digest {verified.content_digest}."
                + (
                    f" {verified.erased} records were erased or shortened since, as is signed."
                    if verified.erased
                    else ""
                )
            )
