"""The record's routes under /api/v1/."""

from django.urls import path

from labeling.api import flags, views

urlpatterns = [
    path("projects", views.Projects.as_view()),
    path("projects/<uuid:project>", views.ProjectDetail.as_view()),
    path("projects/<uuid:project>/progress", views.ProjectProgress.as_view()),
    path("projects/<uuid:project>/guidelines", views.ProjectGuidelines.as_view()),
    path("projects/<uuid:project>/batches", views.ProjectBatches.as_view()),
    path("projects/<uuid:project>/items", views.ProjectItems.as_view()),
    path("projects/<uuid:project>/flags", flags.ProjectFlags.as_view()),
    path("flags/<uuid:flag>/decision", flags.FlagDecision.as_view()),
    path("items/<uuid:item>/redaction", flags.ItemRedaction.as_view()),
    path("batches/<uuid:batch>", views.BatchDetail.as_view()),
    path("batches/<uuid:batch>/rejects", views.BatchRejects.as_view()),
    path("items/<uuid:item>", views.ItemDetail.as_view()),
    path("access-log", views.Accesses.as_view()),
]
