"""How far the consequences of a published guideline or form have been carried out."""

from typing import Any

from django.db import migrations, models

from config.kernel import guards

FIGURES = ("carried_through", "reopened_count", "mapped_count", "requeued_count", "carried_out_at")

# What was published before had no consequences to carry out.
DONE_BEFORE = "UPDATE {table} SET carried_out_at = published_at WHERE state = 'published';"


def _figures(model: str) -> list[migrations.AddField]:
    count: dict[str, Any] = {"default": 0, "db_default": 0}
    fields: dict[str, Any] = {
        "carried_through": models.BigIntegerField(verbose_name="carried out up to item", **count),
        "reopened_count": models.PositiveIntegerField(verbose_name="items reopened", **count),
        "mapped_count": models.PositiveIntegerField(verbose_name="answers carried over", **count),
        "requeued_count": models.PositiveIntegerField(verbose_name="answers asked anew", **count),
        "carried_out_at": models.DateTimeField(verbose_name="carried out", null=True, blank=True),
    }
    return [migrations.AddField(model, name, field) for name, field in fields.items()]


class Migration(migrations.Migration):
    dependencies = [("labeling", "0004_guards_in_depth")]

    operations = [
        *_figures("guidelineversion"),
        *_figures("formversion"),
        guards.dropped("immutable_when", "labeling_guidelineversion"),
        guards.immutable_when(
            "labeling_guidelineversion",
            noun="A published or declined guideline",
            condition="OLD.state IN ('published', 'declined')",
            except_columns=("in_force", *FIGURES),
        ),
        guards.dropped("immutable_when", "labeling_formversion"),
        guards.immutable_when(
            "labeling_formversion",
            noun="A published form",
            condition="OLD.state = 'published'",
            except_columns=FIGURES,
        ),
        migrations.RunSQL(DONE_BEFORE.format(table="labeling_guidelineversion"), migrations.RunSQL.noop),
        migrations.RunSQL(DONE_BEFORE.format(table="labeling_formversion"), migrations.RunSQL.noop),
    ]
