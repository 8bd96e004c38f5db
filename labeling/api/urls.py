"""The record's routes under /api/v1/."""

from django.urls import path

from labeling.api import batches, flags, guidelines, people, privacy, views

urlpatterns = [
    path("projects", views.Projects.as_view()),
    path("projects/<uuid:project>", views.ProjectDetail.as_view()),
    path("projects/<uuid:project>/progress", views.ProjectProgress.as_view()),
    path("projects/<uuid:project>/guidelines", guidelines.ProjectGuidelines.as_view()),
    path("projects/<uuid:project>/guidelines/<int:number>", guidelines.GuidelineDetail.as_view()),
    path("projects/<uuid:project>/guidelines/<int:number>/changes", guidelines.GuidelineChanges.as_view()),
    path("projects/<uuid:project>/form", views.ProjectForm.as_view()),
    path("projects/<uuid:project>/batches", batches.ProjectBatches.as_view()),
    path("projects/<uuid:project>/column-mappings", batches.ProjectMappings.as_view()),
    path("projects/<uuid:project>/column-mappings/preview", batches.MappingPreview.as_view()),
    path("projects/<uuid:project>/items", views.ProjectItems.as_view()),
    path("projects/<uuid:project>/flags", flags.ProjectFlags.as_view()),
    path("flags/<uuid:flag>/decision", flags.FlagDecision.as_view()),
    path("items/<uuid:item>/redaction", flags.ItemRedaction.as_view()),
    path("batches/<uuid:batch>", batches.BatchDetail.as_view()),
    path("batches/<uuid:batch>/rejects", batches.BatchRejects.as_view()),
    path("batches/<uuid:batch>/rejects.ndjson", batches.BatchRejectsFile.as_view()),
    path("items/<uuid:item>", views.ItemDetail.as_view()),
    path("form-templates", views.FormTemplates.as_view()),
    path("items/<uuid:item>/erasure", privacy.ItemErasure.as_view()),
    path("erasures", privacy.Erasures.as_view()),
    path("legal-holds", privacy.LegalHolds.as_view()),
    path("access-log", views.Accesses.as_view()),
    path("members", people.Members.as_view()),
    path("members/<uuid:member>", people.MemberDetail.as_view()),
    path("invitations", people.Invitations.as_view()),
    path("invitations/<uuid:invitation>", people.InvitationDetail.as_view()),
    path("keys", people.Keys.as_view()),
    path("keys/<uuid:key>", people.KeyDetail.as_view()),
]
