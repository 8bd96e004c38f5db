"""Signatures: Ed25519 (RFC 8032), detached, checked against a fingerprint that comes from outside the release."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from config.kernel.errors import Invalid
from delivery.errors import ReleaseBroken

ALGORITHM = "Ed25519"


def signing_key(secret: str) -> Ed25519PrivateKey:
    """Return the key whose 32-byte seed `secret` spells in 64 hexadecimal characters. Raises Invalid for anything else."""
    try:
        seed = bytes.fromhex(secret)
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise Invalid("ASSAY_SIGNING_KEY must be 64 hexadecimal characters, such as `openssl rand -hex 32` prints.")
    return Ed25519PrivateKey.from_private_bytes(seed)


def fingerprint(public_key: Ed25519PublicKey) -> str:
    """Return "sha256:" and the hex SHA-256 of the raw public key: short enough to be told by telephone."""
    return "sha256:" + hashlib.sha256(_raw(public_key)).hexdigest()


def published(key: Ed25519PrivateKey) -> dict[str, str]:
    """Return the public half as customers get it."""
    return _published(key.public_key())


def sign(key: Ed25519PrivateKey, data: bytes) -> dict[str, str]:
    """Return the signature document of `data`: algorithm, key id, public key and signature."""
    return _document(key.public_key(), key.sign(data))


def check(document: Mapping[str, Any], data: bytes, *, trusted_fingerprint: str, name: str = "manifest.json") -> None:
    """Raise ReleaseBroken unless `document` signs `data`, the file `name`, with the key of the trusted fingerprint."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"], validate=True))
        signature = base64.b64decode(document["signature"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ReleaseBroken(f"{name}.sig is not a signature; fetch it again.") from None
    if document != _document(public, signature):
        raise ReleaseBroken(f"{name}.sig is not spelled as a signature is; fetch it again.")
    if fingerprint(public) != trusted_fingerprint:
        raise ReleaseBroken(f"{name} is signed by {fingerprint(public)}, and you trust {trusted_fingerprint}.")
    try:
        public.verify(signature, data)
    except InvalidSignature:
        raise ReleaseBroken(f"{name} is not what was signed.") from None


def _published(public_key: Ed25519PublicKey) -> dict[str, str]:
    return {
        "algorithm": ALGORITHM,
        "key_id": fingerprint(public_key),
        "public_key": base64.b64encode(_raw(public_key)).decode(),
    }


def _document(public_key: Ed25519PublicKey, signature: bytes) -> dict[str, str]:
    return {**_published(public_key), "signature": base64.b64encode(signature).decode()}


def _raw(public_key: Ed25519PublicKey) -> bytes:
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
