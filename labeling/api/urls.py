"""The record's routes under /api/v1/."""

from django.urls import path

from labeling.api import batches, views

urlpatterns = [
    path("projects", views.Projects.as_view()),
    path("projects/<uuid:project>", views.ProjectDetail.as_view()),
    path("projects/<uuid:project>/progress", views.ProjectProgress.as_view()),
    path("projects/<uuid:project>/guidelines", views.ProjectGuidelines.as_view()),
    path("projects/<uuid:project>/batches", batches.ProjectBatches.as_view()),
    path("projects/<uuid:project>/column-mappings", batches.ProjectMappings.as_view()),
    path("projects/<uuid:project>/column-mappings/preview", batches.MappingPreview.as_view()),
    path("projects/<uuid:project>/items", views.ProjectItems.as_view()),
    path("batches/<uuid:batch>", batches.BatchDetail.as_view()),
    path("batches/<uuid:batch>/rejects", batches.BatchRejects.as_view()),
    path("batches/<uuid:batch>/rejects.ndjson", batches.BatchRejectsFile.as_view()),
    path("items/<uuid:item>", views.ItemDetail.as_view()),
    path("access-log", views.Accesses.as_view()),
]
