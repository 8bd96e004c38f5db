"""What the database itself refuses in routing's tables."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial"), ("labeling", "0002_guards")]

    operations = [
        guards.same_customer("routing_enrolment", parents={"project_id": "labeling_project"}),
        guards.same_customer("routing_lease", parents={"project_id": "labeling_project", "task_id": "labeling_task"}),
        guards.state_edges(
            "routing_lease",
            edges=["expired>submitted", "live>expired", "live>skipped", "live>submitted", "live>withdrawn"],
        ),
        guards.fixed_columns("routing_enrolment", columns=("customer_id", "project_id", "reviewer_id")),
        guards.fixed_columns(
            "routing_lease",
            columns=(
                "customer_id",
                "project_id",
                "task_id",
                "round_id",
                "reviewer_id",
                "token",
                "claimed_at",
            ),
        ),
        guards.refuse(
            "own_round",
            "routing_lease",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_task t WHERE t.id = NEW.task_id AND t.round_id = NEW.round_id)",
            message="A lease is for the round of its task",
        ),
    ]
