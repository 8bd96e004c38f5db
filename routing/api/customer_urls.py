"""Routing's routes under /api/v1/."""

from django.urls import path

from routing.api import blocks, clock

urlpatterns = [
    path("projects/<uuid:project>/clock", clock.Clock.as_view()),
    path("blocks", blocks.Blocks.as_view()),
    path("blocks/<uuid:block>/lift", blocks.BlockLifting.as_view()),
]
