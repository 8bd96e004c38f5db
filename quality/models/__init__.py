"""What is known about answers and about those who give them, by room; import from here."""

from quality.models.audits import AuditDraw, AuditPlan, AuditSchedule, AuditVerdict, Dispute
from quality.models.contract import CustomerVerdict, QualityFigure, QualityRule, StageDecision
from quality.models.exams import Exam, ExamChange, Sitting, SittingTask
from quality.models.feedback import Appeal, Feedback, Review
from quality.models.gold import GoldItem, GoldScore
from quality.models.judges import Anchor, Judge, JudgeAlarm, JudgeCalibration, JudgeCall
from quality.models.resolutions import Resolution
from quality.models.rulings import Ruling, RulingReading
from quality.models.standings import Check, Doubt, Evidence, Fall, Pause, Standing

__all__ = [
    "Anchor",
    "Appeal",
    "AuditDraw",
    "AuditPlan",
    "AuditSchedule",
    "AuditVerdict",
    "Check",
    "CustomerVerdict",
    "Dispute",
    "Doubt",
    "Evidence",
    "Exam",
    "ExamChange",
    "Fall",
    "Feedback",
    "GoldItem",
    "GoldScore",
    "Judge",
    "JudgeAlarm",
    "JudgeCalibration",
    "JudgeCall",
    "Pause",
    "QualityFigure",
    "QualityRule",
    "Resolution",
    "Review",
    "Ruling",
    "RulingReading",
    "Sitting",
    "SittingTask",
    "StageDecision",
    "Standing",
]
