"""Money: entered once for what it is for, never changed, never added across currencies."""

from collections.abc import Iterable

from django.db import connection

PAY = """
INSERT INTO delivery_ledgerentry (customer_id, project_id, kind, amount, currency, reviewer_id, subject, subject_id)
SELECT a.customer_id, a.project_id, 'pay', p.pay_amount, p.currency, a.reviewer_id, 'labeling.annotation', a.id
FROM labeling_annotation a JOIN labeling_project p ON p.id = a.project_id
WHERE a.id = ANY(%(annotations)s) AND a.origin = 'human' AND p.pay_amount > 0
ORDER BY a.id
ON CONFLICT (kind, subject, subject_id) DO NOTHING
"""

CHARGE = """
INSERT INTO delivery_ledgerentry (customer_id, project_id, kind, amount, currency, subject, subject_id)
SELECT e.customer_id, e.project_id, 'charge', p.price_amount, p.currency, 'labeling.item', e.item_id
FROM delivery_releaseentry e
JOIN delivery_release r ON r.id = e.release_id AND r.state = 'accepted'
JOIN labeling_project p ON p.id = e.project_id
WHERE e.release_id = %(release)s AND p.price_amount > 0
ORDER BY e.item_id
ON CONFLICT (kind, subject, subject_id) DO NOTHING
"""


def pay_for_judgments(*, annotation_ids: Iterable[int]) -> int:
    """Owe each judgment's reviewer the project's pay, gold included; return how many entries were new."""
    with connection.cursor() as cursor:
        cursor.execute(PAY, {"annotations": list(annotation_ids)})
        return int(cursor.rowcount)


def charge_for_records(*, release_id: int) -> int:
    """Charge the customer for every item of an accepted release that was not charged before; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(CHARGE, {"release": release_id})
        return int(cursor.rowcount)
