# SPDX-License-Identifier: Apache-2.0
"""The quickstart: protect a directory and a database, lose them, be saved.

Everything goes through python-karborclient, as a user's program would. Ends
with 0 only if what came back is equal to what was lost.
"""

import json
from pathlib import Path
import signal
import sys
import time

import quickstart_application as application
from quickstart_daemon import DATABASE
from quickstart_daemon import Failed
from quickstart_daemon import FILESET
from quickstart_daemon import free_port
from quickstart_daemon import fresh_directory
from quickstart_daemon import PROJECT
from quickstart_daemon import Standalone
from quickstart_daemon import write_configuration
from quickstart_screen import Bar
from quickstart_screen import heading
from quickstart_screen import Narrator
from quickstart_screen import say
from quickstart_screen import size
from quickstart_screen import table
from quickstart_screen import verdict

TOP = Path(__file__).resolve().parent.parent
FILES, BASE = 'Karbor::FileSet', 'Karbor::Database'
# How an operation ends, in the words of the operation log.
GOOD = {'protect': 'available', 'restore': 'success', 'delete': 'deleted'}
BAD = {'error', 'fail', 'error-deleting'}


def follow(client, kind, checkpoint_id):
    """Show the progress of the newest operation of a checkpoint to its end.

    :return: (the operation log as a dict, seconds)
    """
    say('then client.operation_logs.list() again and again:')
    bar = Bar(kind)
    client.quiet = True
    try:
        while True:
            log = next((one.to_dict() for one in client.operation_logs.list(
                search_opts={'checkpoint_id': checkpoint_id})
                if one.to_dict()['operation_type'] == kind), None)
            if log is not None:
                told = json.loads(log.get('extra_info') or '{}')
                ended = log['status'] == GOOD[kind]
                # deleting moves no bytes
                moves = kind != 'delete'
                bar.update(1.0 if ended else told.get('progress') or 0.0,
                           moves and told.get('bytes_done') or 0,
                           moves and told.get('bytes_total') or 0)
                if ended or log['status'] in BAD:
                    break
            time.sleep(0.05)
    finally:
        client.quiet = False
        seconds = bar.end()
    for resource in told.get('resources', ()):
        say(f'{resource["type"]} {resource["name"]!r}: '
            f'{resource["status"]}'
            + (f', {size(resource["bytes_done"])}' if moves else '')
            + (f' ({resource["reason"]})' if resource.get('reason') else ''))
    if log['status'] != GOOD[kind]:
        raise Failed(f'{kind} ended as {log["status"]}: {log["error_info"]}')
    return log, seconds


def bank_content(work):
    """Objects in the bank and their bytes."""
    found = [path for path in (work / 'bank').rglob('*')
             # it marks the directory as a bank
             if path.is_file() and path.name != '#bank']
    return len(found), sum(path.stat().st_size for path in found)


def look(work):
    app = work / 'application'
    return {**application.look_at_tree(app / 'files'),
            **application.look_at_database(app / 'shop.sqlite')}


def tell_differences(before, after):
    gone, new, other = application.differences(before, after)
    for noun, kind in (('files', bytes), ('rows', tuple)):
        for what, keys in (('gone', gone), ('new', new), ('changed', other)):
            mine = [key for key in keys if isinstance(key, kind)]
            # one from the middle: the first ones are folders
            say(f'{noun} {what}: {len(mine)}' + (
                f', such as {spell(mine[len(mine) // 2])[-50:]}'
                if mine else ''))
    return not (gone or new or other)


def spell(key):
    """What differs, as a person would name it."""
    if isinstance(key, bytes):
        return key.decode(errors='backslashreplace')
    return ('definition of ' + key[1] if key[0] == 'schema'
            else f'{key[0]} {key[1]}')


