"""Personal data and secrets: what a checksum or a shape confirms is found, what only looks alike is not."""

import base64
import json
import time
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.checksums import BASE62, IBAN_LENGTHS, has_luhn, is_card_number, is_iban
from labeling.personal_data import PATTERNS, Found, counts_in, found_in, redacted

DIGITS = st.text("0123456789", min_size=9, max_size=9)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq0\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Write to anna.b+news@mail.example.co.uk, please.", "Write to [email], please."),
        ("An die Größe: jürgen@bücher.example.", "An die Größe: [email]."),
        ("Call +49 30 1234567 or (415) 555-2671.", "Call [phone] or [phone]."),
        ("+1 415 555 2671 2024", "[phone] 2024"),
        ("0044 20 7946 0958", "[phone]"),
        ("020 7946 0958, 0171/1234567, 06 12 34 56 78, 415-555-2671", "[phone], [phone], [phone], [phone]"),
        ("4111 1111 1111 1111 123 is my card", "[card] 123 is my card"),
        ("order 12 5555-5555-5555-4444; 378282246310005", "order 12 [card]; [card]"),
        ("DE89 3704 0044 0532 0130 00 IST MEIN KONTO", "[iban] IST MEIN KONTO"),
        ("AB12 GB82WEST12345698765432.", "AB12 [iban]."),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("token=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", "token=[key]"),
        ("key sk-proj-abcDEF123abcDEF123abc.", "key [key]."),
        (f"Bearer {TOKEN}", "Bearer [token]"),
        (f"{PEM} after", "[private key] after"),
        ("it begins with -----BEGIN PRIVATE KEY----- you see", "it begins with [private key] you see"),
    ],
)
def test_what_is_found_is_replaced_by_what_it_was(text, said):
    assert redacted(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "In 2024, between 1914 and 1918, on 2024-01-31 at 10:30 and on 01.02.2024 10:30.",
        "Order 20240131123456 costs 1,299.00 EUR or $4155552671.50; profit +20000000.",
        "ISBN 978-0-306-40615-7, at 192.168.100.200, version 0.1234567.",
        "The file icon@2x.png, a handle @anna, a path a@b and x@-y.example.",
        "4111111111111112 and 0.4111111111111111 and 9111111111111111.",
        "DE88 3704 0044 0532 0130 00",
        "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18",
        "sk-learn-is-a-library-with-a-long-name",
        "eyJub3QiOiJvbmUifQ.eyJzdWIiOiIxIn0.c2lnbg and eyJhaaaaaaaa.eyJaaaaaaaa.x",
        "AKIAIOSFODNN7EXAMPLES and -----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_only_looks_alike_is_left_alone(text):
    assert found_in(text) == []


def test_places_are_code_points_and_things_are_counted():
    text = "😀 a@example.org, b@example.org, 4111111111111111"
    assert found_in(text) == [Found("email", 2, 15), Found("email", 17, 30), Found("card", 32, 48)]
    assert counts_in(text) == {"email": 2, "card": 1}


@given(st.sampled_from(["4", "51", "2221", "6011", "3528"]), st.text("0123456789", min_size=15, max_size=15))
def test_a_card_number_is_found_and_one_with_a_digit_changed_is_not(prefix, rest):
    body = (prefix + rest)[:15]
    [check] = [digit for digit in "0123456789" if has_luhn(body + digit)]
    number = body + check
    assert is_card_number(number)
    for text in (f"pay {number} now", " ".join(number[at : at + 4] for at in range(0, 16, 4))):
        assert [found.pattern for found in found_in(text)] == ["card"]
    for place in (0, 7, 15):
        changed = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not has_luhn(changed)
        assert not any(found.pattern == "card" for found in found_in(f"pay {changed} now"))


@given(st.sampled_from(sorted(IBAN_LENGTHS)), st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=30))
def test_an_iban_is_found_and_one_with_a_sign_changed_is_not(country, rest):
    account = rest[: IBAN_LENGTHS[country] - 4]
    number = int("".join(str(int(sign, 36)) for sign in f"{account}{country}00"))
    iban = f"{country}{98 - number % 97:02d}{account}"
    assert is_iban(iban)
    for text in (f"to {iban}.", " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))):
        [found] = found_in(text)
        assert found.pattern == "iban"
    last = int(iban[-1], 36)
    changed = iban[:-1] + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[last + 1 if last % 10 != 9 and last < 35 else last - 1]
    assert not is_iban(changed)
    assert not any(found.pattern == "iban" for found in found_in(f"to {changed}."))


@given(st.text("ABCXYZabcxyz0189", min_size=30, max_size=30))
def test_a_github_token_is_known_by_its_checksum(secret):
    left, check = crc32(secret.encode()), ""
    while left:
        left, place = divmod(left, 62)
        check = BASE62[place] + check
    token = f"gho_{secret}{check.rjust(6, '0')}"
    assert [found.pattern for found in found_in(token)] == ["github_token"]
    other = "a" if secret[0] != "a" else "b"
    assert found_in(token.replace(f"_{secret[0]}", f"_{other}", 1)) == []


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3))
def test_a_token_is_one_whose_parts_decode(claims):
    parts = [{"alg": "none"}, {"sub": "somebody", **claims}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    assert redacted(f"<{'.'.join(encoded)}.x>") == "<[token]>"


@given(st.text())
def test_any_text_can_be_redacted_and_says_what_was_found(text):
    found = found_in(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(before.end <= after.start for before, after in pairwise(found))
    assert (redacted(text) == text) == (not found)


HOSTILE = (
    "a", "1", "1 ", "A1", "AA11", "eyJ", "eyJaaaaaaaa.", "-", "-----BEGIN PRIVATE KEY-----", "a@", "a@b.", "a.", "sk-a",
    "+1", "00", "0", "(0)", "415-555-", "4111 ", "01 02 ", "ghp_", "-----BEGIN PRIVATE KEY-----\n", "AAAAAAAAAAAAAAAA\n",
    "4111 1111 1111 1111 ",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_the_text_and_no_faster(piece):
    """Eight times the text may take eight times as long, and no sixty-four times; small times are not told apart."""

    def seconds(length):
        text = (piece * length)[:length]
        began = time.process_time()
        found_in(text)
        return time.process_time() - began

    short, long = (min(seconds(length) for _ in range(3)) for length in (20_000, 160_000))
    assert long < 24 * max(short, 0.005)


def test_every_pattern_has_its_word():
    assert {pattern.name for pattern in PATTERNS} == {
        "private_key", "jwt", "aws_access_key", "github_token", "api_key", "email", "iban", "card", "phone",
    }  # fmt: skip
    for pattern in PATTERNS:
        assert pattern.replacement.startswith("[")
        assert found_in(pattern.replacement) == []
