"""What the database refuses about rulings: another word once one is answered. Erasure empties what was asked and said."""

from django.db import migrations

from config.kernel import guards

WORDS = ("question", "answer")

# As in 0003, and what was asked about the item.
ERASE_ITEM = """
DECLARE
    n bigint;
    counts jsonb := quality_empty_item(of_erasure, of_item);
BEGIN
    PERFORM labeling_leave_tombstone(of_erasure, 'quality_ruling', u.id,
        kernel_digest(jsonb_build_object('question', u.question, 'answer', u.answer)))
    FROM quality_ruling u JOIN labeling_itemversion v ON v.id = u.item_version_id WHERE v.item_id = of_item;
    UPDATE quality_ruling u SET question = '', answer = ''
    FROM labeling_itemversion v WHERE v.id = u.item_version_id AND v.item_id = of_item;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('rulings', n);
END
"""

# The answer is the house's, and stays.
ERASE_PERSON = """
DECLARE
    n bigint;
    counts jsonb := quality_empty_person(of_erasure, of_user, of_customer);
BEGIN
    PERFORM labeling_leave_tombstone(of_erasure, 'quality_ruling', u.id,
        kernel_digest(jsonb_build_object('question', u.question, 'answer', u.answer)))
    FROM quality_ruling u JOIN labeling_reviewer r ON r.id = u.asked_by_id
    WHERE r.user_id = of_user AND u.customer_id = of_customer;
    UPDATE quality_ruling u SET question = '' FROM labeling_reviewer r
    WHERE r.id = u.asked_by_id AND r.user_id = of_user AND u.customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('rulings', n);
END
"""


def renamed(old: str, new: str, arguments: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER FUNCTION {old}({arguments}) RENAME TO {new}", f"ALTER FUNCTION {new}({arguments}) RENAME TO {old}"
    )


class Migration(migrations.Migration):
    dependencies = [("quality", "0005_rulings"), ("labeling", "0007_privacy")]

    operations = [
        guards.same_customer(
            "quality_ruling",
            parents={
                "project_id": "labeling_project",
                "guideline_id": "labeling_guidelineversion",
                "item_version_id": "labeling_itemversion",
            },
        ),
        guards.same_customer("quality_rulingreading", parents={"ruling_id": "quality_ruling"}),
        guards.fixed_columns(
            "quality_ruling",
            columns=(
                "customer_id",
                "project_id",
                "public_id",
                "guideline_id",
                "clause",
                "item_version_id",
                "asked_by_id",
                "question",
                "submission",
                "asked_at",
            ),
            erasable=WORDS,
        ),
        guards.immutable_when(
            "quality_ruling", noun="A ruling that was given", condition="OLD.answered_at IS NOT NULL", erasable=WORDS
        ),
        guards.refuse(
            "never_gone", "quality_ruling", when="BEFORE DELETE", condition="true", message="A question is kept"
        ),
        guards.refuse(
            "asked_first",
            "quality_ruling",
            when="BEFORE INSERT",
            condition="NEW.answered_at IS NOT NULL",
            message="A ruling is asked for first",
        ),
        guards.immutable("quality_rulingreading", noun="A reading of a ruling"),
        renamed("quality_erase_item", "quality_empty_item", "bigint, bigint"),
        guards.function("quality_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        renamed("quality_erase_person", "quality_empty_person", "bigint, bigint, bigint"),
        guards.function(
            "quality_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_PERSON,
        ),
    ]
