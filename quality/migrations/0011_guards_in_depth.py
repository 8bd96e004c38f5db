"""What the database refuses in the tables of 0010, and how an erasure empties them."""

from django.db import migrations

from config.kernel import guards

PROJECT = {"project_id": "labeling_project"}

# Whose customer each row shares.
PARENTS = {
    "quality_evidence": {"annotation_id": "labeling_annotation", "voids_id": "quality_evidence"},
    "quality_pause": {"standing_id": "quality_standing"},
    "quality_fall": {"standing_id": "quality_standing"},
    "quality_doubt": {"fall_id": "quality_fall", "resolution_id": "quality_resolution"},
    "quality_check": {"annotation_id": "labeling_annotation"},
    "quality_auditplan": {},
    "quality_auditdraw": {
        "plan_id": "quality_auditplan",
        "resolution_id": "quality_resolution",
        "round_id": "labeling_round",
    },
    "quality_auditverdict": {"draw_id": "quality_auditdraw", "annotation_id": "labeling_annotation"},
    "quality_dispute": {
        "round_id": "labeling_round",
        "resolution_id": "quality_resolution",
        "adjudicated_in_id": "labeling_round",
    },
    "quality_feedback": {"annotation_id": "labeling_annotation", "evidence_id": "quality_evidence"},
    "quality_appeal": {"feedback_id": "quality_feedback"},
    "quality_review": {
        "round_id": "labeling_round",
        "attempt_id": "labeling_annotation",
        "annotation_id": "labeling_annotation",
    },
    "quality_exam": {},
    "quality_sitting": {"exam_id": "quality_exam"},
    "quality_sittingtask": {
        "sitting_id": "quality_sitting",
        "gold_item_id": "quality_golditem",
        "task_id": "labeling_task",
    },
    "quality_customerverdict": {
        "item_version_id": "labeling_itemversion",
        "supersedes_id": "quality_customerverdict",
    },
    "quality_stagedecision": {},
    "quality_qualityrule": {},
    "quality_qualityfigure": {"guideline_id": "labeling_guidelineversion"},
    "quality_judge": {},
    "quality_judgecall": {"judge_id": "quality_judge", "item_version_id": "labeling_itemversion"},
    "quality_judgecalibration": {"judge_id": "quality_judge"},
    "quality_anchor": {"judge_id": "quality_judge", "item_version_id": "labeling_itemversion"},
    "quality_judgealarm": {"judge_id": "quality_judge"},
}

# What never changes: {table: (noun, columns that an erasure empties)}.
IMMUTABLE = {
    "quality_evidence": ("Evidence", ()),
    "quality_auditverdict": ("The verdict of an audit", ()),
    "quality_review": ("A review", ()),
    "quality_customerverdict": ("A verdict of the customer", ("answers",)),
    "quality_stagedecision": ("The opening of a stage", ()),
    "quality_sittingtask": ("What a sitting asks", ()),
    "quality_judgecall": ("A call of a judge", ("request", "response", "answers")),
    "quality_judgecalibration": ("The calibration of a judge", ()),
}

# {table: (the state it begins in, its edges, the columns that are fixed, the columns that an erasure empties)}
MOVING = {
    "quality_pause": (
        "provisional",
        ["confirmed>lifted", "provisional>confirmed", "provisional>lifted"],
        ("customer_id", "project_id", "standing_id", "is_automatic", "reason", "way_back", "due_at", "created_at"),
        (),
    ),
    "quality_doubt": (
        "open",
        ["open>cleared", "open>replaced"],
        ("customer_id", "project_id", "fall_id", "resolution_id", "rests_alone"),
        (),
    ),
    "quality_check": (
        "open",
        ["open>confirmed", "open>dismissed"],
        ("customer_id", "project_id", "public_id", "kind", "reviewer_id", "annotation_id", "sentence", "created_at"),
        (),
    ),
    "quality_auditplan": (
        "draft",
        ["draft>drawn", "drawn>closed"],
        ("customer_id", "project_id", "seed", "made_by_id", "created_at"),
        (),
    ),
    "quality_auditdraw": (
        "waiting",
        ["waiting>done", "waiting>void"],
        ("customer_id", "project_id", "plan_id", "resolution_id", "stratum", "probability", "is_twice"),
        (),
    ),
    "quality_dispute": (
        "open",
        ["open>decided", "open>dropped"],
        ("customer_id", "project_id", "reason", "round_id", "resolution_id", "annotations", "created_at"),
        (),
    ),
    "quality_appeal": (
        "open",
        ["open>guideline", "open>refused", "open>upheld"],
        ("customer_id", "project_id", "public_id", "feedback_id", "reviewer_id", "words", "due_at", "created_at"),
        ("words", "answer"),
    ),
    "quality_exam": (
        "open",
        ["open>closed"],
        ("customer_id", "project_id", "kind", "skill", "level", "size", "pass_share", "made_by_id", "created_at"),
        (),
    ),
    "quality_sitting": (
        "open",
        ["open>failed", "open>passed"],
        ("customer_id", "project_id", "exam_id", "reviewer_id", "number", "asked", "created_at"),
        (),
    ),
    "quality_qualityrule": (
        "holding",
        ["breached>holding", "holding>breached"],
        ("customer_id", "project_id", "measure", "question", "segment", "segment_value"),
        (),
    ),
    "quality_judge": (
        "draft",
        ["active>stopped", "draft>active", "stopped>active"],
        (
            "customer_id",
            "project_id",
            "reviewer_id",
            "endpoint",
            "model",
            "family",
            "prompt",
            "prompt_version",
            "parameters",
            "digest",
            "made_by_id",
            "created_at",
        ),
        (),
    ),
}

