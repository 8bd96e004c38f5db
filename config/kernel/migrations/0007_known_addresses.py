"""Where an account is logged in to from. It goes with its person."""

from django.db import migrations, models

from config.kernel import guards

# As in 0004, after what is kept of their logins.
ERASE_PERSON = """
BEGIN
    DELETE FROM kernel_knownaddress k USING kernel_user u WHERE u.id = of_user AND k.account = lower(u.email);
    DELETE FROM kernel_wrongtries w USING kernel_user u WHERE u.id = of_user AND w.account = lower(u.email);
    RETURN kernel_empty_person(of_user);
END
"""

RENAME = "ALTER FUNCTION kernel_erase_person(bigint) RENAME TO kernel_empty_person"
RENAME_BACK = "ALTER FUNCTION kernel_empty_person(bigint) RENAME TO kernel_erase_person"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0006_wrong_tries")]

    operations = [
        migrations.CreateModel(
            name="KnownAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.CharField(max_length=254, verbose_name="account")),
                ("address", models.CharField(blank=True, max_length=50, verbose_name="address")),
                ("last_at", models.DateTimeField(verbose_name="last")),
            ],
            options={
                "verbose_name": "known address",
                "verbose_name_plural": "known addresses",
                "indexes": [models.Index(fields=["last_at"], name="known_address_by_age")],
                "constraints": [models.UniqueConstraint(fields=("account", "address"), name="known_address_once")],
            },
        ),
        migrations.RunSQL(RENAME, RENAME_BACK),
        guards.function("kernel_erase_person(of_user bigint)", returns="jsonb", body=ERASE_PERSON),
    ]
