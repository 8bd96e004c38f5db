"""Promises, the histories of what is set about time, and what the roll-up remembers."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0024_closed_rounds"),
        ("routing", "0011_people_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="BusinessCalendarChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("time_zone", models.CharField(default="UTC", max_length=60, verbose_name="time zone (IANA)")),
                ("hours", models.JSONField(blank=True, default=list, verbose_name="weekly hours")),
                (
                    "holidays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateField(), blank=True, default=list, size=None, verbose_name="holidays"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ProjectRoutingChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("weights", models.JSONField(blank=True, default=dict, verbose_name="weights")),
                (
                    "escalate_after_skips",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="A task that so many people skipped goes to an operator instead of the next reviewer.",
                        verbose_name="escalate after skips",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="promise",
                        serialize=False,
                        to="labeling.batch",
                    ),
                ),
                ("began_at", models.DateTimeField(verbose_name="accepted")),
                ("first_item", models.BigIntegerField(verbose_name="first item")),
                ("last_item", models.BigIntegerField(verbose_name="last item")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                ("forecast_at", models.DateTimeField(blank=True, null=True, verbose_name="forecast finish")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "promise",
            },
        ),
        migrations.CreateModel(
            name="ServiceLevelChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("turnaround_hours", models.FloatField(verbose_name="turnaround (business hours)")),
                ("at_risk_hours", models.FloatField(default=4.0, verbose_name="at risk from (business hours before)")),
                ("ladder", models.JSONField(blank=True, default=list, verbose_name="escalation ladder")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="escalation",
            name="raised",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="Until it is resolved.", verbose_name="pool's priority raised by"
            ),
        ),
        migrations.AddField(
            model_name="handlingtime",
            name="mean_seconds",
            field=models.FloatField(db_default=0.0, default=0.0, verbose_name="mean (s)"),
        ),
        migrations.AddField(
            model_name="poolstat",
            name="by_due",
            field=models.JSONField(blank=True, default=list, verbose_name="by due time"),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="rung",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="rungs of the ladder climbed"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="businesscalendar",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_businesscalendarchange" ("customer_id", "holidays", "hours", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone") VALUES (NEW."customer_id", NEW."holidays", NEW."hours", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."time_zone"); RETURN NULL;',
                    hash="7181d350615e7d7a1a317e0cc9d886325e8d9e26",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b1cc3",
                    table="routing_businesscalendar",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="businesscalendar",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."holidays" IS DISTINCT FROM (NEW."holidays") OR OLD."hours" IS DISTINCT FROM (NEW."hours") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."time_zone" IS DISTINCT FROM (NEW."time_zone"))',
                    func='INSERT INTO "routing_businesscalendarchange" ("customer_id", "holidays", "hours", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "time_zone") VALUES (NEW."customer_id", NEW."holidays", NEW."hours", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."time_zone"); RETURN NULL;',
                    hash="e66f8850b53a9c6bf9b585c4c250ee068ab55d4f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b807d",
                    table="routing_businesscalendar",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="projectrouting",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_projectroutingchange" ("customer_id", "escalate_after_skips", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "weights") VALUES (NEW."customer_id", NEW."escalate_after_skips", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id", NEW."weights"); RETURN NULL;',
                    hash="94e3cf1bcafc551d023541e1f41a2d649743c720",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_8fc36",
                    table="routing_projectrouting",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="projectrouting",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."escalate_after_skips" IS DISTINCT FROM (NEW."escalate_after_skips") OR OLD."project_id" IS DISTINCT FROM (NEW."project_id") OR OLD."weights" IS DISTINCT FROM (NEW."weights"))',
                    func='INSERT INTO "routing_projectroutingchange" ("customer_id", "escalate_after_skips", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "weights") VALUES (NEW."customer_id", NEW."escalate_after_skips", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id", NEW."weights"); RETURN NULL;',
                    hash="d889027c982d13e0dc2f2b0d232ee4ef02f3686c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_56445",
                    table="routing_projectrouting",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="servicelevel",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_servicelevelchange" ("at_risk_hours", "calendar_id", "customer_id", "ladder", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "turnaround_hours") VALUES (NEW."at_risk_hours", NEW."calendar_id", NEW."customer_id", NEW."ladder", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id", NEW."turnaround_hours"); RETURN NULL;',
                    hash="9eaa76642b5fc21be47f074d3f78e10388e7bbb6",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d785f",
                    table="routing_servicelevel",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="servicelevel",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."at_risk_hours" IS DISTINCT FROM (NEW."at_risk_hours") OR OLD."calendar_id" IS DISTINCT FROM (NEW."calendar_id") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."ladder" IS DISTINCT FROM (NEW."ladder") OR OLD."project_id" IS DISTINCT FROM (NEW."project_id") OR OLD."turnaround_hours" IS DISTINCT FROM (NEW."turnaround_hours"))',
                    func='INSERT INTO "routing_servicelevelchange" ("at_risk_hours", "calendar_id", "customer_id", "ladder", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "turnaround_hours") VALUES (NEW."at_risk_hours", NEW."calendar_id", NEW."customer_id", NEW."ladder", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id", NEW."turnaround_hours"); RETURN NULL;',
                    hash="476d5e522e961cd17fd809e8b5afd0bf1a34b6b7",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ceea7",
                    table="routing_servicelevel",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="businesscalendarchange",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.customer",
            ),
        ),
        migrations.AddField(
            model_name="businesscalendarchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.businesscalendar",
            ),
        ),
        migrations.AddField(
            model_name="projectroutingchange",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.customer",
            ),
        ),
        migrations.AddField(
            model_name="projectroutingchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.projectrouting",
            ),
        ),
        migrations.AddField(
            model_name="projectroutingchange",
            name="project",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.project",
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="customer",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.customer"
            ),
        ),
        migrations.AddField(
            model_name="promise",
            name="project",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promises",
                to="labeling.project",
            ),
        ),
        migrations.AddField(
            model_name="servicelevelchange",
            name="calendar",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.businesscalendar",
            ),
        ),
        migrations.AddField(
            model_name="servicelevelchange",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.customer",
            ),
        ),
        migrations.AddField(
            model_name="servicelevelchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.servicelevel",
            ),
        ),
        migrations.AddField(
            model_name="servicelevelchange",
            name="project",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.project",
            ),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(
                condition=models.Q(("finished_at", None)), fields=["project", "first_item"], name="promise_unfinished"
            ),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(fields=["project", "began_at"], name="promise_by_acceptance"),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_item__gte", models.F("first_item"))), name="promise_items_in_order"
            ),
        ),
        migrations.AlterField(
            model_name="businesscalendar",
            name="holidays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(),
                blank=True,
                default=list,
                help_text="Days that do not count, with commas: 2026-12-25, 2027-01-01.",
                size=None,
                verbose_name="holidays",
            ),
        ),
        migrations.AlterField(
            model_name="businesscalendar",
            name="hours",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Monday is 0: [{"day": 0, "from": "09:00", "to": "17:00"}]. Empty: every hour counts.',
                verbose_name="weekly hours",
            ),
        ),
        migrations.AlterField(
            model_name="businesscalendarchange",
            name="holidays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DateField(),
                blank=True,
                default=list,
                help_text="Days that do not count, with commas: 2026-12-25, 2027-01-01.",
                size=None,
                verbose_name="holidays",
            ),
        ),
        migrations.AlterField(
            model_name="businesscalendarchange",
            name="hours",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Monday is 0: [{"day": 0, "from": "09:00", "to": "17:00"}]. Empty: every hour counts.',
                verbose_name="weekly hours",
            ),
        ),
        migrations.AlterField(
            model_name="servicelevel",
            name="at_risk_hours",
            field=models.FloatField(
                default=4.0,
                help_text="Work whose forecast comes later than that before its due time is at risk.",
                verbose_name="at risk from (business hours before)",
            ),
        ),
        migrations.AlterField(
            model_name="servicelevel",
            name="ladder",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Empty: the house\'s. Otherwise its rungs: [{"after_minutes": 60, "see": "operators", "raise_priority": 1, "tell_customer": true, "message": "{project} is due {due} and will be done {forecast}."}]. See: leads, operators or managers.',
                verbose_name="escalation ladder",
            ),
        ),
        migrations.AlterField(
            model_name="servicelevelchange",
            name="at_risk_hours",
            field=models.FloatField(
                default=4.0,
                help_text="Work whose forecast comes later than that before its due time is at risk.",
                verbose_name="at risk from (business hours before)",
            ),
        ),
        migrations.AlterField(
            model_name="servicelevelchange",
            name="ladder",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text='Empty: the house\'s. Otherwise its rungs: [{"after_minutes": 60, "see": "operators", "raise_priority": 1, "tell_customer": true, "message": "{project} is due {due} and will be done {forecast}."}]. See: leads, operators or managers.',
                verbose_name="escalation ladder",
            ),
        ),
    ]
