"""Who holds anything of a person is asked of every app, in one place; and nobody who was erased writes another word.

A person's erasure locks their reviewer's row whole before it looks; what a reviewer writes takes a share of that row
before it is in. So one that is under way is committed and found by the erasure, or waits for it and is refused.
"""

from importlib import import_module

from django.db import migrations

from config.kernel import guards

before = import_module("config.migrations.0003_holds_of_people")

# As 0003 had it, and who reported an item.
CUSTOMERS_OF_LABELING = """
DECLARE reviewer bigint := (SELECT id FROM labeling_reviewer WHERE user_id = of_user);
BEGIN
    RETURN ARRAY(
        SELECT customer_id FROM labeling_membership WHERE user_id = of_user
        UNION SELECT customer_id FROM labeling_annotation WHERE reviewer_id = reviewer
        UNION SELECT customer_id FROM labeling_draft WHERE reviewer_id = reviewer
        UNION SELECT customer_id FROM labeling_unplacedanswer WHERE reviewer_id = reviewer
        UNION SELECT customer_id FROM labeling_flag WHERE reported_by_id = reviewer
        UNION SELECT i.customer_id FROM labeling_invitation i JOIN kernel_user u ON lower(i.email) = lower(u.email)
        WHERE u.id = of_user);
END
"""

# A new app adds its part here.
CUSTOMERS_OF_PERSON = """
BEGIN
    RETURN ARRAY(SELECT DISTINCT c FROM unnest(labeling_customers_of_person(of_user) || quality_customers_of_person(of_user)) c);
END
"""

ASSAY_ERASE = before.ASSAY_ERASE.replace(
    "        concerned := concerned || labeling_customers_of_person(of_subject);",
    "        PERFORM FROM labeling_reviewer WHERE user_id = of_subject FOR UPDATE;\n"
    "        concerned := concerned || assay_customers_of_person(of_subject);",
)

# The statement after the lock sees what an erasure that held it has committed. What is carried over by a job may still
# be written of somebody who was erased since, but none of their words.
REFUSE_ERASED = """
DECLARE
    author bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
    person bigint;
BEGIN
    SELECT r.user_id INTO person FROM labeling_reviewer r WHERE r.id = author FOR KEY SHARE;
    IF person IS NULL OR NOT EXISTS (SELECT FROM kernel_user u WHERE u.id = person AND u.password = '!erased') THEN
        RETURN NEW;
    END IF;
    IF TG_TABLE_NAME = 'labeling_annotation' AND to_jsonb(NEW) ->> 'origin' = 'migrated'
       AND to_jsonb(NEW) ->> 'rationale' = '' AND EXISTS (
           SELECT FROM labeling_formversion f WHERE f.id = (to_jsonb(NEW) ->> 'form_id')::bigint
           AND labeling_without_words(f.document, to_jsonb(NEW) -> 'answers') = to_jsonb(NEW) -> 'answers') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Reviewer % was erased, and writes nothing any more', author
        USING ERRCODE = '23514', CONSTRAINT = 'author_erased';
END
"""

AUTHORS = {
    "labeling_annotation": ("reviewer_id", "INSERT", "NEW.origin <> 'imported'"),
    "labeling_draft": ("reviewer_id", "INSERT OR UPDATE", "true"),
    "labeling_unplacedanswer": ("reviewer_id", "INSERT", "true"),
    "labeling_flag": ("reported_by_id", "INSERT", "NEW.reported_by_id IS NOT NULL"),
    "quality_ruling": ("asked_by_id", "INSERT", "true"),
    "routing_lease": ("reviewer_id", "UPDATE OF skip_reason", "NEW.skip_reason <> ''"),
}


def replaced(signature: str, *, returns: str, body: str, rights: str = "") -> migrations.RunSQL:
    """The function with another body; who may call it stays. What it was before is in the migrations before."""
    return migrations.RunSQL(
        f"CREATE OR REPLACE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {rights} {guards.SEARCH_PATH}"
        f" AS $body$\n{body}\n$body$;",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0004_births"),
        ("labeling", "0024_closed_rounds"),
        ("routing", "0013_promise_guards"),
        ("quality", "0007_erasure_of_rulings"),
    ]

    operations = [
        replaced("labeling_customers_of_person(of_user bigint)", returns="bigint[]", body=CUSTOMERS_OF_LABELING),
        guards.function(
            "assay_customers_of_person(of_user bigint)",
            returns="bigint[]",
            body=CUSTOMERS_OF_PERSON,
            rights="STABLE SECURITY DEFINER",
        ),
        replaced(before.SIGNATURE, returns="bigint", body=ASSAY_ERASE, rights="SECURITY DEFINER"),
        migrations.RunSQL(
            f"CREATE FUNCTION labeling_refuse_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {guards.SEARCH_PATH}"
            f" AS $guard$\n{REFUSE_ERASED}\n$guard$;",
            "DROP FUNCTION labeling_refuse_erased();",
        ),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER erased_author BEFORE {events} ON {table} FOR EACH ROW WHEN ({condition})"
                f" EXECUTE FUNCTION labeling_refuse_erased('{column}');",
                f"DROP TRIGGER erased_author ON {table};",
            )
            for table, (column, events, condition) in AUTHORS.items()
        ),
    ]
