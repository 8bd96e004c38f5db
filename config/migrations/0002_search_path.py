"""Trigger functions made before `guards.SEARCH_PATH`, and pghistory's, read the schema's tables and no temporary ones."""

from django.db import migrations

SET_SEARCH_PATH = """
DO $$
DECLARE made regprocedure;
BEGIN
    FOR made IN
        SELECT p.oid FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
        WHERE p.prorettype = 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace AND r.rolname = current_user
          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', made);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0001_erasure"),
        ("kernel", "0005_wakeup_by_queue"),
        ("labeling", "0011_erasures_reach"),
        ("routing", "0005_erasure"),
        ("quality", "0004_gold_rounds"),
        ("delivery", "0004_erasure"),
    ]

    operations = [migrations.RunSQL(SET_SEARCH_PATH, migrations.RunSQL.noop)]
