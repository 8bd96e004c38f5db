"""Wrong tries at logins, keys and invitations are counted by address, and by account from it, and have to wait."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse

from config.kernel.models import ApiKey, Event, KnownAddress, WrongTries
from config.kernel.requests import address_of
from config.kernel.tries import OF_ACCOUNT, OF_ADDRESS, OF_STRANGERS, TooManyTries, count_try, forget_old, take_back_try
from config.kernel.words import duration
from labeling.models import Membership
from labeling.services.erasures import erase_person
from labeling.services.invitations import accept_invitation, invite_member

HERE, THERE = "192.0.2.1", "198.51.100.7"
LOGINS = {"/portal/login/": "dana", "/desk/login/": "anna", "/admin/login/": "mira"}


def log_in(path, who, password, address=HERE):
    return Client(REMOTE_ADDR=address).post(path, {"username": f"{who}@example.org", "password": password})


def wrongly(path, who, times, address=HERE):
    return [log_in(path, who, "wrong-password", address).status_code for _ in range(times)]


def pass_time(seconds):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_wrongtries SET last_at = last_at - make_interval(secs => %(s)s),"
            " waits_until = waits_until - make_interval(secs => %(s)s)",
            {"s": seconds},
        )


@pytest.mark.parametrize(("path", "who"), LOGINS.items())
def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(cast, path, who):
    assert wrongly(path, who, OF_ACCOUNT.free) == [200] * OF_ACCOUNT.free
    refusal = log_in(path, who, f"{who}-password")
    assert (refusal.status_code, refusal["Retry-After"]) == (429, "30")
    assert "Try again in 30 seconds." in refusal.content.decode()
    pass_time(31)
    assert log_in(path, who, f"{who}-password").status_code == 302
    assert not WrongTries.objects.exclude(account="").exists()


def test_each_further_wrong_try_waits_twice_as_long_and_no_longer_than_an_hour(cast):
    wrongly("/portal/login/", "dana", OF_ACCOUNT.free)
    waits = []
    for _ in range(9):
        waits.append(int(log_in("/portal/login/", "dana", "wrong")["Retry-After"]))
        pass_time(waits[-1] + 1)
        wrongly("/portal/login/", "dana", 1)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_nobody_locks_the_owner_out_from_elsewhere(cast):
    wrongly("/portal/login/", "dana", OF_ACCOUNT.free + 3)
    assert log_in("/portal/login/", "dana", "dana-password").status_code == 429
    assert log_in("/portal/login/", "dana", "dana-password", THERE).status_code == 302
    assert log_in("/portal/login/", "victor", "victor-password").status_code == 302


def guess_from_many_places(who, count):
    for number in range(count):
        assert log_in("/portal/login/", who, "wrong", f"203.0.113.{number}").status_code == 200


@pytest.mark.parametrize("who", ["dana", "no-such-person"])
def test_strangers_guess_at_one_account_together_and_then_all_wait(cast, who):
    guess_from_many_places(who, OF_STRANGERS.free)
    refusal = log_in("/portal/login/", who, f"{who}-password", THERE)
    assert (refusal.status_code, refusal["Retry-After"]) == (429, "60")
    assert WrongTries.objects.get(address="*").count == OF_STRANGERS.free
    assert log_in("/portal/login/", "victor", "victor-password", THERE).status_code == 302
    pass_time(61)
    assert log_in("/portal/login/", "dana", "dana-password", THERE).status_code == 302


def test_strangers_keep_nobody_out_from_where_they_have_logged_in_before(cast):
    owner = Client(REMOTE_ADDR=HERE)
    right = {"username": "dana@example.org", "password": "dana-password"}
    assert owner.post("/portal/login/", right).status_code == 302
    guess_from_many_places("dana", OF_STRANGERS.free)
    assert log_in("/portal/login/", "dana", "dana-password", THERE).status_code == 429
    assert owner.get("/portal/").status_code == 200
    assert log_in("/portal/login/", "dana", "dana-password").status_code == 302
    assert wrongly("/portal/login/", "dana", OF_ACCOUNT.free + 1) == [200] * OF_ACCOUNT.free + [429]
    assert WrongTries.objects.get(address="*").count == OF_STRANGERS.free


def test_where_somebody_logged_in_is_forgotten_in_time_and_with_the_person(cast):
    for who in ("dana", "victor"):
        assert log_in("/portal/login/", who, f"{who}-password").status_code == 302
    erase_person(user=cast.dana, reason="Asked for", actor=cast.mira)
    assert list(KnownAddress.objects.values_list("account", "address")) == [("victor@example.org", HERE)]
    KnownAddress.objects.update(last_at="2020-01-01T00:00:00Z")
    forget_old()
    assert not KnownAddress.objects.exists()


@pytest.mark.parametrize("path", LOGINS)
def test_an_address_that_guesses_at_many_accounts_has_to_wait_whether_or_not_they_exist(cast, path):
    told = [wrongly(path, f"nobody-{number}", 1) for number in range(OF_ADDRESS.free)]
    assert told == [[200]] * OF_ADDRESS.free
    assert wrongly(path, "dana", 1) == wrongly(path, "no-such-person", 1) == [429]
    assert wrongly(path, "dana", 1, THERE) == [200]


def test_known_and_unknown_accounts_are_told_the_same(cast):
    def told(who):
        page = [log_in("/portal/login/", who, "wrong-password") for _ in range(OF_ACCOUNT.free + 1)]
        return [(each.status_code, each.context["form"].non_field_errors()) for each in page]

    assert told("dana") == told("no-such-person")


def test_a_right_try_takes_back_what_it_counted_and_no_more(cast):
    for number in range(3):
        wrongly("/portal/login/", f"nobody-{number}", 1)
    for _ in range(OF_ADDRESS.free):
        assert log_in("/portal/login/", "dana", "dana-password").status_code == 302
    assert WrongTries.objects.get(account="").count == 3


def test_what_is_not_looked_at_is_not_counted_and_what_is_old_is_forgotten(cast):
    wrongly("/portal/login/", "dana", OF_ACCOUNT.free + 5)
    assert WrongTries.objects.get(account="dana@example.org", address=HERE).count == OF_ACCOUNT.free
    pass_time(25 * 3600)
    wrongly("/portal/login/", "dana", 1)
    assert set(WrongTries.objects.values_list("count", "waits_until")) == {(1, None)}
    assert forget_old() == 0
    pass_time(25 * 3600)
    assert forget_old() == 3


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_only_the_free_ones_are_judged():
    def guess(_):
        try:
            count_try(door="login", address=HERE, account="dana@example.org")
        except TooManyTries:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(40))) == OF_ACCOUNT.free


def test_a_wrong_key_is_401_and_after_many_429_with_retry_after_while_good_keys_stay_good(cast):
    good = cast.bearer("dana")
    client = Client(REMOTE_ADDR=HERE)
    for _ in range(OF_ADDRESS.free):
        assert client.get("/api/v1/projects", headers={"Authorization": "Bearer assay_x"}).status_code == 401
    refusal = client.get("/api/v1/projects", headers={"Authorization": "Bearer assay_y"})
    assert (refusal.status_code, refusal["Retry-After"], refusal["Content-Type"]) == (
        429, "60", "application/problem+json",
    )  # fmt: skip
    assert (refusal.json()["code"], refusal.json()["retry_after"]) == ("too_many_tries", 60)
    assert client.get("/api/v1/projects", headers=good).status_code == 200
    assert Client(REMOTE_ADDR=THERE).get("/api/v1/projects").status_code == 401
    assert WrongTries.objects.get().door == "key"


def test_a_good_key_costs_no_further_statement(cast, django_assert_num_queries):
    client, good = Client(), cast.bearer("dana")
    with django_assert_num_queries(2):
        client.get("/api/v1/projects", headers=good)


def test_made_up_invitations_are_counted_and_good_links_stay_good(cast):
    client = Client(REMOTE_ADDR=HERE)
    for _ in range(OF_ADDRESS.free):
        assert client.get("/welcome/made-up/").status_code == 404
    refusal = client.post("/welcome/made-up/", {"name": "x", "password": "y"})
    assert (refusal.status_code, refusal["Retry-After"]) == (429, "60")
    _, token = invite_member(customer=cast.northwind, email="nora@example.org", role="customer_viewer", actor=cast.dana)
    assert client.get(f"/welcome/{token}/").status_code == 200


def test_passwords_guessed_at_an_invitation_count_as_guessed_at_the_login(cast):
    _, token = invite_member(customer=cast.northwind, email="ruth@example.org", role="customer_viewer", actor=cast.dana)
    client = Client(REMOTE_ADDR=HERE)
    for _ in range(OF_ACCOUNT.free):
        client.post(f"/welcome/{token}/", {"name": "x", "password": "guessed by somebody"})
    refusal = client.post(f"/welcome/{token}/", {"name": "x", "password": "ruth-password"})
    assert (refusal.status_code, refusal["Retry-After"]) == (429, "30")
    assert log_in("/portal/login/", "ruth", "ruth-password").status_code == 429
    assert not Membership.objects.filter(user=cast.ruth, customer=cast.northwind).exists()
    joined = accept_invitation(token=token, name="Ruth", password="ruth-password", address=THERE)
    assert joined == cast.ruth


def console(user):
    client = Client()
    client.force_login(user)
    return client


def test_operators_see_and_lift_what_concerns_their_people(cast):
    for who in ("dana", "ruth"):
        wrongly("/portal/login/", who, OF_ACCOUNT.free)
    listed = console(cast.mira).get(reverse("admin:kernel_wrongtries_changelist")).content.decode()
    assert "dana@example.org" in listed
    assert "ruth@example.org" not in listed
    rows = list(WrongTries.objects.exclude(account="").filter(address=HERE).order_by("account"))
    chosen = {"action": "lift_wait", "_selected_action": [row.pk for row in rows]}
    console(cast.mira).post(reverse("admin:kernel_wrongtries_changelist"), chosen)
    assert log_in("/portal/login/", "dana", "dana-password").status_code == 302
    assert log_in("/portal/login/", "ruth", "ruth-password").status_code == 429
    event = Event.objects.get(kind="tries.lifted")
    assert (event.actor_id, event.data) == (cast.mira.pk, {"door": "login", "count": 5})


def test_an_account_that_is_taken_back_has_another_password_and_no_keys(cast):
    bearer = cast.bearer("dana")
    client = console(cast.mira)
    chosen = {"action": "take_back_accounts", "_selected_action": [cast.dana.pk]}
    client.post(reverse("admin:kernel_user_changelist"), chosen)
    cast.dana.refresh_from_db()
    assert not cast.dana.check_password("dana-password")
    assert Client().get("/api/v1/projects", headers=bearer).status_code == 401
    assert not ApiKey.objects.filter(user=cast.dana, revoked_at=None).exists()
    assert Event.objects.get(kind="person.taken_back").data == {"keys": 1}


@pytest.mark.parametrize(
    ("proxies", "remote", "told", "address"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "nonsense", ""),
        (0, "", "", ""),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
    ],
)
def test_the_address_is_the_one_that_the_proxies_in_front_saw(settings, proxies, remote, told, address):
    settings.ASSAY_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": told} if told else {}
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=remote, **headers)) == address


def test_nothing_is_taken_back_that_was_not_counted(db):
    take_back_try(door="login", address=HERE, account="dana@example.org")
    assert not WrongTries.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 second"), (90, "90 seconds"), (91, "2 minutes"), (3600, "60 minutes")]
)
def test_a_wait_is_told_in_words(seconds, words):
    assert duration(seconds) == words
