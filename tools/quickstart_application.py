# SPDX-License-Identifier: Apache-2.0
"""The application of the quickstart: a directory and a SQLite database.

It can be made, be looked at in every detail, and be damaged badly.
"""

import contextlib
import hashlib
import os
from pathlib import Path
import random
import shutil
import sqlite3
import stat

# What tools leave in a checkout; of another directory, everything is taken.
LEAVE_OUT = ('.git', '.venv', '.venv-*', '.tox', '.quickstart', '*.egg-info',
             '__pycache__', '.mypy_cache', '.ruff_cache', '.pytest_cache',
             '.hypothesis', '.coverage*', 'build', '.import_linter_cache')
# Below this, made-up data is added, so that there is something to watch.
ENOUGH = 400_000_000


HOLE = 20_000_000


class NotCopied(Exception):
    """A directory cannot be copied; the text says why."""


def _ignore(patterns):
    def ignore(folder, names):
        # sockets, pipes and devices are no content
        left_out = shutil.ignore_patterns(*patterns)(folder, names)
        for name in names:
            kind = stat.S_IFMT(os.lstat(os.path.join(folder, name)).st_mode)
            if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                left_out.add(name)
        return left_out
    return ignore


def _copy(source, target, ignore):
    amount = 0
    for folder, folders, names in os.walk(source):
        left_out = ignore(folder, folders + names)
        folders[:] = [name for name in folders if name not in left_out]
        amount += sum(os.lstat(os.path.join(folder, name)).st_size
                      for name in names if name not in left_out)
    # the copy, its bank, and the files that a restore writes beside others
    needed = 3 * max(amount, ENOUGH)
    free = shutil.disk_usage(target).free
    if free < needed:
        raise NotCopied(f'{needed // 10 ** 6} MB are needed in {target}, and '
                        f'{free // 10 ** 6} MB are free')
    try:
        shutil.copytree(source, target / 'copy', symlinks=True,
                        ignore=ignore)
    except shutil.Error as error:
        name, _target, reason = error.args[0][0]
        raise NotCopied(f'{len(error.args[0])} names in {source} cannot be '
                        f'copied; the first is {name}: {reason}') from error


