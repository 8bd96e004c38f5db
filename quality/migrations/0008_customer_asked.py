"""When an operator asked the customer about a reviewer's question, for which the project's clock stands."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("quality", "0007_erasure_of_rulings")]

    operations = [
        migrations.AddField(
            model_name="ruling",
            name="customer_asked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="customer asked"),
        ),
    ]
