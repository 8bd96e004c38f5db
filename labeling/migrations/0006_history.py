"""Who changed which setting in the console; memberships and invitations as the API addresses them."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import config.kernel.public_ids
from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0005_guide"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("slug", models.SlugField(db_index=False, verbose_name="short name")),
                (
                    "conflict_tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="conflict tags",
                    ),
                ),
                (
                    "retention_days",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="keep content for (days)"),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OrganisationChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[("in_house", "In-house"), ("vendor", "Vendor")], max_length=10, verbose_name="kind"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ProjectChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("slug", models.SlugField(db_index=False, verbose_name="short name")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("open", "Open"), ("paused", "Paused"), ("closed", "Closed")],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[("calibration", "Calibration"), ("pilot", "Pilot"), ("production", "Production")],
                        default="production",
                        max_length=12,
                        verbose_name="stage",
                    ),
                ),
                (
                    "confidentiality",
                    models.CharField(
                        choices=[("standard", "Standard"), ("confidential", "Confidential")],
                        default="standard",
                        max_length=14,
                        verbose_name="confidentiality",
                    ),
                ),
                ("clearance", models.PositiveSmallIntegerField(default=0, verbose_name="clearance needed")),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=35),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="languages",
                    ),
                ),
                (
                    "skills_by_domain",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text='Which skill, at which level, an item\'s domain needs: {"medical": {"medical": 2}}.',
                        verbose_name="skills by domain",
                    ),
                ),
                (
                    "overlap_kind",
                    models.CharField(
                        choices=[
                            ("fixed", "Fixed number of judgments an item"),
                            ("assigned", "Judged by the people it is assigned to"),
                        ],
                        default="fixed",
                        max_length=10,
                        verbose_name="overlap",
                    ),
                ),
                (
                    "overlap",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(50),
                        ],
                        verbose_name="judgments an item",
                    ),
                ),
                (
                    "lease_seconds",
                    models.PositiveIntegerField(
                        default=900,
                        validators=[
                            django.core.validators.MinValueValidator(15),
                            django.core.validators.MaxValueValidator(86400),
                        ],
                        verbose_name="lease (seconds)",
                    ),
                ),
                (
                    "gold_share",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0.100"),
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(Decimal("0.5")),
                        ],
                        verbose_name="share of gold",
                    ),
                ),
                ("quality_contract", models.JSONField(blank=True, default=dict, verbose_name="quality contract")),
                ("acceptance_plan", models.JSONField(blank=True, default=dict, verbose_name="acceptance plan")),
                (
                    "endpoints",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="endpoints content may reach",
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(default=0, help_text="Higher goes first.", verbose_name="priority"),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "hold_flagged",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("language", "Language"),
                                ("near_duplicate", "Near-duplicate"),
                                ("personal_data", "Personal data"),
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
                (
                    "recheck_share",
                    models.DecimalField(
                        decimal_places=3,
                        default=Decimal("0.100"),
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(1),
                        ],
                        verbose_name="share checked again after a clarification",
                    ),
                ),
                (
                    "retention_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: as the customer's.",
                        null=True,
                        verbose_name="keep content for (days)",
                    ),
                ),
                (
                    "pay_amount",
                    models.DecimalField(
                        decimal_places=6, default=Decimal("0"), max_digits=18, verbose_name="pay a judgment"
                    ),
                ),
                (
                    "price_amount",
                    models.DecimalField(
                        decimal_places=6, default=Decimal("0"), max_digits=18, verbose_name="price a record"
                    ),
                ),
                ("currency", models.CharField(default="USD", max_length=3, verbose_name="currency (ISO 4217)")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReviewerChange",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="country (ISO 3166-1)")),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=35), default=list, size=None, verbose_name="languages"
                    ),
                ),
                ("clearance", models.PositiveSmallIntegerField(default=0, verbose_name="clearance")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="public_id",
            field=config.kernel.public_ids.PublicIdField(db_default=django.contrib.postgres.functions.RandomUUID()),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "labeling_customerchange" ("conflict_tags", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "retention_days", "slug") VALUES (NEW."conflict_tags", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."retention_days", NEW."slug"); RETURN NULL;',
                    hash="62b181e9a912727b8c76e558a51a59e225875e1b",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_db650",
                    table="labeling_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="customer",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."conflict_tags" IS DISTINCT FROM (NEW."conflict_tags") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."retention_days" IS DISTINCT FROM (NEW."retention_days") OR OLD."slug" IS DISTINCT FROM (NEW."slug"))',
                    func='INSERT INTO "labeling_customerchange" ("conflict_tags", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "retention_days", "slug") VALUES (NEW."conflict_tags", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."retention_days", NEW."slug"); RETURN NULL;',
                    hash="7950da3ab03cad9c2944b5943c9fb2700ad741fe",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e0ef7",
                    table="labeling_customer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "labeling_organisationchange" ("kind", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."kind", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="17cd889b82fa414c19684b5c38053bc841cc7ec4",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_eb2e0",
                    table="labeling_organisation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."name" IS DISTINCT FROM (NEW."name"))',
                    func='INSERT INTO "labeling_organisationchange" ("kind", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."kind", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="6f4c7f7e3a9e4402317d1c8d6464150c0871663c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_71539",
                    table="labeling_organisation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "labeling_projectchange" ("acceptance_plan", "clearance", "confidentiality", "currency", "customer_id", "description", "due_at", "endpoints", "gold_share", "hold_flagged", "languages", "lease_seconds", "name", "overlap", "overlap_kind", "pay_amount", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_amount", "priority", "quality_contract", "recheck_share", "retention_days", "skills_by_domain", "slug", "stage", "state") VALUES (NEW."acceptance_plan", NEW."clearance", NEW."confidentiality", NEW."currency", NEW."customer_id", NEW."description", NEW."due_at", NEW."endpoints", NEW."gold_share", NEW."hold_flagged", NEW."languages", NEW."lease_seconds", NEW."name", NEW."overlap", NEW."overlap_kind", NEW."pay_amount", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."price_amount", NEW."priority", NEW."quality_contract", NEW."recheck_share", NEW."retention_days", NEW."skills_by_domain", NEW."slug", NEW."stage", NEW."state"); RETURN NULL;',
                    hash="24060c4e156f669d2b68693e404878ca35b4f079",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_fb46a",
                    table="labeling_project",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."acceptance_plan" IS DISTINCT FROM (NEW."acceptance_plan") OR OLD."clearance" IS DISTINCT FROM (NEW."clearance") OR OLD."confidentiality" IS DISTINCT FROM (NEW."confidentiality") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."endpoints" IS DISTINCT FROM (NEW."endpoints") OR OLD."gold_share" IS DISTINCT FROM (NEW."gold_share") OR OLD."hold_flagged" IS DISTINCT FROM (NEW."hold_flagged") OR OLD."languages" IS DISTINCT FROM (NEW."languages") OR OLD."lease_seconds" IS DISTINCT FROM (NEW."lease_seconds") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."overlap" IS DISTINCT FROM (NEW."overlap") OR OLD."overlap_kind" IS DISTINCT FROM (NEW."overlap_kind") OR OLD."pay_amount" IS DISTINCT FROM (NEW."pay_amount") OR OLD."price_amount" IS DISTINCT FROM (NEW."price_amount") OR OLD."priority" IS DISTINCT FROM (NEW."priority") OR OLD."quality_contract" IS DISTINCT FROM (NEW."quality_contract") OR OLD."recheck_share" IS DISTINCT FROM (NEW."recheck_share") OR OLD."retention_days" IS DISTINCT FROM (NEW."retention_days") OR OLD."skills_by_domain" IS DISTINCT FROM (NEW."skills_by_domain") OR OLD."slug" IS DISTINCT FROM (NEW."slug") OR OLD."stage" IS DISTINCT FROM (NEW."stage") OR OLD."state" IS DISTINCT FROM (NEW."state"))',
                    func='INSERT INTO "labeling_projectchange" ("acceptance_plan", "clearance", "confidentiality", "currency", "customer_id", "description", "due_at", "endpoints", "gold_share", "hold_flagged", "languages", "lease_seconds", "name", "overlap", "overlap_kind", "pay_amount", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_amount", "priority", "quality_contract", "recheck_share", "retention_days", "skills_by_domain", "slug", "stage", "state") VALUES (NEW."acceptance_plan", NEW."clearance", NEW."confidentiality", NEW."currency", NEW."customer_id", NEW."description", NEW."due_at", NEW."endpoints", NEW."gold_share", NEW."hold_flagged", NEW."languages", NEW."lease_seconds", NEW."name", NEW."overlap", NEW."overlap_kind", NEW."pay_amount", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."price_amount", NEW."priority", NEW."quality_contract", NEW."recheck_share", NEW."retention_days", NEW."skills_by_domain", NEW."slug", NEW."stage", NEW."state"); RETURN NULL;',
                    hash="8032e53b2bda954a04db928dad63098afe217cf3",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_45595",
                    table="labeling_project",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reviewer",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "labeling_reviewerchange" ("clearance", "country", "is_active", "languages", "organisation_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."clearance", NEW."country", NEW."is_active", NEW."languages", NEW."organisation_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="5f7f351c3a121302f246ed1fda0b32ad2aebc435",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_3e321",
                    table="labeling_reviewer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reviewer",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."clearance" IS DISTINCT FROM (NEW."clearance") OR OLD."country" IS DISTINCT FROM (NEW."country") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."languages" IS DISTINCT FROM (NEW."languages") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id"))',
                    func='INSERT INTO "labeling_reviewerchange" ("clearance", "country", "is_active", "languages", "organisation_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."clearance", NEW."country", NEW."is_active", NEW."languages", NEW."organisation_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="41146d08dcd255525f148ee6374de0ce5d34ab07",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8046a",
                    table="labeling_reviewer",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="customerchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.customer",
            ),
        ),
        migrations.AddField(
            model_name="organisationchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.organisation",
            ),
        ),
        migrations.AddField(
            model_name="projectchange",
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
            model_name="projectchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.project",
            ),
        ),
        migrations.AddField(
            model_name="reviewerchange",
            name="organisation",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.organisation",
            ),
        ),
        migrations.AddField(
            model_name="reviewerchange",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="labeling.reviewer",
            ),
        ),
        guards.immutable("labeling_customerchange", noun="A history of settings", key="pgh_id"),
        guards.immutable("labeling_organisationchange", noun="A history of settings", key="pgh_id"),
        guards.immutable("labeling_projectchange", noun="A history of settings", key="pgh_id"),
        guards.immutable("labeling_reviewerchange", noun="A history of settings", key="pgh_id"),
        guards.fixed_columns(
            "labeling_membership", columns=("public_id", "user_id", "customer_id", "project_id", "role")
        ),
        guards.fixed_columns(
            "labeling_invitation",
            columns=(
                "customer_id",
                "project_id",
                "public_id",
                "email",
                "role",
                "token_digest",
                "invited_by_id",
                "expires_at",
            ),
        ),
    ]
