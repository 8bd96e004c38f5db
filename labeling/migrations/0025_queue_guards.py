"""What the database itself refuses of queues: whoever has passed a place has passed it for good, so nothing moves before it."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("labeling", "0024_closed_rounds")]

    operations = [
        guards.refuse(
            "only_grows",
            "labeling_pool",
            when="BEFORE UPDATE OF tail",
            condition="NEW.tail < OLD.tail",
            message="The tail of a pool only moves on",
        ),
        guards.refuse(
            "keeps_its_place",
            "labeling_task",
            when="BEFORE UPDATE OF position",
            condition="OLD.state = 'open' AND NEW.position < OLD.position",
            message="A task that waits never moves forward in its queue",
        ),
    ]
