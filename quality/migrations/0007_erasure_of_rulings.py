"""Whoever only asked for a ruling somewhere is held by that customer too, and erased there."""

from django.db import migrations

from config.kernel import guards

CUSTOMERS_OF_PERSON = """
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT u.customer_id FROM quality_ruling u JOIN labeling_reviewer r ON r.id = u.asked_by_id
        WHERE r.user_id = of_user AND u.question <> '');
END
"""


class Migration(migrations.Migration):
    dependencies = [("quality", "0006_rulings_guarded")]

    operations = [
        guards.function("quality_customers_of_person(of_user bigint)", returns="bigint[]", body=CUSTOMERS_OF_PERSON),
    ]
