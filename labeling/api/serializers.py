"""What customers see of the record: public ids, never the database's own, and no reviewer's name."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api.choices import ChoiceField
from labeling.forms import answers_schema
from labeling.models import (
    AccessLog,
    Batch,
    ColumnMapping,
    Erasure,
    FormVersion,
    GuidelineVersion,
    Item,
    LegalHold,
    Project,
    RejectedRow,
)
from labeling.services.imports import is_pending
from labeling.types import ChangeKind, ErasureKind, OnConflict, SourceFormat


class ProjectSerializer(serializers.ModelSerializer[Project]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    customer = serializers.CharField(source="customer.slug", read_only=True)

    class Meta:
        model = Project
        fields = [
            "id",
            "customer",
            "slug",
            "name",
            "description",
            "state",
            "stage",
            "languages",
            "overlap",
            "due_at",
        ]
        read_only_fields = fields


class ProgressSerializer(serializers.Serializer[Any]):
    items = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    resolved = serializers.IntegerField()
    gold = serializers.IntegerField(help_text="Items with an expected answer, which measure reviewers.")
    judgments = serializers.IntegerField()
    judgments_needed = serializers.IntegerField()
    states = serializers.DictField(child=serializers.IntegerField())
    counted_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When a large project was counted, each minute or so. Null where it was counted just now.",
    )


class BatchSerializer(serializers.ModelSerializer[Batch]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True)
    sha256 = serializers.SerializerMethodField(help_text="Null while a file is still to be fetched from its path.")
    bytes = serializers.IntegerField(source="source_bytes", read_only=True)
    mapping = serializers.UUIDField(source="mapping.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Batch
        fields = [
            "id", "project", "name", "state", "stage", "format", "mapping", "on_conflict", "sha256", "bytes", "rows_read",
            "items_created", "versions_created", "duplicates", "conflicts", "rejected", "tasks_generated",
            "flagged_count", "flagged_at", "fault", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_sha256(self, batch: Batch) -> str | None:
        return None if is_pending(batch) else batch.source_digest


class WaySerializer(serializers.Serializer[Any]):
    """How a file is read; all of it may be left out."""

    format = ChoiceField(SourceFormat.choices, required=False, default="", allow_blank=True)
    mapping = serializers.CharField(required=False, default="", allow_blank=True, help_text="A column mapping's id.")
    on_conflict = ChoiceField(OnConflict.choices, required=False, default=OnConflict.REFUSE)


class UploadSerializer(WaySerializer):
    file = serializers.FileField(help_text="NDJSON, CSV, Parquet or an export; plain, gzip or Zstandard.")


class ImportSerializer(WaySerializer):
    path = serializers.CharField(max_length=280, help_text="A file below a path that you were granted.")


class ColumnMappingSerializer(serializers.ModelSerializer[ColumnMapping]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    sha256 = serializers.CharField(source="digest", read_only=True)

    class Meta:
        model = ColumnMapping
        fields = ["id", "name", "version", "document", "sha256", "created_at"]
        read_only_fields = fields


class NewMappingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    document = serializers.DictField(help_text='{"fields": {field: source}}, as described above.')


class PreviewRequestSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="A file, or its beginning; nothing of it is kept.")
    mapping = serializers.JSONField(required=False, default=None, help_text="A mapping document, as JSON text.")
    format = ChoiceField(SourceFormat.choices, required=False, default="", allow_blank=True)


class PreviewedRowSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    item = serializers.DictField(allow_null=True)
    field = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


class PreviewSerializer(serializers.Serializer[Any]):
    format = serializers.CharField()
    rows = PreviewedRowSerializer(many=True)


class RejectSerializer(serializers.ModelSerializer[RejectedRow]):
    class Meta:
        model = RejectedRow
        fields = ["line", "field", "reason", "excerpt"]
        read_only_fields = fields


class ItemSerializer(serializers.ModelSerializer[Item]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    language = serializers.CharField(source="current_version.language", read_only=True)
    domain = serializers.CharField(source="current_version.domain", read_only=True)
    difficulty = serializers.IntegerField(source="current_version.difficulty", read_only=True)
    version = serializers.IntegerField(source="current_version.number", read_only=True)
    sha256 = serializers.CharField(source="current_version.digest", read_only=True)

    class Meta:
        model = Item
        fields = [
            "id", "external_id", "state", "version", "language", "domain", "difficulty", "sha256", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ItemContentSerializer(ItemSerializer):
    """One item with its content, as it was uploaded."""

    messages = serializers.SerializerMethodField()
    responses = serializers.SerializerMethodField()
    metadata = serializers.DictField(source="current_version.metadata", read_only=True)
    provenance = serializers.CharField(source="current_version.provenance", read_only=True)
    erased = serializers.SerializerMethodField(
        help_text="Its content was erased; what is left are its names and dates."
    )

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "provenance", "metadata", "messages", "responses", "erased"]
        read_only_fields = fields

    def get_erased(self, item: Item) -> bool:
        return bool(item.current_version.payload.get("erased"))  # type: ignore[union-attr]

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_messages(self, item: Item) -> Any:
        return item.current_version.payload["messages"]  # type: ignore[union-attr]

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_responses(self, item: Item) -> Any:
        return item.current_version.payload["responses"]  # type: ignore[union-attr]


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(allow_blank=True, max_length=300, default="")


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    """`finished_at` says when the files were gone too; the rows go at once."""

    id = serializers.UUIDField(source="request", read_only=True)
    customer = serializers.CharField(source="customer.slug", read_only=True)
    item = serializers.SerializerMethodField(help_text="The item, where one was erased.")

    class Meta:
        model = Erasure
        fields = ["id", "customer", "kind", "item", "reason", "counts", "created_at", "finished_at"]
        read_only_fields = fields

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_item(self, erasure: Erasure) -> str | None:
        found = self.context.get("items", {}).get(erasure.subject_id) if erasure.kind == ErasureKind.ITEM else None
        return str(found) if found else None


class LegalHoldSerializer(serializers.ModelSerializer[LegalHold]):
    customer = serializers.CharField(source="customer.slug", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True, allow_null=True, default=None)

    class Meta:
        model = LegalHold
        fields = ["customer", "project", "reason", "placed_at", "lifted_at"]
        read_only_fields = fields


class GuidelineSerializer(serializers.ModelSerializer[GuidelineVersion]):
    in_force_from = serializers.DateTimeField(source="in_force.lower", read_only=True, default=None)
    in_force_until = serializers.DateTimeField(source="in_force.upper", read_only=True, allow_null=True, default=None)

    class Meta:
        model = GuidelineVersion
        fields = [
            "number", "state", "change_kind", "summary", "clauses", "examples", "redo", "answer_mapping", "planned_from",
            "digest", "in_force_from", "in_force_until", "decline_reason", "reopened_count", "mapped_count", "requeued_count",
            "carried_out_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class GuidelineDraftSerializer(serializers.Serializer[Any]):
    """What is proposed. The parts are checked where they are used: each refusal names its place."""

    clauses = serializers.ListField(child=serializers.DictField(), help_text="Each with an id that it keeps for ever.")
    examples = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Worked examples, each citing a clause."
    )
    change_kind = ChoiceField(choices=ChangeKind.choices)
    summary = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    redo = serializers.DictField(
        required=False, help_text="What a breaking change has judged anew: domains and languages; empty is everything."
    )
    answer_mapping = serializers.DictField(
        required=False, allow_null=True, help_text="How old answers carry over, with its tests."
    )
    planned_from = serializers.DateTimeField(
        required=False, allow_null=True, help_text="From when it should be in force; who publishes it decides."
    )


class RewordedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    title_diff = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    diff = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), help_text='[op, text] with op "=", "-" or "+".'
    )


class ChangesSerializer(serializers.Serializer[Any]):
    """What a version changes of the published one before it."""

    added = serializers.ListField(child=serializers.DictField())
    removed = serializers.ListField(child=serializers.DictField())
    reworded = RewordedSerializer(many=True)
    moved = serializers.ListField(child=serializers.CharField())
    examples_added = serializers.ListField(child=serializers.DictField())
    examples_removed = serializers.ListField(child=serializers.DictField())


class FormSerializer(serializers.ModelSerializer[FormVersion]):
    answers_schema = serializers.SerializerMethodField(
        help_text="The JSON Schema (2020-12) of the answers to this form."
    )

    class Meta:
        model = FormVersion
        fields = ["number", "digest", "published_at", "document", "answers_schema"]
        read_only_fields = fields

    @extend_schema_field({"type": "object"})
    def get_answers_schema(self, form: FormVersion) -> Any:
        return answers_schema(form.document)


class FormTemplateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField(help_text="What the form is for.")
    form = serializers.DictField()


class AccessSerializer(serializers.ModelSerializer[AccessLog]):
    """A read of your content. Who: your own people by e-mail, everybody else by surface only."""

    who = serializers.SerializerMethodField()

    class Meta:
        model = AccessLog
        fields = ["at", "door", "object_type", "who", "request_id"]
        read_only_fields = fields

    def get_who(self, access: AccessLog) -> str:
        return str(self.context.get("people", {}).get(access.user_id, access.door))


class MomentSerializer(serializers.Serializer[Any]):
    """One moment of an item's life."""

    at = serializers.DateTimeField()
    app = serializers.CharField(help_text="Which part of the house remembers it.")
    kind = serializers.CharField()
    what = serializers.CharField()
    who = serializers.CharField(help_text="Your own people by e-mail, reviewers by pseudonym, others by surface only.")
