"""Which tables move through states, and which never change, as the house knows them."""

from config.kernel.transitions import Machine
from delivery.types import RELEASE_MACHINE
from labeling import types as labeling
from quality import types as quality
from routing.types import ESCALATION_MACHINE, LEASE_MACHINE

MACHINES: dict[str, Machine] = {
    "labeling_project": labeling.PROJECT_MACHINE,
    "labeling_guidelineversion": labeling.GUIDELINE_MACHINE,
    "labeling_formversion": labeling.FORM_MACHINE,
    "labeling_flag": labeling.FLAG_MACHINE,
    "labeling_batch": labeling.BATCH_MACHINE,
    "labeling_item": labeling.ITEM_MACHINE,
    "labeling_round": labeling.ROUND_MACHINE,
    "labeling_task": labeling.TASK_MACHINE,
    "routing_lease": LEASE_MACHINE,
    "routing_escalation": ESCALATION_MACHINE,
    "quality_golditem": quality.GOLD_MACHINE,
    "quality_standing": quality.STANDING_MACHINE,
    "quality_pause": quality.PAUSE_MACHINE,
    "quality_doubt": quality.DOUBT_MACHINE,
    "quality_check": quality.CHECK_MACHINE,
    "quality_auditplan": quality.PLAN_MACHINE,
    "quality_auditdraw": quality.DRAW_MACHINE,
    "quality_dispute": quality.DISPUTE_MACHINE,
    "quality_appeal": quality.APPEAL_MACHINE,
    "quality_exam": quality.EXAM_MACHINE,
    "quality_sitting": quality.SITTING_MACHINE,
    "quality_qualityrule": quality.RULE_MACHINE,
    "quality_judge": quality.JUDGE_MACHINE,
    "delivery_release": RELEASE_MACHINE,
}

IMMUTABLE = {
    "kernel_event",
    "labeling_itemversion",
    "labeling_annotation",
    "labeling_annotationinvalidation",
    "labeling_accesslog",
    "labeling_columnmapping",
    "labeling_guidelineacknowledgement",
    "labeling_tombstone",
    "quality_resolution",
    "quality_goldscore",
    "quality_rulingreading",
    "quality_evidence",
    "quality_auditverdict",
    "quality_review",
    "quality_customerverdict",
    "quality_stagedecision",
    "quality_sittingtask",
    "quality_judgecall",
    "quality_judgecalibration",
    "quality_examchange",
    "delivery_releaseentry",
    "delivery_artifact",
    "delivery_artifactredaction",
    "delivery_ledgerentry",
    "delivery_acceptancesample",
    "delivery_defect",
    "labeling_customerchange",
    "labeling_organisationchange",
    "labeling_projectchange",
    "labeling_reviewerchange",
    "routing_qualificationchange",
    "routing_businesscalendarchange",
    "routing_projectroutingchange",
    "routing_servicelevelchange",
    "routing_availabilitychange",
    "routing_enrolmentchange",
    "routing_escalationstep",
}

# What the path up to a release leaves nothing in: each has a test of its own beside the service that writes it.
NOT_DELIVERED = {
    "quality_goldscore",
    "delivery_defect",
    "quality_evidence",
    "quality_auditverdict",
    "quality_review",
    "quality_customerverdict",
    "quality_stagedecision",
    "quality_sittingtask",
    "quality_judgecall",
    "quality_judgecalibration",
    "quality_examchange",
}
