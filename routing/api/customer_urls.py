"""Routing's routes under /api/v1/."""

from django.urls import path

from routing.api import blocks

urlpatterns = [
    path("blocks", blocks.Blocks.as_view()),
    path("blocks/<uuid:block>/lift", blocks.BlockLifting.as_view()),
]
