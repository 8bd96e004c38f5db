"""What the database itself refuses of promises, stops, escalations that are over, and the histories of what is set."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("routing", "0012_promises")]

    operations = [
        guards.same_customer(
            "routing_promise", parents={"project_id": "labeling_project", "batch_id": "labeling_batch"}
        ),
        guards.fixed_columns(
            "routing_promise",
            columns=("customer_id", "project_id", "batch_id", "began_at", "first_item", "last_item"),
            key="batch_id",
        ),
        guards.immutable_when("routing_escalation", noun="A resolved escalation", condition="OLD.state = 'resolved'"),
        guards.refuse(
            "never_gone",
            "routing_clockstop",
            when="BEFORE DELETE",
            condition="true",
            message="A clock stop is ended, not deleted",
        ),
        guards.immutable("routing_businesscalendarchange", noun="A history of calendars", key="pgh_id"),
        guards.immutable("routing_servicelevelchange", noun="A history of service levels", key="pgh_id"),
        guards.immutable("routing_projectroutingchange", noun="A history of routing", key="pgh_id"),
        guards.in_schema(),
    ]
