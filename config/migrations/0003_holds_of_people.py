"""Imported people are erased too; a person, under no legal hold of any customer that holds anything of them, whichever one
is named. What is not about that is as in 0001.
"""

from django.db import migrations

from config.kernel import guards

# As `labeling.services.erasures.customers_of_person` says, which asks before it calls.
CUSTOMERS_OF_PERSON = """
DECLARE reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
BEGIN
    RETURN ARRAY(
        SELECT customer_id FROM labeling_membership WHERE user_id = of_user
        UNION SELECT customer_id FROM labeling_annotation WHERE reviewer_id = reviewer
        UNION SELECT customer_id FROM labeling_draft WHERE reviewer_id = reviewer
        UNION SELECT customer_id FROM labeling_unplacedanswer WHERE reviewer_id = reviewer
        UNION SELECT i.customer_id FROM labeling_invitation i JOIN kernel_user u ON lower(i.email) = lower(u.email)
        WHERE u.id = of_user);
END
"""

ASSAY_ERASE = """
DECLARE
    erasure bigint;
    concerned bigint[] := ARRAY[of_customer];
    hold text;
    gone jsonb := '{}';
BEGIN
    IF of_kind NOT IN ('item', 'person', 'batch', 'imported') OR btrim(why) = '' THEN
        RAISE EXCEPTION 'An erasure is of an item, a person, a batch or an imported person, and has a reason' USING ERRCODE = '23514';
    END IF;
    -- Whoever places a legal hold locks the customer: it stands before this erasure, or after it.
    IF of_kind = 'person' THEN
        concerned := concerned || labeling_customers_of_person(of_subject);
    END IF;
    PERFORM FROM labeling_customer WHERE id = ANY(concerned) ORDER BY id FOR SHARE;
    IF of_kind = 'item' THEN
        PERFORM FROM labeling_item WHERE id = of_subject AND customer_id = of_customer;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The customer has no item %', of_subject USING ERRCODE = '23514';
        END IF;
        IF EXISTS (SELECT FROM labeling_erasure WHERE kind = 'item' AND subject_id = of_subject) THEN
            RAISE EXCEPTION 'Item % was erased before', of_subject USING ERRCODE = '23514';
        END IF;
    END IF;
    IF of_kind = 'batch' THEN
        PERFORM FROM labeling_batch WHERE id = of_subject AND customer_id = of_customer AND state <> 'received'
            AND NOT EXISTS (SELECT FROM labeling_itemversion v WHERE v.batch_id = of_subject);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The customer has no batch % without items', of_subject USING ERRCODE = '23514';
        END IF;
    END IF;
    SELECT h.reason INTO hold FROM labeling_legalhold h
    WHERE h.customer_id = ANY(concerned) AND h.lifted_at IS NULL
      AND (h.project_id IS NULL OR of_kind IN ('person', 'imported')
           OR of_kind = 'item' AND h.project_id = (SELECT i.project_id FROM labeling_item i WHERE i.id = of_subject)
           OR of_kind = 'batch' AND h.project_id = (SELECT b.project_id FROM labeling_batch b WHERE b.id = of_subject))
    ORDER BY h.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A legal hold stands: %', hold USING ERRCODE = '23514';
    END IF;

    PERFORM set_config('assay.erasing', 'on', true);
    IF of_customer IS NOT NULL THEN
        INSERT INTO labeling_erasure (customer_id, request, kind, subject_id, reason, requested_by_id, counts)
        VALUES (of_customer, in_request, of_kind, of_subject, why, by_user, '{}') RETURNING id INTO erasure;
    END IF;
    IF of_kind = 'item' THEN
        gone := labeling_erase_item(erasure, of_subject) || routing_erase_item(of_subject)
            || quality_erase_item(erasure, of_subject) || delivery_erase_item(of_subject)
            || kernel_erase_answers(ARRAY(SELECT m.user_id FROM labeling_membership m WHERE m.customer_id = of_customer));
    ELSIF of_kind = 'batch' THEN
        gone := labeling_erase_batch(of_subject);
    ELSIF of_kind = 'imported' THEN
        gone := labeling_erase_imported(erasure, of_subject, of_customer)
            || kernel_erase_answers(ARRAY(SELECT m.user_id FROM labeling_membership m WHERE m.customer_id = of_customer));
    ELSE
        IF erasure IS NOT NULL THEN
            gone := quality_erase_person(erasure, of_subject, of_customer)
                || labeling_erase_person(erasure, of_subject, of_customer);
        END IF;
        PERFORM labeling_forget_person(of_subject);
        gone := gone || routing_erase_person(of_subject) || kernel_erase_person(of_subject);
    END IF;
    UPDATE labeling_erasure e SET counts = gone WHERE e.id = erasure;
    PERFORM set_config('assay.erasing', 'off', true);
    RETURN erasure;
END
"""

# Replaced, not dropped: who may call it stays.
SIGNATURE = (
    "assay_erase(of_kind text, of_subject bigint, of_customer bigint, why text, by_user bigint, in_request uuid)"
)


class Migration(migrations.Migration):
    dependencies = [("config", "0002_search_path")]

    operations = [
        guards.function("labeling_customers_of_person(of_user bigint)", returns="bigint[]", body=CUSTOMERS_OF_PERSON),
        migrations.RunSQL(
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER"
            f" {guards.SEARCH_PATH} AS $body$\n{ASSAY_ERASE}\n$body$;",
            migrations.RunSQL.noop,
        ),
    ]
