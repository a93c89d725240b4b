# SPDX-License-Identifier: Apache-2.0
"""What is said to MariaDB around a dump.

The names of tables are put together on the server, so that no name has to be
quoted here but those of the databases.
"""

# Longer than any statement that names all tables.
_LONGEST = 1 << 28


def name(text: str) -> str:
    """A quoted name."""
    return '`' + text.replace('`', '``') + '`'


def literal(text: str) -> str:
    """A text, safe in every SQL mode."""
    return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)" if text else "''"


def _column(column: str) -> str:
    """An expression: the name that a column holds, quoted."""
    return f"CONCAT('`', REPLACE({column}, '`', '``'), '`')"


def _dot(database: str) -> str:
    """An expression: a database's quoted name and a dot."""
    return literal(name(database) + '.')


def _full(database: str) -> str:
    """An expression: the full name of the table in a row."""
    return f'{_dot(database)}, {_QUOTED_TABLE}'


_QUOTED_TABLE = _column('table_name')
_R_N = _column('r.n')
_R_S = _column('r.s')

FACTS = """\
SELECT 'server', HEX(VERSION());
SELECT 'charset', HEX(default_character_set_name)
    FROM information_schema.schemata WHERE schema_name = DATABASE();
SELECT 'collation', HEX(default_collation_name)
    FROM information_schema.schemata WHERE schema_name = DATABASE();
SELECT 'bytes', HEX(CAST(COALESCE(SUM(data_length), 0) AS CHAR))
    FROM information_schema.tables WHERE table_schema = DATABASE();
SELECT 'view', HEX(table_name) FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type LIKE '%VIEW%';
SELECT 'loose', HEX(table_name) FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type NOT LIKE '%VIEW%'
    AND table_type <> 'SEQUENCE'
    AND engine NOT IN ('InnoDB', 'SEQUENCE');
"""


def begin(target: str, scratch: str, charset: str, collation: str,
          busy_timeout: float) -> bytes:
    """Keep other restores out and make the scratch database.

    :param target: name of the database
    :param scratch: names what is made beside it
    """
    seconds = int(busy_timeout)
    return f"""\
DELIMITER //
BEGIN NOT ATOMIC
    IF COALESCE(GET_LOCK({literal(scratch)}, {seconds}), 0) <> 1 THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT =
            'Another restore into the database is running.';
    END IF;
    IF EXISTS (SELECT 1 FROM information_schema.key_column_usage
               WHERE referenced_table_schema = {literal(target)}
               AND table_schema NOT IN
                   ({literal(target)}, {literal(scratch)},
                    {literal(scratch + '_old')})) THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT =
            'Foreign keys of another database refer to this one.';
    END IF;
END//
DELIMITER ;
SET SESSION lock_wait_timeout = {seconds};
SET SESSION group_concat_max_len = {_LONGEST};
SET SESSION foreign_key_checks = 0;
DROP DATABASE IF EXISTS {name(scratch)};
DROP DATABASE IF EXISTS {name(scratch + '_old')};
CREATE DATABASE {name(scratch)} CHARACTER SET {name(charset)}
    COLLATE {name(collation)};
CREATE DATABASE {name(scratch + '_old')};
CREATE DATABASE IF NOT EXISTS {name(target)} CHARACTER SET {name(charset)}
    COLLATE {name(collation)};
USE {name(scratch)};
""".encode()  # noqa: S608 - every name in it is quoted


def swap(target: str, scratch: str, charset: str, collation: str) -> bytes:
    """Exchange all tables by one statement; drop what is no table.

    Triggers keep a table from being renamed into another database, so they
    go first, but only after all tables could be locked once.
    """
    old = scratch + '_old'
    return f"""\
SET SESSION foreign_key_checks = 0;
SELECT GROUP_CONCAT(CONCAT({_full(target)}, ' WRITE')) INTO @karbor_probe
    FROM information_schema.tables
    WHERE table_schema = {literal(target)} AND table_type LIKE 'BASE TABLE';
SET @karbor_probe = COALESCE(CONCAT('LOCK TABLES ', @karbor_probe), 'DO 0');
EXECUTE IMMEDIATE @karbor_probe;
UNLOCK TABLES;
SELECT GROUP_CONCAT(pair ORDER BY turn) INTO @karbor_swap FROM (
    SELECT 1 AS turn, CONCAT({_full(target)}, ' TO ', {_dot(old)},
                             {_QUOTED_TABLE}) AS pair
    FROM information_schema.tables
    WHERE table_schema = {literal(target)} AND table_type NOT LIKE '%VIEW%'
    UNION ALL
    SELECT 2, CONCAT({_full(scratch)}, ' TO ', {_dot(target)},
                     {_QUOTED_TABLE})
    FROM information_schema.tables
    WHERE table_schema = {literal(scratch)} AND table_type NOT LIKE '%VIEW%'
) AS moves;
SET @karbor_swap = COALESCE(CONCAT('RENAME TABLE ', @karbor_swap), 'DO 0');
DELIMITER //
BEGIN NOT ATOMIC
    FOR r IN (SELECT event_name AS n FROM information_schema.events
              WHERE event_schema = {literal(target)}) DO
        EXECUTE IMMEDIATE CONCAT('DROP EVENT ', {_dot(target)}, {_R_N});
    END FOR;
    FOR r IN (SELECT trigger_schema AS s, trigger_name AS n
              FROM information_schema.triggers WHERE trigger_schema
              IN ({literal(target)}, {literal(scratch)})) DO
        EXECUTE IMMEDIATE CONCAT('DROP TRIGGER ', {_R_S}, '.', {_R_N});
    END FOR;
    FOR r IN (SELECT table_name AS n FROM information_schema.tables
              WHERE table_schema = {literal(target)}
              AND table_type LIKE '%VIEW%') DO
        EXECUTE IMMEDIATE CONCAT('DROP VIEW ', {_dot(target)}, {_R_N});
    END FOR;
    EXECUTE IMMEDIATE @karbor_swap;
    FOR r IN (SELECT routine_type AS t, routine_name AS n
              FROM information_schema.routines
              WHERE routine_schema = {literal(target)}
              AND routine_type <> 'PACKAGE BODY') DO
        EXECUTE IMMEDIATE CONCAT('DROP ', r.t, ' ', {_dot(target)},
                                 {_R_N});
    END FOR;
END//
DELIMITER ;
ALTER DATABASE {name(target)} CHARACTER SET {name(charset)}
    COLLATE {name(collation)};
USE {name(target)};
""".encode()  # noqa: S608 - every name in it is quoted


def end(scratch: str) -> bytes:
    """Remove what was made beside the database."""
    return (f'SET SESSION foreign_key_checks = 0;\n'
            f'DROP DATABASE {name(scratch)};\n'
            f'DROP DATABASE {name(scratch + "_old")};\n').encode()


def clean(scratch: str, busy_timeout: float) -> str:
    """Remove what a failed load left, unless another restore uses it."""
    drops = '\n'.join(f'DROP DATABASE IF EXISTS {name(scratch + suffix)};'
                      for suffix in ('', '_old'))
    return f"""\
DELIMITER //
BEGIN NOT ATOMIC
    IF GET_LOCK({literal(scratch)}, {int(busy_timeout)}) = 1 THEN
        SET SESSION foreign_key_checks = 0;
        {drops}
    END IF;
END//
"""