def job(client, work):
    """The story; returns what the summary tells."""
    facts = {}
    before = look(work)

    heading(2, 'What there is')
    for provider in client.providers.list():
        say(f'provider {provider.name}: {provider.description}')
    for protectable in client.protectables.list():
        say(f'protectable {protectable.protectable_type}')
    resources = []
    for kind, wanted in ((FILES, FILESET), (BASE, DATABASE)):
        [instance] = [one for one in client.protectables.list_instances(kind)
                      if one.id == wanted]
        say(f'{kind} {instance.id} {instance.name!r}')
        resources.append({'id': instance.id, 'type': kind,
                          'name': instance.name})

    heading(3, 'A plan: what belongs together')
    plan = client.plans.create('shop', provider.id, resources, {},
                               description='files and database of a shop')
    say(f'plan {plan.id} is {plan.status}:')
    say('  no schedule runs it; a checkpoint is made when you ask')

    heading(4, 'A checkpoint: the plan as it is now, in the bank')
    checkpoint = client.checkpoints.create(provider.id, plan.id)
    say(f'checkpoint {checkpoint.id} is {checkpoint.status}')
    log, facts['protect'] = follow(client, 'protect', checkpoint.id)
    facts['bytes'] = sum(one['bytes_done'] for one in
                         json.loads(log['extra_info'])['resources'])
    shown = client.checkpoints.get(provider.id, checkpoint.id)
    verdict(shown.status == 'available',
            f'checkpoint {shown.id} is {shown.status}')
    facts['stored_files'], facts['stored'] = bank_content(work)
    say(f'the bank holds {facts["stored_files"]} objects, '
        f'{size(facts["stored"])}')

    heading(5, 'Disaster')
    schemas = provider.extended_info_schema['restore_schema']
    wanted = {'conflict': 'overwrite', 'delete_extra': True}
    known = schemas.get(FILES, {}).get('properties', {})
    how = {key: value for key, value in wanted.items() if key in known}
    app = work / 'application'
    application.damage_tree(app / 'files', strangers='delete_extra' in how)
    application.damage_database(app / 'shop.sqlite')
    if tell_differences(before, look(work)):
        raise Failed('the damage did no damage')

    heading(6, 'Restore')
    restore = client.restores.create(provider.id, checkpoint.id, None,
                                     {FILES: how} if how else {}, None)
    say(f'restore {restore.id} is {restore.status}')
    _log, facts['restore'] = follow(client, 'restore', checkpoint.id)
    restore = client.restores.get(restore.id)
    verdict(restore.status == 'success',
            f'restore {restore.id} is {restore.status}')

    heading(7, 'Is everything back?')
    after = look(work)
    facts['equal'] = tell_differences(before, after)
    facts['names'] = sum(isinstance(key, bytes) for key in before)
    facts['rows'] = sum(isinstance(key, tuple) for key in before)
    verdict(facts['equal'],
            f'compared: {facts["names"]} names and {facts["rows"]} rows and '
            'definitions')
    say('  names by content (SHA-256), mode, owner, time, links')

    heading(8, 'Cleaning up')
    client.checkpoints.delete(provider.id, checkpoint.id)
    follow(client, 'delete', checkpoint.id)
    left, _bytes = bank_content(work)
    facts['empty'] = left == 0
    verdict(facts['empty'], f'the bank holds {left} objects')
    rows = [('operation', 'status', 'checkpoint', 'began (UTC)', 'ended')]
    for log in reversed(client.operation_logs.list()):
        rows.append((log.operation_type, log.status, log.checkpoint_id[:8],
                     log.started_at[11:23], log.ended_at[11:23]))
    table(rows)
    client.plans.delete(plan.id)
    return facts


def summary(facts, work, port):
    heading(9, 'Summary')
    speed = facts['bytes'] / max(facts['protect'], 1e-9)
    table([('what', 'how much'),
           ('protected', size(facts['bytes'])),
           ('files, directories, links', facts['names']),
           ('rows and definitions', facts['rows']),
           ('in the bank', size(facts['stored'])),
           ('seconds to protect', f'{facts["protect"]:.1f}'
            f' ({size(int(speed))} a second)'),
           ('seconds to restore', f'{facts["restore"]:.1f}')])
    good = facts['equal'] and facts['empty']
    verdict(good, 'everything is back, and nothing is left behind' if good
            else 'not everything came back' if not facts['equal']
            else 'the bank is not empty')
    here = work.relative_to(TOP)
    heading(10, 'How to go on')
    say('start the same Karbor again; it says nothing, its log is')
    say(f'{here}/karbor.log, and Ctrl-C stops it:')
    say(f'  .venv/bin/karbor-standalone --config-file {here}/karbor.conf')
    say('and talk to it from .venv/bin/python:')
    say('  from karborclient import client')
    say(f"  project = '{PROJECT}'")
    say("  karbor = client.Client('1', token='me:' + project, endpoint=")
    say(f"      'http://127.0.0.1:{port}/v1/' + project)")
    say('  karbor.providers.list()')
    say(f'its configuration and bank are in {here}, too;')
    say('an installation for real: doc/source/install')
    return good


def connect(port):
    # imported late: the daemon's own troubles are then seen first
    from karborclient import client  # noqa: PLC0415
    return Narrator(client.Client(
        '1', f'http://127.0.0.1:{port}/v1/{PROJECT}', token=f'me:{PROJECT}',
        timeout=60))


def main():
    # names may hold what the terminal cannot show
    sys.stdout.reconfigure(errors='replace')
    # a polite end, so that the daemon is stopped as well
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = TOP / '.quickstart'
    try:
        heading(1, 'An application, and Karbor beside it')
        fresh_directory(work)
        (work / 'application').mkdir()
        amount = application.make_tree(
            Path(sys.argv[1]), work / 'application/files', TOP)
        rows = application.make_database(work / 'application/shop.sqlite')
        say(f'files: a copy of {sys.argv[1]} and things that are hard to')
        say(f'  keep, {size(amount)}; {size(application.HOLE)} of it is a '
            'hole in a sparse file')
        say(f'database: SQLite, {size(rows)}')
        port = free_port()
        config = write_configuration(work, port)
        daemon = Standalone(config, port)
        with daemon:
            say(f'karbor-standalone listens on 127.0.0.1:{port}, '
                f'process {daemon.process.pid}')
            facts = job(connect(port), work)
            gentle = daemon.stop()
        good = summary(facts, work, port)
        if not gentle:
            raise Failed('karbor-standalone did not end by itself in time')
    except application.NotCopied as error:
        verdict(False, str(error))
        return 1
    except Failed as error:
        verdict(False, str(error))
        say(f'the log: {work}/karbor.log')
        return 1
    except KeyboardInterrupt:
        say('interrupted; the daemon is stopped')
        return 130
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
