"""Languages: BCP 47 tags, checked for their form (RFC 5646 section 2.1) and matched by basic filtering (RFC 4647, 3.3.1)."""

import re

WELL_FORMED = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})"  # language, with extended subtags
    r"(?:-[a-z]{4})?"  # script
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"  # region
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # variants
    r"(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*"  # extensions
    r"(?:-x(?:-[a-z0-9]{1,8})+)?",  # private use
    re.IGNORECASE,
)

# ISO 639-1, as of 2023: the two-letter codes there are. Longer codes are checked for their form only.
TWO_LETTER = frozenset(
    """aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki
    kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr
    nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg
    th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu""".split()
)


def is_language(tag: str) -> bool:
    """Whether `tag` is a well-formed BCP 47 tag whose two-letter language, if it is one, exists."""
    if len(tag) > 35 or not WELL_FORMED.fullmatch(tag):
        return False
    primary = tag.split("-")[0].lower()
    return len(primary) > 2 or primary in TWO_LETTER


def matches(language_range: str, tag: str) -> bool:
    """Whether the range takes the tag: "en" takes "en" and "en-GB", "*" takes all."""
    wanted, found = language_range.lower(), tag.lower()
    return wanted in {"*", found} or found.startswith(f"{wanted}-")
