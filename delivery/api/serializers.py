"""What customers see of releases."""

from typing import Any

from rest_framework import serializers

from config.kernel.api.choices import ChoiceField
from delivery.models import Artifact, Release, SampleEntry
from delivery.types import Severity, Verdict


class ReleaseSerializer(serializers.ModelSerializer[Release]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    project = serializers.UUIDField(source="project.public_id", read_only=True)
    version = serializers.IntegerField(source="number", read_only=True)
    records = serializers.IntegerField(
        source="records_count", read_only=True, help_text="While it is being frozen: how many are written so far."
    )
    expected_records = serializers.IntegerField(
        source="expected_count", read_only=True, help_text="About how many it was going to have when freezing began."
    )
    outcomes = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    guidelines = serializers.ListField(
        source="guideline_numbers",
        child=serializers.IntegerField(),
        read_only=True,
        help_text="The versions of the guideline that its judgments were made by.",
    )
    superseded_guideline = serializers.BooleanField(
        source="is_guideline_superseded",
        read_only=True,
        help_text="Whether a breaking version of the guideline, newer than these, is in force.",
    )

    class Meta:
        model = Release
        fields = [
            "id", "project", "version", "state", "fault", "records", "expected_records", "outcomes", "content_digest",
            "guidelines", "superseded_guideline", "created_at", "frozen_at", "decided_at", "decision_reason",
        ]  # fmt: skip
        read_only_fields = fields


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    bytes = serializers.IntegerField(source="served.bytes", read_only=True)
    sha256 = serializers.CharField(source="served.sha256", read_only=True)

    class Meta:
        model = Artifact
        fields = ["name", "media_type", "bytes", "sha256"]
        read_only_fields = fields


class DefectSerializer(serializers.Serializer[Any]):
    severity = serializers.CharField()
    clause = serializers.CharField()
    note = serializers.CharField()


class SampledRecordSerializer(serializers.ModelSerializer[SampleEntry]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    external_id = serializers.CharField(source="entry.external_id", read_only=True)
    outcome = serializers.CharField(source="entry.outcome", read_only=True)
    answers = serializers.DictField(source="entry.resolution.answers", read_only=True)
    distribution = serializers.DictField(source="entry.resolution.distribution", read_only=True)
    confidence = serializers.FloatField(source="entry.resolution.confidence", read_only=True)
    messages = serializers.JSONField(source="entry.resolution.item_version.payload.messages", read_only=True)
    responses = serializers.JSONField(source="entry.resolution.item_version.payload.responses", read_only=True)
    defect = DefectSerializer(read_only=True, allow_null=True, default=None)

    class Meta:
        model = SampleEntry
        fields = [
            "id", "external_id", "outcome", "answers", "distribution", "confidence", "messages", "responses", "verdict",
            "defect", "checked_at",
        ]  # fmt: skip
        read_only_fields = fields


class SampleSerializer(serializers.Serializer[Any]):
    plan = serializers.DictField(help_text="How many records are checked, and how many defects are allowed.")
    seed = serializers.CharField(
        help_text="Records are drawn by the SHA-256 of this and their external id, smallest first."
    )
    size = serializers.IntegerField()
    unchecked = serializers.IntegerField()
    defects = serializers.IntegerField()
    records = SampledRecordSerializer(many=True)


class VerdictSerializer(serializers.Serializer[Any]):
    verdict = ChoiceField(choices=Verdict.choices)
    severity = ChoiceField(choices=Severity.choices, required=False, allow_blank=True, default="")
    clause = serializers.CharField(required=False, allow_blank=True, default="", max_length=40)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=5000)


class DecisionSerializer(serializers.Serializer[Any]):
    decision = ChoiceField(choices=[("accept", "Accept"), ("reject", "Send back")])
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=5000)


class CostSerializer(serializers.Serializer[Any]):
    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=6)
    records = serializers.IntegerField()


class SigningKeySerializer(serializers.Serializer[Any]):
    algorithm = serializers.CharField()
    key_id = serializers.CharField(
        help_text="sha256: and the SHA-256 of the raw public key. Compare it with what you were told."
    )
    public_key = serializers.CharField(help_text="The raw public key in base64.")
