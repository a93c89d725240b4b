# SPDX-License-Identifier: Apache-2.0
"""Trees to protect, and how to tell whether two are equal."""

import os
import stat

from oslo_config import cfg

from karbor.plugins.filetree import registry

ID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
OTHER_ID = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'


def state(top):
    """All that a restore brings back, by path."""
    result, inodes = {}, {}
    for base, directories, files in os.walk(os.fsencode(top)):
        for name in [*directories, *files, b'.']:
            path = os.path.join(base, name)
            found = os.lstat(path)
            kind = stat.S_IFMT(found.st_mode)
            link = kind == stat.S_IFLNK
            content = None
            if kind == stat.S_IFREG:
                with open(path, 'rb') as file:
                    content = file.read()
            elif link:
                content = os.readlink(path)
            key = os.path.relpath(os.path.normpath(path), os.fsencode(top))
            same = inodes.setdefault((found.st_dev, found.st_ino), key)
            result[key] = (
                kind, 0 if link else found.st_mode, found.st_uid,
                found.st_gid, found.st_mtime_ns, content,
                found.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0,
                same if kind == stat.S_IFREG else key,
                () if link else xattrs(path))
    return result


def xattrs(path):
    try:
        return tuple((name, os.getxattr(path, name))
                     for name in sorted(os.listxattr(path)))
    except OSError:
        return ()


def make(top):
    """A small tree with one of everything."""
    os.makedirs(os.path.join(top, 'sub', 'deep'))
    write(top, 'a', b'first' * 1000)
    write(top, 'empty', b'')
    write(top, 'sub/b', b'second', mode=0o4750)
    write(top, 'sub/deep/c', os.urandom(5000), mode=0o400)
    os.link(os.path.join(top, 'a'), os.path.join(top, 'sub', 'a-again'))
    os.link(os.path.join(top, 'a'), os.path.join(top, 'zz'))
    os.symlink('sub/b', os.path.join(top, 'link'))
    os.symlink('/nowhere/at all', os.path.join(top, 'dangling'))
    os.mkfifo(os.path.join(top, 'fifo'), 0o640)
    with open(os.path.join(os.fsencode(top), b'not\xff utf-8 \n'), 'wb') as f:
        f.write(b'bytes')
    with open(os.path.join(top, 'sparse'), 'wb') as f:
        f.seek(1 << 20)
        f.write(b'island')
        f.truncate(3 << 20)
    try:
        os.setxattr(os.path.join(top, 'a'), 'user.tag', b'\0value\xff')
        os.setxattr(os.path.join(top, 'sub'), 'user.dir', b'x')
    except OSError:
        pass        # the tests then run on a file system without them
    for path in ('sub/deep', 'sub', '.'):
        os.utime(os.path.join(top, path), ns=(1, 1_500_000_000_123_456_789))
    os.chmod(os.path.join(top, 'sub'), 0o1700)


def write(top, name, data, mode=0o644, mtime=1_400_000_000_987_654_321):
    path = os.path.join(top, name)
    with open(path, 'wb') as file:
        file.write(data)
    os.chmod(path, mode)
    os.utime(path, ns=(mtime, mtime))
    return path


def register(file, top, *, roots=(), exclude=(), projects=('*',),
             fileset_id=ID, name='tree'):
    """Write a registry of one file set."""
    def texts(values):
        return '[' + ', '.join(f"'{value}'" for value in values) + ']'
    with open(file, 'w') as out:
        out.write(f"[[fileset]]\nid = '{fileset_id}'\nname = '{name}'\n"
                  f"path = '{top}'\nprojects = {texts(projects)}\n"
                  f'restore_roots = {texts(roots)}\n'
                  f'exclude = {texts(exclude)}\n')


def config(file):
    """Configuration that names the registry."""
    conf = cfg.ConfigOpts()
    conf.register_opts(registry.OPTIONS, group=registry.OPTION_GROUP)
    conf([], default_config_files=[], default_config_dirs=[])
    conf.set_override('registry', str(file), group=registry.OPTION_GROUP)
    return conf
