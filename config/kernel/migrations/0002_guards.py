"""What the database itself refuses in the kernel's tables."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]

    operations = [
        guards.immutable("kernel_event", noun="An event"),
        guards.fixed_columns("kernel_user", columns=("public_id", "surface")),
        guards.fixed_columns("kernel_apikey", columns=("public_id", "user_id", "digest", "scopes")),
    ]
