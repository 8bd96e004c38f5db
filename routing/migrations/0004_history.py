"""Who changed which qualification in the console."""

import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0006_history"),
        ("routing", "0003_lease_guideline"),
    ]

    operations = [
        migrations.CreateModel(
            name="QualificationChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("skill", models.CharField(max_length=60, verbose_name="skill")),
                ("level", models.PositiveSmallIntegerField(verbose_name="level")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("reason", models.CharField(max_length=300, verbose_name="why")),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="qualification",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "routing_qualificationchange" ("expires_at", "level", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reviewer_id", "skill") VALUES (NEW."expires_at", NEW."level", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."reason", NEW."reviewer_id", NEW."skill"); RETURN NULL;',
                    hash="a3bd8aabdbada4b0a0d70c9f8e0a8b7a7ed979fa",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_45624",
                    table="routing_qualification",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="qualification",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."level" IS DISTINCT FROM (NEW."level") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."reviewer_id" IS DISTINCT FROM (NEW."reviewer_id") OR OLD."skill" IS DISTINCT FROM (NEW."skill"))',
                    func='INSERT INTO "routing_qualificationchange" ("expires_at", "level", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reviewer_id", "skill") VALUES (NEW."expires_at", NEW."level", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."reason", NEW."reviewer_id", NEW."skill"); RETURN NULL;',
                    hash="dbe20d4df5351e40e646b5d2778ff2175c83a13c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_38485",
                    table="routing_qualification",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="qualificationchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="routing.qualification",
            ),
        ),
        migrations.AddField(
            model_name="qualificationchange",
            name="reviewer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.reviewer",
            ),
        ),
        guards.immutable("routing_qualificationchange", noun="A history of qualifications", key="pgh_id"),
    ]
