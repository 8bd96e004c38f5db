"""What the database itself refuses in routing's tables of people, queues and time."""

from django.db import migrations

from config.kernel import guards

OF_PROJECT = ("customer_id", "project_id")


class Migration(migrations.Migration):
    dependencies = [("routing", "0006_routing_in_depth"), ("labeling", "0014_turns")]

    operations = [
        guards.same_customer("routing_exclusion", parents={"round_id": "labeling_round"}),
        guards.same_customer("routing_poolstat", parents={"pool_id": "labeling_pool"}),
        guards.same_customer("routing_handlingtime", parents={"form_id": "labeling_formversion"}),
        guards.same_customer("routing_projectrouting", parents={"project_id": "labeling_project"}),
        guards.same_customer(
            "routing_servicelevel",
            parents={"project_id": "labeling_project", "calendar_id": "routing_businesscalendar"},
        ),
        guards.same_customer("routing_clockstop", parents={"project_id": "labeling_project"}),
        guards.same_customer(
            "routing_escalation", parents={"project_id": "labeling_project", "pool_id": "labeling_pool"}
        ),
        guards.same_customer("routing_escalationstep", parents={"escalation_id": "routing_escalation"}),
        guards.fixed_columns("routing_projectrouting", columns=OF_PROJECT),
        guards.fixed_columns("routing_servicelevel", columns=OF_PROJECT),
        guards.fixed_columns(
            "routing_clockstop", columns=(*OF_PROJECT, "kind", "reason", "started_by_id", "started_at")
        ),
        guards.fixed_columns("routing_escalation", columns=(*OF_PROJECT, "kind", "subject", "subject_id", "opened_at")),
        guards.fixed_columns(
            "routing_block", columns=("customer_id", "reviewer_id", "reason", "placed_by_id", "placed_at")
        ),
        guards.fixed_columns("routing_exclusion", columns=("customer_id", "round_id", "reviewer_id", "reason")),
        guards.state_edges(
            "routing_escalation",
            edges=[
                "acknowledged>acted",
                "acknowledged>resolved",
                "acted>resolved",
                "open>acknowledged",
                "open>resolved",
            ],
        ),
        guards.immutable("routing_escalationstep", noun="A step of an escalation"),
        guards.refuse(
            "ended",
            "routing_clockstop",
            when="BEFORE UPDATE",
            condition="OLD.ended_at IS NOT NULL",
            message="A clock stop that has ended never changes",
        ),
    ]
