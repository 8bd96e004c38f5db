"""Ceilings and history of availability, history of enrolments, names that customers know people by."""

import django.core.validators
import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import config.kernel.public_ids
from labeling.pseudonyms import pseudonym


def name_enrolments(apps, schema_editor):
    """Give each enrolment the name by which its customer knows the reviewer."""
    enrolments = apps.get_model("routing", "Enrolment").objects.select_related("customer", "reviewer")
    for enrolment in enrolments.iterator():
        key, reviewer = bytes(enrolment.customer.pseudonym_key), enrolment.reviewer.public_id
        enrolment.pseudonym = pseudonym(key=key, reviewer=reviewer)
        enrolment.save(update_fields=["pseudonym"])


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0022_authors"),
        ("routing", "0009_lease_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AvailabilityChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("is_on", models.BooleanField(default=True, verbose_name="takes work")),
                ("time_zone", models.CharField(default="UTC", max_length=60, verbose_name="time zone (IANA)")),
                ("hours", models.JSONField(blank=True, default=list, verbose_name="weekly hours")),
                (
                    "daily_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="judgments a day",
                    ),
                ),
                (
                    "weekly_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="judgments a week",
                    ),
                ),
                (
                    "distressing_daily_limit",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="distressing judgments a day"),
                ),
                (
                    "daily_ceiling",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="What the reviewer cannot go above; empty: no ceiling.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="judgments a day at most",
                    ),
                ),
                (
                    "weekly_ceiling",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="What the reviewer cannot go above; empty: no ceiling.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="judgments a week at most",
                    ),
                ),
                (
                    "distressing_daily_ceiling",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="What the reviewer cannot go above; empty: no ceiling.",
                        null=True,
                        verbose_name="distressing judgments a day at most",
                    ),
                ),
                (
                    "break_after_minutes",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="break after (minutes)",
                    ),
                ),
                (
                    "break_minutes",
                    models.PositiveIntegerField(
                        default=10,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="break (minutes)",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="EnrolmentChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                (
                    "trust",
                    models.CharField(
                        choices=[("probation", "Probation"), ("trusted", "Trusted"), ("paused", "Paused")],
                        default="probation",
                        max_length=12,
                        verbose_name="trust",
                    ),
                ),
                (
                    "max_difficulty",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Empty: any.", null=True, verbose_name="difficulty up to"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="availability",
            name="daily_ceiling",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the reviewer cannot go above; empty: no ceiling.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="judgments a day at most",
            ),
        ),
        migrations.AddField(
            model_name="availability",
            name="distressing_daily_ceiling",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the reviewer cannot go above; empty: no ceiling.",
                null=True,
                verbose_name="distressing judgments a day at most",
            ),
        ),
        migrations.AddField(
            model_name="availability",
            name="weekly_ceiling",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="What the reviewer cannot go above; empty: no ceiling.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="judgments a week at most",
            ),
        ),
        migrations.AddField(
            model_name="block",
            name="lift_reason",
            field=models.CharField(blank=True, max_length=300, verbose_name="why lifted"),
        ),
        migrations.AddField(
            model_name="block",
            name="lifted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="enrolment",
            name="pseudonym",
            field=models.CharField(default="", editable=False, max_length=22, verbose_name="known to the customer as"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="leave",
            name="public_id",
            field=config.kernel.public_ids.PublicIdField(),
        ),
        migrations.AlterField(
            model_name="availability",
            name="break_after_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="break after (minutes)",
            ),
        ),
        migrations.AlterField(
            model_name="availability",
            name="break_minutes",
            field=models.PositiveIntegerField(
                default=10, validators=[django.core.validators.MinValueValidator(1)], verbose_name="break (minutes)"
            ),
        ),
        migrations.AlterField(
            model_name="availability",
            name="daily_limit",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="judgments a day",
            ),
        ),
        migrations.AlterField(
            model_name="availability",
            name="weekly_limit",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="judgments a week",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="availability",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_availabilitychange" ("break_after_minutes", "break_minutes", "daily_ceiling", "daily_limit", "distressing_daily_ceiling", "distressing_daily_limit", "hours", "is_on", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reviewer_id", "time_zone", "weekly_ceiling", "weekly_limit") VALUES (NEW."break_after_minutes", NEW."break_minutes", NEW."daily_ceiling", NEW."daily_limit", NEW."distressing_daily_ceiling", NEW."distressing_daily_limit", NEW."hours", NEW."is_on", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."reviewer_id", NEW."time_zone", NEW."weekly_ceiling", NEW."weekly_limit"); RETURN NULL;',
                    hash="b3c31d261b3b7e597247259f382713f2c348fde5",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_15f1b",
                    table="routing_availability",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="availability",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."break_after_minutes" IS DISTINCT FROM (NEW."break_after_minutes") OR OLD."break_minutes" IS DISTINCT FROM (NEW."break_minutes") OR OLD."daily_ceiling" IS DISTINCT FROM (NEW."daily_ceiling") OR OLD."daily_limit" IS DISTINCT FROM (NEW."daily_limit") OR OLD."distressing_daily_ceiling" IS DISTINCT FROM (NEW."distressing_daily_ceiling") OR OLD."distressing_daily_limit" IS DISTINCT FROM (NEW."distressing_daily_limit") OR OLD."hours" IS DISTINCT FROM (NEW."hours") OR OLD."is_on" IS DISTINCT FROM (NEW."is_on") OR OLD."reviewer_id" IS DISTINCT FROM (NEW."reviewer_id") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone") OR OLD."weekly_ceiling" IS DISTINCT FROM (NEW."weekly_ceiling") OR OLD."weekly_limit" IS DISTINCT FROM (NEW."weekly_limit"))',
                    func='INSERT INTO "routing_availabilitychange" ("break_after_minutes", "break_minutes", "daily_ceiling", "daily_limit", "distressing_daily_ceiling", "distressing_daily_limit", "hours", "is_on", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reviewer_id", "time_zone", "weekly_ceiling", "weekly_limit") VALUES (NEW."break_after_minutes", NEW."break_minutes", NEW."daily_ceiling", NEW."daily_limit", NEW."distressing_daily_ceiling", NEW."distressing_daily_limit", NEW."hours", NEW."is_on", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."reviewer_id", NEW."time_zone", NEW."weekly_ceiling", NEW."weekly_limit"); RETURN NULL;',
                    hash="265b1c61839a7110b9198b6bcdc287dbd4bae0a5",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_0e276",
                    table="routing_availability",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="enrolment",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_enrolmentchange" ("max_difficulty", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "trust") VALUES (NEW."max_difficulty", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."trust"); RETURN NULL;',
                    hash="66eb258b6b6a16be8a79057c2ae1987b74a2e8f3",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_45ff3",
                    table="routing_enrolment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="enrolment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."max_difficulty" IS DISTINCT FROM (NEW."max_difficulty") OR OLD."trust" IS DISTINCT FROM (NEW."trust"))',
                    func='INSERT INTO "routing_enrolmentchange" ("max_difficulty", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "trust") VALUES (NEW."max_difficulty", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."trust"); RETURN NULL;',
                    hash="dcb7563fd6d2d6a675e35428d90a67064a496ec0",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_925e7",
                    table="routing_enrolment",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="availability",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("break_minutes__gte", 1),
                    models.Q(("daily_limit", 0), _negated=True),
                    models.Q(("weekly_limit", 0), _negated=True),
                    models.Q(("daily_ceiling", 0), _negated=True),
                    models.Q(("weekly_ceiling", 0), _negated=True),
                    models.Q(("break_after_minutes", 0), _negated=True),
                ),
                name="availability_limits_positive",
            ),
        ),
        migrations.AddField(
            model_name="availabilitychange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.availability",
            ),
        ),
        migrations.AddField(
            model_name="availabilitychange",
            name="reviewer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.reviewer",
            ),
        ),
        migrations.AddField(
            model_name="enrolmentchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.enrolment",
            ),
        ),
        migrations.RunPython(name_enrolments, migrations.RunPython.noop),
    ]