# Nothing of it is ever deleted.
KEPT = (
    "quality_pause",
    "quality_fall",
    "quality_doubt",
    "quality_check",
    "quality_auditplan",
    "quality_auditdraw",
    "quality_dispute",
    "quality_feedback",
    "quality_appeal",
    "quality_exam",
    "quality_sitting",
    "quality_qualityrule",
    "quality_judge",
    "quality_judgealarm",
    "quality_standing",
)

# Once decided, nothing of these changes but what an erasure empties.
SETTLED = {
    "quality_doubt": ("A settled doubt", "OLD.state <> 'open'", ()),
    "quality_check": ("A decided check", "OLD.state <> 'open'", ()),
    "quality_auditdraw": ("A settled audit", "OLD.state <> 'waiting'", ()),
    "quality_dispute": ("A decided dispute", "OLD.state <> 'open'", ()),
    "quality_appeal": ("A decided appeal", "OLD.state <> 'open'", ("words", "answer")),
    "quality_sitting": ("A finished sitting", "OLD.state <> 'open'", ()),
    "quality_judgealarm": ("A closed alarm", "OLD.closed_at IS NOT NULL", ()),
}

ERASE_ITEM = """
DECLARE
    n bigint;
    versions bigint[] := ARRAY(SELECT v.id FROM labeling_itemversion v WHERE v.item_id = of_item);
    counts jsonb := quality_empty_words_of_item(of_erasure, of_item);
BEGIN
    PERFORM labeling_leave_tombstone(of_erasure, 'quality_customerverdict', c.id, kernel_digest(c.answers))
    FROM quality_customerverdict c WHERE c.item_version_id = ANY(versions);
    UPDATE quality_customerverdict c SET answers = '{}' WHERE c.item_version_id = ANY(versions);
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('customer_verdicts', n);

    PERFORM labeling_leave_tombstone(of_erasure, 'quality_judgecall', c.id,
        kernel_digest(jsonb_build_object('request', c.request, 'response', c.response, 'answers', c.answers)))
    FROM quality_judgecall c WHERE c.item_version_id = ANY(versions);
    UPDATE quality_judgecall c SET request = '{}', response = NULL, answers = NULL WHERE c.item_version_id = ANY(versions);
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('judge_calls', n);

    UPDATE quality_appeal p SET words = '', answer = '' FROM quality_feedback f JOIN labeling_annotation a ON a.id = f.annotation_id
    WHERE p.feedback_id = f.id AND a.item_version_id = ANY(versions);
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('appeals', n);
    UPDATE quality_feedback f SET words = '' FROM labeling_annotation a
    WHERE a.id = f.annotation_id AND a.item_version_id = ANY(versions);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('feedback', n);
END
"""

ERASE_PERSON = """
DECLARE
    n bigint;
    whose bigint := (SELECT r.id FROM labeling_reviewer r WHERE r.user_id = of_user);
    counts jsonb := quality_empty_words_of_person(of_erasure, of_user, of_customer);
BEGIN
    UPDATE quality_appeal p SET words = '', answer = '' WHERE p.reviewer_id = whose AND p.customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    counts := counts || jsonb_build_object('appeals', n);
    UPDATE quality_feedback f SET words = '' WHERE f.reviewer_id = whose AND f.customer_id = of_customer;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN counts || jsonb_build_object('feedback', n);
END
"""


def renamed(old: str, new: str, arguments: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER FUNCTION {old}({arguments}) RENAME TO {new}", f"ALTER FUNCTION {new}({arguments}) RENAME TO {old}"
    )


