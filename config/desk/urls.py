from django.urls import path

from config.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.TaskPage.as_view(), name="task"),
    path("availability/", views.AvailabilityPage.as_view(), name="availability"),
    path("exams/", views.ExamsPage.as_view(), name="exams"),
    path("login/", views.DeskLogin.as_view(), name="login"),
    path("logout/", views.DeskLogout.as_view(), name="logout"),
]
