"""Personal data and secrets in free text, found by patterns that check themselves. Pure: text in, places out.

Each pattern is one entry of PATTERNS: a regex that proposes, a check that decides (a checksum where there is one, the
shape where there is none), and the word that a redaction puts in its place. Every regex is linear in the text: what
repeats without a bound can be read in one way only, and begins in one place only.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from labeling.checksums import (
    IBAN_LENGTHS,
    has_github_checksum,
    is_card_number,
    is_iban,
    is_json_web_token,
    is_telephone_number,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found: the pattern's name, and where in the text (code points, end exclusive)."""

    pattern: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """`hint`: where it finds nothing, nor does the regex. `check` names the spans of a proposal that hold."""

    name: str
    hint: re.Pattern[str]
    regex: re.Pattern[str]
    check: Callable[[re.Match[str]], Iterable[Span]]
    replacement: str


def _near(match: re.Match[str]) -> tuple[str, str]:
    """Return the signs before and after the proposal, "" at the text's ends."""
    start, end = match.span()
    return match.string[start - 1 : start] if start else "", match.string[end : end + 1]


def _goes_on(match: re.Match[str]) -> bool:
    """Whether the proposal continues a longer number: a digit stands before the space before it."""
    start = match.start()
    return start > 1 and match.string[start - 1] in " \u00a0" and match.string[start - 2].isdigit()


def _alone(holds: Callable[[str], bool], *, joins: str = "") -> Callable[[re.Match[str]], list[Span]]:
    """Return a check of the whole proposal, which may not run on into a letter, a digit or one of `joins`."""

    def check(match: re.Match[str]) -> list[Span]:
        runs_on = any(near.isalnum() or (near and near in joins) for near in _near(match))
        return [] if runs_on or not holds(match[0]) else [match.span()]

    return check


def _email(match: re.Match[str]) -> list[Span]:
    local, _, domain = match[0].partition("@")
    labels = domain.split(".")
    is_sound = (
        ".." not in local
        and not local.startswith(".")
        and not local.endswith(".")
        and not any(label.startswith("-") or label.endswith("-") for label in labels)
        and labels[-1].isalpha()
        and labels[-1].lower() not in FILE_ENDINGS
    )
    return [match.span()] if is_sound else []


def _iban(match: re.Match[str]) -> list[Span]:
    """The regex reads on into a following word; the country says how long the number is."""
    length = IBAN_LENGTHS.get(match[1][:2], 0)
    places = [place for place, sign in enumerate(match[1]) if sign.isalnum()][:length]
    if not length or len(places) < length:
        return []
    start, end = match.start(1), match.start(1) + places[-1] + 1
    is_whole = not match.string[end : end + 1].isalnum()
    return [(start, end)] if is_whole and is_iban("".join(match[1][place] for place in places)) else []


def _card(match: re.Match[str]) -> list[Span]:
    """A number without breaks, or in the groups in which cards show it, among other groups of digits."""
    before, after = _near(match)
    if before.isalnum() or (before and before in ".,") or after.isalnum():
        return []
    groups = re.split("[ -]", match[0])
    sizes = [len(group) for group in groups]
    found: list[Span] = []
    start, first = match.start(), 0
    while first < len(groups):
        taken = 1
        for shape in CARD_GROUPS:
            last = first + len(shape)
            if tuple(sizes[first:last]) == shape and is_card_number("".join(groups[first:last])):
                taken = len(shape)
                found.append((start, start + sum(shape) + taken - 1))
                break
        start += sum(sizes[first : first + taken]) + taken
        first += taken
    return found


def _international(match: re.Match[str]) -> list[Span]:
    """As many groups as make a number; what follows them may be another one."""
    before, _ = _near(match)
    if before.isalnum() or (before and before in "+.,$€£#=/-") or (match[0][0] == "0" and _goes_on(match)):
        return []
    text, digits, end = match.string, "", 0
    for place in range(match.start(), match.end()):
        if text[place].isdigit():
            digits += text[place]
            ends_group = not text[place + 1 : place + 2].isalnum()
            if ends_group and is_telephone_number(digits.removeprefix("00")):
                end = place + 1
    return [(match.start(), end)] if end else []


def _national(match: re.Match[str]) -> list[Span]:
    """Nine to twelve digits in the breaks that people write; a date, a price and a longer number go on beside it."""
    before, after = _near(match)
    if before.isalnum() or after.isalnum() or (before and before in ".,$€£#=+/-:_") or (after and after in "-/_"):
        return []
    if _goes_on(match):
        return []
    return [match.span()] if 9 <= sum(sign.isdigit() for sign in match[0]) <= 12 else []


