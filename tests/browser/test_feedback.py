"""A reviewer reads that an expert found otherwise, appeals, and reads the answer."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from quality.models import Appeal, Evidence
from quality.services.audits import make_plan, order_draw
from tests.auditing import answer, fact, prepare, resolve_facts
from tests.browser.logins import log_in
from tests.factories import item_row, settle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_reviewer_appeals_an_operator_upholds_and_the_reviewer_reads_the_answer(page, cast, chromium, live_server):
    resolve_facts(prepare(cast, "cleo"), item_row("item"))
    plan = make_plan(project=cast.project, name="May", actor=cast.mira, share_twice=Decimal(0))
    order_draw(plan=plan, actor=cast.mira)
    settle()
    answer(cast.cleo, fact("false"))
    settle()
    log_in(page, "anna")
    expect(page.locator("#waiting")).to_have_text("1")
    page.get_by_test_id("show-inbox").click()
    told = page.get_by_test_id("feedback")
    expect(told).to_contain_text("An expert found otherwise")
    expect(told).to_contain_text("By the clause: Truth first")
    expect(told).to_contain_text("Is the first response true? False")
    told.get_by_test_id("appeal").click()
    page.get_by_test_id("appeal-words").fill("Paris <b>is</b> the capital.")
    page.get_by_test_id("appeal-confirm").click()
    expect(page.get_by_test_id("appealed")).to_contain_text("You said: Paris <b>is</b> the capital.")
    expect(page.get_by_test_id("appealed")).to_contain_text("Somebody who had no part in it decides by")
    expect(page.locator("#waiting")).to_be_hidden()

    console = chromium.new_context(base_url=live_server.url)
    operator = console.new_page()
    log_in(operator, "mira", "/admin/")
    operator.goto("/admin/quality/appeal/")
    operator.locator("input[name=_selected_action]").check()
    chosen = operator.locator("select[name=action]")
    chosen.evaluate("(select) => { select.value = 'decide_appeal_upheld'; select.form.submit(); }")
    operator.locator("#reason").fill("You are right; it is.")
    operator.get_by_role("button", name="Do it").click()
    expect(operator.locator("body")).to_contain_text("1 done")
    console.close()
    assert Appeal.objects.get().state == "upheld"
    assert Evidence.objects.filter(voids__isnull=False).count() == 1

    page.reload()
    page.get_by_test_id("show-inbox").click()
    expect(page.get_by_test_id("appealed")).to_contain_text("Your appeal was upheld: it is not held against you.")
    expect(page.get_by_test_id("appealed")).to_contain_text("You are right; it is.")
