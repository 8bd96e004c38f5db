"""Exams' settings change as versions, of which a sitting keeps what it was begun with; and whoever is new where training is
needed begins in it: the database says so, so that there is no moment at which work is given first."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from config.kernel import guards

# What sittings were begun with until now is what their exam still says, as it never changed.
FILL = "UPDATE quality_sitting t SET pass_share = x.pass_share, valid_days = x.valid_days FROM quality_exam x WHERE x.id = t.exam_id"

BEGIN_HISTORY = """
INSERT INTO quality_examchange (attempts_most, concept, is_needed, pass_share, pgh_created_at, pgh_label, pgh_obj_id, size,
    valid_days, version, wait_days)
SELECT attempts_most, concept, is_needed, pass_share, created_at, 'insert', id, size, valid_days, version, wait_days
FROM quality_exam
"""

TRAINING_FIRST = """
IF NEW.ended_at IS NULL AND NEW.trust = 'probation' AND (TG_OP = 'INSERT' OR OLD.ended_at IS NOT NULL)
   AND NOT EXISTS (SELECT FROM quality_standing s
     WHERE s.project_id = NEW.project_id AND s.reviewer_id = NEW.reviewer_id AND s.skill = '')
   AND EXISTS (SELECT FROM quality_exam x WHERE x.project_id = NEW.project_id AND x.is_needed AND x.state = 'open'
     AND NOT EXISTS (SELECT FROM quality_sitting t
       WHERE t.exam_id = x.id AND t.reviewer_id = NEW.reviewer_id AND t.state = 'passed'))
THEN
  NEW.trust := 'training';
  NEW.trust_reason := 'New here: the training comes first.';
END IF;
"""

EXAM_FIXED = ("customer_id", "project_id", "kind", "skill", "level", "made_by_id", "created_at")
SITTING_FIXED = (
    "customer_id",
    "project_id",
    "exam_id",
    "reviewer_id",
    "number",
    "asked",
    "version",
    "pass_share",
    "valid_days",
    "created_at",
)


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0025_recurring_audits_guarded"),
        ("routing", "0018_work"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExamChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("concept", models.CharField(blank=True, default="", max_length=100, verbose_name="concept")),
                (
                    "size",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(200),
                        ],
                        verbose_name="items a sitting",
                    ),
                ),
                (
                    "pass_share",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0.800"),
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1),
                        ],
                        verbose_name="share to pass",
                    ),
                ),
                (
                    "attempts_most",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="sittings at most",
                    ),
                ),
                ("wait_days", models.PositiveSmallIntegerField(default=1, verbose_name="days between sittings")),
                (
                    "valid_days",
                    models.PositiveIntegerField(
                        blank=True, help_text="Empty: for good.", null=True, verbose_name="skill is valid for (days)"
                    ),
                ),
                (
                    "is_needed",
                    models.BooleanField(
                        default=False,
                        help_text="Who is new on the project begins in training.",
                        verbose_name="needed before work",
                    ),
                ),
                ("version", models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="version")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="exam",
            name="version",
            field=models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="version"),
        ),
        migrations.AddField(
            model_name="sitting",
            name="pass_share",
            field=models.DecimalField(
                decimal_places=3, default=Decimal("0.8"), max_digits=4, verbose_name="share to pass"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="sitting",
            name="valid_days",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="valid for (days)"),
        ),
        migrations.AddField(
            model_name="sitting",
            name="version",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="version of the exam"),
            preserve_default=False,
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exam",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "quality_examchange" ("attempts_most", "concept", "is_needed", "pass_share", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "size", "valid_days", "version", "wait_days") VALUES (NEW."attempts_most", NEW."concept", NEW."is_needed", NEW."pass_share", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."size", NEW."valid_days", NEW."version", NEW."wait_days"); RETURN NULL;',
                    hash="7bc0aedb86343e18c947c577329d1da0a91479d2",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_833f9",
                    table="quality_exam",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="exam",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."attempts_most" IS DISTINCT FROM (NEW."attempts_most") OR OLD."concept" IS DISTINCT FROM (NEW."concept") OR OLD."is_needed" IS DISTINCT FROM (NEW."is_needed") OR OLD."pass_share" IS DISTINCT FROM (NEW."pass_share") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."valid_days" IS DISTINCT FROM (NEW."valid_days") OR OLD."version" IS DISTINCT FROM (NEW."version") OR OLD."wait_days" IS DISTINCT FROM (NEW."wait_days"))',
                    func='INSERT INTO "quality_examchange" ("attempts_most", "concept", "is_needed", "pass_share", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "size", "valid_days", "version", "wait_days") VALUES (NEW."attempts_most", NEW."concept", NEW."is_needed", NEW."pass_share", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."size", NEW."valid_days", NEW."version", NEW."wait_days"); RETURN NULL;',
                    hash="9909c33b155f7b9ef5a281be11f2a9b506b2b990",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_36453",
                    table="quality_exam",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="examchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="quality.exam",
            ),
        ),
        guards.dropped("immutable_when", "quality_sitting"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(BEGIN_HISTORY, migrations.RunSQL.noop),
        guards.immutable_when("quality_sitting", noun="A finished sitting", condition="OLD.state <> 'open'"),
        guards.dropped("fixed_columns", "quality_sitting"),
        guards.fixed_columns("quality_sitting", columns=SITTING_FIXED),
        guards.dropped("fixed_columns", "quality_exam"),
        guards.fixed_columns("quality_exam", columns=EXAM_FIXED),
        guards.immutable("quality_examchange", noun="A history of exams", key="pgh_id"),
        guards.fill(
            "training_first",
            "routing_enrolment",
            when="BEFORE INSERT OR UPDATE OF ended_at",
            body=TRAINING_FIRST,
        ),
        guards.in_schema(),
    ]
