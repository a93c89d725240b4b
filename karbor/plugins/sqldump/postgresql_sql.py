# SPDX-License-Identifier: Apache-2.0
"""What is said to PostgreSQL around an archive."""

# The estimate comes from statistics: asking for real sizes would wait for
# the locks of others.
FACTS = """\
SELECT current_setting('server_version'),
       EXISTS (SELECT 1 FROM pg_catalog.pg_namespace
               WHERE nspname = 'public'),
       coalesce(sum(greatest(relpages, 0)::bigint), 0)::bigint
           * current_setting('block_size')::bigint
FROM pg_catalog.pg_class
WHERE relkind IN ('r', 'm', 't')
  AND relnamespace <> 'pg_catalog'::pg_catalog.regnamespace"""

# Objects with a number from this one on were made by users.
_USER = 16384

_NO_MEMBER = """NOT EXISTS (
    SELECT 1 FROM pg_catalog.pg_depend AS d
    WHERE d.classid = '{table}'::pg_catalog.regclass
      AND d.objid = o.oid AND d.deptype = 'e')"""


def _drop(what: str, name: str, table: str, where: str = 'true') -> str:
    """A question whose answers are the statements to run."""
    return f"""\
SELECT pg_catalog.format('DROP {what} IF EXISTS %I CASCADE', o.{name})
FROM pg_catalog.{table} AS o
WHERE {where} AND {_NO_MEMBER.format(table='pg_catalog.' + table)}
\\gexec
"""  # noqa: S608 - built from constants


_CASTS = f"""\
SELECT pg_catalog.format(
    'DROP CAST IF EXISTS (%s AS %s) CASCADE',
    pg_catalog.format_type(o.castsource, NULL),
    pg_catalog.format_type(o.casttarget, NULL))
FROM pg_catalog.pg_cast AS o
WHERE o.oid >= {_USER}
  AND {_NO_MEMBER.format(table='pg_catalog.pg_cast')}
\\gexec
"""  # noqa: S608 - built from constants

_LARGE_OBJECTS = """\
SELECT count(pg_catalog.lo_unlink(oid))
FROM pg_catalog.pg_largeobject_metadata;
"""

# An archive says only how default privileges differ from PostgreSQL's own.
_DEFAULT_PRIVILEGES = """\
WITH d AS (
    SELECT pg_catalog.pg_get_userbyid(defaclrole) AS role, defaclacl AS acl,
           pg_catalog.acldefault(CASE defaclobjtype WHEN 'S' THEN 's'::"char"
                                 ELSE defaclobjtype END, defaclrole) AS usual,
           CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
                ELSE 'SCHEMAS' END AS kind
    FROM pg_catalog.pg_default_acl WHERE defaclnamespace = 0),
s AS (
    SELECT 1 AS turn, pg_catalog.format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON %s FROM %s', role,
        kind, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE
        pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END)
        AS statement
    FROM d, pg_catalog.aclexplode(d.acl) AS x
    UNION
    SELECT 2, pg_catalog.format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I GRANT %s ON %s TO %s', role,
        x.privilege_type, kind, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE
        pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END)
    FROM d, pg_catalog.aclexplode(d.usual) AS x)
SELECT statement FROM s ORDER BY turn
\\gexec
"""

# What a new database has, as pg_dump assumes it.
_PUBLIC = """\
SELECT pg_catalog.current_setting('server_version_num')::int >= 140000
    AS has_owner_role \\gset
\\if :has_owner_role
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
\\else
CREATE SCHEMA public;
\\endif
COMMENT ON SCHEMA public IS 'standard public schema';
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


def begin(lock: int, busy_timeout: float) -> bytes:
    """Open the transaction and empty the database.

    :param lock: number of the advisory lock that keeps other restores out
    :param busy_timeout: seconds to wait for locks
    """
    return ''.join([
        'BEGIN;\n',
        f"SET LOCAL lock_timeout = '{int(busy_timeout)}s';\n",
        f'SELECT pg_catalog.pg_advisory_xact_lock({lock});\n',
        # First, or they would see and maybe refuse what follows.
        _drop('EVENT TRIGGER', 'evtname', 'pg_event_trigger'),
        _drop('PUBLICATION', 'pubname', 'pg_publication'),
        _drop('EXTENSION', 'extname', 'pg_extension',
              "o.extname <> 'plpgsql'"),
        _drop('SCHEMA', 'nspname', 'pg_namespace',
              "o.nspname !~ '^pg_' AND o.nspname <> 'information_schema'"),
        _drop('FOREIGN DATA WRAPPER', 'fdwname',
              'pg_foreign_data_wrapper'),
        _CASTS,
        _drop('LANGUAGE', 'lanname', 'pg_language', f'o.oid >= {_USER}'),
        _drop('ACCESS METHOD', 'amname', 'pg_am', f'o.oid >= {_USER}'),
        _LARGE_OBJECTS,
        _DEFAULT_PRIVILEGES,
        'CREATE EXTENSION IF NOT EXISTS plpgsql;\n',
        _PUBLIC,
    ]).encode()


def end(has_public: bool) -> bytes:
    """Make it last.

    :param has_public: whether the saved database had a schema public
    """
    drop = '' if has_public else 'DROP SCHEMA public;\n'
    return f'{drop}COMMIT;\n'.encode()
