"""Quality's routes under /api/v1/."""

from django.urls import path

from quality.api import calibration, figures

urlpatterns = [
    path("projects/<uuid:project>/calibration", calibration.CalibrationView.as_view()),
    path("projects/<uuid:project>/quality", figures.Quality.as_view()),
]
