"""Quality's routes under /api/v1/."""

from django.urls import path

from quality.api import calibration

urlpatterns = [
    path("projects/<uuid:project>/calibration", calibration.CalibrationView.as_view()),
]
