"""Written work in a real Chromium: written by one, sent back by another with reasons, written again, accepted with a fix."""

import pytest
from playwright.sync_api import expect

from labeling.services.people import add_member
from labeling.types import Role
from quality.models import AuditVerdict, GoldItem, Resolution, Review
from quality.services.audits import make_plan, order_draw
from tests.browser.logins import log_in
from tests.factories import item_row, settle, upload
from tests.written import BETTER, TEXT, WHY, attempt, open_written_project, review, written

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_attempt_is_sent_back_written_again_and_accepted_with_a_fix(page, cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))

    def as_person(name):
        page.context.clear_cookies()
        log_in(page, name)
        expect(page.get_by_test_id("task")).to_be_visible()

    def submit():
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("empty")).to_be_visible()
        settle()

    as_person("anna")
    expect(page.get_by_test_id("beside")).to_be_hidden()
    page.get_by_test_id("text-response").fill(TEXT)
    page.locator("[data-question=confidence]").get_by_text("Sure", exact=True).click()
    submit()

    as_person("bela")
    beside = page.get_by_test_id("beside")
    expect(beside).to_contain_text("What was written")
    expect(beside).to_contain_text(TEXT)
    page.get_by_text("Send it back to its author").click()
    expect(page.get_by_test_id("text-response")).to_be_hidden()
    page.locator("[data-question=review_clause]").get_by_text("Truth first").click()
    page.get_by_test_id("text-review_reason").fill(WHY)
    submit()

    as_person("anna")
    expect(beside).to_contain_text("What the reviewer said")
    expect(beside).to_contain_text(WHY)
    expect(beside).to_contain_text("Truth first")
    expect(page.get_by_test_id("text-response")).to_have_value(TEXT)
    page.get_by_test_id("text-response").fill(BETTER)
    submit()

    as_person("bela")
    expect(beside).to_contain_text(BETTER)
    page.get_by_text("Accept it with my corrections").click()
    expect(page.get_by_test_id("text-response")).to_have_value(BETTER)
    page.get_by_test_id("text-response").fill(f"{BETTER} Truly.")
    submit()

    assert list(Review.objects.order_by("id").values_list("verdict", flat=True)) == ["send_back", "fix"]
    assert Resolution.objects.get().answers == written(f"{BETTER} Truly.")


def test_an_operator_hides_a_flaw_in_a_copy_of_accepted_work(page, cast):
    project = open_written_project(cast)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)
    review(cast.bela, "accept")
    log_in(page, "mira", "/admin/")
    page.goto("/admin/quality/review/")
    page.locator("input[name=_selected_action]").check()
    chosen = page.locator("select[name=action]")
    chosen.evaluate("(select) => { select.value = 'seed_flaw_in_copy'; select.form.submit(); }")
    form = page.get_by_test_id("seed-flaw")
    expect(form.locator("#text-response")).to_have_value(TEXT)
    form.locator("#text-response").fill(TEXT.replace("Paris", "Lyon"))
    form.locator("#explanation").fill("It is Paris.")
    form.locator("#clause").select_option("true")
    form.get_by_role("button", name="Hide it").click()
    expect(page.get_by_text("A flaw is hidden in a copy of one")).to_be_visible()
    assert GoldItem.objects.get().shown.answers == written(TEXT.replace("Paris", "Lyon"))


def test_a_rejection_reaches_its_author_with_clause_and_reason_and_an_expert_audits_what_was_accepted(page, cast):
    project = open_written_project(cast)
    add_member(user=cast.dido.user, customer=cast.northwind, project=project, role=Role.AUDITOR, actor=cast.mira)
    upload(project, cast.mira, item_row("one"))
    attempt(cast.anna)

    def as_person(name, waits="task"):
        page.context.clear_cookies()
        log_in(page, name)
        expect(page.get_by_test_id(waits)).to_be_visible()

    def submit():
        page.keyboard.press("Control+Enter")
        expect(page.get_by_test_id("empty")).to_be_visible()
        settle()

    as_person("bela")
    page.get_by_text("Reject it").click()
    page.locator("[data-question=review_clause]").get_by_text("Be brief").click()
    page.get_by_test_id("text-review_reason").fill(WHY)
    submit()

    as_person("anna", waits="empty")
    page.get_by_test_id("show-inbox").click()
    told = page.get_by_test_id("feedback")
    expect(told).to_contain_text("Rejected")
    expect(told).to_contain_text("By the clause: Be brief")
    expect(told).to_contain_text(WHY)
    expect(told.get_by_test_id("appeal")).to_be_visible()

    attempt(cast.cleo, BETTER)
    as_person("bela")
    page.get_by_text("Accept it as it is").click()
    submit()

    order_draw(plan=make_plan(project=project, name="May", actor=cast.mira), actor=cast.mira)
    settle()
    as_person("dido")
    beside = page.get_by_test_id("beside")
    expect(beside).to_contain_text("What was accepted")
    expect(beside).to_contain_text(BETTER)
    page.locator("[data-question=review_verdict]").get_by_text("No", exact=True).click()
    page.locator("[data-question=review_clause]").get_by_text("Truth first").click()
    page.locator("[data-question=review_severity]").get_by_text("Major").click()
    page.get_by_test_id("text-review_reason").fill("It was Lyon for a while.")
    submit()
    assert list(AuditVerdict.objects.values_list("is_right", "clause", "severity")) == [(False, "true", "major")]
