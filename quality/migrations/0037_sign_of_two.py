"""Two who stand together against the rest are a kind of check of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("quality", "0036_gold_was_scored"),
    ]

    operations = [
        migrations.AlterField(
            model_name="check",
            name="kind",
            field=models.CharField(
                choices=[
                    ("too_fast", "Too fast for the item"),
                    ("straight_lining", "The same answer over and over"),
                    ("copied", "Copied or pasted text"),
                    ("shared_errors", "The same wrong answers as somebody else"),
                    ("together", "With one other against the rest"),
                    ("contradiction", "It contradicts itself"),
                    ("self_repeat", "Answered otherwise the second time"),
                    ("rule", "A rule of the form or the language"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
