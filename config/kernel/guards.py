"""Migration operations for what the database itself refuses: plain triggers of ours, which no setting switches off.

Application code can be wrong; these do not depend on it. The runtime role has no UPDATE or DELETE on immutable tables
either (`config.kernel.roles`); the triggers stop the owner's slips as well. TRUNCATE is left to the owner alone.

Columns that hold content may be named `erasable`: the one sanctioned erasure function (`assay_erase`) may empty them.
"""

from django.db import migrations

# Each refusal names itself with SQLSTATE 23514 (check violation), so that Django raises IntegrityError.

# Every function looks in the schema first: the runtime role's temporary tables, last, never stand for the tables read.
SEARCH_PATH = "SET search_path = public, pg_temp"


def _trigger(name: str, table: str, when: str, body: str, function: str | None = None) -> migrations.RunSQL:
    function = function or f"{table}_{name}"
    return migrations.RunSQL(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {SEARCH_PATH} AS $guard$\nBEGIN\n{body}\nEND $guard$;\n"
        f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {function}();",
    )


def immutable(table: str, *, noun: str, key: str = "id", erasable: tuple[str, ...] = ()) -> migrations.RunSQL:
    """No row of the table is ever updated or deleted; an erasure empties the `erasable` columns and no other.

    `key` is the table's primary key.
    """
    return _trigger(
        "immutable",
        table,
        "BEFORE UPDATE OR DELETE",
        f"{_let_erasure_pass(erasable)}RAISE EXCEPTION '{noun} never changes (row %)', OLD.{key} USING ERRCODE = '23514';",
    )


def immutable_when(
    table: str,
    *,
    noun: str,
    condition: str,
    except_columns: tuple[str, ...] = (),
    erasable: tuple[str, ...] = (),
) -> migrations.RunSQL:
    """A row for which `condition` (SQL on OLD) holds is never deleted, and updated in `except_columns` only.

    An erasure empties the `erasable` columns.
    """
    return _trigger(
        "immutable_when",
        table,
        "BEFORE UPDATE OR DELETE",
        f"{_let_erasure_pass(erasable)}IF {condition} THEN\n"
        f"  IF TG_OP = 'UPDATE' AND {unchanged_but(except_columns)} THEN RETURN NEW; END IF;\n"
        f"  RAISE EXCEPTION '{noun} never changes (row %)', OLD.id USING ERRCODE = '23514';\n"
        "END IF;\nIF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\nRETURN NEW;",
    )


def same_customer(table: str, *, parents: dict[str, str]) -> migrations.RunSQL:
    """The row's customer_id is that of every parent ({column: table}), at birth and for ever."""
    return _same_customer(table, parents, events="INSERT OR UPDATE")


def _same_customer(table: str, parents: dict[str, str], *, events: str) -> migrations.RunSQL:
    checks = "\n".join(
        f"IF NEW.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} p WHERE p.id = NEW.{column}"
        f" AND p.customer_id = NEW.customer_id) THEN\n"
        f"  RAISE EXCEPTION '{table}.{column} % belongs to another customer', NEW.{column} USING ERRCODE = '23514';\n"
        "END IF;"
        for column, parent in parents.items()
    )
    columns = ", ".join(["customer_id", *parents])
    return _trigger("same_customer", table, f"BEFORE {events} OF {columns}", f"{checks}\nRETURN NEW;")


def same_customer_of_all(table: str, *, parents: dict[str, str]) -> list[migrations.RunSQL]:
    """same_customer for a table that is filled by the hundred thousand: all rows of an INSERT (or COPY) are checked in
    one statement once they are in, and updates row by row."""
    checks = "\n".join(
        f"SELECT n.{column} INTO wrong FROM added n WHERE n.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {parent} p"
        f" WHERE p.id = n.{column} AND p.customer_id = n.customer_id) LIMIT 1;\n"
        f"IF FOUND THEN RAISE EXCEPTION '{table}.{column} % belongs to another customer', wrong"
        " USING ERRCODE = '23514'; END IF;"
        for column, parent in parents.items()
    )
    return [
        _check_of_all("same_customer_of_all", table, checks),
        _same_customer(table, parents, events="UPDATE"),
    ]


def refuse_of_all(name: str, table: str, *, condition: str, message: str) -> migrations.RunSQL:
    """Any other rule on what is inserted, checked for all rows of the statement at once: `condition` is SQL on `n`."""
    return _check_of_all(
        name,
        table,
        f"IF EXISTS (SELECT FROM added n WHERE {condition}) THEN\n"
        f"  RAISE EXCEPTION '{message}' USING ERRCODE = '23514';\nEND IF;",
    )


def _check_of_all(name: str, table: str, checks: str) -> migrations.RunSQL:
    function = f"{table}_{name}"
    return migrations.RunSQL(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {SEARCH_PATH} AS $guard$\nDECLARE wrong bigint;\nBEGIN\n"
        f"{checks}\nRETURN NULL;\nEND $guard$;\n"
        f"CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS added"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {function}();",
    )


