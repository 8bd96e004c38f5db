"""Quality's routes under /api/desk/v1/."""

from django.urls import path

from quality.api import exams, feedback, views

urlpatterns = [
    path("tasks/<uuid:token>/ask", views.Ask.as_view()),
    path("rulings", views.Rulings.as_view()),
    path("rulings/<uuid:ruling>/read", views.ReadRuling.as_view()),
    path("exams", exams.Exams.as_view()),
    path("exams/<uuid:exam>/sittings", exams.Sittings.as_view()),
    path("answers/<uuid:answer>/explanation", exams.Explanation.as_view()),
    path("feedback", feedback.FeedbackList.as_view()),
    path("feedback/<uuid:feedback>/read", feedback.ReadFeedback.as_view()),
    path("feedback/<uuid:feedback>/appeal", feedback.MakeAppeal.as_view()),
]
