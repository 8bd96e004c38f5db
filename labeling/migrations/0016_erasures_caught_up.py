"""What was erased before 0012 and 0013 is emptied as it would be now: refused rows, their reasons, what batches quote."""

from django.db import migrations

# Each finds by an index what is left of its rows, so a long history of erasures takes its own length and no more.
CATCH_UP = """
DO $$
DECLARE
    erasure record;
    exports bigint[];
BEGIN
    PERFORM set_config('assay.erasing', 'on', true);
    FOR erasure IN SELECT * FROM labeling_erasure ORDER BY id LOOP
        IF erasure.kind = 'item' THEN
            PERFORM labeling_empty_rejects(erasure.subject_id);
        ELSIF erasure.kind = 'batch' THEN
            PERFORM labeling_erase_batch(erasure.subject_id);
        ELSIF erasure.kind = 'imported' THEN
            exports := ARRAY(SELECT id FROM labeling_batch WHERE customer_id = erasure.customer_id
                             AND format IN ('label_studio', 'argilla') AND created_at <= erasure.created_at);
            UPDATE labeling_rejectedrow SET excerpt = '', raw = '', field = '', reason = 'Erased.'
            WHERE batch_id = ANY(exports) AND (excerpt <> '' OR raw <> '' OR reason <> 'Erased.');
            UPDATE labeling_batch SET fault = 'Erased.' WHERE id = ANY(exports) AND fault <> '';
        END IF;
    END LOOP;
    PERFORM set_config('assay.erasing', 'off', true);
    SET CONSTRAINTS ALL IMMEDIATE;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0015_refused_rows")]

    operations = [migrations.RunSQL(CATCH_UP, migrations.RunSQL.noop)]
