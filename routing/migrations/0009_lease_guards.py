"""What the database itself refuses of leases and enrolments: a lease stays as it was claimed and as it ended, and is kept."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("routing", "0008_claim")]

    operations = [
        guards.dropped("fixed_columns", "routing_lease"),
        guards.fixed_columns(
            "routing_lease",
            columns=(
                "customer_id",
                "project_id",
                "task_id",
                "round_id",
                "reviewer_id",
                "guideline_id",
                "token",
                "claimed_at",
                "why",
            ),
        ),
        # An expired one may still be submitted.
        guards.refuse(
            "stays_as_ended",
            "routing_lease",
            when="BEFORE UPDATE",
            condition="OLD.state <> 'live' AND NOT ("
            f"OLD.state = 'expired' AND NEW.state = 'submitted' AND {guards.unchanged_but(('state', 'ended_at'))}"
            f" OR kernel_is_erasing(TG_RELID) AND {guards.unchanged_but(('skip_reason',))})",
            message="A lease stays as it ended",
        ),
        guards.refuse("never_gone", "routing_lease", when="BEFORE DELETE", condition="true", message="A lease is kept"),
        guards.refuse(
            "never_gone",
            "routing_enrolment",
            when="BEFORE DELETE",
            condition="true",
            message="An enrolment is ended, not deleted",
        ),
    ]
