"""Reviewers report items, and read that a late answer was kept. What they wrote of an item is erased with it, or with them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from config.kernel import guards

# As in 0011, and the notes of those who reported the item.
ERASE_ITEM = """
DECLARE counts jsonb := labeling_empty_item(of_erasure, of_item);
BEGIN
    UPDATE labeling_flag f SET note = ''
    FROM labeling_itemversion v WHERE v.id = f.item_version_id AND v.item_id = of_item AND f.note <> '';
    PERFORM labeling_forget_identities(ARRAY(
        SELECT DISTINCT i.id
        FROM labeling_round r JOIN labeling_task t ON t.round_id = r.id JOIN labeling_annotation a ON a.task_id = t.id
        JOIN labeling_importedidentity i ON i.reviewer_id = a.reviewer_id
        WHERE r.item_id = of_item AND NOT EXISTS (
            SELECT FROM labeling_annotation o
            WHERE o.reviewer_id = i.reviewer_id AND (o.answers <> '{}' OR o.rationale <> ''))));
    RETURN counts;
END
"""

ERASE_PERSON = """
DECLARE reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
BEGIN
    UPDATE labeling_flag SET note = '' WHERE reported_by_id = reviewer AND customer_id = of_customer AND note <> '';
    RETURN labeling_erase_words(of_erasure, reviewer, of_customer);
END
"""

ITEM_SIGNATURE = "labeling_erase_item(of_erasure bigint, of_item bigint)"
PERSON_SIGNATURE = "labeling_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)"


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0022_authors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="flag",
            name="flag_once_a_version",
        ),
        migrations.AddField(
            model_name="flag",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=300, verbose_name="note"),
        ),
        migrations.AddField(
            model_name="flag",
            name="report",
            field=models.UUIDField(editable=False, null=True, unique=True, verbose_name="report"),
        ),
        migrations.AddField(
            model_name="flag",
            name="reported_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="labeling.reviewer",
                verbose_name="reported by",
            ),
        ),
        migrations.AddField(
            model_name="unplacedanswer",
            name="read_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="read by its author"),
        ),
        migrations.AlterField(
            model_name="flag",
            name="kind",
            field=models.CharField(
                choices=[
                    ("language", "Language"),
                    ("near_duplicate", "Near-duplicate"),
                    ("personal_data", "Personal data"),
                    ("reported", "Reported by a reviewer"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="hold_flagged",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("language", "Language"),
                        ("near_duplicate", "Near-duplicate"),
                        ("personal_data", "Personal data"),
                        ("reported", "Reported by a reviewer"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                help_text="An item with an open flag of these kinds is not worked on until somebody has looked at it.",
                size=None,
                verbose_name="flags that hold an item",
            ),
        ),
        migrations.AlterField(
            model_name="projectchange",
            name="hold_flagged",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("language", "Language"),
                        ("near_duplicate", "Near-duplicate"),
                        ("personal_data", "Personal data"),
                        ("reported", "Reported by a reviewer"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                help_text="An item with an open flag of these kinds is not worked on until somebody has looked at it.",
                size=None,
                verbose_name="flags that hold an item",
            ),
        ),
        migrations.AddIndex(
            model_name="unplacedanswer",
            index=models.Index(
                condition=models.Q(("read_at", None)), fields=["reviewer", "id"], name="unplaced_to_read"
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("annotation", None), ("report", None)),
                fields=("item_version", "kind", "field", "other_item", "detail"),
                name="flag_once_a_version",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("item_version__isnull", False),
                        ("kind", "reported"),
                        ("reported_by__isnull", False),
                        ("report__isnull", False),
                    ),
                    models.Q(
                        models.Q(("kind", "reported"), _negated=True),
                        ("note", ""),
                        ("report", None),
                        ("reported_by", None),
                    ),
                    _connector="OR",
                ),
                name="flag_reported_by_somebody",
            ),
        ),
        guards.dropped("fixed_columns", "labeling_flag"),
        guards.fixed_columns(
            "labeling_flag",
            columns=(
                "customer_id",
                "project_id",
                "item_version_id",
                "annotation_id",
                "kind",
                "field",
                "detail",
                "reported_by_id",
                "report",
                "note",
            ),
            erasable=("note",),
        ),
        migrations.RunSQL(f"DROP FUNCTION {ITEM_SIGNATURE}", migrations.RunSQL.noop),
        guards.function(ITEM_SIGNATURE, returns="jsonb", body=ERASE_ITEM),
        migrations.RunSQL(f"DROP FUNCTION {PERSON_SIGNATURE}", migrations.RunSQL.noop),
        guards.function(PERSON_SIGNATURE, returns="jsonb", body=ERASE_PERSON),
    ]
