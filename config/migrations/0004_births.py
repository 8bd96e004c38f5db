"""A row with a state is born at the beginning of its life: nobody writes an item resolved or a lease submitted."""

from django.db import migrations

from config.kernel import guards


class Migration(migrations.Migration):
    dependencies = [("config", "0003_holds_of_people")]

    operations = [
        # In progress, too: the bench grows its millions of items with their rounds, and updating them would leave as many dead.
        guards.refuse_of_all(
            "born",
            "labeling_item",
            condition="n.state NOT IN ('accepted', 'in_progress')",
            message="An item is accepted first",
        ),
        guards.refuse_of_all("born", "routing_lease", condition="n.state <> 'live'", message="A lease is live first"),
    ]