def fixed_columns(
    table: str, *, columns: tuple[str, ...], key: str = "id", erasable: tuple[str, ...] = ()
) -> migrations.RunSQL:
    """These columns are never updated once the row exists; an erasure empties the `erasable` ones.

    `key` is the table's primary key.
    """
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    return _trigger(
        "fixed_columns",
        table,
        f"BEFORE UPDATE OF {', '.join(columns)}",
        f"{_let_erasure_pass(erasable)}IF {changed} THEN\n"
        f"  RAISE EXCEPTION '{table}: {', '.join(columns)} never change (row %)', OLD.{key} USING ERRCODE = '23514';\n"
        "END IF;\nRETURN NEW;",
    )


def state_edges(table: str, *, edges: list[str]) -> migrations.RunSQL:
    """The state column moves along `edges` ("open>leased") only. The edges are the trigger's arguments, for tests to read."""
    function = f"{table}_state_edges"
    return migrations.RunSQL(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {SEARCH_PATH} AS $guard$\nBEGIN\n"
        "IF NEW.state IS DISTINCT FROM OLD.state AND NOT (OLD.state || '>' || NEW.state = ANY(TG_ARGV)) THEN\n"
        f"  RAISE EXCEPTION '{table} % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = '23514';\n"
        "END IF;\nRETURN NEW;\nEND $guard$;\n"
        f"CREATE TRIGGER state_edges BEFORE UPDATE OF state ON {table} FOR EACH ROW"
        f" EXECUTE FUNCTION {function}({_literals(tuple(edges))});",
        f"DROP TRIGGER state_edges ON {table}; DROP FUNCTION {function}();",
    )


def refuse(name: str, table: str, *, when: str, condition: str, message: str) -> migrations.RunSQL:
    """Any other rule: where `condition` (SQL on NEW and OLD) holds, the write is refused with `message`."""
    return _trigger(
        name,
        table,
        when,
        f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; END IF;\nRETURN NEW;",
    )


def refuse_at_commit(name: str, table: str, *, condition: str, message: str) -> migrations.RunSQL:
    """A rule that holds between rows once a transaction is over: `condition` is SQL on NEW, asked when it commits."""
    function = f"{table}_{name}"
    return migrations.RunSQL(
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql {SEARCH_PATH} AS $guard$\nBEGIN\n"
        f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; END IF;\nRETURN NULL;\nEND $guard$;\n"
        f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED"
        f" FOR EACH ROW EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {function}();",
    )


def function(signature: str, *, returns: str, body: str, rights: str = "") -> migrations.RunSQL:
    """A plpgsql function that nobody but its owner may call; grants are `config.kernel.roles`'s."""
    return migrations.RunSQL(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql {rights} {SEARCH_PATH}"
        f" AS $body$\n{body}\n$body$;\nREVOKE ALL ON FUNCTION {signature} FROM PUBLIC;",
        f"DROP FUNCTION {signature};",
    )


def in_schema() -> migrations.RunSQL:
    """Have every trigger function that looks elsewhere look in the schema first. pghistory's need it each time it makes them."""
    return migrations.RunSQL(
        "DO $$ DECLARE made regprocedure; BEGIN\n"
        "FOR made IN SELECT p.oid FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner\n"
        "  WHERE p.prorettype = 'trigger'::regtype AND p.pronamespace = 'public'::regnamespace AND r.rolname = current_user\n"
        "  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%')\n"
        f"LOOP EXECUTE format('ALTER FUNCTION %s {SEARCH_PATH}', made); END LOOP; END $$",
        migrations.RunSQL.noop,
    )


def fill(name: str, table: str, *, when: str, body: str) -> migrations.RunSQL:
    """What only the database writes: a trigger that sets columns of NEW and returns it. `body` is plpgsql."""
    return _trigger(name, table, when, f"{body}\nRETURN NEW;")


def after_all(name: str, table: str, *, body: str) -> migrations.RunSQL:
    """What follows from all rows of an INSERT, in one statement over `added`."""
    return _check_of_all(name, table, body)


def dropped(name: str, table: str) -> migrations.RunSQL:
    """Take a guard away, so that the same migration can set it anew with another rule."""
    return migrations.RunSQL(f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {table}_{name}();", migrations.RunSQL.noop)


def _let_erasure_pass(columns: tuple[str, ...]) -> str:
    """The one way past a guard: the sanctioned function, at work as the table's owner, changing exactly these columns."""
    if not columns:
        return ""
    return f"IF TG_OP = 'UPDATE' AND public.kernel_is_erasing(TG_RELID) AND {unchanged_but(columns)} THEN RETURN NEW; END IF;\n"


def unchanged_but(columns: tuple[str, ...]) -> str:
    """SQL that says whether an update leaves every column as it is but these."""
    names = f"ARRAY[{_literals(columns)}]::text[]"
    return f"to_jsonb(NEW) - {names} = to_jsonb(OLD) - {names}"


def _literals(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
