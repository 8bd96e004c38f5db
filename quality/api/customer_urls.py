"""Quality's routes under /api/v1/."""

from django.urls import path

from quality.api import figures

urlpatterns = [
    path("projects/<uuid:project>/quality", figures.Quality.as_view()),
]
