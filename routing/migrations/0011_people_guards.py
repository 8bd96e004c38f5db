"""What the database itself refuses of blocks and histories of people, and what an erasure takes of them."""

from django.db import migrations, models

from config.kernel import guards

ERASE_PERSON = """
DECLARE
    reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
    n bigint;
BEGIN
    UPDATE routing_lease SET skip_reason = '' WHERE reviewer_id = reviewer AND skip_reason <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE routing_enrolment SET ended_at = COALESCE(ended_at, now()) WHERE reviewer_id = reviewer;
    UPDATE routing_qualification SET reason = 'Erased.' WHERE reviewer_id = reviewer;
    UPDATE routing_block SET reason = '', lift_reason = '' WHERE reviewer_id = reviewer;
    UPDATE routing_availabilitychange SET time_zone = '', hours = '[]' WHERE reviewer_id = reviewer;
    DELETE FROM routing_availability WHERE reviewer_id = reviewer;
    DELETE FROM routing_leave WHERE reviewer_id = reviewer;
    RETURN jsonb_build_object('skip_reasons', n);
END
"""

FIXED = ("customer_id", "public_id", "reviewer_id", "reason", "placed_by_id", "placed_at")


class Migration(migrations.Migration):
    dependencies = [("routing", "0010_people_in_depth")]

    operations = [
        migrations.AddIndex(
            model_name="enrolment",
            index=models.Index(fields=["customer", "pseudonym"], name="enrolment_by_pseudonym"),
        ),
        migrations.AddConstraint(
            model_name="enrolment",
            constraint=models.CheckConstraint(
                condition=models.Q(("pseudonym__startswith", "r-")), name="enrolment_has_a_pseudonym"
            ),
        ),
        migrations.AddConstraint(
            model_name="leave",
            constraint=models.CheckConstraint(
                condition=models.Q(("during__isempty", False), ("during__lower_inf", False)),
                name="leave_has_a_first_day",
            ),
        ),
        guards.immutable(
            "routing_availabilitychange",
            noun="A history of availabilities",
            key="pgh_id",
            erasable=("time_zone", "hours"),
        ),
        guards.immutable("routing_enrolmentchange", noun="A history of enrolments", key="pgh_id"),
        guards.dropped("fixed_columns", "routing_block"),
        guards.fixed_columns("routing_block", columns=FIXED, erasable=("reason", "lift_reason")),
        guards.refuse(
            "never_gone",
            "routing_block",
            when="BEFORE DELETE",
            condition="true",
            message="A block is lifted, not deleted",
        ),
        guards.immutable_when(
            "routing_block",
            noun="A lifted block",
            condition="OLD.lifted_at IS NOT NULL",
            erasable=("reason", "lift_reason"),
        ),
        guards.in_schema(),
        # Replaced, not dropped: who may call it stays.
        migrations.RunSQL(
            "CREATE OR REPLACE FUNCTION routing_erase_person(of_user bigint) RETURNS jsonb LANGUAGE plpgsql"
            f" {guards.SEARCH_PATH} AS $body$\n{ERASE_PERSON}\n$body$;",
            migrations.RunSQL.noop,
        ),
    ]
