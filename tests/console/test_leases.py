"""Why a task was chosen can be read for any lease."""

from django.test import Client
from django.urls import reverse

from routing.models import Lease
from tests.factories import take, upload_items


def test_a_lease_says_why_its_task_was_chosen_and_what_each_term_gave(cast):
    upload_items(cast.project, cast.mira)
    take(cast.anna)
    lease = Lease.objects.get()
    client = Client()
    client.force_login(cast.mira)
    listed = client.get(reverse("admin:routing_lease_changelist")).content.decode()
    assert "Choice 1 of 1: it has no due time." in listed
    page = client.get(reverse("admin:routing_lease_change", args=[lease.pk])).content.decode()
    assert "Choice 1 of 1: it has no due time." in page
    for term in ("urgency", "scarcity", "protection", "priority", "standing", "cost", "fairness"):
        assert f"… {term}" in page
    assert f"<td>{lease.why['score']}</td>" in page
