"""Near-duplicates by MinHash (Broder 1997) with banding (Leskovec, Rajaraman, Ullman, ch. 3). Pure; for jobs only (numpy).

A text is the set of its shingles: three words in a row, after NFKC and case folding; every sign of a script written
without spaces is a word. A signature holds, for each of PERMUTATIONS hash functions, the least hash of the set; the share
of equal places estimates the Jaccard similarity of two sets. Twelve bands of five places find 99 of 100 pairs that are
alike by 0.8, and one in three by 0.5; one more band, of all places, finds what is the same.

Each band takes the first MOST_A_BAND sketches and no more, so what an item is compared with is bounded, however many are
alike: it meets the first ones in each of its bands. What is the same as an earlier item always meets one of these.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 64
BANDS = 12
ROWS = 5
ALIKE = 0.8
MOST_A_BAND = 20

# Thai, Lao, Burmese, Khmer, kana, Han.
WITHOUT_SPACES = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORDS = re.compile(rf"[{WITHOUT_SPACES}]|[^\W{WITHOUT_SPACES}]+")

Signature = NDArray[np.uint32]


def _odd(name: str) -> int:
    """Return an odd 64-bit number that belongs to the name, the same for ever."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") | 1


# Multiply-shift hashing (Dietzfelbinger et al. 1997): the high half of a·x + b modulo 2**64.
FACTORS = np.array([_odd(f"factor {place}") for place in range(PERMUTATIONS)], dtype=np.uint64)
ADDENDS = np.array([_odd(f"addend {place}") for place in range(PERMUTATIONS)], dtype=np.uint64)
PLACES = np.array([_odd(f"word {place}") for place in range(3)], dtype=np.uint64)
HALF = np.uint64(32)


@lru_cache(maxsize=2**14)
def _hash(word: str) -> int:
    """Return the word's CRC-32; kept for the words that come again and again."""
    return crc32(word.encode("utf-8", "replace"))


def text_to_compare(payload: Mapping[str, Any]) -> str:
    """Return what makes an item the same as another: the words of its messages and responses, in order."""
    said = [each["content"] for each in payload["messages"]]
    return "\n".join([*said, *(each["text"] for each in payload["responses"])])


def signature_of(text: str) -> Signature | None:
    """Return the signature, shape (PERMUTATIONS,); None for a text without words."""
    words = WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    if not words:
        return None
    hashes = np.array([_hash(word) for word in words], dtype=np.uint64)
    if len(hashes) < 3:
        hashes = np.pad(hashes, (0, 3 - len(hashes)))
    shingles = hashes[:-2] * PLACES[0] + hashes[1:-1] * PLACES[1] + hashes[2:] * PLACES[2]
    shingles ^= shingles >> HALF
    least = np.full(PERMUTATIONS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for begin in range(0, len(shingles), 4096):
        hashed = shingles[begin : begin + 4096, None] * FACTORS + ADDENDS
        np.minimum(least, hashed.min(axis=0), out=least)
    return (least >> HALF).astype(np.uint32)


def bands_of(signature: Signature, *, project_id: int) -> list[int]:
    """Return a signed 64-bit number a band, that of the whole last.

    It is of the band's place and the project too, so that no two projects meet.
    """
    data = signature.astype("<u4").tobytes()
    size = ROWS * 4
    parts = [*(data[band * size : (band + 1) * size] for band in range(BANDS)), data]
    return [
        int.from_bytes(
            hashlib.blake2b(part, digest_size=8, person=project_id.to_bytes(8, "little") + bytes([band])).digest(),
            "little",
            signed=True,
        )
        for band, part in enumerate(parts)
    ]


class Neighbourhood:
    """The sketches by which those that come are compared, in order, by the bands that they share."""

    def __init__(self) -> None:
        self._members: list[tuple[bytes, int]] = []
        self._by_band: dict[int, list[int]] = defaultdict(list)

    def add(self, signature: bytes, item_id: int, bands: Iterable[int]) -> list[int]:
        """Let those that come later meet this sketch; return the bands that had room for it."""
        taken = [band for band in bands if len(self._by_band[band]) < MOST_A_BAND]
        for band in taken:
            self._by_band[band].append(len(self._members))
        self._members.append((signature, item_id))
        return taken

    def most_alike(self, signature: bytes, bands: Iterable[int]) -> tuple[float, int] | None:
        """Return the greatest estimated similarity in these bands, and the item (the oldest of equals); None for nobody."""
        met = sorted({place for band in bands for place in self._by_band.get(band, ())})
        if not met:
            return None
        shares = similarities(signature, [self._members[place][0] for place in met])
        items = [self._members[place][1] for place in met]
        return max(zip(shares, items, strict=True), key=lambda pair: (pair[0], -pair[1]))


def similarities(signature: bytes, others: Iterable[bytes]) -> list[float]:
    """Return the estimated Jaccard similarity to each of the others, all as `stored` wrote them."""
    own = np.frombuffer(signature, dtype="<u4")
    table = np.frombuffer(b"".join(others), dtype="<u4").reshape(-1, PERMUTATIONS)
    return [float(share) for share in (table == own).mean(axis=1)]


def stored(signature: Signature) -> bytes:
    """Return the signature as it is kept: little-endian, four bytes a place."""
    return signature.astype("<u4").tobytes()
