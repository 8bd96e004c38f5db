"""Digests made in SQL are those that Python makes."""

import hashlib
import hmac
import json

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kernel.canonical import canonical_bytes, digest

COMMON = {"deadline": None, "max_examples": 60, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def ask(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchone()[0]


@settings(**COMMON)
@given(key=st.binary(max_size=140), data=st.binary(max_size=300))
def test_keyed_digests_are_hmac_sha256(db, key, data):
    found = ask("SELECT kernel_hmac_sha256(%s, %s)", key, data)
    assert bytes(found) == hmac.new(key, data, hashlib.sha256).digest()


@settings(**COMMON)
@given(value=st.dictionaries(TEXT, VALUES, max_size=4))
def test_the_database_spells_json_as_we_do(db, value):
    assert ask("SELECT kernel_canonical(%s::jsonb)", json.dumps(value)).encode() == canonical_bytes(value)
    assert ask("SELECT kernel_digest(%s::jsonb)", json.dumps(value)) == digest(value)


def test_decimal_numbers_are_spelled_alike(db):
    value = {"half": 0.5, "whole": 2.0, "tenth": 0.1}
    assert ask("SELECT kernel_canonical(%s::jsonb)", json.dumps(value)).encode() == canonical_bytes(value)


def test_the_setting_alone_opens_nothing(db):
    is_erasing = "SELECT kernel_is_erasing('labeling_item'::regclass)"
    assert ask(is_erasing) is False
    ask("SELECT set_config('assay.erasing', 'on', true)")
    assert ask(is_erasing) is False
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE pg_class AS SELECT c.oid, r.oid AS relowner FROM pg_catalog.pg_class c"
            " CROSS JOIN pg_roles r WHERE r.rolname = current_user"
        )
        cursor.execute("SET LOCAL search_path = pg_temp, public, pg_catalog")
    assert ask("SELECT relowner = 0 FROM pg_class LIMIT 1") is False
    assert ask(is_erasing) is False
