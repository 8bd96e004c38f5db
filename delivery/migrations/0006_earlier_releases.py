"""What was frozen before releases came in parts is one part each, made of the files that are handed out now."""

from django.db import migrations

ONE_PART = """
INSERT INTO delivery_releasepart (customer_id, project_id, release_id, after, through, records_count, counts, files)
SELECT r.customer_id, r.project_id, r.id, '', NULL, r.records_count, '{}', (
    SELECT COALESCE(jsonb_object_agg(a.name, COALESCE(newest.pieces, a.pieces) -> 0
        || jsonb_build_object('sha256', COALESCE(newest.sha256, a.sha256))), '{}')
    FROM delivery_artifact a LEFT JOIN LATERAL (
        SELECT x.pieces, x.sha256 FROM delivery_artifactredaction x WHERE x.artifact_id = a.id ORDER BY x.id DESC LIMIT 1
    ) newest ON true
    WHERE a.release_id = r.id AND (a.name IN ('records.jsonl', 'records.parquet', 'hashes.txt') OR a.name LIKE 'views/%'))
FROM delivery_release r WHERE r.state IN ('frozen', 'accepted', 'rejected')
"""


class Migration(migrations.Migration):
    dependencies = [("delivery", "0005_release_parts")]

    operations = [migrations.RunSQL(ONE_PART, "DELETE FROM delivery_releasepart")]