class Migration(migrations.Migration):
    dependencies = [("quality", "0010_quality_in_depth"), ("labeling", "0030_work")]

    operations = [
        *[guards.same_customer(table, parents=PROJECT | parents) for table, parents in PARENTS.items()],
        *[guards.immutable(table, noun=noun, erasable=words) for table, (noun, words) in IMMUTABLE.items()],
        *[guards.state_edges(table, edges=edges) for table, (_, edges, _, _) in MOVING.items()],
        *[
            guards.refuse(
                "begins_there",
                table,
                when="BEFORE INSERT",
                condition=f"NEW.state <> '{born}'",
                message=f"A row of {table} begins as {born}",
            )
            for table, (born, _, _, _) in MOVING.items()
        ],
        *[
            guards.fixed_columns(table, columns=columns, erasable=words)
            for table, (_, _, columns, words) in MOVING.items()
        ],
        *[
            guards.immutable_when(table, noun=noun, condition=condition, erasable=words)
            for table, (noun, condition, words) in SETTLED.items()
        ],
        *[
            guards.refuse(
                "never_gone", table, when="BEFORE DELETE", condition="true", message=f"{table} keeps its rows"
            )
            for table in KEPT
        ],
        guards.immutable_when(
            "quality_auditplan",
            noun="A plan that was drawn from",
            condition="OLD.state <> 'draft'",
            except_columns=("state",),
        ),
        guards.fixed_columns(
            "quality_feedback",
            columns=(
                "customer_id",
                "project_id",
                "public_id",
                "reviewer_id",
                "annotation_id",
                "kind",
                "clause",
                "words",
                "evidence_id",
                "created_at",
            ),
            erasable=("words",),
        ),
        guards.fixed_columns(
            "quality_fall", columns=("customer_id", "project_id", "standing_id", "reason", "good_until", "created_at")
        ),
        guards.fixed_columns(
            "quality_judgealarm", columns=("customer_id", "project_id", "judge_id", "kind", "sentence", "created_at")
        ),
        # Whoever is told, judged the item themselves; an appeal is the reviewer's own.
        guards.refuse(
            "their_own",
            "quality_feedback",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.id = NEW.annotation_id"
            " AND a.reviewer_id = NEW.reviewer_id)",
            message="Feedback is about an answer of its reader",
        ),
        guards.refuse(
            "their_own",
            "quality_appeal",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM quality_feedback f WHERE f.id = NEW.feedback_id"
            " AND f.reviewer_id = NEW.reviewer_id)",
            message="An appeal answers feedback to its author",
        ),
        guards.refuse(
            "of_one_annotation",
            "quality_evidence",
            when="BEFORE INSERT",
            condition="NOT EXISTS (SELECT FROM labeling_annotation a WHERE a.id = NEW.annotation_id"
            " AND a.reviewer_id = NEW.reviewer_id AND a.project_id = NEW.project_id)"
            " OR (NEW.voids_id IS NOT NULL AND NOT EXISTS (SELECT FROM quality_evidence v WHERE v.id = NEW.voids_id"
            " AND v.annotation_id = NEW.annotation_id AND v.source = NEW.source AND v.skill = NEW.skill))",
            message="Evidence is about an answer of its reviewer, and voids what was said of the same answer",
        ),
        guards.refuse(
            "own_predecessor",
            "quality_customerverdict",
            when="BEFORE INSERT",
            condition="NEW.supersedes_id IS NOT NULL AND NOT EXISTS (SELECT FROM quality_customerverdict v"
            " WHERE v.id = NEW.supersedes_id AND v.item_version_id = NEW.item_version_id)",
            message="A verdict supersedes one of the same content",
        ),
        guards.state_edges(
            "quality_standing",
            edges=[
                "consensus_only>paused",
                "consensus_only>probation",
                "consensus_only>retired",
                "consensus_only>trusted",
                "paused>consensus_only",
                "paused>probation",
                "paused>retired",
                "paused>training",
                "paused>trusted",
                "probation>consensus_only",
                "probation>paused",
                "probation>retired",
                "probation>trusted",
                "retired>probation",
                "training>paused",
                "training>probation",
                "training>retired",
                "trusted>consensus_only",
                "trusted>paused",
                "trusted>probation",
                "trusted>retired",
            ],
        ),
        renamed("quality_erase_item", "quality_empty_words_of_item", "bigint, bigint"),
        guards.function("quality_erase_item(of_erasure bigint, of_item bigint)", returns="jsonb", body=ERASE_ITEM),
        renamed("quality_erase_person", "quality_empty_words_of_person", "bigint, bigint, bigint"),
        guards.function(
            "quality_erase_person(of_erasure bigint, of_user bigint, of_customer bigint)",
            returns="jsonb",
            body=ERASE_PERSON,
        ),
    ]