def make_tree(source, target, checkout):
    """A copy of ``source`` and a few things that are hard to keep.

    :param checkout: of Karbor, from which only the source is taken
    :return: bytes in all
    """
    target.mkdir(parents=True)
    try:
        _copy(source, target, _ignore(
            LEAVE_OUT if source == checkout else ('.quickstart',)))
    except OSError as error:
        raise NotCopied(f'{source} cannot be copied: {error}') from error
    odd = target / 'odd'
    odd.mkdir()
    (odd / 'script').write_text('#!/bin/sh\necho ready\n')
    (odd / 'script').chmod(0o750)
    os.utime(odd / 'script', ns=(10 ** 18 + 1, 10 ** 18 + 123_456_789))
    (odd / 'link').symlink_to('script')
    (odd / 'dangling').symlink_to('../no/such/thing')
    os.link(odd / 'script', odd / 'second name')
    (odd / 'empty directory').mkdir(mode=0o700)
    (odd / 'empty file').touch(mode=0o400)
    (odd / 'grüße — 中文').write_text('a name with more than ASCII\n')
    with open(os.fsencode(odd) + b'/not utf-8 \xff', 'wb') as file:
        file.write(b'a name that is not even UTF-8\n')
    with open(odd / 'sparse', 'wb') as file:
        file.write(b'begin')
        file.seek(HOLE)
        file.write(b'end')
    missing = ENOUGH - total(target)
    if missing > 0:
        media = target / 'made up'
        media.mkdir()
        words = [b'checkpoint', b'bank', b'plan', b'graph', b'restore']
        chance = random.Random(7)  # noqa: S311 - content, not secrets
        for number in range(8):
            with open(media / f'{number}.data', 'wb') as file:
                noise = chance.randbytes(missing // 16)
                file.write(noise)
                text = b' '.join(chance.choices(words, k=50_000))
                left = missing // 16
                while left > 0:
                    left -= file.write(text[:left])
    return total(target)


def total(root):
    return sum((Path(folder) / name).lstat().st_size
               for folder, _folders, names in os.walk(root)
               for name in names)


def make_database(path, rows=20_000):
    """A little shop: text, numbers, NULLs, blobs and a foreign key."""
    chance = random.Random(11)  # noqa: S311 - content, not secrets
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.executescript("""
            CREATE TABLE customers (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT);
            CREATE TABLE orders (
                id INTEGER PRIMARY KEY,
                customer_id INTEGER NOT NULL REFERENCES customers (id),
                total REAL NOT NULL, label BLOB);
            CREATE INDEX orders_of_customer ON orders (customer_id);
            CREATE VIEW turnover AS SELECT customer_id, sum(total) AS total
                FROM orders GROUP BY customer_id;
        """)
        base.executemany(
            'INSERT INTO customers VALUES (?, ?, ?)',
            [(number, f'Zoë {number} 客户', None if number % 3 else 'vip')
             for number in range(1, 501)])
        base.executemany(
            'INSERT INTO orders VALUES (?, ?, ?, ?)',
            [(number, chance.randint(1, 500), chance.random() * 1000,
              chance.randbytes(chance.randint(0, 300)))
             for number in range(1, rows + 1)])
    return path.stat().st_size


def look_at_tree(root):
    """Every name below ``root`` with all that has to come back.

    :return: (kind, mode, owner, group, mtime in ns, content, first of its
        hard links) by name as bytes; the content is a digest or the target
        of a symlink
    """
    found = {}
    first_name = {}
    top = os.fsencode(root)
    for folder, folders, names in os.walk(top):
        for name in sorted(folders + names) + ([b'.'] if folder == top
                                               else []):
            path = os.path.join(folder, name)
            what = os.lstat(path)
            kind = stat.S_IFMT(what.st_mode)
            content = None
            if stat.S_ISLNK(what.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(what.st_mode):
                with open(path, 'rb') as file:
                    content = hashlib.file_digest(file, 'sha256').hexdigest()
            relative = os.path.relpath(path, top)
            twin = (None if stat.S_ISDIR(what.st_mode) else
                    first_name.setdefault((what.st_dev, what.st_ino),
                                          relative))
            found[relative] = (kind, stat.S_IMODE(what.st_mode), what.st_uid,
                               what.st_gid, what.st_mtime_ns, content, twin)
    return found


def look_at_database(path):
    """Every row of every table, and how the tables are made."""
    if not path.exists():
        return {}
    found = {}
    with contextlib.closing(sqlite3.connect(path)) as base:
        schema = base.execute('SELECT type, name, sql FROM sqlite_master '
                              'ORDER BY type, name').fetchall()
        for kind, name, sql in schema:
            found['schema', name] = (kind, sql)
            if kind == 'table':
                for row in base.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - the name is the database's own
                    found[name, row[0]] = row
    return found


def differences(before, after):
    """Keys that are gone, are new, or have other content."""
    gone = sorted(before.keys() - after.keys(), key=repr)
    new = sorted(after.keys() - before.keys(), key=repr)
    other = sorted((key for key in before.keys() & after.keys()
                    if before[key] != after[key]), key=repr)
    return gone, new, other


def damage_tree(root, strangers):
    """Delete, cut, overwrite, rename; add strangers if they are removed."""
    chance = random.Random(13)  # noqa: S311 - which file, not secrets
    files = sorted(path for path in (root / 'copy').rglob('*')
                   if path.is_file() and not path.is_symlink())
    for path in files:
        choice = chance.randrange(6)
        path.chmod(0o600)
        if choice == 0:
            path.unlink()
        elif choice == 1:
            path.write_bytes(path.read_bytes()[:10])
        elif choice == 2:
            path.write_bytes(b'ransom' + path.read_bytes())
    shutil.rmtree(root / 'made up', ignore_errors=True)
    odd = root / 'odd'
    (odd / 'link').unlink()
    (odd / 'link').symlink_to('/etc/passwd')
    (odd / 'second name').unlink()
    (odd / 'script').chmod(0o777)
    os.unlink(os.fsencode(odd) + b'/not utf-8 \xff')
    (odd / 'empty directory').rmdir()
    (odd / 'empty directory').write_text('now it is a file')
    if strangers:
        (odd / 'stranger').write_text('was never here')


def damage_database(path):
    with contextlib.closing(sqlite3.connect(path)) as base, base:
        base.executescript("""
            UPDATE orders SET total = 0 WHERE id % 7 = 0;
            DELETE FROM orders WHERE id > 15000;
            INSERT INTO customers VALUES (9999, 'Mallory', NULL);
            DROP VIEW turnover;
            ALTER TABLE customers DROP COLUMN note;
            CREATE TABLE stranger (id INTEGER PRIMARY KEY);
        """)
