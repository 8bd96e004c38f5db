"""The record's tables, by subject."""

from labeling.models.access import AccessLog
from labeling.models.counts import ProjectCount
from labeling.models.flags import Flag, ItemSketch
from labeling.models.history import CustomerChange, OrganisationChange, ProjectChange, ReviewerChange
from labeling.models.items import Batch, ColumnMapping, Item, ItemVersion, RejectedRow, SourceGrant, StagedRow
from labeling.models.judgments import Annotation, AnnotationInvalidation, Draft, Prelabel, UnplacedAnswer
from labeling.models.privacy import Erasure, LegalHold, Tombstone
from labeling.models.projects import FormVersion, GuidelineAcknowledgement, GuidelineVersion, Project
from labeling.models.tenants import (
    Customer,
    ImportedIdentity,
    Invitation,
    Membership,
    Organisation,
    OrganisationLead,
    Reviewer,
)
from labeling.models.work import Pool, Round, Task
from labeling.permissions import CustomerUserPermission, ProjectUserPermission

__all__ = [
    "AccessLog",
    "Annotation",
    "AnnotationInvalidation",
    "Batch",
    "ColumnMapping",
    "Customer",
    "CustomerChange",
    "CustomerUserPermission",
    "Draft",
    "Erasure",
    "Flag",
    "FormVersion",
    "GuidelineAcknowledgement",
    "GuidelineVersion",
    "ImportedIdentity",
    "Invitation",
    "Item",
    "ItemSketch",
    "ItemVersion",
    "LegalHold",
    "Membership",
    "Organisation",
    "OrganisationChange",
    "OrganisationLead",
    "Pool",
    "Prelabel",
    "Project",
    "ProjectChange",
    "ProjectCount",
    "ProjectUserPermission",
    "RejectedRow",
    "Reviewer",
    "ReviewerChange",
    "Round",
    "SourceGrant",
    "StagedRow",
    "Task",
    "Tombstone",
    "UnplacedAnswer",
]
