"""What gold has told before there was evidence becomes evidence, so that no standing begins anew."""

from django.db import migrations

OF_SCORES = """
INSERT INTO quality_evidence (customer_id, project_id, reviewer_id, skill, source, annotation_id, agreed, reliability,
    answers_count, reason, created_at)
SELECT s.customer_id, s.project_id, s.reviewer_id, skills.name, 'gold', s.annotation_id, s.is_correct, 1.0, 2, '', s.created_at
FROM quality_goldscore s
JOIN labeling_annotation a ON a.id = s.annotation_id
JOIN labeling_itemversion v ON v.id = a.item_version_id
JOIN labeling_project p ON p.id = s.project_id
CROSS JOIN LATERAL (SELECT '' AS name
    UNION ALL SELECT jsonb_object_keys(COALESCE(p.skills_by_domain -> v.domain, '{}'))) skills
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("quality", "0011_guards_in_depth")]

    operations = [migrations.RunSQL(OF_SCORES, migrations.RunSQL.noop)]
