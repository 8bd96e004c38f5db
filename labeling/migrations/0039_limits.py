"""What limits rejections is said where it is set."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0038_rule_flags"),
    ]

    operations = [
        migrations.AlterField(
            model_name="project",
            name="send_backs_most",
            field=models.PositiveSmallIntegerField(
                db_default=2,
                default=2,
                help_text="With reviewed work: so often an attempt is sent back to its author, and an item's attempts are rejected; once more, and an adjudicator decides.",
                validators=[django.core.validators.MaxValueValidator(10)],
                verbose_name="times an attempt may be sent back",
            ),
        ),
        migrations.AlterField(
            model_name="projectchange",
            name="send_backs_most",
            field=models.PositiveSmallIntegerField(
                db_default=2,
                default=2,
                help_text="With reviewed work: so often an attempt is sent back to its author, and an item's attempts are rejected; once more, and an adjudicator decides.",
                validators=[django.core.validators.MaxValueValidator(10)],
                verbose_name="times an attempt may be sent back",
            ),
        ),
    ]
