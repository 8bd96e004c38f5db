"""Exports that were flagged before imported annotations were looked through: a job each does so now."""

from typing import Any

from django.db import migrations

from config.kernel.jobs import enqueue


def queue(apps: Any, schema_editor: Any) -> None:
    exports = apps.get_model("labeling", "Batch").objects.filter(
        state="accepted", flagged_at__isnull=False, format__in=["label_studio", "argilla"]
    )
    for batch_id in exports.order_by("pk").values_list("pk", flat=True):
        enqueue("labeling.jobs.flag_imported", batch_id, queue="bulk")


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0019_bands"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]

    operations = [migrations.RunPython(queue, migrations.RunPython.noop)]
