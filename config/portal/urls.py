from django.urls import path

from config.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.Projects.as_view(), name="projects"),
    path("login/", views.PortalLogin.as_view(), name="login"),
    path("logout/", views.PortalLogout.as_view(), name="logout"),
    path("projects/<uuid:project>/", views.ProjectPage.as_view(), name="project"),
    path("projects/<uuid:project>/upload/", views.Upload.as_view(), name="upload"),
    path("projects/<uuid:project>/release/", views.AskRelease.as_view(), name="ask-release"),
    path("releases/<uuid:release>/", views.ReleasePage.as_view(), name="release"),
    path("releases/<uuid:release>/files/<path:name>", views.ReleaseFile.as_view(), name="file"),
    path("releases/<uuid:release>/sample/<uuid:entry>/", views.GiveVerdict.as_view(), name="verdict"),
    path("releases/<uuid:release>/decision/", views.Decide.as_view(), name="decide"),
]
