"""The base of both APIs: keys, problem+json, pages, idempotency."""
