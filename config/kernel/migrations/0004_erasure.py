"""What erasure stands on: when a guard lets it pass, keyed digests, canonical JSON, and the kernel's own part."""

from django.db import migrations

from config.kernel import guards

# True inside the sanctioned function alone: it runs as the owner of the table, and says so for its own transaction.
# The setting by itself opens nothing, whoever makes it, nor does a temporary table that passes for the catalogue.
IS_ERASING = """
CREATE FUNCTION kernel_is_erasing(relation oid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
SELECT COALESCE(current_setting('assay.erasing', true) = 'on'
    AND current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = relation), false)
$$;
"""

# RFC 2104, on the server's own sha256(): no extension is needed.
HMAC = """
CREATE FUNCTION kernel_hmac_sha256(key bytea, data bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    padded bytea := CASE WHEN length(key) > 64 THEN sha256(key) ELSE key END;
    inside bytea;
    outside bytea;
BEGIN
    padded := padded || decode(repeat('00', 64 - length(padded)), 'hex');
    inside := padded;
    outside := padded;
    FOR place IN 0..63 LOOP
        inside := set_byte(inside, place, get_byte(padded, place) # 54);
        outside := set_byte(outside, place, get_byte(padded, place) # 92);
    END LOOP;
    RETURN sha256(outside || sha256(inside || data));
END $$;
"""

# As config.kernel.canonical spells it: keys by code point, no spaces, whole numbers without a fraction.
CANONICAL = """
CREATE FUNCTION kernel_canonical(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE jsonb_typeof(value)
        WHEN 'object' THEN '{' || COALESCE((
            SELECT string_agg(to_json(each.key)::text || ':' || kernel_canonical(each.value), ',' ORDER BY each.key COLLATE "C")
            FROM jsonb_each(value) each), '') || '}'
        WHEN 'array' THEN '[' || COALESCE((
            SELECT string_agg(kernel_canonical(each.value), ',' ORDER BY each.place)
            FROM jsonb_array_elements(value) WITH ORDINALITY AS each(value, place)), '') || ']'
        WHEN 'number' THEN trim_scale((value #>> '{}')::numeric)::text
        ELSE value::text
    END;
END $$;
CREATE FUNCTION kernel_digest(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
SELECT encode(sha256(convert_to(kernel_canonical(value), 'UTF8')), 'hex')
$$;
"""

# Answers are remembered for two days only, and may hold whatever a door answered; the console's log calls rows by name.
ERASE_ANSWERS = """
DECLARE gone bigint;
BEGIN
    DELETE FROM kernel_idempotencyanswer WHERE user_id = ANY(of_users);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN jsonb_build_object('remembered_answers', gone);
END
"""

ERASE_PERSON = """
DECLARE person kernel_user;
BEGIN
    SELECT * INTO person FROM kernel_user WHERE id = of_user FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no person %', of_user USING ERRCODE = '23514';
    END IF;
    PERFORM kernel_erase_answers(ARRAY[of_user]);
    UPDATE kernel_apikey SET name = 'erased', revoked_at = COALESCE(revoked_at, now()) WHERE user_id = of_user;
    IF to_regclass('django_admin_log') IS NOT NULL THEN
        UPDATE django_admin_log SET object_repr = 'Erased person'
        WHERE position(person.email IN object_repr) > 0
           OR (length(person.name) > 0 AND position(person.name IN object_repr) > 0);
    END IF;
    UPDATE kernel_user SET name = 'Erased person', email = 'erased-' || public_id || '@invalid.example',
        password = '!erased', is_active = false, is_superuser = false
    WHERE id = of_user;
    RETURN jsonb_build_object('people', 1);
END
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_history")]

    operations = [
        migrations.RunSQL(IS_ERASING, "DROP FUNCTION kernel_is_erasing(oid);"),
        migrations.RunSQL(HMAC, "DROP FUNCTION kernel_hmac_sha256(bytea, bytea);"),
        migrations.RunSQL(CANONICAL, "DROP FUNCTION kernel_digest(jsonb); DROP FUNCTION kernel_canonical(jsonb);"),
        guards.function("kernel_erase_answers(of_users bigint[])", returns="jsonb", body=ERASE_ANSWERS),
        guards.function("kernel_erase_person(of_user bigint)", returns="jsonb", body=ERASE_PERSON),
    ]
