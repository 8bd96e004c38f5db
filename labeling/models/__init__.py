"""The record's tables, by subject."""

from labeling.models.access import AccessLog
from labeling.models.items import Batch, Item, ItemVersion, RejectedRow, StagedRow
from labeling.models.judgments import Annotation, AnnotationInvalidation, Draft, UnplacedAnswer
from labeling.models.projects import FormVersion, GuidelineVersion, Project
from labeling.models.tenants import Customer, Membership, Organisation, Reviewer
from labeling.models.work import Pool, Round, Task
from labeling.permissions import CustomerUserPermission, ProjectUserPermission

__all__ = [
    "AccessLog",
    "Annotation",
    "AnnotationInvalidation",
    "Batch",
    "Customer",
    "CustomerUserPermission",
    "Draft",
    "FormVersion",
    "GuidelineVersion",
    "Item",
    "ItemVersion",
    "Membership",
    "Organisation",
    "Pool",
    "Project",
    "ProjectUserPermission",
    "RejectedRow",
    "Reviewer",
    "Round",
    "StagedRow",
    "Task",
    "UnplacedAnswer",
]
