"""What the database itself refuses of what is over: guidelines that were in force, closed rounds, batches that were read."""

from django.db import migrations

from config.kernel import guards

# What a batch was made of and what became of it. Flags and tasks are counted on; the file may still be erased, once.
READ = (
    "name", "stage", "source_path", "uploaded_by_id", "created_at", "finished_at", "rows_read", "items_created",
    "versions_created", "duplicates", "conflicts", "rejected",
)  # fmt: skip


def columns_of(row: str) -> str:
    return ", ".join(f"{row}.{column}" for column in READ)


class Migration(migrations.Migration):
    dependencies = [("labeling", "0016_erasures_caught_up")]

    operations = [
        guards.refuse(
            "in_force_ends_once",
            "labeling_guidelineversion",
            when="BEFORE UPDATE OF in_force",
            condition="OLD.state = 'published' AND NEW.in_force IS DISTINCT FROM OLD.in_force"
            " AND (NOT upper_inf(OLD.in_force) OR upper(NEW.in_force) < transaction_timestamp())",
            message="A guideline goes out of force once, and not in the past",
        ),
        guards.refuse_at_commit(
            "followed_at_once",
            "labeling_guidelineversion",
            condition="NEW.state = 'published' AND EXISTS (SELECT FROM labeling_guidelineversion g"
            " WHERE g.project_id = NEW.project_id AND g.state = 'published' AND NOT upper_inf(g.in_force)"
            " AND NOT EXISTS (SELECT FROM labeling_guidelineversion n WHERE n.project_id = g.project_id"
            " AND n.state = 'published' AND lower(n.in_force) = upper(g.in_force)))",
            message="A guideline stays in force until the next one is",
        ),
        guards.refuse(
            "own_guideline",
            "labeling_guidelineacknowledgement",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_guidelineversion g WHERE g.id = NEW.guideline_id"
            " AND g.project_id = NEW.project_id AND g.number = NEW.number AND g.state = 'published'"
            " AND lower(g.in_force) <= statement_timestamp())",
            message="What is acknowledged is a version of the project that has been in force",
        ),
        guards.refuse(
            "own_reviewer",
            "labeling_guidelineacknowledgement",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_reviewer r JOIN labeling_membership m ON m.user_id = r.user_id"
            " WHERE r.id = NEW.reviewer_id AND m.customer_id = NEW.customer_id"
            " AND (m.project_id IS NULL OR m.project_id = NEW.project_id))",
            message="Who acknowledges a guideline belongs to its project",
        ),
        guards.immutable_when("labeling_round", noun="A closed round", condition="OLD.state <> 'open'"),
        guards.refuse(
            "stays_as_read",
            "labeling_batch",
            when="BEFORE UPDATE",
            condition=f"OLD.state <> 'received' AND (({columns_of('NEW')}) IS DISTINCT FROM ({columns_of('OLD')})"
            " OR NEW.fault IS DISTINCT FROM OLD.fault AND NOT kernel_is_erasing(TG_RELID)"
            " OR OLD.source_erased_at IS NOT NULL AND NEW.source_erased_at IS DISTINCT FROM OLD.source_erased_at)",
            message="What a batch was made of stays as it was read",
        ),
    ]
