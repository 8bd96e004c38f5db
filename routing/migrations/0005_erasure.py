"""Routing's part of erasure: why somebody skipped a task, and why somebody was given a skill."""

from django.db import migrations

from config.kernel import guards

ERASE_ITEM = """
DECLARE n bigint;
BEGIN
    UPDATE routing_lease l SET skip_reason = '' FROM labeling_round r
    WHERE r.id = l.round_id AND r.item_id = of_item AND l.skip_reason <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN jsonb_build_object('skip_reasons', n);
END
"""

ERASE_PERSON = """
DECLARE
    reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
    n bigint;
BEGIN
    UPDATE routing_lease SET skip_reason = '' WHERE reviewer_id = reviewer AND skip_reason <> '';
    GET DIAGNOSTICS n = ROW_COUNT;
    UPDATE routing_enrolment SET ended_at = COALESCE(ended_at, now()) WHERE reviewer_id = reviewer;
    UPDATE routing_qualification SET reason = 'Erased.' WHERE reviewer_id = reviewer;
    RETURN jsonb_build_object('skip_reasons', n);
END
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0004_history"), ("labeling", "0007_privacy")]

    operations = [
        guards.function("routing_erase_item(of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        guards.function("routing_erase_person(of_user bigint)", returns="jsonb", body=ERASE_PERSON),
    ]
