"""Whom gold may be put before, once: SQL that gold and gold of reviews share.

Aliases: `e` the reviewer's enrolment, `r` the reviewer, `v` the gold item's version, `p` its project, `t` a task on it.
"""

# The customer has not blocked the reviewer.
NOT_BLOCKED = """NOT EXISTS (SELECT FROM routing_block b
    WHERE b.customer_id = e.customer_id AND b.reviewer_id = e.reviewer_id AND b.lifted_at IS NULL)"""

# They have answered the item in no round.
NOT_JUDGED = """NOT EXISTS (SELECT FROM labeling_round met
      JOIN labeling_annotation a ON a.round_id = met.id AND a.reviewer_id = r.id WHERE met.item_id = v.item_id)"""

# They work in its language.
SPOKEN = """EXISTS (SELECT FROM unnest(r.languages) AS spoken WHERE spoken = '*' OR lower(v.language) = lower(spoken)
              OR starts_with(lower(v.language), lower(spoken) || '-'))"""

# They have the skills that its domain needs.
SKILLED = """NOT EXISTS (SELECT FROM jsonb_each_text(COALESCE(p.skills_by_domain -> v.domain, '{}')) AS needed(skill, level)
      WHERE NOT EXISTS (SELECT FROM routing_qualification q WHERE q.reviewer_id = r.id AND q.skill = needed.skill
        AND q.level >= needed.level::int AND (q.expires_at IS NULL OR q.expires_at > statement_timestamp())))"""

# It waits for somebody or was shown: what they had in hand and skipped or lost, they have seen.
SHOWN = "(t.state <> 'cancelled' OR EXISTS (SELECT FROM routing_lease shown_under WHERE shown_under.task_id = t.id))"
