from django.urls import path

from config.bench.floor import views

urlpatterns = [
    path("next", views.Next.as_view()),
    path("submit/<int:task>", views.Submit.as_view()),
]
