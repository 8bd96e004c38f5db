"""Routing's routes under /api/desk/v1/."""

from django.urls import path

from routing.api import answers, availability, projects, views

urlpatterns = [
    path("next", views.Next.as_view()),
    path("prefetch", views.Prefetch.as_view()),
    path("availability", availability.OwnAvailability.as_view()),
    path("leaves", availability.OwnLeaves.as_view()),
    path("leaves/<uuid:leave>", availability.OwnLeave.as_view()),
    path("projects/<uuid:project>/acknowledge", views.Acknowledge.as_view()),
    path("tasks/<uuid:token>/heartbeat", views.Heartbeat.as_view()),
    path("tasks/<uuid:token>/extend", views.Extend.as_view()),
    path("tasks/<uuid:token>/draft", views.KeepDraft.as_view()),
    path("tasks/<uuid:token>/submit", views.Submit.as_view()),
    path("tasks/<uuid:token>/skip", views.Skip.as_view()),
    path("tasks/<uuid:token>/flag", projects.Flag.as_view()),
    path("projects", projects.OpenProjects.as_view()),
    path("answers", answers.Answers.as_view()),
    path("answers/<uuid:answer>", answers.Answer.as_view()),
    path("answers/<uuid:answer>/correct", answers.Correct.as_view()),
    path("messages/<uuid:message>/read", answers.ReadMessage.as_view()),
]
