"""Delivery's routes under /api/v1/."""

from django.urls import path

from delivery.api import views

urlpatterns = [
    path("projects/<uuid:project>/releases", views.ProjectReleases.as_view()),
    path("projects/<uuid:project>/costs", views.ProjectCosts.as_view()),
    path("releases/<uuid:release>", views.ReleaseDetail.as_view()),
    path("releases/<uuid:release>/manifest", views.ReleaseManifest.as_view()),
    path("releases/<uuid:release>/files", views.ReleaseFiles.as_view()),
    path("releases/<uuid:release>/files/<path:name>", views.ReleaseFile.as_view()),
    path("releases/<uuid:release>/sample", views.ReleaseSample.as_view()),
    path("releases/<uuid:release>/sample/<uuid:entry>/verdict", views.SampleVerdict.as_view()),
    path("releases/<uuid:release>/decision", views.ReleaseDecision.as_view()),
    path("signing-keys", views.SigningKeys.as_view()),
]
