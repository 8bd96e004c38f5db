from django.urls import path

from config.portal import blocks, calibration, flags, people, views

app_name = "portal"
urlpatterns = [
    path("", views.Projects.as_view(), name="projects"),
    path("login/", views.PortalLogin.as_view(), name="login"),
    path("logout/", views.PortalLogout.as_view(), name="logout"),
    path("people/", people.PeoplePage.as_view(), name="people"),
    path("people/invitations/", people.Invite.as_view(), name="invite"),
    path("people/invitations/<uuid:invitation>/withdraw/", people.Withdraw.as_view(), name="withdraw"),
    path("people/members/<uuid:member>/remove/", people.RemoveMember.as_view(), name="remove-member"),
    path("people/keys/", people.MakeKey.as_view(), name="make-key"),
    path("people/keys/<uuid:key>/revoke/", people.RevokeKey.as_view(), name="revoke-key"),
    path("people/blocked/", blocks.BlocksPage.as_view(), name="blocks"),
    path("people/blocked/place/", blocks.PlaceBlock.as_view(), name="place-block"),
    path("people/blocked/<uuid:block>/lift/", blocks.LiftBlock.as_view(), name="lift-block"),
    path("projects/<uuid:project>/", views.ProjectPage.as_view(), name="project"),
    path("projects/<uuid:project>/upload/", views.Upload.as_view(), name="upload"),
    path("projects/<uuid:project>/flags/", flags.FlagsPage.as_view(), name="flags"),
    path("projects/<uuid:project>/calibration/", calibration.CalibrationPage.as_view(), name="calibration"),
    path("projects/<uuid:project>/calibration/<uuid:item>/", calibration.OwnVerdict.as_view(), name="own-verdict"),
    path("flags/<uuid:flag>/decision/", flags.DecideFlag.as_view(), name="decide-flag"),
    path("batches/<uuid:batch>/", views.BatchPage.as_view(), name="batch"),
    path("projects/<uuid:project>/release/", views.AskRelease.as_view(), name="ask-release"),
    path("releases/<uuid:release>/", views.ReleasePage.as_view(), name="release"),
    path("releases/<uuid:release>/files/<path:name>", views.ReleaseFile.as_view(), name="file"),
    path("releases/<uuid:release>/sample/<uuid:entry>/", views.GiveVerdict.as_view(), name="verdict"),
    path("releases/<uuid:release>/decision/", views.Decide.as_view(), name="decide"),
]