def _is_mixed(token: str) -> bool:
    """Whether a token is drawn at random and not made of words: digits, small and capital letters, after its prefix."""
    body = token[3:]
    return any(map(str.isdigit, body)) and any(map(str.isupper, body)) and any(map(str.islower, body))


# What follows an @ in the names of files and is no domain.
FILE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "py", "md"})
CARD_GROUPS = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4), *((size,) for size in range(13, 20)))

# Where two overlap, the earlier in the table holds.
PATTERNS = (
    Pattern(
        "private_key",
        re.compile("PRIVATE KEY-----"),
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,10} ){0,3}PRIVATE KEY-----"
            r"(?:[^-]*(?:-(?!----)[^-]*)*-----END [A-Z0-9 ]{1,40}-----|(?:(?:\s|\\n)+[A-Za-z0-9+/=]{16,})*)"
        ),
        lambda match: [match.span()],
        "[private key]",
    ),
    Pattern(
        "jwt",
        re.compile("eyJ"),
        re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*", re.ASCII),
        _alone(is_json_web_token),
        "[token]",
    ),
    Pattern(
        "aws_access_key",
        re.compile("A(?:KIA|SIA)"),
        re.compile("A(?:KIA|SIA)[A-Z2-7]{16}"),
        _alone(bool),
        "[key]",
    ),
    Pattern(
        "github_token",
        re.compile("gh[pousr]_"),
        re.compile("gh[pousr]_[A-Za-z0-9]{36}"),
        _alone(has_github_checksum, joins="_"),
        "[key]",
    ),
    Pattern(
        "api_key",
        re.compile("sk-|AIza|xox|k_live_|k_test_|glpat-|hf_|github_pat_"),
        re.compile(
            r"(?:sk-[\w-]{20,250}|AIza[\w-]{35}|xox[abprs]-[\w-]{20,250}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}"
            r"|glpat-[\w-]{20,250}|hf_[A-Za-z0-9]{34}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})",
            re.ASCII,
        ),
        _alone(_is_mixed, joins="_-"),
        "[key]",
    ),
    Pattern(
        "email",
        re.compile("@"),
        re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}(?![\w-])"),
        _email,
        "[email]",
    ),
    Pattern(
        "iban",
        re.compile("[A-Z]{2}[0-9]{2}"),
        re.compile(r"(?<![A-Za-z0-9])(?=([A-Z]{2}[0-9]{2}(?:[ \u00a0]?[A-Z0-9]){11,40}))"),
        _iban,
        "[iban]",
    ),
    Pattern(
        "card",
        re.compile("[0-9]"),
        re.compile("[0-9](?:[ -]?[0-9]){12,}"),
        _card,
        "[card]",
    ),
    Pattern(
        "phone",
        re.compile(r"[+]|00"),
        re.compile(r"(?:\+|00) ?[1-9](?:[ ./-]?\(?[0-9]\)?){7,20}"),
        _international,
        "[phone]",
    ),
    Pattern(
        "phone",
        re.compile("[0-9]"),
        re.compile(
            r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}"  # (415) 555-2671
            r"|[2-9][0-9]{2}([.-])[2-9][0-9]{2}\1[0-9]{4}"  # 415-555-2671
            r"|0[1-9]([ .])[0-9]{2}(?:\2[0-9]{2}){3}"  # 06 12 34 56 78
            r"|\(?0[1-9][0-9]{1,3}\)?[ /-][0-9]{3,4}[ -]?[0-9]{3,4}"  # 020 7946 0958, 0171/1234567
        ),
        _national,
        "[phone]",
    ),
)
REPLACEMENTS = {pattern.name: pattern.replacement for pattern in PATTERNS}


def found_in(text: str) -> list[Found]:
    """Return what is found, in the order of the text, without overlaps."""
    found: list[Found] = []
    taken = bytearray()
    for pattern in PATTERNS:
        if not pattern.hint.search(text):
            continue
        for start, end in _spans(pattern, text):
            taken = taken or bytearray(len(text))
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\x01" * (end - start)
                found.append(Found(pattern.name, start, end))
    return sorted(found, key=lambda each: each.start)


def _spans(pattern: Pattern, text: str) -> Iterator[Span]:
    for match in pattern.regex.finditer(text):
        yield from pattern.check(match)


def redacted(text: str) -> str:
    """Return the text with each thing found replaced by a word in brackets that says what it was."""
    pieces, last = [], 0
    for each in found_in(text):
        pieces += [text[last : each.start], REPLACEMENTS[each.pattern]]
        last = each.end
    return "".join([*pieces, text[last:]])


def counts_in(text: str) -> Counter[str]:
    """Return how many of each pattern are in the text."""
    return Counter(each.pattern for each in found_in(text))
