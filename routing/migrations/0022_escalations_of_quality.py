"""What waits for a person in quality is escalated, too; and who fell is kept off the round that judges their work anew."""

from django.db import migrations, models

from config.kernel import guards

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
    "customer_draft",
    "opened_at",
)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0020_shown"),
    ]

    operations = [
        migrations.AddField(
            model_name="escalation",
            name="customer_draft",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=500,
                verbose_name="what its rule would tell the customer",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("at_risk", "The due time is at risk"),
                    ("missed", "The due time was missed"),
                    ("nobody", "Work that nobody can do"),
                    ("skipped", "Skipped again and again"),
                    ("experts", "Expert work will miss the due time"),
                    ("quality", "A promise of quality is broken"),
                    ("appeal", "An appeal is overdue"),
                    ("pause", "A pause that nobody has confirmed"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="escalation",
            name="subject",
            field=models.CharField(
                choices=[
                    ("pool", "Pool"),
                    ("round", "Round"),
                    ("promise", "Promise of quality"),
                    ("appeal", "Appeal"),
                    ("pause", "Pause"),
                ],
                max_length=10,
                verbose_name="about",
            ),
        ),
        migrations.AlterField(
            model_name="exclusion",
            name="reason",
            field=models.CharField(
                choices=[
                    ("author", "Wrote what is judged"),
                    ("standing", "Their own work is judged anew"),
                    ("other_role", "Judged the item in another role"),
                ],
                max_length=20,
                verbose_name="why",
            ),
        ),
        guards.dropped("fixed_columns", "routing_escalation"),
        guards.fixed_columns("routing_escalation", columns=OF_ESCALATION),
    ]
