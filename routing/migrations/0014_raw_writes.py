"""What the database itself refuses of rows that services change by one edge each: every other change of them."""

from django.db import migrations

from config.kernel import guards

OF_LEASE = (
    "customer_id",
    "project_id",
    "task_id",
    "round_id",
    "reviewer_id",
    "guideline_id",
    "token",
    "claimed_at",
    "why",
    "seconds",
)
OF_ESCALATION = (
    "customer_id",
    "project_id",
    "public_id",
    "kind",
    "severity",
    "subject",
    "subject_id",
    "pool_id",
    "message",
    "opened_at",
)

# A claim, a renewal, an extension and a hand-over reach no further than twice the length; a task ahead has two minutes.
TOO_LONG = """NEW.state = 'live' AND (
    NEW.until > statement_timestamp() + make_interval(secs => 2 * NEW.seconds + 120)
    OR TG_OP = 'INSERT' AND NEW.seconds > 2 * (SELECT lease_seconds FROM labeling_project WHERE id = NEW.project_id))"""

# A rung is climbed, never descended, and only climbing raises; what the customer was told is dated by when.
FORGED = """NEW.rung < OLD.rung OR NEW.raised < OLD.raised OR NEW.raised > OLD.raised AND NEW.rung = OLD.rung
    OR OLD.customer_told_at IS NOT NULL AND (NEW.customer_told_at IS NULL OR NEW.customer_told_at < OLD.customer_told_at)
    OR NEW.customer_message <> OLD.customer_message AND NEW.customer_told_at IS NOT DISTINCT FROM OLD.customer_told_at
    OR OLD.acknowledged_at IS NOT NULL
       AND (NEW.acknowledged_at, NEW.owner_id) IS DISTINCT FROM (OLD.acknowledged_at, OLD.owner_id)
    OR OLD.acted_at IS NOT NULL AND NEW.acted_at IS DISTINCT FROM OLD.acted_at"""

# A submit counts one more, of the day and week or of later ones.
UNCOUNTED = """NEW.reviewer_id <> OLD.reviewer_id OR NEW.day < OLD.day OR NEW.week < OLD.week
    OR NEW.last_at IS DISTINCT FROM OLD.last_at AND (NEW.last_at IS NULL OR NEW.last_at < OLD.last_at)
    OR NEW.day = OLD.day
       AND (NEW.day_count < OLD.day_count OR NEW.day_distressing_count < OLD.day_distressing_count)
    OR NEW.week = OLD.week AND NEW.week_count < OLD.week_count"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0013_promise_guards")]

    operations = [
        guards.dropped("fixed_columns", "routing_lease"),
        guards.fixed_columns("routing_lease", columns=OF_LEASE),
        guards.refuse(
            "lasts_so_long",
            "routing_lease",
            when="BEFORE INSERT OR UPDATE OF until",
            condition=TOO_LONG,
            message="A lease lasts no longer than its project allows",
        ),
        guards.dropped("fixed_columns", "routing_enrolment"),
        guards.fixed_columns("routing_enrolment", columns=("customer_id", "project_id", "reviewer_id", "pseudonym")),
        guards.refuse(
            "never_gone",
            "routing_exclusion",
            when="BEFORE DELETE",
            condition="true",
            message="An exclusion is for good",
        ),
        guards.dropped("fixed_columns", "routing_escalation"),
        guards.fixed_columns("routing_escalation", columns=OF_ESCALATION),
        guards.refuse(
            "only_climbs",
            "routing_escalation",
            when="BEFORE UPDATE",
            condition=FORGED,
            message="An escalation is changed by its steps only",
        ),
        guards.refuse(
            "begins_standing",
            "routing_clockstop",
            when="BEFORE INSERT",
            condition="NEW.ended_at IS NOT NULL",
            message="A clock stop begins before it is ended",
        ),
        guards.refuse(
            "only_counts",
            "routing_workload",
            when="BEFORE UPDATE",
            condition=UNCOUNTED,
            message="What was done today and this week is not taken back",
        ),
        guards.refuse(
            "never_gone",
            "routing_workload",
            when="BEFORE DELETE",
            condition="true",
            message="What was done today and this week is kept",
        ),
    ]
