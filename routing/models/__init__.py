"""Routing's tables, by subject."""

from routing.models.levels import (
    BusinessCalendar,
    BusinessCalendarChange,
    ClockStop,
    Escalation,
    EscalationStep,
    ProjectRouting,
    ProjectRoutingChange,
    Promise,
    ServiceLevel,
    ServiceLevelChange,
)
from routing.models.people import Availability, Block, Enrolment, Leave, Qualification, QualificationChange, Workload
from routing.models.work import Cursor, Exclusion, HandlingTime, Lease, PoolStat

__all__ = [
    "Availability",
    "Block",
    "BusinessCalendar",
    "BusinessCalendarChange",
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
    "ProjectRoutingChange",
    "Promise",
    "Qualification",
    "QualificationChange",
    "ServiceLevel",
    "ServiceLevelChange",
    "Workload",
]
