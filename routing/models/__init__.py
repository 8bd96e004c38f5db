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
    "BusinessCalendarChange",
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
    "ProjectRoutingChange",
    "Promise",
    "Qualification",
    "QualificationChange",
    "ServiceLevel",
    "ServiceLevelChange",
    "Workload",
]
