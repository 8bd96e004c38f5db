"""Routing's tables, by subject."""

from routing.models.levels import BusinessCalendar, ClockStop, Escalation, EscalationStep, ProjectRouting, ServiceLevel
from routing.models.people import (
    Availability,
    AvailabilityChange,
    Block,
    Enrolment,
    EnrolmentChange,
    Leave,
    Qualification,
    QualificationChange,
    Workload,
)
from routing.models.work import Cursor, Exclusion, HandlingTime, Lease, PoolStat

__all__ = [
    "Availability",
    "AvailabilityChange",
    "Block",
    "BusinessCalendar",
    "ClockStop",
    "Cursor",
    "Enrolment",
    "EnrolmentChange",
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
