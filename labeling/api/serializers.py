"""What customers see of the record: public ids, never the database's own, and no reviewer's name."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from labeling.models import AccessLog, Batch, GuidelineVersion, Item, Project, RejectedRow


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
    sha256 = serializers.CharField(source="source_digest", read_only=True)
    bytes = serializers.IntegerField(source="source_bytes", read_only=True)

    class Meta:
        model = Batch
        fields = [
            "id", "project", "name", "state", "stage", "sha256", "bytes", "rows_read", "items_created", "duplicates",
            "conflicts", "rejected", "tasks_generated", "flagged_count", "flagged_at", "fault", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="UTF-8 text, one item as a JSON object a line (NDJSON).")


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
