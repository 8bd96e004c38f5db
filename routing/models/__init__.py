"""Routing's tables, by subject."""

from routing.models.levels import BusinessCalendar, ClockStop, Escalation, EscalationStep, ProjectRouting, ServiceLevel
from routing.models.people import Availability, Block, Enrolment, Leave, Qualification, QualificationChange, Workload
from routing.models.work import Cursor, Exclusion, HandlingTime, Lease, PoolStat

__all__ = [
    "Availability",
    "Block",
    "BusinessCalendar",
    "ClockStop",
    "Cursor",
    "Enrolment",
    "Escalation",
    "EscalationStep",
    "Exclusion",
    "HandlingTime",
    "Lease",
    "Leave",
    "PoolStat",
    "ProjectRouting",
    "Qualification",
    "QualificationChange",
    "ServiceLevel",
    "Workload",
]
