"""The checks that tell a card, an account, a telephone number or a token from a number like any other. Pure."""

import base64
import json
from typing import Any
from zlib import crc32

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# How long an IBAN of each country is (the SWIFT registry).
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
    "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip

# First and last prefix of each issuer, and how many digits its numbers have.
CARD_ISSUERS = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),  # Mastercard
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),  # American Express
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("644", "659", (16, 17, 18, 19)),  # Discover
    ("300", "305", (14, 16, 17, 18, 19)),  # Diners Club
    ("36", "36", (14, 16, 17, 18, 19)),  # Diners Club
    ("38", "39", (14, 16, 17, 18, 19)),  # Diners Club
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
)

# Numbers of these countries have one length; of the others, what the ITU's E.164 allows.
NUMBER_LENGTHS = {"1": 11, "7": 11, "33": 11, "45": 10, "47": 10}
UNASSIGNED_ZONES = frozenset({"28", "83", "89"})


def has_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        doubled = int(sign) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether an issuer has numbers of this beginning and length, and the check digit holds."""
    return any(
        first <= digits[: len(first)] <= last and len(digits) in lengths for first, last, lengths in CARD_ISSUERS
    ) and has_luhn(digits)


def is_iban(number: str) -> bool:
    """Whether the country has numbers of this length and the rest by 97 is one (ISO 13616). Without spaces."""
    if len(number) != IBAN_LENGTHS.get(number[:2]):
        return False
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1


def is_telephone_number(digits: str) -> bool:
    """Whether these, with the country's calling code first, can be a number (ITU-T E.164); not of one or two digits only."""
    if not 9 <= len(digits) <= 15 or len(set(digits)) < 3 or digits[:2] in UNASSIGNED_ZONES:
        return False
    fixed = NUMBER_LENGTHS.get(digits[:1], NUMBER_LENGTHS.get(digits[:2]))
    return fixed is None or len(digits) == fixed


def has_github_checksum(token: str) -> bool:
    """Whether the last six signs are the CRC-32 of the thirty before, in base 62 (GitHub's tokens since 2021)."""
    secret, check = token[-36:-6], token[-6:]
    left, signs = crc32(secret.encode()), ""
    while left:
        left, place = divmod(left, 62)
        signs = BASE62[place] + signs
    return signs.rjust(6, "0") == check


def is_json_web_token(token: str) -> bool:
    """Whether the first two parts are base64url of JSON objects and the first names an algorithm (RFC 7519)."""
    header, claims = (_decoded(part) for part in token.split(".")[:2])
    return isinstance(header, dict) and isinstance(claims, dict) and "alg" in header


def _decoded(part: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return None
