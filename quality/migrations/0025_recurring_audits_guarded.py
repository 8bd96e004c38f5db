"""What the database refuses of recurring audits: other settings than they were made with, another customer's, and their end undone."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("quality", "0024_recurring_audits")]

    operations = [
        guards.same_customer("quality_auditschedule", parents={"project_id": "labeling_project"}),
        guards.dropped("same_customer", "quality_auditplan"),
        guards.same_customer(
            "quality_auditplan",
            parents={"project_id": "labeling_project", "schedule_id": "quality_auditschedule"},
        ),
        guards.fixed_columns(
            "quality_auditschedule",
            columns=(
                "customer_id",
                "project_id",
                "name",
                "every",
                "every_results",
                "strata",
                "half_width",
                "share_twice",
                "first_at",
                "made_by_id",
                "created_at",
            ),
        ),
        guards.immutable_when(
            "quality_auditschedule", noun="A recurring audit that was ended", condition="OLD.ended_at IS NOT NULL"
        ),
        guards.refuse(
            "never_gone",
            "quality_auditschedule",
            when="BEFORE DELETE",
            condition="true",
            message="quality_auditschedule keeps its rows",
        ),
    ]
