"""Who may do what: every reason, once. Claims join them, the console explains them one by one.

Each reason is SQL that is true where nothing speaks against it. Aliases: `r` the reviewer, `e` their enrolment, `j` the
project, `c` its customer, `p` the pool, `t` the task, `w` the reviewer's workload and `a` their availability (both may
be missing).

Languages match by RFC 4647 basic filtering: the range "en" takes "en" and "en-GB", "*" takes all. A skill is held at a
level at least as high, until it expires. Conflicts of interest are the reviewer's tags and employer against the
customer's tags, whatever their case; customers' blocks and conflicts are told to operators only.
"""

PERMITTED = """EXISTS (SELECT FROM labeling_projectuserpermission may
        JOIN auth_permission named ON named.id = may.permission_id
        WHERE may.user_id = {user} AND may.content_object_id = {project} AND named.codename = 'judge_items')"""

# What is asked once a project.
OF_PROJECT = {
    "active": "r.is_active",
    "enrolled": "e.ended_at IS NULL",
    "open": "j.state = 'open'",
    "paused": "e.trust NOT IN ('paused', 'retired')",
    "capped": """(e.daily_cap IS NULL OR e.capped_count < e.daily_cap
        OR e.capped_on IS DISTINCT FROM (statement_timestamp() AT TIME ZONE 'UTC')::date)""",
    "permitted": PERMITTED.format(user="r.user_id", project="j.id"),
    "country": "(j.countries = '{}' OR r.country = ANY(j.countries))",
    "organisation": "(j.organisation_ids = '{}' OR r.organisation_id = ANY(j.organisation_ids))",
    "conflict": """NOT EXISTS (SELECT FROM unnest(c.conflict_tags) AS theirs
        WHERE lower(theirs) IN (SELECT lower(mine) FROM unnest(r.conflict_tags) AS mine
                                UNION ALL SELECT lower(o.name) FROM labeling_organisation o WHERE o.id = r.organisation_id))""",
    "blocked": """NOT EXISTS (SELECT FROM routing_block b
        WHERE b.customer_id = j.customer_id AND b.reviewer_id = r.id AND b.lifted_at IS NULL)""",
}

# What is asked of whoever looks at what they were given or said on a project before, or says it otherwise.
OF_PAST = {name: OF_PROJECT[name] for name in ("active", "enrolled", "permitted", "conflict", "blocked")}

# What is asked of whoever is shown a project as open to them: of a conflict or a block they are told nothing.
OF_OPEN = {name: OF_PROJECT[name] for name in ("active", "enrolled", "open", "paused", "permitted")}

# The tables of what is asked once a project.
ENROLLED = """routing_enrolment e JOIN labeling_reviewer r ON r.id = e.reviewer_id
    JOIN labeling_project j ON j.id = e.project_id JOIN labeling_customer c ON c.id = j.customer_id"""

# What is asked of each pool.
OF_POOL = {
    "held_back": "NOT p.is_paused",
    "trust": "(NOT p.needs_trusted OR e.trust = 'trusted')",
    "trained": "(e.trust <> 'training' OR p.work = 'exam')",
    "work": """(p.work IN ('judge', 'exam') OR (p.work = 'review' AND e.trust = 'trusted')
        OR EXISTS (SELECT FROM labeling_projectuserpermission may JOIN auth_permission named ON named.id = may.permission_id
            WHERE p.work IN ('expert', 'review') AND may.user_id = r.user_id AND may.content_object_id = p.project_id
              AND named.codename = 'audit_items'))""",
    "language": """EXISTS (SELECT FROM unnest(r.languages) AS spoken
        WHERE spoken = '*' OR lower(p.language) = lower(spoken) OR starts_with(lower(p.language), lower(spoken) || '-'))""",
    "skills": """NOT EXISTS (SELECT FROM unnest(p.skills) AS needed WHERE NOT EXISTS (
        SELECT FROM routing_qualification q WHERE q.reviewer_id = r.id
          AND q.skill = split_part(needed, ':', 1) AND q.level >= split_part(needed, ':', 2)::int
          AND (q.expires_at IS NULL OR q.expires_at > statement_timestamp())))""",
    "barred": "NOT EXISTS (SELECT FROM unnest(p.skills) AS needed WHERE split_part(needed, ':', 1) = ANY(e.barred_skills))",
    "clearance": "p.clearance <= r.clearance",
    "difficulty": "(e.max_difficulty IS NULL OR p.difficulty <= e.max_difficulty)",
}

# Whether the reviewer has read what they have to: a version of the guideline at least as new as the latest one that is not
# editorial, or the first if all the others are.
HAS_READ = """EXISTS (SELECT FROM labeling_guidelineacknowledgement read
    WHERE read.reviewer_id = r.id AND read.project_id = j.id AND read.number >= (
        SELECT COALESCE(max(g.number) FILTER (WHERE g.change_kind <> 'editorial'), min(g.number))
        FROM labeling_guidelineversion g WHERE g.project_id = j.id AND g.state = 'published'
          AND lower(g.in_force) <= statement_timestamp()))"""

# What is asked of each task, for good: whoever judged the round, skipped it or answered too late is never given it, nor
# who wrote what is judged, nor who has judged the item in another role. `%(reviewer)s` is the reviewer. OFFSET 0 has the
# planner look row by row: joined, it would gather all that the reviewer has ever answered before it gave out one task.
OF_TASK = {
    "judged": """NOT EXISTS (SELECT FROM labeling_annotation n WHERE n.round_id = t.round_id AND n.reviewer_id = %(reviewer)s
        AND n.supersedes_id IS NULL OFFSET 0)""",
    "skipped": """NOT EXISTS (SELECT FROM routing_lease o WHERE o.round_id = t.round_id AND o.reviewer_id = %(reviewer)s
        AND o.state = 'skipped' OFFSET 0)""",
    "late": """NOT EXISTS (SELECT FROM labeling_unplacedanswer u
        WHERE u.round_id = t.round_id AND u.reviewer_id = %(reviewer)s OFFSET 0)""",
    "excluded": """NOT EXISTS (SELECT FROM routing_exclusion x
        WHERE x.round_id = t.round_id AND x.reviewer_id = %(reviewer)s OFFSET 0)""",
    "author": """NOT EXISTS (SELECT FROM labeling_round its JOIN labeling_itemversion v ON v.id = its.item_version_id
        JOIN routing_enrolment known ON known.project_id = its.project_id AND known.reviewer_id = %(reviewer)s
        WHERE its.id = t.round_id AND jsonb_exists(v.authors, known.pseudonym) OFFSET 0)""",
    "other_role": """NOT EXISTS (SELECT FROM labeling_round here JOIN labeling_round there ON there.item_id = here.item_id
        JOIN labeling_annotation n ON n.round_id = there.id AND n.reviewer_id = %(reviewer)s AND n.supersedes_id IS NULL
        WHERE here.id = t.round_id AND (SELECT other.kind FROM labeling_task other WHERE other.id = n.task_id) <> t.kind
        OFFSET 0)""",
}

# And for now: nobody holds two tasks of one round.
IN_HAND = """NOT EXISTS (SELECT FROM routing_lease h WHERE h.round_id = t.round_id AND h.reviewer_id = %(reviewer)s
    AND h.state = 'live' OFFSET 0)"""


def all_of(*levels: dict[str, str]) -> str:
    """Return the SQL that every reason of these levels is met."""
    return "\n  AND ".join(reason for level in levels for reason in level.values())
