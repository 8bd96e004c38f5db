"""Tasks take their turn at the pool's tail, commit by commit; what comes back or comes late stands in a lane of its own.

A claim remembers how far into a pool there is nothing left for its reviewer. That is sound only if nothing is ever put
before a place that others may have passed: so the database itself says of each task whether it is.
"""

from django.db import migrations

from config.kernel import guards

# Whoever puts tasks into a pool holds its row until they have committed, so that positions commit in order.
TAKE_TURN = """
IF NEW.state = 'open' AND NEW.reserved_for_id IS NULL
   AND NEW.position <= (SELECT tail FROM labeling_pool WHERE id = NEW.pool_id FOR NO KEY UPDATE) THEN
  NEW.returned_xid := pg_current_xact_id()::text::bigint;
ELSE
  NEW.returned_xid := NULL;
END IF;
"""

MOVE_TAIL = """
UPDATE labeling_pool p SET tail = last.position
FROM (SELECT pool_id, max(position) AS position FROM added
      WHERE state = 'open' AND reserved_for_id IS NULL AND returned_xid IS NULL GROUP BY pool_id) last
WHERE p.id = last.pool_id AND p.tail < last.position;
"""

COME_BACK = """
IF NEW.state = 'open' AND NEW.reserved_for_id IS NULL
   AND (OLD.state <> 'open' OR OLD.reserved_for_id IS NOT NULL OR OLD.pool_id <> NEW.pool_id OR OLD.position <> NEW.position)
THEN
  NEW.returned_xid := pg_current_xact_id()::text::bigint;
ELSE
  NEW.returned_xid := OLD.returned_xid;
END IF;
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0013_queues")]

    operations = [
        migrations.RunSQL(
            "UPDATE labeling_pool p SET tail = COALESCE((SELECT max(position) FROM labeling_task t WHERE t.pool_id = p.id), 0)",
            migrations.RunSQL.noop,
        ),
        guards.fill("turn", "labeling_task", when="BEFORE INSERT", body=TAKE_TURN),
        guards.after_all("tail", "labeling_task", body=MOVE_TAIL),
        guards.fill(
            "come_back",
            "labeling_task",
            when="BEFORE UPDATE OF state, reserved_for_id, pool_id, position, returned_xid",
            body=COME_BACK,
        ),
        guards.in_schema(),
    ]
