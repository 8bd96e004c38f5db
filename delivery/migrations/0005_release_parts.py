"""Releases are written in parts: the parts themselves, entries that wait for the end, and files that lie in several pieces."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

IN_PIECES = """
ALTER TABLE {table} ALTER COLUMN stored_as TYPE jsonb
    USING jsonb_build_array(jsonb_build_object('stored_as', stored_as, 'bytes', bytes));
ALTER TABLE {table} RENAME COLUMN stored_as TO pieces;
"""

IN_ONE = """
ALTER TABLE {table} RENAME COLUMN pieces TO stored_as;
ALTER TABLE {table} ALTER COLUMN stored_as TYPE varchar(300) USING stored_as -> 0 ->> 'stored_as';
"""


def in_pieces(model: str) -> migrations.RunSQL:
    """Where a file lies becomes a list of one piece. No row is updated, so that no guard has to look away."""
    table = f"delivery_{model}"
    return migrations.RunSQL(
        IN_PIECES.format(table=table),
        IN_ONE.format(table=table),
        state_operations=[
            migrations.RemoveField(model, "stored_as"),
            migrations.AddField(model, "pieces", models.JSONField(verbose_name="pieces")),
        ],
    )


def owner(name: str, to: str, has_constraint: bool = True) -> tuple[str, models.ForeignKey]:
    """A column that says whose a row is."""
    key = models.ForeignKey(
        to, django.db.models.deletion.PROTECT, related_name="+", db_index=False, db_constraint=has_constraint
    )
    return name, key


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_erasure"), ("labeling", "0035_gold_beside"), ("quality", "0016_exam_ids")]

    operations = [
        in_pieces("artifact"),
        in_pieces("artifactredaction"),
        migrations.AddField("release", "begun_at", models.DateTimeField(blank=True, null=True, verbose_name="begun")),
        migrations.AddField(
            "release",
            "expected_count",
            models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="records expected"),
        ),
        migrations.AddField(
            "release",
            "worked_at",
            models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="last worked on"),
        ),
        migrations.CreateModel(
            name="ReleasePart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("after", models.CharField(blank=True, db_collation="C", max_length=200, verbose_name="after")),
                (
                    "through",
                    models.CharField(blank=True, db_collation="C", max_length=200, null=True, verbose_name="through"),
                ),
                ("records_count", models.PositiveBigIntegerField(verbose_name="records")),
                ("counts", models.JSONField(verbose_name="counts")),
                ("files", models.JSONField(verbose_name="files")),
                ("rewritten", models.JSONField(blank=True, null=True, verbose_name="files rewritten")),
                ("gone", models.JSONField(db_default={}, default=dict, verbose_name="erased records")),
                (
                    "erased_through",
                    models.BigIntegerField(db_default=0, default=0, verbose_name="without erasures up to"),
                ),
                (
                    "written_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="written"),
                ),
                owner("customer", "labeling.customer"),
                owner("project", "labeling.project"),
                (
                    "release",
                    models.ForeignKey(
                        "delivery.release", django.db.models.deletion.PROTECT, related_name="parts", db_index=False
                    ),
                ),
            ],
            options={"verbose_name": "release part"},
        ),
        migrations.AddConstraint(
            "releasepart", models.UniqueConstraint(fields=("release", "after"), name="part_once_a_release")
        ),
        migrations.CreateModel(
            name="StagedEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(db_collation="C", max_length=200, verbose_name="external id")),
                ("outcome", models.CharField(max_length=12, verbose_name="outcome")),
                ("record_digest", models.CharField(max_length=64, verbose_name="record digest")),
                owner("customer", "labeling.customer", has_constraint=False),
                owner("project", "labeling.project", has_constraint=False),
                owner("item", "labeling.item", has_constraint=False),
                owner("resolution", "quality.resolution", has_constraint=False),
                (
                    "part",
                    models.ForeignKey("delivery.releasepart", django.db.models.deletion.CASCADE, related_name="staged"),
                ),
            ],
            options={"verbose_name": "staged entry", "verbose_name_plural": "staged entries"},
        ),
    ]
