"""Routing's routes under /api/desk/v1/."""

from django.urls import path

from routing.api import availability, views

urlpatterns = [
    path("next", views.Next.as_view()),
    path("availability", availability.OwnAvailability.as_view()),
    path("leaves", availability.OwnLeaves.as_view()),
    path("leaves/<uuid:leave>", availability.OwnLeave.as_view()),
    path("projects/<uuid:project>/acknowledge", views.Acknowledge.as_view()),
    path("tasks/<uuid:token>/heartbeat", views.Heartbeat.as_view()),
    path("tasks/<uuid:token>/draft", views.KeepDraft.as_view()),
    path("tasks/<uuid:token>/submit", views.Submit.as_view()),
    path("tasks/<uuid:token>/skip", views.Skip.as_view()),
]
