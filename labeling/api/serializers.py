"""What customers see of the record: public ids, never the database's own, and no reviewer's name."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from labeling.models import AccessLog, Batch, ColumnMapping, GuidelineVersion, Item, Project, RejectedRow
from labeling.services.imports import is_pending
from labeling.types import OnConflict, SourceFormat


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
            "items_created", "versions_created", "duplicates", "conflicts", "rejected", "tasks_generated", "fault",
            "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_sha256(self, batch: Batch) -> str | None:
        return None if is_pending(batch) else batch.source_digest


class WaySerializer(serializers.Serializer[Any]):
    """How a file is read; all of it may be left out."""

    format = serializers.ChoiceField(SourceFormat.choices, required=False, default="", allow_blank=True)
    mapping = serializers.CharField(required=False, default="", allow_blank=True, help_text="A column mapping's id.")
    on_conflict = serializers.ChoiceField(OnConflict.choices, required=False, default=OnConflict.REFUSE)


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
    document = serializers.DictField(help_text='{"fields": {field: source}}; the README of labeling says how.')


class PreviewRequestSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="A file, or its beginning; nothing of it is kept.")
    mapping = serializers.JSONField(required=False, default=None, help_text="A mapping document, as JSON text.")
    format = serializers.ChoiceField(SourceFormat.choices, required=False, default="", allow_blank=True)


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

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "provenance", "metadata", "messages", "responses"]
        read_only_fields = fields

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_messages(self, item: Item) -> Any:
        return item.current_version.payload["messages"]  # type: ignore[union-attr]

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_responses(self, item: Item) -> Any:
        return item.current_version.payload["responses"]  # type: ignore[union-attr]


class GuidelineSerializer(serializers.ModelSerializer[GuidelineVersion]):
    in_force_from = serializers.DateTimeField(source="in_force.lower", read_only=True)
    in_force_until = serializers.DateTimeField(source="in_force.upper", read_only=True, allow_null=True)

    class Meta:
        model = GuidelineVersion
        fields = [
            "number", "change_kind", "summary", "clauses", "examples", "digest", "in_force_from", "in_force_until",
        ]  # fmt: skip
        read_only_fields = fields


class AccessSerializer(serializers.ModelSerializer[AccessLog]):
    """A read of your content. Who: your own people by e-mail, everybody else by surface only."""

    who = serializers.SerializerMethodField()

    class Meta:
        model = AccessLog
        fields = ["at", "door", "object_type", "who", "request_id"]
        read_only_fields = fields

    def get_who(self, access: AccessLog) -> str:
        return str(self.context.get("people", {}).get(access.user_id, access.door))
