# SPDX-License-Identifier: Apache-2.0
"""How fast streams go into a bank and out again, and in how much memory.

Mixed data: a third text, a third random, a third zeros and records. The bank
is a directory; run it as ``python tools/bench/bank.py [MIB] [DIRECTORY]``.
"""

import random
import resource
import sys
import tempfile
import time
import uuid

from oslo_config import cfg

from karbor.bank.store import Store
from karbor.model.resource import Resource
from karbor.plugins.bank.filesystem import FileSystemBank

MIB = 1024 * 1024


def mixed(size, block=MIB):
    """Blocks of mixed data; made before the clock runs."""
    generator = random.Random(1)  # noqa: S311 - no secret
    words = [bytes(generator.choices(b'abcdefghijklmnopqrstuvwxyz', k=length))
             for length in generator.choices(range(2, 10), k=4000)]
    text = [b' '.join(generator.choices(words, k=block // 6))[:block]
            for _number in range(8)]
    noise = [generator.randbytes(block) for _number in range(8)]
    records = [b''.join(
        number.to_bytes(8, 'little') + bytes(24)
        for number in generator.choices(range(10 ** 9), k=block // 32))
        for _number in range(8)]
    kinds = (text, noise, records)
    for number in range(size // block):
        yield generator.choice(kinds[number % 3])


def measure(name, size, work):
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f'{name:8} {size / MIB:8.0f} MiB {size / MIB / cpu:8.0f} MiB/CPU s '
          f'{size / MIB / wall:8.0f} MiB/s {peak:8.0f} MiB peak')


def main(mebibytes=300, directory=None):
    blocks = list(mixed(min(mebibytes, 48) * MIB))
    size = mebibytes * MIB
    with tempfile.TemporaryDirectory(dir=directory) as path:
        config = cfg.ConfigOpts()
        config.register_opts(FileSystemBank.options,
                             FileSystemBank.option_group)
        config.set_override('file_system_bank_path', path,
                            FileSystemBank.option_group)
        store = Store(FileSystemBank(config))
        checkpoint_id, what = str(uuid.uuid4()), Resource('Bench', '1')
        data = store.data(checkpoint_id, what, 1)
        entries = []

        def write():
            with data.writer() as writer:
                for number in range(mebibytes):
                    writer.write(blocks[number % len(blocks)])
            entries.append(data.commit())

        def read():
            with store.read(checkpoint_id, entries[0]).reader() as reader:
                while reader.read(MIB):
                    pass

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f'before   {before:.0f} MiB'
              ' (with the data to be written)')
        measure('write', size, write)
        measure('read', size, read)
        measure('delete', size, lambda: store.delete(checkpoint_id))
        print(f'stored   {entries[0].stored_bytes / MIB:8.0f} MiB, ratio '
              f'{size / entries[0].stored_bytes:.2f}')


if __name__ == '__main__':
    main(*(int(argument) for argument in sys.argv[1:2]), *sys.argv[2:3])
