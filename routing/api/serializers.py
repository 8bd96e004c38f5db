"""What comes in at the desk, and the shape of what goes out."""

from typing import Any

from rest_framework import serializers


class NextSerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField(required=False, allow_null=True, help_text="Only tasks of this project.")
    render = serializers.BooleanField(default=False, help_text="Also give texts as HTML that is safe to show.")


class ValueSerializer(serializers.Serializer[Any]):
    value = serializers.DictField(help_text="The answers by question; responses are named by their key.")


class SubmitSerializer(ValueSerializer):
    seconds = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=86_400)
    pasted = serializers.IntegerField(
        default=0,
        min_value=0,
        max_value=1_000_000,
        help_text="Characters that were pasted into what is written freely.",
    )


class SkipSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class LeaseSerializer(serializers.Serializer[Any]):
    token = serializers.UUIDField()
    until = serializers.DateTimeField()
    seconds = serializers.FloatField(help_text="Seconds left, by the server's clock.")


class GuidelineToReadSerializer(serializers.Serializer[Any]):
    project = serializers.DictField()
    number = serializers.IntegerField()
    change_kind = serializers.CharField()
    summary = serializers.CharField()
    clauses = serializers.ListField(child=serializers.DictField())
    examples = serializers.ListField(child=serializers.DictField())
    changes = serializers.DictField(
        allow_null=True, help_text="What changed since the version you read last; null where you have read none."
    )


class NothingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    guideline = GuidelineToReadSerializer(required=False, help_text="To be acknowledged before the next task.")
    until = serializers.DateTimeField(required=False, help_text="Until when there is nothing, where that is known.")
    seconds = serializers.FloatField(required=False, help_text="Seconds until then, by the server's clock.")


class AcknowledgeSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1, help_text="The version that was read.")


class SaidSerializer(serializers.Serializer[Any]):
    question = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())


class BesideSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    said = SaidSerializer(many=True)
    is_by_model = serializers.BooleanField(help_text="No person said it.")


class TaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField(
        help_text="The same for the same task, under whichever lease: for drafts in the browser."
    )
    project = serializers.DictField()
    guideline = serializers.DictField()
    form = serializers.DictField()
    item = serializers.DictField()
    beside = BesideSerializer(
        many=True,
        help_text="What was said of the item before, without names;"
        " a model's answer where the project shows it before yours.",
    )
    lease = LeaseSerializer()
    draft = serializers.DictField(allow_null=True)


class NextAnswerSerializer(serializers.Serializer[Any]):
    task = TaskSerializer(allow_null=True)
    reason = NothingSerializer(required=False)


class SubmittedSerializer(serializers.Serializer[Any]):
    annotation = serializers.UUIDField(allow_null=True)
    placed = serializers.BooleanField()
    message = serializers.CharField(required=False)
