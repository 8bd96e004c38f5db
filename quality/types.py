"""Choices and state machines of quality."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.transitions import machine


class Outcome(models.TextChoices):
    AGREED = "agreed", _("Agreed")
    NO_AGREEMENT = "no_agreement", _("No agreed answer")


class GoldState(models.TextChoices):
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class GoldSource(models.TextChoices):
    CUSTOMER = "customer", _("The customer's upload")
    EXPERT = "expert", _("An expert")
    ADJUDICATED = "adjudicated", _("An adjudicated item")


class GoldUse(models.TextChoices):
    GOLD = "gold", _("Work in progress, unseen")
    TRAINING = "training", _("Training")
    QUALIFICATION = "qualification", _("Tests")


class GoldRetirement(models.TextChoices):
    OPERATOR = "operator", _("An operator retired it")
    DISPUTED = "disputed", _("Its answer is disputed")
    LEAKED = "leaked", _("Its answer has leaked")
    EXPLAINED = "explained", _("It was explained")
    EXPOSED = "exposed", _("It was shown often enough")
    FORM = "form", _("Its answer does not fit the form")
    ERASED = "erased", _("It was erased")


class StandingState(models.TextChoices):
    """What the router makes of each is `routing.types.Trust`, which has the same words."""

    TRAINING = "training", _("Training")
    PROBATION = "probation", _("Probation")
    TRUSTED = "trusted", _("Trusted")
    CONSENSUS_ONLY = "consensus_only", _("Consensus only")
    PAUSED = "paused", _("Paused")
    RETIRED = "retired", _("Retired")


class EvidenceSource(models.TextChoices):
    GOLD = "gold", _("Gold")
    AUDIT = "audit", _("An expert's audit")
    REVIEW = "review", _("A second person's review")
    CONSENSUS = "consensus", _("What others agreed on")


class PauseState(models.TextChoices):
    PROVISIONAL = "provisional", _("Provisional")
    CONFIRMED = "confirmed", _("Confirmed")
    LIFTED = "lifted", _("Lifted")


class DoubtState(models.TextChoices):
    OPEN = "open", _("Open")
    CLEARED = "cleared", _("Cleared")
    REPLACED = "replaced", _("Judged anew")


class CheckKind(models.TextChoices):
    TOO_FAST = "too_fast", _("Too fast for the item")
    STRAIGHT_LINING = "straight_lining", _("The same answer over and over")
    COPIED = "copied", _("Copied or pasted text")
    SHARED_ERRORS = "shared_errors", _("The same wrong answers as somebody else")
    TOGETHER = "together", _("With one other against the rest")
    CONTRADICTION = "contradiction", _("It contradicts itself")
    SELF_REPEAT = "self_repeat", _("Answered otherwise the second time")
    RULE = "rule", _("A rule of the form or the language")


class CheckState(models.TextChoices):
    OPEN = "open", _("Open")
    DISMISSED = "dismissed", _("Dismissed")
    CONFIRMED = "confirmed", _("Confirmed")


class PlanState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    DRAWN = "drawn", _("Drawn")
    CLOSED = "closed", _("Closed")


class DrawState(models.TextChoices):
    WAITING = "waiting", _("Waiting for experts")
    DONE = "done", _("Answered")
    VOID = "void", _("Resolved again meanwhile")


class AuditRhythm(models.TextChoices):
    WEEK = "week", _("Every week")
    MONTH = "month", _("Every month")
    RESULTS = "results", _("After so many results")


class AuditSeverity(models.TextChoices):
    MINOR = "minor", _("Minor")
    MAJOR = "major", _("Major")
    CRITICAL = "critical", _("Critical")


class DisputeReason(models.TextChoices):
    UNSURE = "unsure", _("Reviewers do not agree")
    AUDIT = "audit", _("An audit disagrees")
    APPEAL = "appeal", _("A reviewer appeals")
    DEFECT = "defect", _("The customer found a defect")
    OPERATOR = "operator", _("An operator asks")


class DisputeState(models.TextChoices):
    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    DROPPED = "dropped", _("Dropped")


class DisputeOutcome(models.TextChoices):
    UPHELD = "upheld", _("The result stands")
    OVERTURNED = "overturned", _("The result was wrong")
    NO_AGREED_ANSWER = "no_agreed_answer", _("There is no agreed answer")
    GUIDELINE = "guideline", _("The guideline is at fault")


class FeedbackKind(models.TextChoices):
    GOLD_MISSED = "gold_missed", _("Reviewed, and found otherwise")
    AUDITED = "audited", _("An expert found otherwise")
    ADJUDICATED = "adjudicated", _("Adjudicated otherwise")
    SENT_BACK = "sent_back", _("Sent back")
    REJECTED = "rejected", _("Rejected")
    FIXED = "fixed", _("Accepted with corrections")
    INVALIDATED = "invalidated", _("It no longer counts")
    EXPLAINED = "explained", _("Explained")


class AppealState(models.TextChoices):
    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Upheld")
    REFUSED = "refused", _("Refused")
    GUIDELINE = "guideline", _("The guideline is at fault")


class ReviewVerdict(models.TextChoices):
    ACCEPT = "accept", _("Accepted")
    FIX = "fix", _("Fixed and accepted")
    SEND_BACK = "send_back", _("Sent back")
    REJECT = "reject", _("Rejected")


class ExamKind(models.TextChoices):
    TRAINING = "training", _("Training")
    QUALIFICATION = "qualification", _("Qualification test")


class ExamState(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class SittingState(models.TextChoices):
    OPEN = "open", _("Open")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")


class Segment(models.TextChoices):
    ALL = "all", _("Everything")
    LANGUAGE = "language", _("Language")
    DOMAIN = "domain", _("Domain")
    DIFFICULTY = "difficulty", _("Difficulty")
    COUNTRY = "country", _("Country of the reviewer")


class Measure(models.TextChoices):
    """What a promise is about. Each is better the higher it is."""

    AGREEMENT = "agreement", _("Inter-annotator agreement (Krippendorff's alpha)")
    GOLD_ACCURACY = "gold_accuracy", _("Accuracy on gold")
    AUDIT_ACCURACY = "audit_accuracy", _("Share that audits find right")
    CALIBRATION = "calibration", _("Agreement with the customer's own verdicts")


class Response(models.TextChoices):
    TELL = "tell", _("Tell the owner")
    PAUSE_POOLS = "pause_pools", _("Pause the pools")
    EXPERTS_ONLY = "experts_only", _("Trusted reviewers only")
    MORE_OVERLAP = "more_overlap", _("More judgments an item")


class RuleState(models.TextChoices):
    HOLDING = "holding", _("Holding")
    BREACHED = "breached", _("Breached")


class FigureName(models.TextChoices):
    AGREEMENT = "agreement", _("Inter-annotator agreement")
    GOLD_ACCURACY = "gold_accuracy", _("Accuracy on gold")
    AUDIT_ACCURACY = "audit_accuracy", _("Share that audits find right")
    CALIBRATION = "calibration", _("Agreement with the customer")
    RELIABILITY = "reliability", _("Reliability of confidence")
    CONFUSION = "confusion", _("Confusion matrix")
    CONSENSUS = "consensus", _("Consensus by method")


class JudgeState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    STOPPED = "stopped", _("Stopped")


class CallPurpose(models.TextChoices):
    JUDGE = "judge", _("Judging an item")
    SWAP = "swap", _("The responses the other way round")
    INJECTION = "injection", _("With an instruction injected")
    ANCHOR = "anchor", _("Judging an anchor again")


class CallState(models.TextChoices):
    ANSWERED = "answered", _("Answered")
    UNREADABLE = "unreadable", _("Not readable")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class AlarmKind(models.TextChoices):
    MODEL_CHANGED = "model_changed", _("Another model answers")
    DRIFT = "drift", _("It judges anchors otherwise")
    BUDGET = "budget", _("Its budget is spent")
    FAILING = "failing", _("Its calls fail")


GOLD_MACHINE = machine("gold item", {"active": {"retired"}}, {"retired": "retired_at"})
STANDING_MACHINE = machine(
    "standing",
    {
        "training": {"probation", "paused", "retired"},
        "probation": {"trusted", "consensus_only", "paused", "retired"},
        "trusted": {"probation", "consensus_only", "paused", "retired"},
        "consensus_only": {"probation", "trusted", "paused", "retired"},
        "paused": {"training", "probation", "trusted", "consensus_only", "retired"},
        "retired": {"probation"},
    },
    dict.fromkeys(StandingState.values, "changed_at"),
)
PAUSE_MACHINE = machine(
    "pause",
    {"provisional": {"confirmed", "lifted"}, "confirmed": {"lifted"}},
    {"confirmed": "decided_at", "lifted": "decided_at"},
)
DOUBT_MACHINE = machine("doubt", {"open": {"cleared", "replaced"}}, {"cleared": "settled_at", "replaced": "settled_at"})
CHECK_MACHINE = machine(
    "check", {"open": {"dismissed", "confirmed"}}, {"dismissed": "decided_at", "confirmed": "decided_at"}
)
PLAN_MACHINE = machine("audit plan", {"draft": {"drawn"}, "drawn": {"closed"}}, {"drawn": "drawn_at"})
DRAW_MACHINE = machine("audit", {"waiting": {"done", "void"}}, {"done": "settled_at", "void": "settled_at"})
DISPUTE_MACHINE = machine(
    "dispute", {"open": {"decided", "dropped"}}, {"decided": "decided_at", "dropped": "decided_at"}
)
APPEAL_MACHINE = machine(
    "appeal",
    {"open": {"upheld", "refused", "guideline"}},
    {"upheld": "decided_at", "refused": "decided_at", "guideline": "decided_at"},
)
EXAM_MACHINE = machine("exam", {"open": {"closed"}}, {"closed": "closed_at"})
SITTING_MACHINE = machine("sitting", {"open": {"passed", "failed"}}, {"passed": "finished_at", "failed": "finished_at"})
RULE_MACHINE = machine(
    "promise", {"holding": {"breached"}, "breached": {"holding"}}, {"holding": "changed_at", "breached": "changed_at"}
)
JUDGE_MACHINE = machine("judge", {"draft": {"active"}, "active": {"stopped"}, "stopped": {"active"}})
