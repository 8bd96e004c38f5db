"""A band of sketches holds the first twenty and no more, so that what an item is compared with is bounded."""

from django.db import migrations

TRIM = """
UPDATE labeling_itemsketch s SET bands = n.kept
FROM (
    SELECT id, COALESCE(array_agg(band) FILTER (WHERE place <= 20), '{}') AS kept
    FROM (
        SELECT s.id, band, row_number() OVER (PARTITION BY band ORDER BY s.id) AS place
        FROM labeling_itemsketch s, unnest(s.bands) band
    ) placed
    GROUP BY id HAVING max(place) > 20
) n
WHERE n.id = s.id
"""


class Migration(migrations.Migration):
    dependencies = [("labeling", "0018_sweep")]

    operations = [migrations.RunSQL(TRIM, migrations.RunSQL.noop)]
