"""The project and the two documents that rule its work: the guideline and the form."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.kernel.public_ids import PublicIdField
from labeling.models.tenants import Customer, Reviewer
from labeling.querysets import ProjectQuerySet, TenantQuerySet
from labeling.settings_documents import (
    check_acceptance_plan,
    check_language,
    check_quality_contract,
    check_skills_by_domain,
)
from labeling.types import (
    HOLDING,
    ChangeKind,
    Confidentiality,
    DocumentState,
    FlagKind,
    Overlap,
    ProjectState,
    Stage,
)

COUNTRY_HELP = _("A country is two capital letters of ISO 3166-1, such as DE.")

ANSWER_MAPPING_HELP = _(
    'Empty: they do not. Otherwise how, with tests that must hold: {"questions": {"old": {"to": "new", "values": {"yes":'
    ' "good"}}}, "tests": [{"from": {"old": {"choice": "yes"}}, "to": {"new": {"choice": "good"}}}]}.'
)


class ProjectRange(Func):
    """int8range(project_id, project_id, '[]'): the project as a range, so that GiST can compare it without btree_gist."""

    function = "INT8RANGE"

    def __init__(self) -> None:
        super().__init__(F("project_id"), F("project_id"), Value("[]"))


class Project(models.Model):
    """One kind of work for one customer: what is asked, of whom, how well, until when, at what price."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="projects")
    public_id = PublicIdField()
    slug = models.SlugField(_("short name"))
    name = models.CharField(_("name"), max_length=150)
    description = models.TextField(_("description"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ProjectState, default=ProjectState.DRAFT)
    stage = models.CharField(_("stage"), max_length=12, choices=Stage, default=Stage.PRODUCTION)
    confidentiality = models.CharField(
        _("confidentiality"), max_length=14, choices=Confidentiality, default=Confidentiality.STANDARD
    )
    clearance = models.PositiveSmallIntegerField(_("clearance needed"), default=0)
    languages = ArrayField(
        models.CharField(max_length=35, validators=[check_language]),
        default=list,
        blank=True,
        verbose_name=_("languages"),
        help_text=_("Tags of BCP 47, with commas: en, pt-BR."),
    )
    skills_by_domain = models.JSONField(
        _("skills by domain"),
        default=dict,
        blank=True,
        validators=[check_skills_by_domain],
        help_text=_('Which skill, at which level, an item\'s domain needs: {"medical": {"medical": 2}}.'),
    )
    overlap_kind = models.CharField(_("overlap"), max_length=10, choices=Overlap, default=Overlap.FIXED)
    overlap = models.PositiveSmallIntegerField(
        _("judgments an item"), default=3, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    overlap_most = models.PositiveSmallIntegerField(
        _("most judgments an item"),
        default=7,
        db_default=7,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("With adaptive overlap: then an expert decides."),
    )
    target_confidence = models.DecimalField(
        _("target confidence"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.950"),
        db_default=Decimal("0.950"),
        validators=[MinValueValidator(Decimal("0.5")), MaxValueValidator(Decimal("0.999"))],
        help_text=_("With adaptive overlap: how sure an answer must be."),
    )
    send_backs_most = models.PositiveSmallIntegerField(
        _("times an attempt may be sent back"),
        default=2,
        db_default=2,
        validators=[MaxValueValidator(10)],
        help_text=_(
            "With reviewed work: so often an attempt is sent back to its author, and an item's attempts are rejected;"
            " once more, and an adjudicator decides."
        ),
    )
    lease_seconds = models.PositiveIntegerField(
        _("lease (seconds)"), default=900, validators=[MinValueValidator(15), MaxValueValidator(86_400)]
    )
    gold_share = models.DecimalField(
        _("share of gold"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.100"),
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("0.5"))],
    )
    gold_share_most = models.DecimalField(
        _("largest share of gold"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.300"),
        db_default=Decimal("0.300"),
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("0.5"))],
        help_text=_("For those of whom little is known; the share of gold is for those who are known well."),
    )
    is_gold_delivered = models.BooleanField(
        _("deliver gold items"),
        default=False,
        db_default=False,
        help_text=_("With what reviewers answered; the expected answers never count as labels."),
    )
    quality_contract = models.JSONField(
        _("quality contract"), default=dict, blank=True, validators=[check_quality_contract]
    )
    acceptance_plan = models.JSONField(
        _("acceptance plan"),
        default=dict,
        blank=True,
        validators=[check_acceptance_plan],
        help_text=_(
            'How many records of a release are checked, and with how many defects it passes: {"size": 20, "defects": 1}.'
        ),
    )
    endpoints = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        verbose_name=_("endpoints content may reach"),
    )
    priority = models.SmallIntegerField(_("priority"), default=0, help_text=_("Higher goes first."))
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    hold_flagged = ArrayField(
        models.CharField(max_length=20, choices=[kind for kind in FlagKind.choices if kind[0] in HOLDING]),
        default=list,
        blank=True,
        verbose_name=_("flags that hold an item"),
        help_text=_("An item with an open flag of these kinds is not worked on until somebody has looked at it."),
    )
    recheck_share = models.DecimalField(
        _("share checked again after a clarification"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.100"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    retention_days = models.PositiveIntegerField(
        _("keep content for (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: as the customer's."),
    )
    pay_amount = models.DecimalField(
        _("pay a judgment"), max_digits=18, decimal_places=6, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    price_amount = models.DecimalField(
        _("price a record"), max_digits=18, decimal_places=6, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    currency = models.CharField(
        _("currency (ISO 4217)"),
        max_length=3,
        default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("A currency is three capital letters, such as EUR."))],
    )
    countries = ArrayField(
        models.CharField(max_length=2, validators=[RegexValidator(r"^[A-Z]{2}\Z", COUNTRY_HELP)]),
        default=list,
        blank=True,
        verbose_name=_("countries"),
        help_text=_("Only reviewers in these countries: DE, US (ISO 3166-1). Empty: any."),
    )
    organisation_ids = ArrayField(
        models.BigIntegerField(),
        default=list,
        blank=True,
        verbose_name=_("organisations"),
        help_text=_("Only these organisations' people. None: any."),
    )
    distressing_domains = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        verbose_name=_("distressing domains"),
        help_text=_("Work of these domains counts against each reviewer's cap on distressing work."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = ProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        default_permissions = ()
        permissions = [
            ("see_project", "See the project, its items and releases"),
            ("upload_batch", "Upload batches"),
            ("decide_release", "Request, check and decide on releases"),
            ("operate_project", "Run the project in the console"),
            ("judge_items", "Judge items at the desk"),
            ("audit_items", "Audit judgments"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["customer", "slug"], name="project_slug_once"),
            models.CheckConstraint(condition=Q(state__in=ProjectState.values), name="project_state_known"),
            models.CheckConstraint(condition=Q(overlap__gte=1), name="project_overlap_positive"),
            models.CheckConstraint(
                condition=Q(target_confidence__gte=Decimal("0.5"), target_confidence__lt=1),
                name="project_target_is_a_share",
            ),
            models.CheckConstraint(condition=Q(lease_seconds__gte=15), name="project_lease_long_enough"),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="project_currency_iso"),
            models.CheckConstraint(
                condition=Q(pay_amount__gte=0) & Q(price_amount__gte=0), name="project_money_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(retention_days=None) | Q(retention_days__gte=1), name="project_keeps_content_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CarriedOut(models.Model):
    """How far the consequences of a published document have been carried out (`labeling.services.carrying_out`).

    `carried_through` is the last item that was looked at. Judgments are mapped (carried over) or asked anew, and both
    are counted.
    """

    carried_through = models.BigIntegerField(_("carried out up to item"), default=0, db_default=0)
    reopened_count = models.PositiveIntegerField(_("items reopened"), default=0, db_default=0)
    mapped_count = models.PositiveIntegerField(_("answers carried over"), default=0, db_default=0)
    requeued_count = models.PositiveIntegerField(_("answers asked anew"), default=0, db_default=0)
    carried_out_at = models.DateTimeField(_("carried out"), null=True, blank=True)

    class Meta:
        abstract = True


class GuidelineVersion(CarriedOut):
    """What reviewers are asked to judge by. A published version never changes but for the end of its time in force and
    the figures of what it brought about.

    `redo` names the slice that a breaking change has judged anew ({"domains": [...], "languages": [...]}, empty: all);
    `answer_mapping` says how answers given under the version before carry over (`labeling.answer_mapping`).
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="guidelines")
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=DocumentState, default=DocumentState.DRAFT)
    change_kind = models.CharField(_("kind of change"), max_length=14, choices=ChangeKind, default=ChangeKind.EDITORIAL)
    summary = models.CharField(_("what changed"), max_length=300, blank=True)
    clauses = models.JSONField(
        _("clauses"),
        default=list,
        help_text=_('A list; the id stays while the words change: [{"id": "tone", "title": "Tone", "text": "…"}].'),
    )
    examples = models.JSONField(
        _("worked examples"),
        default=list,
        blank=True,
        help_text=_('A list; each shows a clause: [{"text": "…", "clause": "tone"}].'),
    )
    redo = models.JSONField(
        _("what is judged anew"),
        default=dict,
        blank=True,
        help_text=_('After a breaking change: {"domains": ["law"], "languages": ["en"]}; {} is everything.'),
    )
    answer_mapping = models.JSONField(
        _("how old answers carry over"), null=True, blank=True, help_text=ANSWER_MAPPING_HELP
    )
    planned_from = models.DateTimeField(
        _("planned to be in force from"),
        null=True,
        blank=True,
        help_text=_("Proposed to whoever publishes the draft, who may say otherwise. Empty: once it is published."),
    )
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decline_reason = models.CharField(_("why declined"), max_length=300, blank=True)
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    in_force = DateTimeRangeField(_("in force"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("guideline version")
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="guideline_number_once"),
            models.CheckConstraint(
                condition=Q(state__in=[DocumentState.DRAFT, DocumentState.DECLINED], published_at=None, in_force=None)
                | Q(state=DocumentState.PUBLISHED, published_at__isnull=False, in_force__isnull=False),
                name="guideline_published_is_dated",
            ),
            ExclusionConstraint(
                name="guideline_one_in_force",
                expressions=[
                    (ProjectRange(), RangeOperators.OVERLAPS),
                    ("in_force", RangeOperators.OVERLAPS),
                ],
                condition=Q(state=DocumentState.PUBLISHED),
            ),
        ]

    def __str__(self) -> str:
        return f"guideline {self.number}"


class GuidelineAcknowledgement(models.Model):
    """A reviewer has read a version of the guideline, with what changed in it; until then they are given no task."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", db_index=False)
    guideline = models.ForeignKey(GuidelineVersion, models.PROTECT, related_name="acknowledgements", db_index=False)
    number = models.PositiveIntegerField(_("number"))
    reviewer = models.ForeignKey(Reviewer, models.PROTECT, related_name="acknowledgements", db_index=False)
    created_at = models.DateTimeField(_("read"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("acknowledgement")
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "project", "number"], name="acknowledgement_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} has read version {self.number}"


class FormVersion(CarriedOut):
    """The task form. With the code version it is the annotation tool's version; a published one never changes.

    By itself it asks the next rounds; with an `answer_mapping` it also carries over the answers there are.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.PROTECT, related_name="forms")
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=10, choices=DocumentState, default=DocumentState.DRAFT)
    document = models.JSONField(_("form"))
    answer_mapping = models.JSONField(
        _("how old answers carry over"), null=True, blank=True, help_text=ANSWER_MAPPING_HELP
    )
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("form version")
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="form_number_once"),
            models.CheckConstraint(
                condition=Q(state=DocumentState.DRAFT, published_at=None)
                | Q(state=DocumentState.PUBLISHED, published_at__isnull=False),
                name="form_published_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"form {self.number}"
